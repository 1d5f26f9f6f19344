#!/usr/bin/python3
"""Signed GitHub webhooks (a real deployment_status, 10 KB) from 16 senders, each with a number of its own:
backstay-receiver, which has each on disk before its 2xx and decides all of them beside that, and adnanh/webhook, which
checks the same signature and keeps nothing. The peer runs twice: as its users run it, with a command for each delivery
(/bin/true; it answers before that has ended), and with a second rule that never holds, so that it runs nothing. All have
the same senders (webhook_storm.cpp), and connections that stay. In turn, each with a server of its own, five times; the
median counts. CPU is the server's with its children, for each delivery. Prints a table, and fails where the receiver
accepts fewer a second than the peer as its users run it, or where the 99th percentile of its answers is 20 ms or more.

webhook_bench.py [DELIVERIES]     6000 by default, of each run
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e")]
sys.dont_write_bytecode = True

from cluster import check, end, free_port, wait_for  # noqa: E402
from script import end_with_all_on_signals  # noqa: E402

BIN = Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin")
PAYLOAD = ROOT / "tests" / "unit" / "receiver" / "payloads" / "github" / "deployment_status.json"
RUNS, SENDERS, P99_MS = 5, 16, 20
FIRST = 1_000_000_000  # so that all numbers have as many digits
KEY = "a secret of the bench"
CONFIG = """\
service: bench
state_dir: {dir}/state
database: {{url: "postgresql:///none", bin_dir: /usr/lib/postgresql/15/bin}}
prometheus: {{url: "http://127.0.0.1:9"}}
webhooks: [{{name: github, provider: github, secret_files: [{dir}/key],
            rate_limit: {{per_second: 1000000, burst: 10000000}}}}]
policy: {{mode: observe}}
backups: {{dir: {dir}/backups}}
deploy: {{driver: command, deploy: [/bin/true, "{{release}}"], switch: [/bin/true, "{{release}}"], current: [/bin/true],
         list: [/bin/true], health_url: "http://127.0.0.1:9/", version_url: "http://127.0.0.1:9/"}}
"""


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def write_deliveries(folder):
    """What the senders need: the key, and the payload with a place for the number that tells one from another."""
    text = PAYLOAD.read_text()
    number = str(json.loads(text)["deployment_status"]["id"])
    (folder / "body").write_text(text.replace(number, "@number@"))
    (folder / "key").write_text(KEY)


class Peer:
    """adnanh/webhook, with a rule that asks for the signature, and for what else it is given."""
    path = "/hooks/github"

    def __init__(self, folder, *rules):
        self.port = free_port()
        signature = {"match": {"type": "payload-hmac-sha256", "secret": KEY,
                               "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}}
        hook = {"id": "github", "execute-command": "/bin/true", "trigger-rule": {"and": [signature, *rules]},
                "trigger-rule-mismatch-http-response-code": 200 if rules else 401}
        (folder / "hooks.json").write_text(json.dumps([hook]))
        self.process = subprocess.Popen(["/usr/bin/webhook", "-hooks", folder / "hooks.json", "-ip", "127.0.0.1", "-port",
                                         str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("webhook", lambda: is_listening(self.port))

    def kept(self):
        return 0


class PeerThatRunsNothing(Peer):
    def __init__(self, folder):
        super().__init__(folder, {"match": {"type": "value", "value": "never",
                                            "parameter": {"source": "payload", "name": "deployment_status.state"}}})


class Receiver:
    path = "/webhooks/github"

    def __init__(self, folder):
        self.port, self.folder = free_port(), folder
        (folder / "state").mkdir()
        (folder / "backups").mkdir()
        (folder / "receiver.yml").write_text(CONFIG.format(dir=folder))
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen([BIN / "backstay-receiver", "--config.file", folder / "receiver.yml",
                                             "--web.listen-address", f"127.0.0.1:{self.port}"], stdout=log, stderr=log)
        wait_for("the receiver", lambda: self.process.poll() is not None or is_listening(self.port))
        assert self.process.poll() is None, (folder / "log").read_text()

    def kept(self):
        with sqlite3.connect(self.folder / "state" / "journal.db") as journal:
            return journal.execute("SELECT count(*) FROM events").fetchone()[0]


PROGRAMS = {"webhook, runs /bin/true": Peer, "webhook, runs nothing": PeerThatRunsNothing, "backstay-receiver": Receiver}


def cpu_seconds(process):
    """Of a process and of all its children that have ended."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def measure(program, deliveries):
    """What the senders say of one run with a new server, with its rate, its processor time and what it kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_deliveries(folder)
        server = program(folder)
        try:
            found = json.loads(check([BIN / "bench_webhook_storm", server.port, server.path, folder / "key",
                                      folder / "body", FIRST, deliveries, SENDERS]))
            cpu_us = cpu_seconds(server.process) / deliveries * 1e6
        finally:
            end(server.process)
        assert set(found["statuses"]) <= {"200", "202"}, found
        return {**found, "rate": deliveries / found["seconds"], "cpu_us": cpu_us, "kept": server.kept()}


def main():
    end_with_all_on_signals()
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000
    runs = [{name: measure(program, deliveries) for name, program in PROGRAMS.items()} for _ in range(RUNS)]
    median = {name: {what: statistics.median(run[name][what] for run in runs) for what in ("rate", "p50_ms", "p99_ms", "cpu_us", "kept")}
              for name in PROGRAMS}
    print(f"{deliveries} deliveries of {PAYLOAD.stat().st_size / 1000:.0f} KB, {SENDERS} senders, median of {RUNS} runs; "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<26}{'a second':>10}{'lowest':>10}{'highest':>10}{'p50, ms':>10}{'p99, ms':>10}{'CPU, µs':>10}"
          f"{'on disk':>10}")
    for name, of in median.items():
        rates = [run[name]["rate"] for run in runs]
        print(f"{name:<26}{of['rate']:>10,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}{of['p50_ms']:>10.1f}"
              f"{of['p99_ms']:>10.1f}{of['cpu_us']:>10.0f}{of['kept']:>10,.0f}")
    ours = median["backstay-receiver"]
    for name in ("webhook, runs /bin/true", "webhook, runs nothing"):
        print(f"backstay-receiver is {ours['rate'] / median[name]['rate']:.2f} × {name}")
    assert all(run["backstay-receiver"]["kept"] == deliveries for run in runs), "not all of them are in the journal"
    is_first = ours["rate"] > median["webhook, runs /bin/true"]["rate"]
    return 0 if is_first and ours["p99_ms"] < P99_MS else 1


if __name__ == "__main__":
    sys.exit(main())
