#!/usr/bin/python3
"""What a rule's `when` may be, asked of a real Prometheus: by `backstay policy explain` each kind of query, and by the
receiver when a webhook asks for something. Prometheus scrapes itself and nothing else; the service is a file that names
the live release.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from journal import Journal  # noqa: E402
from lone_receiver import LoneReceiver  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import wait_for  # noqa: E402

WAIT_SECONDS = 120
MET, NOT_MET, UNKNOWN = "mode_observe", "condition_not_met", "condition_unknown"
# Each with the reason of the decision, and what its explanation says.
QUERIES = [
    ("hour() >= 0 and day_of_week() >= 0", MET, "deploy release 2"),
    ("hour() >= 0 < 24 and day_of_week() >= 0\nand sum(rate(prometheus_http_requests_total[5m])) >= 0", MET, ""),
    ("hour() >= 24 and day_of_week() > 0", NOT_MET, "no result in Prometheus"),
    ('up{job="itself"} == 1', MET, ""),
    ('up{job="itself"} == 0', NOT_MET, ""),
    ("no_such_metric", NOT_MET, ""),
    ("absent(no_such_metric)", MET, ""),
    ('sum(rate(no_such_metric{path=~"/a&b=c%20.*"}[5m])) > 1', NOT_MET, ""),
    ("up == bool 0", MET, ""),  # a 0 is a sample
    ("up[5m]", MET, ""),
    ("no_such_metric[5m]", NOT_MET, ""),
    ("1", UNKNOWN, "it is a scalar, which always has a value"),
    ("time()", UNKNOWN, "it is a scalar"),
    ('"up"', UNKNOWN, "it is a string"),
    ("sum(up", UNKNOWN, "Prometheus answers 400: "),
    ("up + on() up[5m]", UNKNOWN, "Prometheus answers 400: "),
    ("label_replace(up, 'no name', '', '', '')", UNKNOWN, "Prometheus answers 422: "),
]


class ConditionalReceiver(LoneReceiver):
    def __init__(self):
        super().__init__()
        self.live = self.dir / "live"
        self.live.write_text("1\n")

    def start_prometheus(self):
        config = self.dir / "prometheus.yml"
        target = f"127.0.0.1:{self.prometheus_port}"
        config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [
            {"job_name": "itself", "static_configs": [{"targets": [target]}]}]}))
        self.spawn("prometheus", [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.dir}/prometheus",
            f"--web.listen-address={target}"])
        # Two scrapes, so that there is a rate.
        wait_for("Prometheus", lambda: self.query("rate(prometheus_http_requests_total[5m])"), WAIT_SECONDS,
                 self.log("prometheus"))

    def stop_prometheus(self):
        name, process = next(entry for entry in self.processes if entry[0] == "prometheus")
        process.terminate()
        process.wait(60)
        self.processes.remove((name, process))

    def start(self, mode, rules):
        self.configure(
            prometheus={"url": self.prometheus},
            webhooks=[{"name": "ci", "provider": "standard", "secret_file": "secrets/ci"}],
            policy={"mode": mode, "rules": rules},
            deploy={
                "deploy": ["/bin/true", "{release}"],
                "switch": ["/bin/sh", "-c", 'echo "$1" > "$0"', str(self.live), "{release}"],
                "current": ["/bin/cat", str(self.live)],
                "list": ["/bin/echo", "1\n2"],
                "health_url": f"{self.prometheus}/-/healthy",
                "version_url": f"{self.prometheus}/-/healthy",
                "verify_within": "1s",  # it is not, and that is nothing to wait for
            })
        self.start_receiver()


class Conditions(unittest.TestCase):
    def setUp(self):
        self.stage = ConditionalReceiver()
        self.addCleanup(self.stage.remove)
        self.addCleanup(self.stage.stop)
        show_logs(self.stage.dir, "logs/*.log")
        self.stage.start_prometheus()

    def explain(self, number):
        event = self.stage.dir / "event.json"
        event.write_text(json.dumps({"kind": "deploy_requested", "source": "ci", "release": "2",
                                     "labels": {"query": str(number)}}))
        return json.loads(self.stage.backstay("policy", "explain", "--json", event))

    def test_each_kind_of_query_is_explained(self):
        self.stage.start("observe", [
            {"name": f"rule-{number}", "on": {"event": "deploy_requested", "labels": {"query": str(number)}},
             "when": query, "do": ["deploy"]} for number, (query, _, _) in enumerate(QUERIES)])
        for number, (query, reason, why) in enumerate(QUERIES):
            with self.subTest(query):
                said = self.explain(number)
                self.assertEqual(said["reason"], reason, said)
                self.assertIn(why, said["explanation"])
                guard = next(check for check in said["guards"] if check["guard"] == "when")
                self.assertEqual(guard["passed"], reason == MET)
                self.assertEqual(guard["asks"], "the rule's condition has a result in Prometheus")
                self.assertEqual(said["facts"]["when"]["query"], query)
                self.assertEqual(said["facts"]["when"]["known"], reason != UNKNOWN)
        self.stage.stop_prometheus()
        said = self.explain(0)
        self.assertEqual(said["reason"], UNKNOWN)
        self.assertIn("connection refused", said["explanation"])

    def test_a_webhook_gets_what_its_rule_allows(self):
        self.stage.start("auto", [
            {"name": "never", "on": {"event": "rollback_requested"}, "when": "hour() > 23", "do": ["rollback"]},
            {"name": "ship", "on": {"event": "deploy_requested"}, "when": "hour() >= 0", "do": ["deploy"]}])
        self.stage.adopt_release_1()
        journal = Journal(self.stage.dir / "receiver" / "journal.db")

        def decided(event):
            self.assertEqual(self.stage.post_standard(event), 202)
            return wait_for("the decision", lambda: journal.rows(
                "SELECT d.reason, f.facts FROM decisions d JOIN events e ON e.id = d.event_id "
                "JOIN facts f ON f.event_id = e.id WHERE e.kind = ?", event["event"]), WAIT_SECONDS)[0]

        row = decided({"event": "deploy_requested", "release": "2"})
        self.assertEqual(row["reason"], "asked")
        self.assertEqual(json.loads(row["facts"])["when"], {"known": True, "met": True, "query": "hour() >= 0"})
        wait_for("the switch", lambda: self.stage.live.read_text() == "2\n", WAIT_SECONDS)
        wait_for("the run's end", lambda: journal.one("SELECT ended_at FROM runs"), WAIT_SECONDS)

        row = decided({"event": "rollback_requested"})
        self.assertEqual(row["reason"], NOT_MET)
        self.assertEqual(json.loads(row["facts"])["when"], {"known": True, "met": False, "query": "hour() > 23"})
        self.assertEqual(journal.one("SELECT count(*) FROM runs"), 1)
        self.assertEqual(self.stage.live.read_text(), "2\n")


if __name__ == "__main__":
    main()
