#!/usr/bin/python3
"""postgres_exporter 0.11 and backstay-exporter, each with nothing but DATA_SOURCE_NAME, on one private cluster: time
of a scrape, CPU and memory of the exporter. Two processes of backstay-exporter: one is asked for what postgres_exporter
shows, the other for all that it has. They are scraped in turn, as Prometheus does: over one connection, with gzip.
Prints a table, and fails where the one that is asked for the same set does not keep a budget.

postgres_exporter_bench.py [SCRAPES]     200 by default
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import http.client
import os
import statistics
import sys
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "e2e"))
sys.dont_write_bytecode = True

from cluster import Cluster  # noqa: E402
from exporter import BINARIES, DropIn  # noqa: E402
from script import end_with_all_on_signals  # noqa: E402

OURS = BINARIES / "backstay-exporter"
PEER, SAME_SET, EVERYTHING = "postgres_exporter", "same set", "everything"
# The collectors that have what postgres_exporter 0.11 shows.
COLLECTORS = ("server", "settings", "stat_database", "stat_activity", "locks", "database", "bgwriter", "stat_archiver",
              "stat_replication", "replication_slots")
# Column of the table → the program, and what it is asked for.
COLUMNS = {
    PEER: ("/usr/bin/prometheus-postgres-exporter", "/metrics"),
    SAME_SET: (OURS, "/metrics?" + urllib.parse.urlencode([("collect[]", name) for name in COLLECTORS])),
    EVERYTHING: (OURS, "/metrics"),
}
WIDTHS = (19, 11, 8, 8, 13, 8)
HEADERS = {"Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
           "Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "10"}
WARM_UP = 20
# What is measured → how much of postgres_exporter's it may be.
BUDGETS = {"scrape, median ms": 0.5, "CPU a scrape, ms": 0.2, "peak memory, MB": 1.0}


class Scraper:
    def __init__(self, exporter, path):
        self.path = path
        self.proc = Path(f"/proc/{exporter.process.pid}")
        self.connection = http.client.HTTPConnection(exporter.address, timeout=30)
        self.times_ms, self.bytes = [], 0

    def scrape(self):
        begun = time.perf_counter()
        self.connection.request("GET", self.path, headers=HEADERS)
        answer = self.connection.getresponse()
        self.bytes = len(answer.read())
        self.times_ms.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, answer.status

    def cpu_ms(self):
        fields = (self.proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, field):
        """As proc(5) calls it: VmHWM, RssAnon."""
        lines = (line.partition(":") for line in (self.proc / "status").read_text().splitlines())
        return int({name: text for name, _, text in lines}[field].split()[0]) / 1024


def make_tables(cluster):
    cluster.sql("CREATE DATABASE shop")
    cluster.script("\n".join(
        f"CREATE TABLE t{number} (id int PRIMARY KEY, note text); "
        f"INSERT INTO t{number} SELECT n, 'note' FROM generate_series(1, 1000) n;" for number in range(30))
        + "\nVACUUM ANALYZE;", "shop")


def measure(scrapers, scrapes):
    for _ in range(WARM_UP):
        for scraper in scrapers.values():
            scraper.scrape()
    before = {name: scraper.cpu_ms() for name, scraper in scrapers.items()}
    for scraper in scrapers.values():
        scraper.times_ms.clear()
    for _ in range(scrapes):
        for scraper in scrapers.values():
            scraper.scrape()
    results = {}
    for name, scraper in scrapers.items():
        results[name] = {
            "scrape, median ms": statistics.median(scraper.times_ms),
            "scrape, p99 ms": statistics.quantiles(scraper.times_ms, n=100)[98],
            "CPU a scrape, ms": (scraper.cpu_ms() - before[name]) / scrapes,
            "peak memory, MB": scraper.memory_mb("VmHWM"),
            "private memory, MB": scraper.memory_mb("RssAnon"),
            "answer, KB": scraper.bytes / 1024}
    return results


def print_row(what, *cells):
    print(f"{what:<20}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS)))


def report(results):
    print_row("", PEER, SAME_SET, "ratio", "budget", EVERYTHING, "ratio")
    for what, theirs in results[PEER].items():
        same_set, everything = results[SAME_SET][what], results[EVERYTHING][what]
        print_row(what, f"{theirs:.2f}", f"{same_set:.2f}", f"{same_set / theirs:.2f}",
                  f"≤ {BUDGETS[what]}" if what in BUDGETS else "", f"{everything:.2f}", f"{everything / theirs:.2f}")


def is_within_budgets(results):
    return all(results[SAME_SET][what] <= budget * results[PEER][what] for what, budget in BUDGETS.items())


def main():
    scrapes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    end_with_all_on_signals()
    cluster = Cluster().start()
    make_tables(cluster)
    url = cluster.admin_url_over_tcp("shop")
    results = measure({name: Scraper(DropIn(program, url), path) for name, (program, path) in COLUMNS.items()},
                      scrapes)
    print(f"{scrapes} scrapes of each, in turn; 30 tables; PostgreSQL 15; {os.cpu_count()} cores")
    report(results)
    return 0 if is_within_budgets(results) else 1


if __name__ == "__main__":
    sys.exit(main())
