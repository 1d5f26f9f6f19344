#!/usr/bin/python3
"""Signed GitHub webhooks of 10 KB from 16 senders, each with a delivery of its own: backstay-receiver, which has each on
disk before its 2xx, and adnanh/webhook, which checks the signature and keeps nothing: its rule asks for an action that
no delivery has, so that it runs no command. Each in turn, three times; the median counts. Prints a table, and fails where
the receiver accepts fewer a second, or where the 99th percentile of its answers is 20 ms or more.

webhook_bench.py [DELIVERIES]     3000 by default, of each run
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import hashlib
import hmac
import json
import multiprocessing
import os
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e")]
sys.dont_write_bytecode = True

from cluster import end, free_port, wait_for  # noqa: E402
from script import end_with_all_on_signals  # noqa: E402

RECEIVER = Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin") / "backstay-receiver"
RUNS, SENDERS, P99_MS = 3, 16, 20
BYTES = 10_000
KEY = b"a secret of the bench"
HOOKS = """\
[{{"id": "github", "execute-command": "/bin/true", "trigger-rule": {{"and": [
  {{"match": {{"type": "payload-hmac-sha256", "secret": "{key}",
              "parameter": {{"source": "header", "name": "X-Hub-Signature-256"}}}}}},
  {{"match": {{"type": "value", "value": "never", "parameter": {{"source": "payload", "name": "action"}}}}}}]}}}}]
"""
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


def delivery(number, path):
    """The bytes of one request, on a connection that stays."""
    payload = {"action": "created", "deployment_status": {"id": number, "state": "pending", "description": ""},
               "deployment": {"id": number, "ref": "v1.2.3", "sha": f"{number:040x}", "environment": "production"},
               "repository": {"full_name": "ada/invitations"}, "sender": {"login": "ada"}}
    payload["deployment_status"]["description"] = "x" * (BYTES - len(json.dumps(payload)))
    body = json.dumps(payload).encode()
    signature = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    return (f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-GitHub-Event: deployment_status\r\n"
            f"X-GitHub-Delivery: {number}\r\nX-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n"
            "\r\n").encode() + body


def read_answer(connection, rest):
    """(status, what is left of the bytes)"""
    while b"\r\n\r\n" not in rest:
        rest += connection.recv(65536)
    head, _, rest = rest.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    length = int(length[1]) if length else 0
    while len(rest) < length:
        rest += connection.recv(65536)
    return int(head[9:12]), rest[length:]


def send(port, requests, start, results):
    """One sender: (statuses, milliseconds of each)"""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    start.wait()
    statuses, times, rest = {}, [], b""
    connection = socket.create_connection(("127.0.0.1", port), 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for request in requests:
        begun = time.perf_counter()
        connection.sendall(request)
        status, rest = read_answer(connection, rest)
        times.append((time.perf_counter() - begun) * 1000)
        statuses[status] = statuses.get(status, 0) + 1
    results.put((statuses, times))


def storm(port, path, first, deliveries):
    """Deliveries a second, and the milliseconds of each."""
    start, results = multiprocessing.Event(), multiprocessing.Queue()
    each = deliveries // SENDERS
    senders = [multiprocessing.Process(target=send, args=(
        port, [delivery(first + number * each + i, path) for i in range(each)], start, results), daemon=True)
               for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    begun = time.perf_counter()
    start.set()
    found = [results.get() for _ in senders]
    took = time.perf_counter() - begun
    for sender in senders:
        sender.join()
    statuses = {status for counts, _ in found for status in counts}
    assert statuses <= {200, 202}, statuses
    return each * SENDERS / took, [ms for _, times in found for ms in times]


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


class Peer:
    path = "/hooks/github"

    def __init__(self, folder):
        self.port = free_port()
        (folder / "hooks.json").write_text(HOOKS.format(key=KEY.decode()))
        self.process = subprocess.Popen(["/usr/bin/webhook", "-hooks", folder / "hooks.json", "-ip", "127.0.0.1", "-port",
                                         str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("webhook", lambda: is_listening(self.port))

    def kept(self):
        return 0


class Receiver:
    path = "/webhooks/github"

    def __init__(self, folder):
        self.port, self.folder = free_port(), folder
        (folder / "key").write_bytes(KEY)
        (folder / "state").mkdir()
        (folder / "backups").mkdir()
        (folder / "receiver.yml").write_text(CONFIG.format(dir=folder))
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen([RECEIVER, "--config.file", folder / "receiver.yml", "--web.listen-address",
                                         f"127.0.0.1:{self.port}", "--log.level", "error"], stdout=self.log,
                                        stderr=self.log)
        wait_for("the receiver", lambda: self.process.poll() is not None or is_listening(self.port))
        assert self.process.poll() is None, (folder / "log").read_text()

    def kept(self):
        with sqlite3.connect(self.folder / "state" / "journal.db") as journal:
            return journal.execute("SELECT count(*) FROM events").fetchone()[0]


def measure(program, deliveries):
    with tempfile.TemporaryDirectory() as name:
        server = program(Path(name))
        try:
            rates, times = [], []
            for run in range(RUNS):
                rate, of_run = storm(server.port, server.path, run * deliveries, deliveries)
                rates.append(rate)
                times.append(statistics.quantiles(of_run, n=100)[98])
            return statistics.median(rates), statistics.median(times), server.kept()
        finally:
            end(server.process)


def main():
    end_with_all_on_signals()
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    results = {"webhook": measure(Peer, deliveries), "backstay": measure(Receiver, deliveries)}
    print(f"{deliveries} deliveries of {BYTES / 1000:.0f} KB, {SENDERS} senders, median of {RUNS} runs; {os.cpu_count()} cores")
    print(f"{'':<12}{'a second':>12}{'p99, ms':>12}{'on disk':>12}")
    for name, (rate, p99, kept) in results.items():
        print(f"{name:<12}{rate:>12,.0f}{p99:>12.1f}{kept:>12,}")
    (theirs, _, _), (ours, p99, kept) = results.values()
    assert kept == RUNS * (deliveries // SENDERS) * SENDERS, "not all of them are in the journal"
    return 0 if ours > theirs and p99 < P99_MS else 1


if __name__ == "__main__":
    sys.exit(main())
