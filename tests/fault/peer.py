"""adnanh/webhook in the place of the receiver: it takes the same deliveries at the same paths, checks the same tokens,
and runs a command for each, which writes a line. It may be killed and started again as a World is.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from ports import free_port
from world import START_SECONDS, TOKEN, names

PROGRAM = Path("/usr/bin/webhook")
DELIVERY_HEADER = "X-Delivery"
LOOK_SECONDS = 0.02
LONG_LOOK_SECONDS = 0.2  # where a look costs something: all that the log says
REST_SECONDS = 120  # for the commands that are still to run when the last delivery was taken
# One write to a file that is open for appending: lines of commands that run at a time do not mix.
NOTE = '#!/bin/sh\necho "$1 $2" >>done\n'


def version():
    """As it says it; whoever has none hears how to get it."""
    if not PROGRAM.exists():
        raise SystemExit(f"{PROGRAM} is not there: scripts/setup --tests")
    said = subprocess.run([PROGRAM, "-version"], capture_output=True, text=True, timeout=60, check=True)
    return said.stdout.split()[-1]


def hook(folder, name, header, value, event, answers_when_it_has_run):
    """One that asks for a token in a header, and tells its command which event and which delivery this is."""
    return {"id": name, "execute-command": str(folder / "note"), "command-working-directory": str(folder),
            "include-command-output-in-response": answers_when_it_has_run,
            "trigger-rule-mismatch-http-response-code": 401,
            "trigger-rule": {"match": {"type": "value", "value": value,
                                       "parameter": {"source": "header", "name": header}}},
            "pass-arguments-to-command": [{"source": "payload", "name": event},
                                          {"source": "header", "name": DELIVERY_HEADER}]}


def is_in(entry, folder):
    """Whether a process in /proc works in this folder. One that has ended works nowhere."""
    try:
        return os.readlink(entry / "cwd") == str(folder)
    except OSError:
        return False  # it has ended meanwhile, or is somebody else's


class Peer:
    """Its folder is where it and its commands work, and nobody else: by that they are found when they are left over."""

    def __init__(self, stage, answers_when_it_has_run):
        self.stage, self.dir = stage, stage.scratch.resolve() / f"p{next(names)}"
        self.dir.mkdir()
        (self.dir / "note").write_text(NOTE)
        (self.dir / "note").chmod(0o755)
        (self.dir / "done").touch()
        hooks = [hook(self.dir, "ci", "x-token", TOKEN, "id", answers_when_it_has_run),
                 hook(self.dir, "alertmanager", "Authorization", f"Bearer {TOKEN}", "alerts.0.fingerprint",
                      answers_when_it_has_run)]
        (self.dir / "hooks.json").write_text(json.dumps(hooks))
        self.port, self.process, self.log_begins = free_port(), None, 0

    @property
    def log(self):
        return self.dir / "log"

    # --- up and down ---

    def begin(self):
        """As its README has it, with -verbose: the log tells when the last command has ended."""
        with open(self.log, "ab") as log:
            self.log_begins = log.tell()
            self.process = subprocess.Popen(
                [PROGRAM, "-hooks", self.dir / "hooks.json", "-verbose", "-ip", "127.0.0.1", "-port", str(self.port),
                 "-urlprefix", "webhooks"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir, start_new_session=True)
        self.stage.note_process(self.process)

    def start(self):
        """Again where it ends at its start, as systemd would: a child that its killed forerunner had forked, and that
        has not begun its program yet, still holds the port. That is so after one kill of ten, for up to 25 ms."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self.stage.is_over:
            self.begin()
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.answers():
                    return True
                time.sleep(LOOK_SECONDS)
        return False

    def answers(self):
        """That a connection is made does not say it: the held port takes some, and nobody reads them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def end(self, number):
        """Of this process alone, as the kernel would; its commands go on."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(START_SECONDS)

    def last_said(self, lines=5):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # --- its commands ---

    def left_over(self):
        """Its own process, its commands and those of a killed one, as far as they have not ended."""
        return [int(entry.name) for entry in Path("/proc").iterdir()
                if entry.name.isdigit() and is_in(entry, self.dir)]

    def is_at_rest(self):
        """Nothing of what it took is still to run, and no command of a killed one runs on."""
        with open(self.log, "rb") as log:
            log.seek(self.log_begins)
            said = log.read()
        begun = len(re.findall(rb"hook triggered successfully", said))
        ended = len(re.findall(rb"finished handling", said))
        return 0 < begun == ended and self.left_over() == [self.process.pid]

    def rest(self):
        deadline = time.monotonic() + REST_SECONDS
        while not self.is_at_rest():
            if time.monotonic() >= deadline or self.stage.is_over:
                raise AssertionError(f"its commands have not ended within {REST_SECONDS} s: {self.last_said()}")
            time.sleep(LONG_LOOK_SECONDS)

    def done(self):
        """How often a command ran to its end: by event, and by delivery."""
        pairs = [line.rsplit(" ", 1) for line in (self.dir / "done").read_text().splitlines()]
        return Counter(event for event, _ in pairs), Counter(delivery for _, delivery in pairs)

    def remove(self):
        if self.process is not None:
            self.end(signal.SIGKILL)
        for pid in self.left_over():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has ended meanwhile
        if not self.stage.keeps_folders:
            shutil.rmtree(self.dir, ignore_errors=True)
