#!/usr/bin/python3
"""The canaries of the receiver: a secret of its own in each place that can hold one, and commands, servers and senders
that say them all back to it. None may come out: not in the journal's file and its export, not in what the operator's
command prints, in metrics, in the log, in what people are told, in errors.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import base64
import http.server
import json
import secrets
import string
import subprocess
import sys
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from journal import Journal  # noqa: E402
from mail_server import MailServer  # noqa: E402
from ports import free_port  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import Stage, wait_for  # noqa: E402

WAIT_SECONDS = 120
OUTPUT_BYTES_MAX = 64 * 1024
SONG, NOTES = 12, 8  # a canary's last letters, and how many of them tell it

# Says what it is told to say, and ends as it is told to: $1 is its name.
COMMAND = """\
#!/bin/sh
cat "$SAYS/$1.err" >&2
cat "$SAYS/$1.out"
exit "$(cat "$SAYS/$1.status")"
"""


def canary(name):
    """Letters alone: by its looks nobody takes it for a secret, it has to be known for one."""
    return f"kanari-{name}-" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(SONG))


class Parrot:
    """An HTTP server that quotes back what it is asked, path and all, and never does it."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parrot.heard.append(body.decode(errors="replace"))
                said = f"no: {self.path} {self.headers}".encode()
                self.send_response(500)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        parrot = self
        self.heard = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class CagedStage(Stage):
    def __init__(self):
        super().__init__()
        self.parrot = Parrot()
        self.says = self.dir / "says"
        self.says.mkdir()
        self.planted = {name: canary(name) for name in (
            "database", "alertmanager", "github", "github-before", "gitlab", "netlify", "generic", "slack", "mail")}
        for name, value in self.planted.items():
            self.secret(name, value)
        self.secret("db_url", f"postgresql://backstay:{self.planted['database']}@127.0.0.1:1/shop")
        self.secret("slack_url", f"{self.parrot.url}/services/{self.planted['slack']}")
        self.mail = MailServer(self.dir, free_port(), "backstay", "another password than ours")
        self.planted["standard"] = self.secrets["ci"].removeprefix("whsec_")  # the key alone, too

    def write_config(self):
        command = self.dir / "command"
        command.write_text(COMMAND)
        command.chmod(0o755)
        self.receiver_config = self.dir / "receiver.yml"
        self.receiver_config.write_text(f"""\
service: shop
state_dir: receiver
database: {{url_file: secrets/db_url}}
backups: {{dir: backups}}
prometheus: {{url: "{self.parrot.url}"}}
webhooks:
  - {{name: alertmanager, provider: alertmanager, bearer_token_file: secrets/alertmanager}}
  - {{name: github, provider: github, secret_files: [secrets/github, secrets/github-before]}}
  - {{name: gitlab, provider: gitlab, secret_file: secrets/gitlab}}
  - {{name: netlify, provider: netlify, secret_file: secrets/netlify}}
  - name: generic
    provider: generic
    secret_file: secrets/generic
    signature: token
    header: X-Token
    fields: {{event: /event, id: /id, release: /release}}
    events: {{ship: deploy_requested}}
  - {{name: ci, provider: standard, secret_file: secrets/ci}}
policy:
  mode: auto
  rules:
    - {{name: ship, on: {{event: deploy_requested}}, do: [deploy]}}
    - {{name: save, on: {{event: backup_requested}}, do: [backup]}}
    - {{name: back, on: {{event: alert_firing}}, do: [rollback]}}
deploy:
  deploy: [{command}, deploy]
  switch: [{command}, switch]
  current: [{command}, current]
  list: [{command}, list]
  environment: {{SAYS: {self.says}}}
  health_url: {self.parrot.url}/health
  version_url: {self.parrot.url}/version
  verify_within: 1s
notify:
  - {{channel: log, group_window: 0s}}
  - {{channel: slack, url_file: secrets/slack_url, group_window: 0s}}
  - channel: email
    host: localhost
    port: {self.mail.port}
    ca_file: {self.mail.certificate}
    user: backstay
    password_file: secrets/mail
    from: backstay@example.com
    to: [ops@example.com]
    group_window: 0s
""")

    def command_says(self, name, out="", err="", status=0):
        for kind, text in (("out", out), ("err", err), ("status", str(status))):
            (self.says / f"{name}.{kind}").write_text(text)

    def start_receiver(self):
        address = self.start_daemon("receiver", [
            self.binaries / "backstay-receiver", f"--config.file={self.receiver_config}", "--log.level=debug",
            "--web.listen-address=127.0.0.1:0"])
        self.receiver = f"http://{address}"

    def stop(self):
        super().stop()
        self.parrot.stop()


