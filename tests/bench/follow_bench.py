#!/usr/bin/python3
"""A live log: how long it takes from a line that is written to the metric that shows it, what following an idle file
costs, and whether memory stays flat. Prints a table, and fails where the median is 100 ms or more, idle takes 0.2 % of a
core or more, or memory is 40 MB or more. No timing of a peer: mtail is measured by access_log_bench.py.

follow_bench.py [LINES]     20000000 by default, of the last part: the file is rotated each million
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from access_log_bench import write_log  # noqa: E402
from lasting_exporter import LastingExporter, of_files  # noqa: E402

EVENTS, IDLE_SECONDS, ROUND = 50, 20, 1_000_000
LATENCY_MS, IDLE_PERCENT, MEMORY_MB = 100, 0.2, 40
LINE = '10.0.0.1 - - [23/Nov/2026:08:13:04 +0000] "GET {} HTTP/1.1" {} 5 "-" "-" 0.020\n'


def cpu_seconds(exporter):
    """Of all its threads, to the nanosecond: the ticks of /proc/PID/stat are too coarse for what is idle."""
    threads = Path(f"/proc/{exporter.process.pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def memory_mb(exporter, field):
    lines = (line.partition(":") for line in Path(f"/proc/{exporter.process.pid}/status").read_text().splitlines())
    return int({name: text for name, _, text in lines}[field].split()[0]) / 1024


def latencies(exporter, log):
    """Milliseconds from the write to the end of the first scrape that shows it."""
    found = []
    for number in range(EVENTS):
        with open(log, "a") as file:
            file.write(LINE.format("/", 200))
        begun = time.perf_counter()
        while of_files(exporter.scrape(), "lines_total") <= number:
            pass
        found.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.013)  # so that writes fall anywhere between two looks
    return found


def fill_series(exporter, log):
    """Two thousand label sets, the most that are kept."""
    with open(log, "a") as file:
        for route in range(140):
            for status in (200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 409, 422, 500):
                file.write(LINE.format("/r" + "abcdefghijkl"[route % 12] * (route // 12 + 1), status))
    exporter.wait_until_read(EVENTS + 140 * 15)


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name), Path(name) / "access.log"
        log.touch()
        exporter = LastingExporter(folder, f"state_dir: {folder}/state\nrequests: {{sources: [{{path: {log}}}]}}\n").start()
        found = latencies(exporter, log)
        cpu = cpu_seconds(exporter)
        time.sleep(IDLE_SECONDS)
        idle = (cpu_seconds(exporter) - cpu) / IDLE_SECONDS * 100
        fill_series(exporter, log)
        write_log(folder / "million", ROUND)
        read, memory = EVENTS + 140 * 15, []
        for number in range(max(1, lines // ROUND)):
            with open(folder / "next", "wb") as file, open(folder / "million", "rb") as million:
                file.write(LINE.format(f"/?{number}", 200).encode())  # a log begins like no other
                shutil.copyfileobj(million, file, 1 << 20)
            (folder / "next").rename(log)
            read += ROUND + 1
            exporter.wait_until_read(read)
            memory.append(memory_mb(exporter, "VmRSS"))
        peak = memory_mb(exporter, "VmHWM")
        page = exporter.scrape()
        writes, seconds, size = (sum(page.family(f"backstay_checkpoint_{what}").values())
                                 for what in ("writes_total", "write_seconds_total", "bytes"))
        exporter.kill()
    print(f"{'':<34}{'measured':>10}{'budget':>10}")
    print(f"{'from line to metric, median ms':<34}{statistics.median(found):>10.1f}{f'< {LATENCY_MS}':>10}")
    print(f"{'from line to metric, most, ms':<34}{max(found):>10.1f}")
    print(f"{f'idle for {IDLE_SECONDS} s, % of a core':<34}{idle:>10.2f}{f'< {IDLE_PERCENT}':>10}")
    print(f"{f'memory after {ROUND:,} lines, MB':<34}{memory[0]:>10.1f}")
    print(f"{f'memory after {len(memory) * ROUND:,} lines, MB':<34}{memory[-1]:>10.1f}")
    print(f"{'a checkpoint, ms':<34}{seconds / writes * 1000:>10.1f}")
    print(f"{'its size, KB':<34}{size / 1024:>10.1f}")
    print(f"{'peak memory, MB':<34}{peak:>10.1f}{f'< {MEMORY_MB}':>10}")
    return 0 if statistics.median(found) < LATENCY_MS and idle < IDLE_PERCENT and peak < MEMORY_MB else 1


if __name__ == "__main__":
    sys.exit(main())
