#!/usr/bin/python3
"""A million lines of an access log, about 230 bytes each, read once: backstay-exporter --one-shot, which also makes
routes, and mtail --one_shot with a program for method and status and the same buckets. Each on one core, in turn,
three times; the median counts. Prints a table, and fails where it is not 30 times as fast as mtail.

access_log_bench.py [LINES]     1000000 by default
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin") / "backstay-exporter"
RUNS = 3
RATIO = 30
BOUNDS = "0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10"
MTAIL_PROGRAM = f"""\
counter http_server_requests_total by method, status
histogram http_server_request_duration_seconds by method, status buckets {BOUNDS}

/^\\S+ \\S+ \\S+ \\[[^\\]]+\\] "(?P<method>[A-Z]+) (?P<target>\\S+) HTTP\\/[0-9.]+" (?P<status>\\d{{3}}) (?P<bytes>\\d+|-) "[^"]*" "[^"]*" (?P<seconds>\\d+\\.\\d+)$/ {{
  http_server_requests_total[$method][$status]++
  http_server_request_duration_seconds[$method][$status] = $seconds
}}
"""
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari")
PATHS = ("/api/invitations/{n}", "/api/users/{n}/invitations?page={p}", "/api/invitations", "/static/app.{h}.js",
         "/", "/api/teams/{u}/members", "/login", "/api/events?since={n}")


def write_log(path, lines):
    chance = random.Random(7)
    with open(path, "w") as log:
        for number in range(lines):
            target = chance.choice(PATHS).format(
                n=chance.randrange(10 ** 6), p=chance.randrange(50), h=f"{chance.getrandbits(64):016x}",
                u=f"{chance.getrandbits(32):08x}-1111-4222-8333-{chance.getrandbits(48):012x}")
            method = "GET" if chance.random() < 0.8 else "POST"
            status = chance.choices((200, 201, 304, 404, 500), (80, 8, 6, 4, 2))[0]
            log.write(f"203.0.113.{number % 250} - - [23/Nov/2026:08:{number // 60000 % 60:02}:{number // 1000 % 60:02} "
                      f"+0000] \"{method} {target} HTTP/1.1\" {status} {chance.randrange(100, 20000)} "
                      f"\"https://app.example.com/\" \"{AGENTS[number % 2]}\" {chance.lognormvariate(-3, 1):.3f}\n")


def run(argv):
    """Seconds of CPU, seconds, peak memory in MB, and what it printed; on the second core alone."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(["taskset", "-c", str(os.cpu_count() - 1), *map(str, argv)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, f"{argv[0]}: {status}"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - begun, usage.ru_maxrss / 1024, said


def total(said, name):
    return sum(float(line.rpartition(" ")[2]) for line in said.splitlines() if line.startswith(name + "{"))


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        log, program, config = (Path(folder) / name for name in ("access.log", "access.mtail", "exporter.yml"))
        write_log(log, lines)
        program.write_text(MTAIL_PROGRAM)
        config.write_text(f"requests: {{sources: [{{path: {log}}}]}}\n")
        commands = {"mtail": ["mtail", "--one_shot", "--one_shot_format=prometheus", f"--progs={program}", f"--logs={log}"],
                    "backstay-exporter": [OURS, "--config.file", config, "--one-shot"]}
        results = {name: [run(argv) for _ in range(RUNS)] for name, argv in commands.items()}
        size = log.stat().st_size / lines
    ours = results["backstay-exporter"][0][3]
    assert total(ours, "http_server_requests_total") == lines, "not all of them were counted"
    assert total(results["mtail"][0][3], "http_server_requests_total") == lines, "mtail counts otherwise"
    median = {name: [statistics.median(each[i] for each in runs) for i in range(3)] for name, runs in results.items()}
    print(f"{lines} lines of {size:.0f} bytes, one core, median of {RUNS} runs")
    print(f"{'':<20}{'mtail':>12}{'backstay':>12}{'ratio':>9}")
    for what, i, form in (("CPU, s", 0, ".3f"), ("time, s", 1, ".3f"), ("peak memory, MB", 2, ".1f")):
        theirs, own = median["mtail"][i], median["backstay-exporter"][i]
        print(f"{what:<20}{theirs:>12{form}}{own:>12{form}}{theirs / own:>9.1f}")
    own = median["backstay-exporter"][1]
    print(f"{'lines a second':<20}{lines / median['mtail'][1]:>12,.0f}{lines / own:>12,.0f}")
    return 0 if median["mtail"][1] >= RATIO * own else 1


if __name__ == "__main__":
    sys.exit(main())
