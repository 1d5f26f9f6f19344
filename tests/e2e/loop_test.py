#!/usr/bin/python3
"""The whole loop on real parts: PostgreSQL, HAProxy, the exporter, Prometheus, two Alertmanagers that
both deliver, several times a second. One bad release after another goes out; the receiver is killed
between each two steps of its work. Whatever the moment, it ends in the same state.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from journal import Journal  # noqa: E402
from ports import free_port  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import Stage, get_json, wait_for  # noqa: E402

LOOP_SECONDS = 300
KILLED_AT = [
    ("deploy", "event"), ("deploy", "decided"), ("deploy", "backup started"), ("deploy", "backup ended"),
    ("deploy", "stage ended"), ("deploy", "switch started"), ("deploy", "switch ended"), ("deploy", "ended"),
    ("rollback", "event"), ("rollback", "decided"), ("rollback", "switch started"),
    ("rollback", "switch ended"), ("rollback", "verify ended"), ("rollback", "backup ended"),
    ("rollback", "confirm started"),
]


class StormyStage(Stage):
    """As the demo's, but every alert comes from two Alertmanagers, again and again."""

    cooldown = "0s"
    rollbacks_per_hour = 100

    def write_rules(self):
        super().write_rules()
        self.second_alertmanager_port = free_port()
        prometheus = self.dir / "rules" / "prometheus.yml"
        one = f'"127.0.0.1:{self.alertmanager_port}"'
        text = prometheus.read_text()
        assert one in text
        prometheus.write_text(text.replace(one, f'{one}, "127.0.0.1:{self.second_alertmanager_port}"'))
        alertmanager = self.dir / "rules" / "alertmanager.yml"
        text, times = re.subn(r"(receiver: backstay\n(?: .*\n)*? +group_interval: )1s(\n +repeat_interval: )1h",
                              r"\g<1>100ms\g<2>100ms", alertmanager.read_text())
        assert times == 1
        alertmanager.write_text(text)

    def start_alertmanager(self):
        super().start_alertmanager()
        self.spawn("alertmanager2", [
            "prometheus-alertmanager", f"--config.file={self.dir}/rules/alertmanager.yml",
            f"--storage.path={self.dir}/alertmanager2", "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{self.second_alertmanager_port}"])

    def prometheus_is_ready(self):
        managers = get_json(f"{self.prometheus}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
        return len(managers) == 2 and super().prometheus_is_ready()

    def add_bad_release(self, release):
        place = self.dir / "releases" / release
        place.mkdir(exist_ok=True)
        (place / "release.json").write_text(json.dumps({"fail_share": 1 / 3}))

    def log_failed_requests(self):
        """As if some clients still met the bug: the alert goes on firing for as long as this goes on."""
        with open(self.dir / "access.log", "a") as log:
            log.write('127.0.0.1 - - [27/Nov/2026:08:13:04 +0000] "GET /api/users HTTP/1.1" 500 5 "-" "-" 0.02\n' * 20)

    def end_bad_release(self, release):
        self.end_release(int((self.dir / "run" / "releases" / release / "pid").read_text()))


class Loop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = StormyStage()
        cls.addClassCleanup(cls.stage.remove)
        cls.addClassCleanup(cls.stage.stop)
        show_logs(cls.stage.dir, "logs/*.log", "run/releases/*/log")
        cls.stage.start()
        cls.journal = Journal(cls.stage.dir / "receiver" / "journal.db")

    def bad_release_goes_out(self, release, kill_at=None, once_it_fires=lambda: None):
        stage = self.stage
        stage.add_bad_release(release)
        self.assertEqual(stage.post_standard({"event": "deploy_requested", "release": release}), 202)
        if kill_at:
            self.journal.wait_for(release, kill_at, LOOP_SECONDS)
            stage.kill_receiver()
            stage.start_receiver()
        once_it_fires()
        self.journal.wait_for(release, ("rollback", "ended"), LOOP_SECONDS)
        self.check_end(release)
        stage.end_bad_release(release)

    def check_end(self, release):
        journal, stage = self.journal, self.stage
        self.assertEqual(stage.live_release(), "1")
        runs = journal.rows("SELECT * FROM runs WHERE (action = 'deploy' AND release_to = ?) OR "
                            "(action = 'rollback' AND release_from = ?) ORDER BY id", release, release)
        self.assertEqual([(run["action"], run["outcome"]) for run in runs],
                         [("deploy", "done"), ("rollback", "done")], runs)
        self.assertEqual(runs[1]["release_to"], "1")
        backups = json.loads(stage.backstay("backup", "list", "--json"))["backups"]
        for run in runs:
            own = [entry for entry in backups if entry["id"].endswith(f"-run{run['id']}")]
            self.assertEqual(len(own), 1, f"backups of run {run['id']}")
        self.check_audit(runs)

    def check_audit(self, runs):
        """Each event has a decision, each step an end and, where it is unknown, a finding."""
        journal = self.journal
        undecided = "SELECT e.id, e.kind FROM events e LEFT JOIN decisions d ON d.event_id = e.id " \
                    "WHERE d.event_id IS NULL AND e.received_at < ?"
        self.assertEqual(journal.rows(undecided, runs[1]["started_at"]), [])
        for run in runs:
            done = set()
            for step in journal.rows("SELECT * FROM steps WHERE run_id = ?", run["id"]):
                self.assertIsNotNone(step["ended_at"], step)
                self.assertTrue(step["outcome"] != "unknown" or step["finding"], step)
                if step["outcome"] == "done" or step["finding"] == "done":
                    self.assertNotIn(step["name"], done, "done twice")
                    done.add(step["name"])
            wanted = {"deploy": {"backup", "stage", "switch", "verify"},
                      "rollback": {"backup", "switch", "verify", "confirm"}}[run["action"]]
            self.assertEqual(done, wanted)
        audit = [entry["what"] for entry in self.stage.audit() if entry.get("run_id") == runs[1]["id"]]
        for what in ("act", "rollback started", "switch started", "rollback done"):
            self.assertIn(what, audit)

    def test_1_fifty_deliveries_of_one_alert_by_two_alertmanagers_make_one_rollback(self):
        def deliveries():
            return self.journal.one("SELECT max(deliveries) FROM events WHERE kind = 'alert_firing'") or 0

        def wait_for_fifty():
            self.journal.wait_for("2", ("rollback", "event"), LOOP_SECONDS)
            wait_for("fifty deliveries", lambda: self.stage.log_failed_requests() or deliveries() >= 50, LOOP_SECONDS)
        self.bad_release_goes_out("2", once_it_fires=wait_for_fifty)
        self.assertEqual(self.journal.one("SELECT count(*) FROM runs WHERE action = 'rollback'"), 1)
        sent = wait_for("Slack", lambda: [message["text"] for _, message in self.stage.slack.messages
                                          if "is back and verified" in message.get("text", "")], 60)
        self.assertEqual(sent, ["invitations: release 1 is back and verified"])

    def test_2_killed_between_each_two_steps_it_ends_in_the_same_state(self):
        for number, kill_at in enumerate(KILLED_AT, start=3):
            with self.subTest(kill_at=kill_at):
                self.bad_release_goes_out(str(number), kill_at)

    def test_3_nothing_is_left_in_the_dark(self):
        self.assertEqual(self.stage.slack.refused, [])
        metrics = self.stage.metrics(self.stage.receiver)
        self.assertIn("backstay_receiver_journal_up 1", metrics)
        self.assertIn("backstay_receiver_database_up 1", metrics)
        # Prometheus took every scrape of both without a complaint.
        log = self.stage.log("prometheus").read_text()
        self.assertNotIn("Error on ingesting", log)
        for name in ("receiver", "exporter"):
            said = self.stage.log(name).read_text()
            for secret in self.stage.secrets.values():
                self.assertNotIn(secret, said, f"a secret is in the log of the {name}")


if __name__ == "__main__":
    main(1800)
