"""Everything the loop needs, real and private: PostgreSQL, the invitation service behind HAProxy, the
exporter, Prometheus, Alertmanager, the receiver, a stand-in for Slack, and steady traffic. All of it
lives in one temporary directory on free ports, and goes away with it.
"""

import base64
import ctypes
import hashlib
import hmac
import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from ports import free_port
from slack_sink import SlackSink
from traffic import Traffic

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class StageError(Exception):
    """A part that did not come up; says which log tells why."""


def get_json(url, timeout=20):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


def wait_for(what, condition, seconds, log=None):
    """Returns the condition's first true value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.05)
    raise StageError(f"{what}: not within {seconds} s" + (f"; see {log}" if log else ""))


def takes_connections(path):
    """Whether somebody listens on this socket: its file is there a moment before that."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
    return True


def children():
    """The process ids of our children, orphans of theirs included (PR_SET_CHILD_SUBREAPER)."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(entry.name))
        except OSError:
            pass  # it has ended meanwhile
    return found


class Stage:
    # What the policy is given; tests that need more than one rollback an hour set them.
    cooldown = "1h"
    rollbacks_per_hour = 2

    def __init__(self, say=lambda text: None):
        # Releases outlive the script that starts them: they become children of this process, not of
        # init, so that none is left behind.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # BACKSTAY_BIN names the folder of another build's programs.
        self.binaries = pathlib.Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin").resolve()
        self.say = say
        self.processes = []  # (name, Popen), in the order of their start
        self.traffic = None
        self.slack = SlackSink()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="backstay-"))
        self.dir.chmod(0o755)  # the postgres user passes through
        for name in ("secrets", "logs", "run", "releases", "backups", "prometheus", "alertmanager"):
            (self.dir / name).mkdir()
        self.prometheus_port, self.receiver_port = free_port(), free_port()
        self.prometheus = f"http://127.0.0.1:{self.prometheus_port}"
        self.secrets = {}
        self.secret("slack_url", self.slack.url)
        for name in ("am_token", "github"):
            self.secret(name, secrets.token_urlsafe(24))
        self.ci_key = secrets.token_bytes(24)
        self.secret("ci", "whsec_" + base64.b64encode(self.ci_key).decode())

    # --- small things ---

    def log(self, name):
        return self.dir / "logs" / f"{name}.log"

    def secret(self, name, value):
        path = self.dir / "secrets" / name
        path.write_text(value + "\n")
        path.chmod(0o600)
        self.secrets[name] = value
        return path

    def spawn(self, name, argv, env=None, cwd=None):
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(
                [str(part) for part in argv], env={**os.environ, **(env or {})}, cwd=cwd or self.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.processes.append((name, process))
        return process

    def check(self, argv, env=None):
        result = subprocess.run([str(part) for part in argv], env={**os.environ, **(env or {})}, cwd=self.dir,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if result.returncode:
            raise StageError(f"{argv[0]}: {(result.stderr or result.stdout).strip()}")
        return result.stdout

    def start_daemon(self, name, argv):
        """Starts one of our daemons; returns the address that it says it listens on."""
        log = self.log(name)
        before = log.stat().st_size if log.exists() else 0  # what an earlier one of that name said
        process = self.spawn(name, argv)

        def look():
            if process.poll() is not None:
                raise StageError(f"{name} ended at its start; see {log}")
            said = log.read_bytes()[before:].decode(errors="replace")
            found = re.search(r'msg="?listening"? address=(\S+)', said)
            return found and found[1]
        return wait_for(name, look, 60, log)

    # --- the parts, in the order of their start ---

    def as_postgres(self, argv):
        if os.getuid() == 0:
            return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *argv]
        return argv

    def start_postgres(self):
        home = self.dir / "postgres"
        home.mkdir()
        if os.getuid() == 0:
            os.chown(home, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        password = self.secret("db_password", secrets.token_urlsafe(18))
        if os.getuid() == 0:
            os.chown(password, pwd.getpwnam("postgres").pw_uid, -1)
            os.chmod(self.dir / "secrets", 0o711)
        self.check(self.as_postgres([POSTGRES / "initdb", "-D", home / "data", "--username=backstay", "--no-sync",
                                     "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256",
                                     f"--pwfile={password}"]))
        port = free_port()
        settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}"]
        self.spawn("postgres", self.as_postgres(
            [POSTGRES / "postgres", "-D", home / "data", *[part for s in settings for part in ("-c", s)]]))
        self.database_url = f"postgresql://backstay:{self.secrets['db_password']}@127.0.0.1:{port}/invitations"
        self.secret("db_url", self.database_url)
        admin = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "backstay",
                 "PGPASSWORD": self.secrets["db_password"]}
        wait_for("postgres", lambda: subprocess.run(
            [POSTGRES / "pg_isready", "-q"], env={**os.environ, **admin}).returncode == 0, 120, self.log("postgres"))
        self.check([POSTGRES / "createdb", "invitations"], admin)
        for name in ("schema.sql", "seed.sql"):
            self.check([POSTGRES / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", "invitations",
                        "-f", ROOT / "examples" / "invitations" / name], admin)

    def start_service(self):
        self.haproxy_port = free_port()
        haproxy_socket = self.dir / "run" / "haproxy.sock"
        self.spawn("haproxy", ["haproxy", "-db", "-f", ROOT / "examples" / "haproxy" / "haproxy.cfg"],
                   {"HAPROXY_SOCKET": str(haproxy_socket), "HAPROXY_PORT": str(self.haproxy_port)})
        wait_for("haproxy", lambda: takes_connections(haproxy_socket), 60, self.log("haproxy"))
        (self.dir / "run" / "releases").mkdir()
        for release, fail_share in (("1", 0), ("2", 1 / 3)):
            (self.dir / "releases" / release).mkdir()
            (self.dir / "releases" / release / "release.json").write_text(json.dumps({"fail_share": fail_share}))
        settings = self.dir / "deploy.json"
        settings.write_text(json.dumps({
            "program": str(self.binaries / "invitations"), "releases": str(self.dir / "releases"),
            "run": str(self.dir / "run" / "releases"), "access_log": str(self.dir / "access.log"),
            "database_url_file": str(self.dir / "secrets" / "db_url"), "haproxy": str(haproxy_socket)}))
        self.deploy_env = {"DEPLOY_ENV_FILE": str(settings)}
        for command in ("deploy", "switch"):
            self.check([ROOT / "examples" / "deploy" / command, "1"], self.deploy_env)

    def start_exporter(self):
        config = self.dir / "exporter.yml"
        config.write_text(f"""\
