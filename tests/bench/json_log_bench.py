#!/usr/bin/python3
"""A million JSON lines of 330 bytes with six fields that count, read once: backstay-exporter --one-shot, routes and
histograms included, beside simdjson alone, which looks at each field and keeps nothing. Each on one core, in turn,
three times; the median counts. Prints a table, and fails below two million lines a second or a fifth of simdjson.

json_log_bench.py [LINES]     1000000 by default
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin")
RUNS = 3
LINES_A_SECOND, SHARE = 2_000_000, 0.2
BYTES = 330
PATHS = ("/api/invitations/{n}", "/api/users/{n}/invitations?page={p}", "/api/invitations", "/", "/login")


def write_log(path, lines):
    chance = random.Random(7)
    with open(path, "w") as log:
        for number in range(lines):
            target = chance.choice(PATHS).format(n=chance.randrange(10 ** 6), p=chance.randrange(50))
            line = {"ts": 1795600000 + number / 1000, "method": "GET" if chance.random() < 0.8 else "POST",
                    "uri": target, "status": chance.choices((200, 201, 304, 404, 500), (80, 8, 6, 4, 2))[0],
                    "bytes_sent": chance.randrange(100, 20000), "request_time": round(chance.lognormvariate(-3, 1), 3),
                    "agent": ""}
            line["agent"] = "x" * (BYTES - 1 - len(json.dumps(line, separators=(",", ":"))))
            log.write(json.dumps(line, separators=(",", ":")) + "\n")


def cpu_of(argv):
    """Seconds of CPU, on the last core alone, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(["taskset", "-c", str(os.cpu_count() - 1), *map(str, argv)], check=True,
                          capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        log, config = Path(folder) / "app.log", Path(folder) / "exporter.yml"
        write_log(log, lines)
        config.write_text(f"requests: {{sources: [{{path: {log}, format: json}}]}}\n")
        alone, ours = [], []
        for _ in range(RUNS):
            alone.append(float(cpu_of([BINARIES / "bench_json_lines", log])[1]))
            cpu, said = cpu_of([BINARIES / "backstay-exporter", "--config.file", config, "--one-shot"])
            ours.append(cpu)
            counted = sum(float(line.rpartition(" ")[2]) for line in said.splitlines()
                          if line.startswith("http_server_requests_total{"))
            assert counted == lines, f"{counted} of {lines} were counted"
        size = log.stat().st_size / lines
    simdjson, own = lines / statistics.median(alone), lines / statistics.median(ours)
    print(f"{lines} lines of {size:.0f} bytes, one core, median of {RUNS} runs, by CPU")
    print(f"{'':<20}{'simdjson':>12}{'backstay':>12}{'share':>9}")
    print(f"{'lines a second':<20}{simdjson:>12,.0f}{own:>12,.0f}{own / simdjson:>9.2f}")
    return 0 if own >= LINES_A_SECOND and own >= SHARE * simdjson else 1


if __name__ == "__main__":
    sys.exit(main())
