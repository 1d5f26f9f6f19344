#!/usr/bin/python3
"""From an alert's webhook to a verified rollback, 50 times, by the times in the journal: the event is on disk → the switch
is done (serving) → the release answers its health address and its version is its own (verified). Each time a new release
goes live first, and the alert begins after that. The driver is `command`, with shell scripts that write the name of the
live release into a file; a real PostgreSQL is backed up beside each rollback. The service and Prometheus answer from this
script, at once: what the user's own commands and service take comes on top. Prints the distribution, and fails where the
median is a second or more.

rollback_bench.py [RUNS]     50 by default, at most 100
BACKSTAY_BIN names the folder of the programs; without it, build/bin: measure the release build.
"""

import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e")]
sys.dont_write_bytecode = True

from cluster import Cluster, check, end, free_port, wait_for  # noqa: E402
from journal import Journal  # noqa: E402
from script import end_with_all_on_signals  # noqa: E402

BIN = Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin")
MEDIAN_MS = 1000
BARS, WIDTH = 12, 50
LABELS = {"alertname": "ErrorRatioHigh", "action": "rollback"}
CONFIG = """\
service: bench
state_dir: {dir}/state
database: {{url: "{database}", bin_dir: /usr/lib/postgresql/15/bin}}
prometheus: {{url: "{url}"}}
webhooks: [{{name: alertmanager, provider: alertmanager, bearer_token_file: {dir}/token}}]
policy:
  mode: auto
  limits: {{rollbacks_per_hour: 100, deploys_per_hour: 1000}}
  rules:
    - {{name: bad-release, on: {{event: alert_firing, labels: {{action: rollback}}}}, do: [backup, rollback], cooldown: 0s}}
backups: {{dir: {dir}/backups}}
deploy:
  driver: command
  deploy: [/bin/sh, -c, 'echo "$1" >> {dir}/kept', stage, "{{release}}"]
  switch: [/bin/sh, -c, 'echo "$1" > {dir}/live.new && mv {dir}/live.new {dir}/live', switch, "{{release}}"]
  current: [/bin/cat, {dir}/live]
  list: [/usr/bin/sort, -u, {dir}/kept]
  health_url: "{url}/health"
  version_url: "{url}/version"
confirm: {{clear_for: 100ms, within: 30s}}
notify: [{{channel: log}}]
"""
TIMES = """\
SELECT s.name, s.ended_at - e.received_at AS ms FROM runs r JOIN events e ON e.id = r.event_id
JOIN steps s ON s.run_id = r.id AND s.outcome = 'done' WHERE r.action = 'rollback'
"""


class World(ThreadingHTTPServer):
    """The service, whose release is what the file says, and a Prometheus that finds all but release 1 bad."""
    daemon_threads = True

    def __init__(self, folder):
        self.live = folder / "live"
        super().__init__(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        live = self.server.live.read_text().strip()
        alerts = [] if live == "1" else [{"labels": LABELS, "state": "firing"}]
        rule = {"name": LABELS["alertname"], "health": "ok", "labels": {"action": "rollback"},
                "annotations": {"data_query": "up"}, "alerts": alerts}
        body = json.dumps({
            "/version": {"release": live},
            "/api/v1/rules": {"status": "success", "data": {"groups": [{"rules": [rule]}]}},
            "/api/v1/query": {"data": {"result": [{"metric": {}, "value": [0, "1"]}]}},
        }.get(self.path.partition("?")[0], {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Receiver:
    def __init__(self, folder, url, database):
        for name in ("state", "backups"):
            (folder / name).mkdir()
        (folder / "token").write_text("a token of the bench")
        (folder / "live").write_text("1\n")
        (folder / "kept").write_text("1\n")
        self.config = folder / "receiver.yml"
        self.config.write_text(CONFIG.format(dir=folder, url=url, database=database))
        self.journal = Journal(folder / "state" / "journal.db")
        self.url = f"http://127.0.0.1:{free_port()}"
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen([BIN / "backstay-receiver", "--config.file", self.config,
                                             "--web.listen-address", self.url.partition("//")[2]], stdout=log, stderr=log)
        wait_for("the receiver", self.is_ready)

    def is_ready(self):
        try:
            return urllib.request.urlopen(self.url + "/-/ready", timeout=5).status == 200
        except OSError:
            assert self.process.poll() is None, "the receiver has ended"
            return False

    def backstay(self, *arguments):
        check([BIN / "backstay", "--config.file", self.config, *arguments])

    def alert(self, number):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        alert = {"status": "firing", "labels": LABELS, "startsAt": now, "fingerprint": str(number)}
        request = urllib.request.Request(
            self.url + "/webhooks/alertmanager", method="POST", headers={"Authorization": "Bearer a token of the bench"},
            data=json.dumps({"version": "4", "groupKey": "bench", "status": "firing", "alerts": [alert]}).encode())
        assert urllib.request.urlopen(request, timeout=30).status == 202

    def roll_back(self, number):
        """A new release goes live, and an alert puts release 1 back."""
        self.backstay("deploy", f"bad-{number}", "--yes", "--no-backup")
        self.alert(number)
        wait_for("the end of the rollback", lambda: self.journal.one(
            "SELECT count(*) FROM runs WHERE action = 'rollback' AND ended_at IS NOT NULL") == number)
        assert self.journal.one("SELECT outcome FROM runs ORDER BY id DESC LIMIT 1") == "done", self.journal.last()


def measure(runs):
    """Milliseconds of each rollback to the end of each of its steps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(folder)
        receiver = Receiver(folder, f"http://127.0.0.1:{world.server_port}", Cluster().start().admin_url_over_tcp())
        try:
            receiver.backstay("releases", "adopt", "1", "--yes", "--reason", "the first")
            for number in range(1, runs + 1):
                receiver.roll_back(number)
            rows = receiver.journal.rows(TIMES)
        finally:
            end(receiver.process)
            world.shutdown()
    found = {step: sorted(row["ms"] for row in rows if row["name"] == step) for step in ("switch", "verify", "backup")}
    assert all(len(times) == runs for times in found.values()), {step: len(times) for step, times in found.items()}
    return found


def show(name, times):
    at = {"min": times[0], "median": statistics.median(times), "p90": times[len(times) * 9 // 10],
          "p99": times[len(times) * 99 // 100], "max": times[-1]}
    print(f"{name:<34}" + "".join(f"{what:>9} {ms:<5.0f}" for what, ms in at.items()))


def show_histogram(times):
    low, step = times[0], max(1, -(-(times[-1] + 1 - times[0]) // BARS))
    counts = [sum(1 for ms in times if (ms - low) // step == i) for i in range(BARS)]
    for i, count in enumerate(counts):
        print(f"{low + i * step:>6} to {low + (i + 1) * step - 1:>4} ms {count:>4} {'#' * round(count * WIDTH / max(counts))}")


def main():
    end_with_all_on_signals()
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    found = measure(runs)
    print(f"{runs} rollbacks, milliseconds from the alert on disk; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    show("serving: the switch is done", found["switch"])
    show("verified: it answers as itself", found["verify"])
    show("the backup beside it is complete", found["backup"])
    print("verified:")
    show_histogram(found["verify"])
    return 0 if statistics.median(found["verify"]) < MEDIAN_MS else 1


if __name__ == "__main__":
    sys.exit(main())
