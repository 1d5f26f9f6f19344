#!/usr/bin/python3
"""100,000 counters with three labels: how long the exporter takes to write them, beside prometheus-cpp; and how
long a scrape of them takes and how much memory it costs, beside a pushgateway that holds the same series.

BACKSTAY_BIN names the folder of the programs, of a release build with -DBACKSTAY_BENCH=ON.
"""

import gzip
import http.client
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo")]
sys.dont_write_bytecode = True

from stage import Stage, free_port, wait_for  # noqa: E402

SERIES = 100_000
SCRAPES = 20
LIMIT_MS = 20
QUERY = f"""\
queries:
  - name: api_calls_total
    help: Calls of the API.
    type: counter
    labels: [customer, method, route]
    max_series: {SERIES}
    interval: 5s
    sql: >-
      SELECT 'customer-' || n AS customer, CASE n % 2 WHEN 0 THEN 'GET' ELSE 'POST' END AS method,
      '/api/v1/orders/' || n % 100 AS route, 7919 * n::bigint AS value FROM generate_series(0, {SERIES - 1}) AS n
"""


class BenchStage(Stage):
    def start_watching_exporter(self):
        (self.dir / "series.yml").write_text(QUERY)
        config = self.dir / "exporter.yml"
        config.write_text(f"database: {{url_file: {self.dir}/secrets/db_url}}\ncollectors: [series.yml]\n")
        return self.start_daemon("exporter", [
            self.binaries / "backstay-exporter", "--config.file", config, "--web.listen-address", "127.0.0.1:0"])

    def start_pushgateway(self):
        address = f"127.0.0.1:{free_port()}"
        self.spawn("pushgateway", ["prometheus-pushgateway", f"--web.listen-address={address}"])
        wait_for("pushgateway", lambda: get(address, "/-/ready")[0] == 200, 20, self.log("pushgateway"))
        return address

    def peak_mib(self, name):
        pid = next(process.pid for entry, process in self.processes if entry == name)
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def get(address, path="/metrics", headers=None):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def series_in(page):
    return page.count(b"\napi_calls_total{")


def scrape_ms(address, encoding):
    """The median over the scrapes, each from its request to the last byte of its answer."""
    took = []
    for _ in range(SCRAPES):
        begun = time.perf_counter()
        status, page = get(address, headers={"Accept-Encoding": encoding})
        took.append((time.perf_counter() - begun) * 1000)
        whole = gzip.decompress(page) if encoding == "gzip" else page
        assert status == 200 and series_in(whole) == SERIES, f"{address}: {status}, {series_in(whole)} series"
    return statistics.median(took)


def push(address, page):
    lines = [line for line in page.splitlines() if b"api_calls_total" in line]
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("PUT", "/metrics/job/bench", b"\n".join(lines) + b"\n")
    status = connection.getresponse().status
    assert status in (200, 202), f"the pushgateway answered {status}"


def table(heading, rows):
    widths = [max(len(str(row[i])) for row in (heading, *rows)) for i in range(len(heading))]
    for row in (heading, *rows):
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))))
    print()


def bench_serializer(binaries):
    said = subprocess.run([binaries / "bench_exposition"], capture_output=True, text=True, check=True).stdout
    found = {name: (float(ms), int(size)) for name, ms, size in (line.split("\t") for line in said.splitlines())}
    rows = []
    for name, (ms, size) in found.items():
        peer = found["prometheus-cpp," + name.partition(",")[2]][0]
        is_ours = name.startswith(("text", "Open"))
        rows.append((name, f"{ms:.1f}", f"{size / 1e6:.1f}", f"{ms / peer:.3f}" if is_ours else ""))
    table((f"writing {SERIES:,} counters", "CPU ms", "MB", "÷ prometheus-cpp"), rows)
    return max(ms for name, (ms, _) in found.items() if name.startswith(("text", "Open")))


def bench_scrapes(stage):
    stage.start_postgres()
    exporter, pushgateway = stage.start_watching_exporter(), stage.start_pushgateway()
    page = wait_for("the series", lambda: series_in(now := get(exporter)[1]) == SERIES and now, 60, stage.log("exporter"))
    push(pushgateway, page)
    rows = []
    for encoding in ("identity", "gzip"):
        ours, theirs = scrape_ms(exporter, encoding), scrape_ms(pushgateway, encoding)
        rows.append((f"a scrape, {encoding}, ms", f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.3f}"))
    ours, theirs = stage.peak_mib("exporter"), stage.peak_mib("pushgateway")
    rows.append(("peak memory, MiB", f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.3f}"))
    table((f"{SERIES:,} series", "backstay-exporter", "pushgateway", "ratio"), rows)
    return ours < theirs


def main():
    stage = BenchStage()
    try:
        slowest = bench_serializer(stage.binaries)
        is_smaller = bench_scrapes(stage)
    finally:
        stage.stop()
        stage.remove()
    is_fast = slowest <= LIMIT_MS
    print(f"exposition at most {LIMIT_MS} ms: {'yes' if is_fast else 'NO'}, {slowest:.1f} ms")
    print(f"peak memory below the pushgateway's: {'yes' if is_smaller else 'NO'}")
    return 0 if is_fast and is_smaller else 1


if __name__ == "__main__":
    sys.exit(main())