database: {{url_file: {self.dir}/secrets/db_url}}
collectors: [pg, invitations.yml, business.yml]
catalog_dir: {ROOT}/exporter/catalog
requests:
  sources:
    - {{path: {self.dir}/access.log, format: combined}}
health:
  components:
    - {{name: database, kind: postgres, critical: true}}
    - {{name: service, kind: http, critical: true, url: "http://127.0.0.1:{self.haproxy_port}/health"}}
""")
        self.exporter_address = self.start_daemon("exporter", [
            self.binaries / "backstay-exporter", "--config.file", config, "--web.listen-address", "127.0.0.1:0"])

    def write_rules(self):
        """The shipped rules and configurations at the demo's pace: the same thresholds, short windows."""
        self.alertmanager_port = free_port()
        self.check([ROOT / "rules" / "generate", "--profile", "demo", "--out", self.dir / "rules",
                    "--exporter", self.exporter_address, "--receiver", f"127.0.0.1:{self.receiver_port}",
                    "--alertmanager", f"127.0.0.1:{self.alertmanager_port}", "--service", "invitations",
                    "--secrets", self.dir / "secrets"])

    def start_alertmanager(self):
        self.spawn("alertmanager", [
            "prometheus-alertmanager", f"--config.file={self.dir}/rules/alertmanager.yml",
            f"--storage.path={self.dir}/alertmanager", "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{self.alertmanager_port}"])

    def start_prometheus(self):
        self.spawn("prometheus", [
            "prometheus", f"--config.file={self.dir}/rules/prometheus.yml",
            f"--storage.tsdb.path={self.dir}/prometheus", "--rules.alert.resend-delay=1s",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}"])

    def write_receiver_config(self):
        deploy = ROOT / "examples" / "deploy"
        service = f"http://127.0.0.1:{self.haproxy_port}"
        self.receiver_config = self.dir / "receiver.yml"
        self.receiver_config.write_text(f"""\
service: invitations
state_dir: {self.dir}/receiver
database: {{url_file: {self.dir}/secrets/db_url, bin_dir: {POSTGRES}}}
prometheus: {{url: "{self.prometheus}"}}
webhooks:
  - {{name: alertmanager, provider: alertmanager, bearer_token_file: {self.dir}/secrets/am_token}}
  - {{name: github, provider: github, secret_files: [{self.dir}/secrets/github]}}
  - {{name: ci, provider: standard, secret_files: [{self.dir}/secrets/ci]}}
policy:
  mode: auto
  rules:
    - {{name: release, on: {{event: deploy_requested}}, do: [backup, deploy]}}
    - {{name: failed-deploy, on: {{event: deploy_failed}}, do: [backup, rollback]}}
    - {{name: bad-release, on: {{event: alert_firing, labels: {{action: rollback}}}}, within: 30m,
       do: [backup, rollback], cooldown: {self.cooldown}}}
  limits: {{rollbacks_per_hour: {self.rollbacks_per_hour}, deploys_per_hour: 1000}}
backups: {{dir: {self.dir}/backups}}
deploy:
  driver: command
  deploy: [{deploy}/deploy, "{{release}}"]
  switch: [{deploy}/switch, "{{release}}"]
  current: [{deploy}/current]
  list: [{deploy}/list]
  environment: {{DEPLOY_ENV_FILE: {self.dir}/deploy.json}}
  timeout: 60s
  health_url: "{service}/health"
  version_url: "{service}/version"
  settle: 10m
confirm: {{clear_for: 5s, within: 2m}}
notify:
  - {{channel: log}}
  - {{channel: slack, url_file: {self.dir}/secrets/slack_url}}
""")

    def start_receiver(self):
        address = self.start_daemon("receiver", [
            self.binaries / "backstay-receiver", "--config.file", self.receiver_config,
            "--web.listen-address", f"127.0.0.1:{self.receiver_port}"])
        self.receiver = f"http://{address}"

    def start(self):
        for what, part in (
                ("PostgreSQL with the sample data", self.start_postgres),
                ("release 1 behind HAProxy", self.start_service),
                ("the exporter", self.start_exporter),
                ("rules for Prometheus and Alertmanager", self.write_rules),
                ("Alertmanager", self.start_alertmanager),
                ("Prometheus", self.start_prometheus),
                ("the receiver's configuration", self.write_receiver_config),
                ("the receiver", self.start_receiver),
                ("the ledger: release 1 is good", self.adopt_release_1)):
            self.say(what)
            part()
        self.say("traffic")
        self.traffic = Traffic(self.haproxy_port)
        self.say("Prometheus to know its targets and Alertmanager")
        wait_for("Prometheus", self.prometheus_is_ready, 120, self.log("prometheus"))

    def adopt_release_1(self):
        self.backstay("releases", "adopt", "1", "--reason", "runs well", "--yes")

    def prometheus_is_ready(self):
        targets = get_json(f"{self.prometheus}/api/v1/targets?state=active")["data"]["activeTargets"]
        managers = get_json(f"{self.prometheus}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
        ratio = self.query("sum(rate(http_server_requests_total[10s])) > 1")
        return managers and targets and all(t["health"] == "up" for t in targets) and ratio

    # --- what one does with it ---

    def query(self, promql):
        url = f"{self.prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": promql})
        return get_json(url)["data"]["result"]

    def backstay(self, *arguments):
        return self.check([self.binaries / "backstay", "--config.file", self.receiver_config, *arguments])

    def audit(self):
        return json.loads(self.backstay("audit", "--json"))["audit"]

    def post_standard(self, body, webhook="ci"):
        """A webhook signed as https://www.standardwebhooks.com says; returns the status."""
        data = json.dumps(body).encode()
        message_id, stamp = "msg_" + secrets.token_hex(8), str(int(time.time()))
        digest = hmac.new(self.ci_key, f"{message_id}.{stamp}.".encode() + data, hashlib.sha256).digest()
        headers = {"Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": stamp,
                   "webhook-signature": "v1," + base64.b64encode(digest).decode()}
        return self.post(f"/webhooks/{webhook}", data, headers)

    def post(self, path, data, headers):
        request = urllib.request.Request(self.receiver + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def metrics(self, address):
        with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
            return answer.read().decode()

    def live_release(self):
        return get_json(f"http://127.0.0.1:{self.haproxy_port}/version")["release"]

    def kill_receiver(self):
        """As a machine would: SIGKILL, by process id."""
        for entry in [e for e in self.processes if e[0] == "receiver"]:
            entry[1].kill()
            entry[1].wait()
            self.processes.remove(entry)

    def stop(self):
        if self.traffic:
            self.traffic.stop()
        for place in (self.dir / "run" / "releases").glob("*/pid"):
            try:
                self.end_release(int(place.read_text()))
            except ValueError:
                pass  # interrupted while it was written: the release is among our children
        for name, process in reversed(self.processes):
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # Whoever was started in the very moment of an interrupt is on no list yet; who ends leaves us its children.
        while left := children():
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        self.slack.stop()

    @staticmethod
    def end_release(pid, seconds=30):
        """One that is told so while it starts may miss it."""
        deadline = time.monotonic() + seconds
        try:
            os.kill(pid, signal.SIGTERM)
            while os.waitpid(pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.01)
        except (ProcessLookupError, ChildProcessError):
            pass  # it ended by itself

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)