class Secrets(unittest.TestCase):
    def setUp(self):
        self.stage = CagedStage()
        self.addCleanup(self.stage.remove)
        self.addCleanup(self.stage.stop)
        show_logs(self.stage.dir, "logs/*.log")
        self.stage.mail.start()
        self.addCleanup(self.stage.mail.stop)
        self.said = {}  # what came out, by where
        self.stage.write_config()
        for name, out in (("current", "1\n"), ("list", "1\n2\n"), ("deploy", ""), ("switch", "")):
            self.stage.command_says(name, out)
        self.stage.start_receiver()
        self.journal = Journal(self.stage.dir / "receiver" / "journal.db")
        self.backstay("releases", "adopt", "1", "--yes", "--reason", "runs well")

    # --- what is said back ---

    def everything(self):
        """All that we hold, as a program may print it: alone, in words, in addresses."""
        lines = [f"{value} x{value}y https://deploy:{value}@git.example.com/shop password={value} Bearer {value}"
                 for value in self.stage.planted.values()]
        lines += [f"FATAL: {self.stage.secrets[name]} is not good" for name in ("db_url", "slack_url", "ci")]
        return lines

    def backstay(self, *arguments):
        done = subprocess.run([self.stage.binaries / "backstay", "--config.file", self.stage.receiver_config,
                               *map(str, arguments)], capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=WAIT_SECONDS)
        self.keep(f"backstay {' '.join(arguments)}", done.stdout + done.stderr)
        return done

    def keep(self, where, text):
        self.said[f"{len(self.said)} {where}"] = text

    def get(self, path, headers=None):
        try:
            with urllib.request.urlopen(urllib.request.Request(self.stage.receiver + path, None, headers or {}),
                                        timeout=30) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        self.keep(path, text)

    def guess(self, webhook, headers):
        """A delivery that is turned away, with our secrets in it where they do not belong."""
        body = json.dumps({"event": "ship", "id": "1", "release": "2"}).encode()
        try:
            urllib.request.urlopen(urllib.request.Request(
                f"{self.stage.receiver}/webhooks/{webhook}", body, {"Content-Type": "application/json", **headers}), timeout=30)
        except urllib.error.HTTPError as error:
            self.keep(f"guess at {webhook}", f"{error.headers} {error.read().decode()}")
        else:
            self.fail(f"{webhook} let in {headers}")

    # --- what the world does ---

    def deploys_that_fail(self, lines):
        """The last line is what is kept of what a command said."""
        for line in lines:
            self.stage.command_says("deploy", err=line + "\n", status=1)
            self.backstay("deploy", "2", "--yes", "--no-backup")
        self.stage.command_says("deploy", out="\n".join(lines), err="\n".join(lines), status=3)
        self.backstay("deploy", "2", "--yes", "--no-backup", "--json")
        # Cut by the limit in the middle of one.
        for value in list(self.stage.planted.values())[:3]:
            self.stage.command_says("deploy", err="x" * (OUTPUT_BYTES_MAX - 4 - len(value)) + "\nsays " + value,
                                    status=1)
            self.backstay("deploy", "2", "--yes", "--no-backup")
        self.stage.command_says("deploy")

    def questions_that_fail(self):
        for line in self.everything():
            self.stage.command_says("current", err=line + "\n", status=1)
            self.backstay("status")
        self.backstay("deploy", "2", "--yes", "--no-backup")  # after 30 s of asking
        for value in self.stage.planted.values():
            self.stage.command_says("current", out=value + "\n")
            self.backstay("status", "--json")
        self.stage.command_says("current", "1\n")
        for line in self.everything():
            self.stage.command_says("list", err=line, status=1)
            self.backstay("releases", "list")
        self.stage.command_says("list", "1\n2\n")

    def guesses(self):
        for value in self.stage.planted.values():
            for webhook in ("github", "gitlab", "netlify", "ci", "alertmanager", "generic", "none"):
                own = {"gitlab": "gitlab", "alertmanager": "alertmanager", "generic": "generic"}.get(webhook)
                if own and value == self.stage.planted[own]:
                    continue
                self.guess(webhook, {"Authorization": f"Bearer {value}", "X-Token": value, "X-Gitlab-Token": value,
                                     "X-Hub-Signature-256": f"sha256={value}", "X-Webhook-Signature": value,
                                     "webhook-signature": f"v1,{value}", "webhook-id": "a", "webhook-timestamp": "1"})
        self.guess("alertmanager", {"Authorization": "Basic " + base64.b64encode(
            f"backstay:{self.stage.planted['mail']}".encode()).decode()})

    def wrong_configurations(self):
        text = self.stage.receiver_config.read_text()
        value = canary("config")
        self.stage.planted["config"] = value
        path = self.stage.dir / "wrong.yml"
        wrong = [("url_file: secrets/db_url", f"url: \"nonsense://{value}\""),
                 ("url_file: secrets/db_url", f"url: \"host=127.0.0.1 password='{value} user=a\""),
                 ("url_file: secrets/db_url", f"url: \"{value}\", url_env: \"A\""),
                 ("bearer_token_file: secrets/alertmanager", f"bearer_token: \"{value}\", bearer_token_file: /x"),
                 ("bearer_token_file: secrets/alertmanager", f"bearer_token: [\"{value}\"]"),
                 ("url_file: secrets/slack_url", f"url: \"ftp://{value}\"")]
        for old, new in wrong:
            self.assertIn(old, text)
            path.write_text(text.replace(old, new))
            done = subprocess.run([self.stage.binaries / "backstay-receiver", "--config.file", path, "--config.check"],
                                  capture_output=True, text=True, timeout=WAIT_SECONDS)
            self.keep(new.replace(value, "…"), done.stdout + done.stderr)

    def wait_for_messages(self):
        """Until each channel was tried with what there is to tell."""
        wait_for("each message's first attempt", lambda: self.journal.one(
            "SELECT count(*) FROM outbox WHERE attempts = 0") == 0, WAIT_SECONDS)

    # --- where it might come out ---

    def look_everywhere(self):
        for path in ("/metrics", "/", "/-/healthy", "/-/ready", "/nowhere"):
            self.get(path)
        for command in (("audit",), ("audit", "--json"), ("status",), ("status", "--json"), ("releases", "list"),
                        ("releases", "list", "--json"), ("journal", "check"), ("journal", "export"),
                        ("backup", "list")):
            self.backstay(*command)
        for path in (self.stage.dir / "receiver").iterdir():
            if path.is_file():
                self.keep(f"file {path.name}", path.read_bytes().decode("latin-1"))
        self.keep("log", self.stage.log("receiver").read_text())
        self.keep("Slack", "\n".join(self.stage.parrot.heard))
        self.keep("mail", "\n".join(mail.as_string() for _, mail in self.stage.mail.mails))

    def check_nothing_came_out(self):
        found = {(name, where) for name, value in self.stage.planted.items() for where, text in self.said.items()
                 if any(value[-SONG:][i:i + NOTES] in text for i in range(SONG - NOTES + 1))}
        self.assertEqual(found, set())

    def test_no_planted_secret_comes_out(self):
        self.deploys_that_fail(self.everything())
        self.questions_that_fail()
        self.backstay("backup", "create")
        self.guesses()
        self.stage.mail.password = self.stage.planted["mail"].encode()  # from now on mails are taken
        self.stage.command_says("deploy", err=self.everything()[1], status=1)
        self.backstay("deploy", "2", "--yes", "--no-backup")
        self.stage.command_says("deploy")
        self.wait_for_messages()
        self.look_everywhere()
        self.stage.kill_receiver()
        self.deploys_that_fail(self.everything()[:2])  # the command does it itself
        self.look_at_the_rest()
        self.check_nothing_came_out()
        self.check_there_was_something_to_find()

    def look_at_the_rest(self):
        for command in (("audit", "--json"), ("journal", "export")):
            self.backstay(*command)
        for path in (self.stage.dir / "receiver").iterdir():
            if path.is_file():
                self.keep(f"file {path.name}", path.read_bytes().decode("latin-1"))
        self.wrong_configurations()

    def check_there_was_something_to_find(self):
        """The test itself: what was said came as far as the places that were looked at."""
        everywhere = "\n".join(self.said.values())
        self.assertGreater(self.journal.one("SELECT count(*) FROM steps WHERE detail LIKE '%[redacted]%'"), 10)
        self.assertGreater(self.journal.one("SELECT count(*) FROM facts WHERE facts LIKE '%[redacted]%'"), 0)
        self.assertIn("https://[redacted]@git.example.com/shop", everywhere)
        for where in ("Slack", "mail", "log", "audit --json", "journal export", "file journal.db"):
            text = "\n".join(text for at, text in self.said.items() if where in at)
            self.assertIn("[redacted]", text, where)


if __name__ == "__main__":
    main()
