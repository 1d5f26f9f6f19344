#!/usr/bin/python3
"""How people are told, on real parts: the receiver, a mail server with STARTTLS and a password (aiosmtpd), and a
sink for Slack's webhooks. The file disarmed is there, so that whatever is asked for is refused.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from journal import Journal  # noqa: E402
from lone_receiver import LoneReceiver  # noqa: E402
from mail_server import MailServer  # noqa: E402
from ports import free_port  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import wait_for  # noqa: E402

WAIT_SECONDS = 120
STORM = 50


class TellingReceiver(LoneReceiver):
    """With a mail server."""

    def __init__(self):
        super().__init__()
        self.secret("mail_password", "correct horse battery")
        self.mail = MailServer(self.dir, free_port(), "backstay", self.secrets["mail_password"])

    def write_config(self, host="localhost", slack={"severities": ["error"]}, email={"tls": "starttls"}):
        self.configure(
            service="Rücknahme",
            webhooks=[{"name": "ci", "provider": "standard", "secret_file": "secrets/ci"}],
            policy={
                "mode": "auto",
                "rules": [{"name": "nightly", "on": {"event": "backup_requested"}, "do": ["backup"]},
                          {"name": "other", "on": {"event": "deploy_failed"}, "do": ["backup"]}],
            },
            notify=[
                {"channel": "slack", "url_file": "secrets/slack_url", "group_window": "3s"} | slack,
                {"channel": "email", "host": host, "port": self.mail.port, "ca_file": str(self.mail.certificate),
                 "user": "backstay", "password_file": "secrets/mail_password", "from": "backstay@example.com",
                 "to": ["ops@example.com", "gone@example.com"], "group_window": "3s"} | email,
            ])


class Notifications(unittest.TestCase):
    def setUp(self):
        self.stage = TellingReceiver()
        self.addCleanup(self.stage.remove)
        self.addCleanup(self.stage.stop)
        show_logs(self.stage.dir, "logs/*.log")
        self.mail = self.stage.mail
        state = self.stage.dir / "receiver"
        state.mkdir(mode=0o700)
        (state / "disarmed").touch()
        self.journal = Journal(state / "journal.db")

    def start(self, **config):
        self.stage.write_config(**config)
        self.stage.start_receiver()

    def start_mail(self):
        self.mail.start()
        self.addCleanup(self.mail.stop)

    def ask(self):
        self.assertEqual(self.stage.post_standard({"event": "backup_requested"}), 202)

    def mails_to(self, mailbox):
        return [mail for mailboxes, mail in list(self.mail.mails) if mailbox in mailboxes]

    def wait_for_mails(self, mailbox, count):
        return wait_for(f"{count} mails", lambda: len(mails := self.mails_to(mailbox)) >= count and mails, WAIT_SECONDS)

    def last_error(self):
        return self.journal.one("SELECT last_error FROM outbox WHERE last_error IS NOT NULL ORDER BY id DESC")

    def test_a_storm_is_one_mail_at_once_and_one_with_the_number_of_the_rest(self):
        self.start_mail()
        self.start()
        for _ in range(STORM):
            self.ask()
        told = 0

        def all_told():
            nonlocal told
            mails = self.mails_to("ops@example.com")
            more = [int(mail["Subject"].rpartition(", ")[2].split()[0]) for mail in mails[1:]
                    if mail["Subject"].endswith("times more")]
            told = sum(more) + len(mails) - len(more)
            return told >= STORM and mails
        mails = wait_for("the whole storm", all_told, WAIT_SECONDS)
        self.assertEqual(told, STORM)
        self.assertLess(len(mails), STORM / 2)
        self.assertEqual(mails[0]["Subject"], "Rücknahme: backup refused")
        self.assertEqual(mails[0]["From"], "backstay@example.com")
        self.assertEqual(mails[0]["To"], "ops@example.com, gone@example.com")
        self.assertIn("the file disarmed is in state_dir", mails[0].get_content())
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), len(mails))
        self.assertIn("backstay_receiver_messages_folded_total{channel=\"email\"}",
                      self.stage.metrics(self.stage.receiver))
        self.assertEqual(self.stage.slack.messages, [], "none of them was an error")

    def test_a_mailbox_that_is_refused_is_tried_again_alone(self):
        self.start_mail()
        self.mail.refuse = {"gone@example.com": "451 4.3.0 not now"}
        self.start()
        self.ask()
        wait_for("a second attempt", lambda: self.mail.attempts.count("gone@example.com") >= 2, WAIT_SECONDS)
        self.assertEqual(self.last_error(), "mailbox 2: the mail server refuses for now (451)")
        self.mail.refuse = {}
        self.wait_for_mails("gone@example.com", 1)
        self.assertEqual(len(self.mails_to("ops@example.com")), 1)

    def test_what_was_not_sent_when_the_receiver_was_killed_is_sent_after(self):
        self.start()
        self.ask()
        wait_for("the failure", self.last_error, WAIT_SECONDS)
        self.assertEqual(self.last_error(), "mailbox 1: connection refused")
        self.stage.kill_receiver()
        self.start_mail()
        self.stage.start_receiver()
        self.wait_for_mails("ops@example.com", 1)
        self.wait_for_mails("gone@example.com", 1)

    def test_a_wrong_password_and_a_certificate_for_another_are_said_so(self):
        self.start_mail()
        self.mail.password = b"another"
        self.start()
        self.ask()
        wait_for("the refusal", self.last_error, WAIT_SECONDS)
        self.assertEqual(self.last_error(), "mailbox 1: the mail server refuses user or password (535)")
        self.stage.kill_receiver()
        self.mail.password = self.stage.secrets["mail_password"].encode()
        self.start(host="127.0.0.1")
        wrong = "mailbox 1: the mail server's certificate is not trusted, or not for this host"
        wait_for("the certificate", lambda: self.last_error() == wrong, WAIT_SECONDS)
        self.assertEqual(self.mail.mails, [])
        self.assertNotIn(self.stage.secrets["mail_password"], self.stage.log("receiver").read_text())


    def test_each_channel_tells_it_in_its_own_words(self):
        (self.stage.dir / "mail.txt").write_text("{{service}} says: {{text}}\n{{^run}}Nothing was run.{{/run}}\n")
        (self.stage.dir / "slack.txt").write_text("<!here> {{{title}}}\n")
        self.start_mail()
        self.start(slack={"template_file": "slack.txt"},
                   email={"title_template": "[{{severity}}] {{title}}", "template_file": "mail.txt"})
        self.ask()
        mail = self.wait_for_mails("ops@example.com", 1)[0]
        self.assertEqual(mail["Subject"], "[warning] Rücknahme: backup refused")
        said = mail.get_content().replace("\r\n", "\n")
        self.assertRegex(said, r"\ARücknahme says: .*the file disarmed is in state_dir.*\nNothing was run\.\n\Z")
        _, message = wait_for("Slack", lambda: self.stage.slack.messages, WAIT_SECONDS)[0]
        self.assertEqual(message["text"], "Rücknahme: backup refused")
        self.assertEqual(message["attachments"][0]["text"], "<!here> Rücknahme: backup refused")

    def test_a_placeholder_that_there_is_not_is_an_error_with_file_and_line(self):
        path = self.stage.dir / "mail.txt"
        path.write_text("{{title}}\n{{sevrity}}\n")
        self.stage.write_config(email={"template_file": "mail.txt"})
        check = subprocess.run([self.stage.binaries / "backstay-receiver", "--config.check",
                                f"--config.file={self.stage.receiver_config}"],
                               capture_output=True, text=True, timeout=WAIT_SECONDS)
        self.assertEqual(check.returncode, 2, check.stderr)
        self.assertIn(f"notify[1].template_file: {path}:2: unknown placeholder {{{{sevrity}}}}", check.stderr)


if __name__ == "__main__":
    main()
