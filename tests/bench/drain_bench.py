#!/usr/bin/python3
"""Batches of NDJSON, 330 bytes a line, posted to a drain over HTTP, plain and gzip'd, with a state_dir, so that each is
on disk before its 200; beside them a scrape every 100 ms. The exporter has one core, the senders the other. Prints a
table, and fails below a million lines a second plain, half a million gzip'd, or where the 99th percentile of a scrape
is 50 ms or more. No peer takes batches so that they last.

drain_bench.py [LINES]     2000000 by default, of each kind
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import gzip
import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from json_log_bench import write_log  # noqa: E402
from lasting_exporter import LastingExporter, by_status  # noqa: E402

BATCH_LINES, SENDERS = 20_000, 2
BUDGETS = {"plain": 1_000_000, "gzip": 500_000}
SCRAPE_MS = 50


def post(exporter, body, headers):
    connection = http.client.HTTPConnection(exporter.drain_address, timeout=60)
    connection.request("POST", "/drains/app", body, {"Authorization": "Bearer secret", **headers})
    status = connection.getresponse().status
    connection.close()
    assert status == 200, status


def bodies(lines, kind, batches):
    """Each with a first line of its own, or it would be known."""
    for number in range(batches):
        body = b'{"method":"GET","uri":"/","status":200,"n":%d}\n' % number + lines
        yield gzip.compress(body, 1) if kind == "gzip" else body


def cpu_seconds(exporter):
    fields = Path(f"/proc/{exporter.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_all(exporter, kind, lines, batches):
    """Seconds, seconds of the exporter's CPU, and the times of the scrapes beside."""
    waiting, lock, scrapes, done = list(bodies(lines, kind, batches)), threading.Lock(), [], threading.Event()
    headers = {"Content-Encoding": "gzip"} if kind == "gzip" else {}

    def send():
        while True:
            with lock:
                if not waiting:
                    return
                body = waiting.pop()
            post(exporter, body, headers)

    def scrape():
        while not done.wait(0.1):
            begun = time.perf_counter()
            exporter.get()
            scrapes.append((time.perf_counter() - begun) * 1000)
    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    scraper = threading.Thread(target=scrape)
    begun, cpu = time.perf_counter(), cpu_seconds(exporter)
    for thread in (*senders, scraper):
        thread.start()
    for sender in senders:
        sender.join()
    took, used = time.perf_counter() - begun, cpu_seconds(exporter) - cpu
    done.set()
    scraper.join()
    return took, used, scrapes


def main():
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    batches = max(1, total // BATCH_LINES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_log(folder / "batch", BATCH_LINES - 1)
        lines = (folder / "batch").read_bytes()
        (folder / "token").write_text("secret\n")
        exporter = LastingExporter(folder, f"state_dir: {folder}/state\nrequests: {{sources: [{{drain: app, token_file: "
                                           f"{folder}/token}}]}}\n").start()
        cores = os.cpu_count()
        os.sched_setaffinity(0, set(range(cores - 1)) or {0})
        for task in Path(f"/proc/{exporter.process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cores - 1})
        failed, sent = False, 0
        print(f"{batches} batches of {BATCH_LINES} lines of 330 bytes, {SENDERS} senders; {cores} cores, one for the exporter")
        print(f"{'':<8}{'lines a second':>16}{'of CPU':>12}{'budget':>12}{'scrape p50, ms':>16}{'p99, ms':>10}")
        for kind, budget in BUDGETS.items():
            took, used, scrapes = send_all(exporter, kind, lines, batches)
            sent += batches * BATCH_LINES
            p99 = statistics.quantiles(scrapes, n=100)[98] if len(scrapes) > 1 else scrapes[0]
            rate = batches * BATCH_LINES / took
            print(f"{kind:<8}{rate:>16,.0f}{batches * BATCH_LINES / used:>12,.0f}{budget:>12,.0f}"
                  f"{statistics.median(scrapes):>16.1f}{p99:>10.1f}")
            failed = failed or rate < budget or p99 >= SCRAPE_MS
        assert sum(by_status(exporter.scrape()).values()) == sent, "not all of them were counted"
        exporter.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
