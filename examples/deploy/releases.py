"""Releases of the invitation service on one machine: each runs on a port of its own beside the others,
and HAProxy's Runtime API says which of them serves. deploy, switch, current and list stand on this.

Settings come from the JSON file that DEPLOY_ENV_FILE names:
  program       the service's executable
  releases      folder with one folder a release, each with a release.json ({"fail_share": 0.33})
  run           folder for ports, process ids and logs
  access_log    the log that all releases share
  database_url_file
  haproxy       HAProxy's stats socket
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.request

BACKEND = "service/live"
START_SECONDS = 45
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


def fail(message):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {message}")


def settings():
    path = os.environ.get("DEPLOY_ENV_FILE")
    if not path:
        fail("DEPLOY_ENV_FILE is not set")
    try:
        return json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


class Releases:
    def __init__(self):
        self.settings = settings()
        self.run = pathlib.Path(self.settings["run"])

    def argument(self):
        """The release that the command line names."""
        if len(sys.argv) != 2 or not NAME.fullmatch(sys.argv[1]) or ".." in sys.argv[1]:
            fail("expected the name of one release")
        return sys.argv[1]

    def port(self, release):
        """Where the release listens; None if it was never started."""
        try:
            return int((self.run / release / "port").read_text())
        except (OSError, ValueError):
            return None

    def is_healthy(self, release):
        port = self.port(release)
        if port is None:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                healthy = answer.status == 200
            # Another program may have taken the port of a release that died.
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/version", timeout=5) as answer:
                return healthy and json.load(answer).get("release") == release
        except (OSError, ValueError):
            return False

    def start(self, release):
        """Starts the release in a session of its own, so that it outlives whoever started it."""
        home = pathlib.Path(self.settings["releases"]) / release
        try:
            options = json.loads((home / "release.json").read_text())
        except OSError:
            fail(f"there is no release {release} in {self.settings['releases']}")
        place = self.run / release
        place.mkdir(parents=True, exist_ok=True)
        (place / "port").unlink(missing_ok=True)
        url = pathlib.Path(self.settings["database_url_file"]).read_text().strip()
        with open(place / "log", "ab") as log:
            process = subprocess.Popen(
                [self.settings["program"], "--release", release,
                 "--port-file", str(place / "port"), "--access-log", self.settings["access_log"],
                 "--fail-share", str(options.get("fail_share", 0))],
                env={"DATABASE_URL": url, "PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        (place / "pid").write_text(f"{process.pid}\n")
        deadline = time.monotonic() + START_SECONDS
        while not self.is_healthy(release):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                fail(f"release {release} does not become healthy; its log is {place / 'log'}")
            time.sleep(0.02)

    def haproxy(self, command):
        """One command of the Runtime API; several with a semicolon between them."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(20)
            connection.connect(self.settings["haproxy"])
            connection.sendall(command.encode() + b"\n")
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer.decode()

    def live(self):
        """The release whose port HAProxy sends requests to; None before the first switch."""
        for line in self.haproxy("show servers state service").splitlines():
            fields = line.split()
            # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state … srv_port (19th)
            if len(fields) > 18 and fields[3] == "live":
                in_maintenance = int(fields[6]) & 1
                names = [] if in_maintenance else [
                    place.name for place in self.run.iterdir() if self.port(place.name) == int(fields[18])]
                if len(names) > 1:
                    # A release that ended leaves its port file behind, and another may get the port.
                    names = [name for name in names if self.is_healthy(name)]
                    if not names:
                        fail(f"several releases claim port {fields[18]}, and none of them answers there")
                return names[0] if names else None
        fail("HAProxy has no server service/live")

    def switch(self, release):
        port = self.port(release)
        if port is None or not self.is_healthy(release):
            fail(f"release {release} does not run; deploy it first")
        # Requests in flight end where they began; all new ones go to the new address.
        self.haproxy(f"set server {BACKEND} addr 127.0.0.1 port {port};set server {BACKEND} state ready")
        if self.live() != release:
            fail(f"HAProxy did not take release {release}")
