#!/usr/bin/python3
"""A question to people, from the alert to the answer: the real receiver in mode `approve`, the real command, and
a world of files around them: which release is live is written in one, and what Prometheus and the service say is
what the test wants. Nothing is done before somebody says so.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import json
import os
import subprocess
import sys
import threading
import time
import unittest
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from journal import Journal  # noqa: E402
from lone_receiver import LoneReceiver  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import wait_for  # noqa: E402

DONE, REFUSED = 0, 3
WAIT_SECONDS = 120
ALERT = {"alertname": "ShopIsBad", "severity": "critical", "service": "shop", "action": "rollback"}


class World(BaseHTTPRequestHandler):
    """Prometheus and the service in one: the alert fires while release 2 is live."""

    def do_GET(self):
        live = self.server.live.read_text().strip()
        if self.path.startswith("/api/v1/rules"):
            alerts = [{"labels": ALERT, "state": "firing", "activeAt": self.server.active_at}] if live == "2" else []
            rule = {"name": ALERT["alertname"], "health": "ok", "labels": {}, "alerts": alerts,
                    "annotations": {"data_query": "vector(1)"}}
            answer = {"data": {"groups": [{"rules": [rule]}]}}
        elif self.path.startswith("/api/v1/query"):
            answer = {"data": {"result": [{"metric": {}, "value": [0, "1"]}]}}
        else:
            answer = {"release": live}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class AskingReceiver(LoneReceiver):
    def __init__(self):
        super().__init__()
        self.live = self.dir / "live"
        self.live.write_text("1\n")
        self.world = ThreadingHTTPServer(("127.0.0.1", 0), World)
        self.world.live = self.live
        self.world.active_at = ""
        threading.Thread(target=self.world.serve_forever, daemon=True).start()

    def start(self, approve_within="30m"):
        world = f"http://127.0.0.1:{self.world.server_port}"
        self.configure(
            prometheus={"url": world},
            webhooks=[{"name": "alertmanager", "provider": "alertmanager", "bearer_token_file": "secrets/am_token"}],
            policy={
                "mode": "approve",
                "approve_within": approve_within,
                "rules": [{"name": "bad-release", "do": ["rollback"],
                           "on": {"event": "alert_firing", "labels": {"action": "rollback"}}}],
            },
            deploy={
                "deploy": ["/bin/true", "{release}"],
                "switch": ["/bin/sh", "-c", 'echo "$1" > "$0"', str(self.live), "{release}"],
                "current": ["/bin/cat", str(self.live)],
                "list": ["/bin/echo", "1\n2"],
                "health_url": f"{world}/health",
                "version_url": f"{world}/version",
            },
            confirm={"clear_for": "200ms", "within": "10s"},
            notify=[{"channel": "slack", "url_file": "secrets/slack_url"}])
        self.start_receiver()

    def fire(self, instance="a"):
        """Alertmanager's delivery of the alert, which began just now."""
        now = datetime.now(timezone.utc).isoformat()
        self.world.active_at = now
        labels = ALERT | {"instance": instance}
        alert = {"status": "firing", "labels": labels, "annotations": {}, "startsAt": now,
                 "endsAt": "0001-01-01T00:00:00Z", "fingerprint": f"f-{instance}", "generatorURL": ""}
        group = {"version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "backstay", "groupLabels": {},
                 "commonLabels": labels, "commonAnnotations": {}, "externalURL": "", "alerts": [alert]}
        return self.post("/webhooks/alertmanager", json.dumps(group).encode(),
                         {"Content-Type": "application/json",
                          "Authorization": f"Bearer {self.secrets['am_token']}"})

    def stop(self):
        self.world.shutdown()
        self.world.server_close()
        super().stop()


