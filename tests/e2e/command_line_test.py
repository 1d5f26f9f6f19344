#!/usr/bin/python3
"""The three programs as a person meets them: right and wrong configurations, webhooks good and bad,
the operator's commands with the receiver up and down. Real PostgreSQL, HAProxy and service; no
Prometheus, since a person needs none.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import hashlib
import hmac
import json
import os
import pty
import re
import secrets
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from journal import Journal  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import Stage, wait_for  # noqa: E402

DONE, FAILED, BAD_USAGE, REFUSED = 0, 1, 2, 3


class QuietStage(Stage):
    """Without traffic, Prometheus and Alertmanager."""

    def start(self):
        for part in (self.start_postgres, self.start_service, self.write_receiver_config, self.start_receiver):
            part()


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = QuietStage()
        cls.addClassCleanup(cls.stage.remove)
        cls.addClassCleanup(cls.stage.stop)
        show_logs(cls.stage.dir, "logs/*.log", "run/releases/*/log")
        cls.stage.start()
        cls.journal = Journal(cls.stage.dir / "receiver" / "journal.db")

    def run_program(self, name, *arguments, env=None):
        return subprocess.run([self.stage.binaries / name, *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, env={**os.environ, **(env or {})})

    def backstay(self, *arguments, expect=DONE):
        result = self.run_program("backstay", "--config.file", self.stage.receiver_config, *arguments)
        self.assertEqual(result.returncode, expect, result.stdout + result.stderr)
        return result

    def backstay_json(self, *arguments, expect=DONE):
        return json.loads(self.backstay(*arguments, "--json", expect=expect).stdout)

    def config_with(self, old, new):
        text = self.stage.receiver_config.read_text()
        self.assertIn(old, text)
        path = self.stage.dir / "wrong.yml"
        path.write_text(text.replace(old, new))
        return path

    # --- a person's day, in this order ---

    def test_01_an_empty_ledger_has_nothing_to_go_back_to(self):
        self.assertIn("The ledger is empty", self.backstay("releases", "list").stdout)
        outcome = self.backstay_json("rollback", "--yes", expect=REFUSED)
        self.assertEqual(outcome["decision"]["reason"], "no_good_release")
        audit = self.backstay("audit").stdout
        self.assertIn("no_good_release", audit)
        self.assertIn("backstay releases adopt seeds the ledger", audit)

    def test_02_adopting_what_is_live_seeds_the_ledger(self):
        refused = self.backstay("releases", "adopt", "7", "--yes", expect=REFUSED)
        self.assertIn("release 7 is not live; the driver says 1 is", refused.stderr)
        self.backstay("releases", "adopt", "1", "--yes", "--reason", "runs well")
        self.assertRegex(self.backstay("releases", "list").stdout, r"(?m)^\* +1 +good +yes ")
        self.assertRegex(self.backstay("status").stdout, r"live +release 1, good, since ")

    def test_03_a_deploy_shows_its_steps_and_its_result(self):
        said = self.backstay("deploy", "2", "--yes", "--commit", "1a2b3c4d5e6f7",
                             "--commit-time", "2026-01-02T03:04:05Z",
                             "--migration", "0042_invite", "--migration", "0043").stdout
        for step in ("decision  act: deploy release 2", "backup    done", "stage     done", "switch    done",
                     "verify    done: healthy, and its version is 2"):
            self.assertIn(step, said)
        self.assertEqual(self.stage.live_release(), "2")
        self.assertEqual(self.backstay_json("status")["live"], "2")
        self.assertRegex(self.backstay("releases", "list").stdout,
                         r"(?m)^\* +2 +settling .* 1a2b3c4d5e6f +- +0042_invite 0043")
        ledger = self.backstay_json("releases", "list")
        self.assertEqual(ledger["releases"][0]["commit_times"], ["2026-01-02T03:04:05.000Z"])
        self.assertEqual((ledger["deployments"][0]["release"], ledger["deployments"][0]["purpose"]), ("2", "planned"))
        self.assertIn("commit 1a2b3c4d5e6f7, committed 2026-01-02T03:04:05.000Z, migrations 0042_invite 0043",
                      self.backstay("audit").stdout)

    def test_04_a_rollback_goes_back_and_poisons(self):
        outcome = self.backstay_json("rollback", "--yes")
        self.assertEqual(outcome["run"]["outcome"], "done")
        self.assertEqual(self.stage.live_release(), "1")
        releases = {entry["release"]: entry for entry in self.backstay_json("releases", "list")["releases"]}
        self.assertEqual(releases["2"]["state"], "poisoned")
        self.assertIn("asked for it", releases["2"]["poison_reason"])
        refused = self.backstay_json("deploy", "2", "--yes", expect=REFUSED)
        self.assertEqual(refused["decision"]["reason"], "poisoned")
        counted = self.stage.metrics(self.stage.receiver).splitlines()
        for line in ('deployments_total{kind="planned"} 1', 'deployments_total{kind="rework"} 0',
                     'deployments_total{kind="rollback"} 1', 'deployment_failures_total{kind="planned"} 1',
                     "change_lead_time_seconds_count 1", "failed_deployment_recovery_seconds_count 1",
                     'failed_deployment_recovery_seconds_bucket{le="300"} 1'):
            self.assertIn(line, counted)

    def test_05_the_poison_is_taken_off_with_a_reason_only(self):
        self.backstay("releases", "clear", "2", "--yes", expect=BAD_USAGE)
        latin = self.backstay("releases", "clear", "2", "--yes", "--reason", os.fsdecode(b"caf\xe9"), expect=BAD_USAGE)
        self.assertIn("--reason: not UTF-8", latin.stderr)
        self.backstay("releases", "clear", "2", "--reason", "fixed", "--yes")
        self.backstay("releases", "clear", "2", "--reason", "again", "--yes", expect=REFUSED)
        self.assertRegex(self.backstay("audit").stdout, r"cleared .* fixed")

    def test_05a_an_audit_that_leaves_something_out_says_so_and_how_to_go_on(self):
        shown = self.backstay("audit", "--limit", "2", "--json")
        answer = json.loads(shown.stdout)
        self.assertEqual((len(answer["audit"]), answer["truncated"]), (2, True))
        oldest = answer["audit"][0]["at"]
        self.assertIn(f"only the newest 2 entries are shown, and there are older ones: --until {oldest} ", shown.stderr)
        older = self.backstay_json("audit", "--until", oldest)["audit"]
        self.assertEqual(older[-1]["at"], oldest)
        self.assertGreater(len(older), 2)
        whole = self.backstay("audit")
        self.assertEqual(whole.stderr, "")
        self.assertEqual(self.backstay("audit", "--since", oldest).stderr, "")
        self.backstay("audit", "--limit", "0", expect=BAD_USAGE)
        self.backstay("audit", "--until", "yesterday", expect=BAD_USAGE)

    def test_06_backups_are_listed_newest_first(self):
        self.backstay("backup", "create")
        table = self.backstay("backup", "list").stdout.splitlines()
        self.assertRegex(table[0], r"^BACKUP +TAKEN +RELEASE +SIZE$")
        ids = [line.split()[0] for line in table[1:]]
        self.assertEqual(ids, sorted(ids, reverse=True))
        self.assertGreaterEqual(len(ids), 3)
        newest = self.stage.dir / "backups" / ids[0]
        self.assertTrue((newest / "manifest.json").exists())
        self.assertNotIn(self.stage.secrets["db_password"], (newest / "globals.sql").read_text())

    def test_07_a_release_that_does_not_exist_fails_and_changes_nothing(self):
        outcome = self.backstay_json("deploy", "99", "--yes", expect=FAILED)
        self.assertEqual(outcome["run"]["outcome"], "failed")
        self.assertIn("there is no release 99", outcome["run"]["detail"])
        self.assertEqual(self.stage.live_release(), "1")

    def test_08_names_that_could_be_options_or_paths_are_refused(self):
        for name in ("../x", "a/b", "a b", "a" * 200, "-x"):
            refused = self.backstay("deploy", "--yes", "--", name, expect=FAILED)
            self.assertIn("is not a release's name", refused.stderr)
        refused = self.backstay("deploy", "3", "--yes", "--migration=--all", expect=FAILED)
        self.assertIn("migrations: only names of letters", refused.stderr)
        self.backstay("deploy", "--force", "--yes", expect=BAD_USAGE)

    def test_09_without_a_terminal_nothing_is_done_unasked(self):
        refused = self.backstay("deploy", "2", expect=REFUSED)
        self.assertIn("--yes says yes", refused.stderr)

    def test_10_on_a_terminal_it_asks_and_no_is_no(self):
        for answer, code in ((b"n\n", REFUSED), (b"\n", REFUSED), (b"y\n", DONE)):
            main, terminal = pty.openpty()
            process = subprocess.Popen(
                [self.stage.binaries / "backstay", "--config.file", self.stage.receiver_config, "deploy", "2"],
                stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            os.write(main, answer)
            _, said = process.communicate(timeout=300)
            os.close(main)
            os.close(terminal)
            self.assertIn("Deploy release 2? Live now: 1. [y/N]", said)
            self.assertEqual(process.returncode, code, said)
        self.assertEqual(self.stage.live_release(), "2")
        self.backstay("rollback", "--yes")
        self.backstay("releases", "clear", "2", "--reason", "fixed", "--yes")

    def test_11_disarmed_nothing_begins(self):
        switch = self.stage.dir / "receiver" / "disarmed"
        switch.touch()
        try:
            outcome = self.backstay_json("deploy", "2", "--yes", expect=REFUSED)
            self.assertEqual(outcome["decision"]["reason"], "disarmed")
            self.assertIn("DISARMED", self.backstay("status").stdout)
        finally:
            switch.unlink()

    def test_12_with_the_receiver_down_the_command_does_the_work(self):
        self.stage.kill_receiver()
        try:
            self.assertIn("receiver   down", self.backstay("status").stdout)
            self.backstay("deploy", "2", "--yes")
            self.assertEqual(self.stage.live_release(), "2")
            self.backstay("rollback", "--yes")
            self.assertEqual(self.stage.live_release(), "1")
            self.backstay("releases", "clear", "2", "--reason", "fixed", "--yes")
        finally:
            self.stage.start_receiver()

    def test_13_a_second_receiver_on_the_same_state_is_refused(self):
        result = self.run_program("backstay-receiver", "--config.file", self.stage.receiver_config,
                                  "--web.listen-address", "127.0.0.1:0")
        self.assertEqual(result.returncode, FAILED)
        self.assertIn("another process works on this state_dir", result.stderr)

    def test_14_the_journal_is_whole_and_comes_out_whole(self):
        self.assertEqual(self.backstay_json("journal", "check")["problems"], [])
        self.assertIn("journal.db: ok", self.backstay("journal", "check").stdout)
        lines = [json.loads(line) for line in self.backstay("journal", "export").stdout.splitlines()]
        self.assertEqual(len([line for line in lines if line["table"] == "runs"]),
                         self.journal.one("SELECT count(*) FROM runs"))

    def test_15_of_a_damaged_journal_nothing_is_done_and_what_is_left_comes_out(self):
        state = self.stage.dir / "damaged"
        state.mkdir(mode=0o700)
        self.journal.copy_to(state / "journal.db")
        page = Journal(state / "journal.db").one("SELECT rootpage FROM sqlite_master WHERE name = 'changes'")
        with open(state / "journal.db", "r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\x5a" * 4096)
        config = self.config_with(f"state_dir: {self.stage.dir}/receiver", f"state_dir: {state}")
        runs = [self.run_program("backstay", "--config.file", config, *arguments) for arguments in (
            ["journal", "check"], ["journal", "export"], ["rollback", "--yes"])]
        self.assertEqual([run.returncode for run in runs], [FAILED] * 3)
        self.assertIn("integrity: ", runs[0].stdout)
        lines = [json.loads(line) for line in runs[1].stdout.splitlines()]
        self.assertEqual([line["table"] for line in lines if "gap" in line], ["changes"])
        self.assertEqual(len([line for line in lines if line["table"] == "events"]),
                         self.journal.one("SELECT count(*) FROM events"))
        self.assertIn("the file is damaged: table changes", runs[2].stderr)
        self.assertEqual(self.stage.live_release(), "1")

    # --- wrong configurations ---

    def test_20_an_unknown_key_is_told_with_its_place(self):
        path = self.config_with("cooldown: 1h", "cooldwon: 1h")
        line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "cooldwon" in text)
        for program, arguments in (("backstay-receiver", []), ("backstay", ["status"])):
            result = self.run_program(program, "--config.file", path, *arguments)
            self.assertEqual(result.returncode, BAD_USAGE)
            self.assertIn(f"{path}:{line}: policy.rules[2].cooldwon: unknown key (did you mean cooldown?)",
                          result.stderr)

    def test_21_a_secret_file_that_is_missing_is_told(self):
        path = self.config_with("secrets/am_token", "secrets/no_such_token")
        result = self.run_program("backstay-receiver", "--config.file", path, "--config.check")
        self.assertEqual(result.returncode, BAD_USAGE)
        self.assertRegex(result.stderr,
                         r"wrong\.yml:\d+: webhooks\[0\]\.bearer_token_file: .*no_such_token: No such file")

    def test_22_a_port_in_use_is_told(self):
        taken = f"127.0.0.1:{self.stage.receiver_port}"
        path = self.config_with(f"state_dir: {self.stage.dir}/receiver", f"state_dir: {self.stage.dir}/other")
        result = self.run_program("backstay-receiver", "--config.file", path, "--web.listen-address", taken)
        self.assertEqual(result.returncode, FAILED)
        self.assertIn(f"{taken}: Address already in use", result.stderr)
        result = self.run_program("backstay-exporter", "--web.listen-address", taken,
                                  env={"DATA_SOURCE_NAME": self.stage.database_url})
        self.assertEqual(result.returncode, FAILED)
        self.assertIn(taken, result.stderr)
        self.assertNotIn(self.stage.secrets["db_password"], result.stderr)

    def test_23_config_check_says_ok(self):
        result = self.run_program("backstay-receiver", "--config.file", self.stage.receiver_config, "--config.check")
        self.assertEqual((result.returncode, result.stdout), (DONE, f"{self.stage.receiver_config}: ok\n"))

    def test_24_flags_that_do_not_exist_are_bad_usage(self):
        for program in ("backstay-exporter", "backstay-receiver", "backstay"):
            self.assertEqual(self.run_program(program, "--no-such-flag").returncode, BAD_USAGE)
            self.assertRegex(self.run_program(program, "--version").stdout, rf"^{program} \d+\.\d+\.\d+")

    # --- webhooks ---

    def count(self, webhook, outcome):
        found = re.search(rf'backstay_receiver_webhooks_total{{.*outcome="{outcome}".*webhook="{webhook}".*}} (\d+)|'
                          rf'backstay_receiver_webhooks_total{{.*webhook="{webhook}".*outcome="{outcome}".*}} (\d+)',
                          self.stage.metrics(self.stage.receiver))
        return int(found[1] or found[2]) if found else 0

    def github(self, event, body, secret=None, delivery=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        digest = hmac.new((secret or self.stage.secrets["github"]).encode(), data, hashlib.sha256).hexdigest()
        return self.stage.post("/webhooks/github", data, {
            "Content-Type": "application/json", "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or secrets.token_hex(8), "X-Hub-Signature-256": f"sha256={digest}"})

    @staticmethod
    def deployment(release, state="success"):
        return {"action": "created", "sender": {"login": "ada"}, "deployment_status": {"state": state},
                "deployment": {"ref": release, "sha": "0" * 40, "environment": "production", "payload": {}}}

    def test_30_unsigned_and_wrongly_signed_are_401_and_counted(self):
        before = self.count("github", "unauthorized")
        self.assertEqual(self.stage.post("/webhooks/github", b"{}", {"X-GitHub-Event": "ping"}), 401)
        self.assertEqual(self.github("deployment", self.deployment("2"), secret="wrong"), 401)
        self.assertEqual(self.stage.post("/webhooks/alertmanager", b"{}", {"Authorization": "Bearer no"}), 401)
        self.assertEqual(self.count("github", "unauthorized"), before + 2)
        metrics = self.stage.metrics(self.stage.receiver)
        self.assertRegex(metrics, r'auth_failures_total{.*reason="no_credentials".*} 1')

    def test_31_what_is_sent_again_is_200_and_does_nothing(self):
        delivery = secrets.token_hex(8)
        body = self.deployment("1")
        self.assertEqual(self.github("deployment_status", body, delivery=delivery), 202)
        self.assertEqual(self.github("deployment_status", body, delivery=delivery), 200)
        self.assertEqual(self.journal.one("SELECT deliveries FROM events WHERE dedupe_key = ?", delivery), 2)

    def test_32_ignored_kinds_are_200(self):
        self.assertEqual(self.github("ping", {"zen": "Speak like a human."}), 200)
        self.assertEqual(self.stage.post_standard({"event": "tea_is_ready"}), 200)
        self.assertEqual(self.count("github", "ignored"), 1)

    def test_33_too_large_is_413_and_counted(self):
        self.assertEqual(self.github("push", b"x" * (1024 * 1024 + 1)), 413)
        self.assertIn("backstay_receiver_bodies_too_large_total 1", self.stage.metrics(self.stage.receiver))

    def test_34_what_is_not_understood_is_400(self):
        for body in (b"not json", b"[]", b"\xff\xfe", b"[" * 100_000):
            self.assertEqual(self.github("deployment", body), 400, body[:20])
        for name in ("--force", "../x", "", "a" * 200, 7, None):
            self.assertEqual(self.stage.post_standard({"event": "deploy_requested", "release": name}), 400, name)
        self.assertEqual(self.count("github", "malformed"), 4)

    def test_35_a_deploy_that_is_asked_for_is_done(self):
        self.assertEqual(self.github("deployment", self.deployment("2")), 202)
        wait_for("release 2", lambda: self.stage.live_release() == "2", 120)
        wait_for("its end", lambda: self.journal.one("SELECT count(*) FROM runs WHERE ended_at IS NULL") == 0, 120)
        self.backstay("rollback", "--yes")

    def test_36_no_secret_comes_out_anywhere(self):
        said = self.stage.log("receiver").read_text() + self.stage.metrics(self.stage.receiver) + \
            self.backstay("audit").stdout + self.backstay("status", "--json").stdout
        for name, value in self.stage.secrets.items():
            self.assertNotIn(value, said, name)


if __name__ == "__main__":
    main()
