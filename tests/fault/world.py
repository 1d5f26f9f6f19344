"""One receiver's world: its folder, configuration, deploy commands and what they did, the real programs in it. A world
begins as a copy of another one that is at rest, so that all points of a case begin alike.
"""

import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from control import Faults

STUBS = Path(__file__).parent / "stubs"
TOKEN = "a token for every webhook"
START_SECONDS = 60
names = itertools.count(1)

CONFIG = """\
service: shop
state_dir: state
database: {{url: "{database}", bin_dir: {bin_dir}}}
prometheus: {{url: "{prometheus}"}}
webhooks:
  - {{name: alertmanager, provider: alertmanager, bearer_token_file: token}}
  - name: ci
    provider: generic
    secret_file: token
    header: x-token
    fields: {{event: /event, id: /id, release: /release}}
    events: {{deploy: deploy_requested, back: rollback_requested, backup: backup_requested, live: deploy_succeeded}}
policy:
  mode: auto
  approve_within: {approve_within}
  rules:
    - {{name: release, on: {{event: deploy_requested}}, within: 1d, do: [{deploy_backup}deploy]}}
    - {{name: failed, on: {{event: deploy_failed}}, within: 1d, do: [backup, rollback]}}
    - {{name: asked, on: {{event: rollback_requested}}, within: 1d, do: [rollback]}}
    - {{name: nightly, on: {{event: backup_requested}}, within: 1d, do: [backup]}}
    - name: bad-release
      on: {{event: alert_firing, labels: {{action: rollback}}}}
      within: 1d
      do: [backup, rollback]
      cooldown: 1h
      requires_approval: {requires_approval}
  limits: {{rollbacks_per_hour: 100, deploys_per_hour: 1000}}
backups: {{dir: backups, timeout: {backup_timeout}}}
deploy:
  deploy: [{driver}, deploy, "{{release}}"]
  switch: [{driver}, switch, "{{release}}"]
  current: [{driver}, current]
  list: [{driver}, list]
  timeout: {timeout}
  health_url: {service}/health
  version_url: {service}/version
  verify_within: 1s
  settle: {settle}
confirm: {{clear_for: 100ms, within: 30s}}
notify:
  - {{channel: log}}
  - {{channel: slack, url_file: slack_url, group_window: 0s}}
{notify}"""

DEFAULTS = {"database": "postgresql://nobody@127.0.0.1:1/none", "deploy_backup": "backup, ",
            "requires_approval": "false", "approve_within": "30m", "backup_timeout": "10s", "timeout": "10s",
            "settle": "1d", "notify": "", "slack": None, "bin_dir": None, "prometheus": None}


class ControlSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("backstay", timeout=90)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class World:
    def __init__(self, stage, template=None, **settings):
        self.stage, self.name = stage, f"w{next(names)}"
        self.dir = stage.scratch / self.name
        if template is None:
            self.dir.mkdir()
            (self.dir / "bin").mkdir()
            for stub in STUBS.iterdir():
                shutil.copy(stub, self.dir / "bin")
            (self.dir / "live").write_text("1\n")
            (self.dir / "kept").write_text("1\n")
            (self.dir / "effects").touch()
            (self.dir / "asked").touch()
            (self.dir / "token").write_text(TOKEN)
        else:
            shutil.copytree(template.dir, self.dir, ignore=shutil.ignore_patterns("control.sock", "faults", "log"))
        self.settings = {**DEFAULTS, **(template.settings if template else {}), **settings}
        self.unhealthy, self.alarming = set(), set()
        self.told = list(template.told) if template else []  # keys of the messages that came
        stage.service.enter(self)
        self.write_config()
        self.faults = Faults(self.dir / "faults", stage.binaries, [self.dir / "state", self.dir / "backups"])
        self.process, self.port = None, None

    # --- files ---

    @property
    def config(self):
        return self.dir / "receiver.yml"

    @property
    def journal(self):
        return self.dir / "state" / "journal.db"

    @property
    def log(self):
        return self.dir / "log"

    def write_config(self):
        url = self.stage.service.url(self)
        values = {**self.settings, "service": url, "driver": self.dir / "bin" / "driver",
                  "prometheus": self.settings["prometheus"] or url,
                  "bin_dir": self.settings["bin_dir"] or self.dir / "bin"}
        self.config.write_text(CONFIG.format(**values))
        (self.dir / "slack_url").write_text(self.settings["slack"] or f"{url}/slack")

    def live(self):
        return (self.dir / "live").read_text().strip()

    def effects(self):
        """(verb, release, run, token, what), in the order in which they were written."""
        found = []
        for line in (self.dir / "effects").read_text().splitlines():
            verb, release, run, token, _, what = line.split()
            found.append((verb, release, int(run), int(token), what))
        return found

    def asked(self):
        """How often each command that only asks was called."""
        return Counter((self.dir / "asked").read_text().split())

    def tell_command(self, verb, when, shell):
        """What this command does the next time, before or after it does what it is for."""
        path = self.dir / f"{verb}-{when}"
        path.with_suffix(".new").write_text(shell + "\n")
        path.with_suffix(".new").rename(path)

    def rows(self, sql, *values):
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    # --- the receiver ---

    def start(self):
        """Returns whether it came up; a fault may have ended it before."""
        if self.stage.is_over:
            raise AssertionError("interrupted")
        with open(self.log, "ab") as log:
            before = log.tell()
            self.process = subprocess.Popen(
                [self.stage.binaries / "backstay-receiver", f"--config.file={self.config}",
                 "--web.listen-address=127.0.0.1:0"],
                env=self.faults.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                start_new_session=True)
        self.stage.note_process(self.process)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(rb"msg=\"?listening\"? address=\"?127\.0\.0\.1:(\d+)", self.log.read_bytes()[before:])
            if found:
                self.port = int(found[1])
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.005)
        raise AssertionError(f"the receiver neither came up nor ended within {START_SECONDS} s")

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def end(self, number=signal.SIGTERM, seconds=60):
        """Returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "none: it had to be killed"

    def ask(self, operation, **parameters):
        """Through control.sock, as `backstay` does; None where nobody answers."""
        connection = ControlSocket(self.dir / "state" / "control.sock")
        try:
            connection.request("POST", f"/control/{operation}", json.dumps(parameters),
                               {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def post(self, path, body, headers, timeout=30):
        """The status, or None where there was no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def backstay(self, *arguments):
        return subprocess.run([self.stage.binaries / "backstay", f"--config.file={self.config}", *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def last_said(self, lines=5):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def remove(self):
        self.end(signal.SIGKILL)
        self.stage.service.leave(self)
        self.faults.close()
        if not self.stage.keeps_folders:
            shutil.rmtree(self.dir, ignore_errors=True)


class Stage:
    """What all worlds share."""

    def __init__(self, binaries, scratch, service, keeps_folders):
        self.binaries, self.scratch, self.service = Path(binaries), Path(scratch), service
        self.keeps_folders = keeps_folders
        self.processes, self.is_over = [], False

    def note_process(self, process):
        self.processes = [other for other in self.processes if other.poll() is None] + [process]

    def end_all(self):
        """No receiver is started after it."""
        self.is_over = True
        for process in self.processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