class Approval(unittest.TestCase):
    def setUp(self):
        self.stage = AskingReceiver()
        self.addCleanup(self.stage.remove)
        self.addCleanup(self.stage.stop)
        show_logs(self.stage.dir, "logs/*.log")
        self.journal = Journal(self.stage.dir / "receiver" / "journal.db")

    def backstay(self, *arguments, expect=DONE):
        result = subprocess.run(
            [self.stage.binaries / "backstay", "--config.file", self.stage.receiver_config, *map(str, arguments)],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, env=os.environ)
        self.assertEqual(result.returncode, expect, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def live(self):
        return self.stage.live.read_text().strip()

    def ask_about_two(self, **settings):
        """Release 1 was good, somebody deployed 2, and it is bad. Returns the event that people are asked about."""
        self.stage.start(**settings)
        self.backstay("releases", "adopt", "1", "--reason", "runs well", "--yes")
        self.stage.live.write_text("2\n")
        self.backstay("releases", "adopt", "2", "--reason", "its switch is told", "--yes")
        time_of_switch = self.journal.one("SELECT live_at FROM deployments WHERE ended_at IS NULL")
        wait_for("the next millisecond", lambda: time.time() * 1000 > time_of_switch + 1, WAIT_SECONDS)
        self.assertEqual(self.stage.fire(), 202)
        return wait_for("the question", lambda: self.journal.one(
            "SELECT event_id FROM approvals WHERE answered_at IS NULL"), WAIT_SECONDS)

    def reason(self, event):
        return wait_for("the decision", lambda: self.journal.one(
            "SELECT reason FROM decisions WHERE event_id = ?", event), WAIT_SECONDS)

    def audit_of(self, event):
        entries = json.loads(self.backstay("audit", "--json"))["audit"]
        return [f"{e['kind']} {e['what']}" for e in entries if e.get("event_id") == event]

    def waiting(self):
        line = next(line for line in self.stage.metrics(self.stage.receiver).splitlines()
                    if line.startswith("backstay_receiver_approvals_waiting "))
        return float(line.split()[1])

    def expect_question(self, event):
        """Everybody can see that it waits, and how it is answered."""
        self.assertEqual(self.live(), "2")
        self.assertEqual(self.waiting(), 1)
        self.assertIn("approval asked", self.audit_of(event))
        self.assertNotIn("decision act", self.audit_of(event))
        self.assertIn(f"backstay approve {event}", self.backstay("status"))
        told = wait_for("the message", lambda: [str(message) for message in list(self.stage.slack.messages)
                                                if "needs approval" in str(message)], WAIT_SECONDS)
        self.assertEqual(len(told), 1)
        self.assertIn(f"backstay approve {event}", told[0])

    def test_approved_it_is_done_and_the_audit_says_by_whom(self):
        event = self.ask_about_two()
        self.expect_question(event)
        said = self.backstay("approve", event, "--by", "ada", "--reason", "I have looked")
        self.assertIn("confirm", said)
        self.assertEqual(self.live(), "1")
        self.assertEqual(self.reason(event), "approved")
        self.assertEqual(self.audit_of(event), [
            "event alert_firing", "approval asked", "approval approved", "decision act", "run rollback started",
            "step switch started", "step switch done", "step verify started", "step verify done",
            "step confirm started", "step confirm done", "run rollback done"])
        self.assertTrue(self.journal.one("SELECT actor FROM approvals").startswith("ada (through "))
        self.assertEqual(self.waiting(), 0)
        self.assertIn("was approved", self.backstay("approve", event, expect=REFUSED))
        self.assertEqual(self.journal.one("SELECT count(*) FROM runs"), 1)

    def test_refused_it_is_not_done_nor_asked_again_for_this_deployment(self):
        event = self.ask_about_two()
        self.expect_question(event)
        said = self.backstay("refuse", event, "--reason", "the network is to blame")
        self.assertIn("nothing is done", said)
        self.assertEqual(self.reason(event), "approval_refused")
        self.assertEqual(self.stage.fire("b"), 202)
        another = wait_for("the next alert", lambda: self.journal.one(
            "SELECT event_id FROM decisions WHERE event_id > ?", event), WAIT_SECONDS)
        self.assertEqual(self.reason(another), "approval_refused")
        self.backstay("approve", event, expect=REFUSED)
        self.assertEqual(self.live(), "2")
        self.assertEqual(self.journal.one("SELECT count(*) FROM runs"), 0)

    def test_without_an_answer_it_expires_and_people_are_told(self):
        event = self.ask_about_two(approve_within="1s")
        self.assertEqual(self.reason(event), "approval_expired")
        wait_for("the message", lambda: any("nobody approved it" in str(message)
                                            for message in list(self.stage.slack.messages)), WAIT_SECONDS)
        self.assertIn("nobody approved it", self.backstay("approve", event, expect=REFUSED))
        self.assertEqual(self.live(), "2")
        self.assertEqual(self.journal.one("SELECT count(*) FROM runs"), 0)
        self.assertEqual(self.waiting(), 0)

    def test_a_question_outlives_the_receiver(self):
        event = self.ask_about_two()
        self.stage.kill_receiver()
        self.stage.start()
        self.backstay("approve", event)
        self.assertEqual(self.live(), "1")


if __name__ == "__main__":
    main()
