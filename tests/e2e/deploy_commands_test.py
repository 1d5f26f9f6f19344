#!/usr/bin/python3
"""The example's deploy commands against a real HAProxy: deploy, switch, current, list.

A small program stands in for the service: it listens where its release is told to, so that two
releases can get the same port.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import takes_connections, wait_for  # noqa: E402

# Run as `program --release NAME --port-file FILE …`, like the service.
SERVICE = """\
#!/usr/bin/python3
import http.server, json, os, pathlib, sys

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"release": options["--release"]}).encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(PORT)), Handler)
file = pathlib.Path(options["--port-file"])
file.with_suffix(".new").write_text(f"{server.server_port}\\n")
file.with_suffix(".new").rename(file)
server.serve_forever()
"""


def has_ended(pid):
    """A zombie has, too: nobody may wait for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class DeployCommands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        show_logs(self.dir, "haproxy.log", "run/*/log")
        (self.dir / "run").mkdir()
        program = self.dir / "service"
        program.write_text(SERVICE.replace("PORT", str(free_port())))
        program.chmod(0o755)
        (self.dir / "db_url").write_text("postgresql://127.0.0.1/none\n")
        settings = {"program": str(program), "releases": str(self.dir / "releases"),
                    "run": str(self.dir / "run"), "access_log": str(self.dir / "access.log"),
                    "database_url_file": str(self.dir / "db_url"), "haproxy": str(self.dir / "haproxy.sock")}
        (self.dir / "deploy.json").write_text(json.dumps(settings))
        self.start_haproxy()

    def start_haproxy(self):
        with open(self.dir / "haproxy.log", "wb") as log:
            haproxy = subprocess.Popen(
                ["haproxy", "-db", "-f", ROOT / "examples" / "haproxy" / "haproxy.cfg"], stdout=log, stderr=log,
                env={**os.environ, "HAPROXY_SOCKET": str(self.dir / "haproxy.sock"), "HAPROXY_PORT": str(free_port())})
        self.addCleanup(haproxy.wait)
        self.addCleanup(haproxy.terminate)
        wait_for("HAProxy", lambda: takes_connections(self.dir / "haproxy.sock"), 60)

    def run_command(self, name, *release):
        return subprocess.run([ROOT / "examples" / "deploy" / name, *release], capture_output=True, text=True,
                              env={**os.environ, "DEPLOY_ENV_FILE": str(self.dir / "deploy.json")})

    def said(self, name, *release):
        result = self.run_command(name, *release)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.split()

    def deploy(self, release):
        (self.dir / "releases" / release).mkdir(parents=True)
        (self.dir / "releases" / release / "release.json").write_text("{}")
        self.addCleanup(self.end, release)
        self.said("deploy", release)
        self.said("switch", release)

    def end(self, release):
        pid = int((self.dir / "run" / release / "pid").read_text())
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        wait_for(f"the end of release {release}", lambda: has_ended(pid), 120)

    def test_before_the_first_release_nothing_is_live(self):
        self.assertEqual(self.said("current"), [])
        self.assertNotEqual(self.run_command("switch", "1").returncode, 0)

    def test_a_release_that_gets_the_port_of_one_that_ended_is_the_live_one(self):
        self.deploy("1")
        self.assertEqual(self.said("current"), ["1"])
        self.end("1")
        self.deploy("2")
        self.assertEqual(self.said("current"), ["2"])
        self.assertEqual(self.said("list"), ["2"])

    def test_where_none_of_those_that_had_the_port_answers_it_is_an_error(self):
        self.deploy("1")
        self.end("1")
        self.deploy("2")
        self.end("2")
        current = self.run_command("current")
        self.assertNotEqual(current.returncode, 0)
        self.assertIn("none of them answers", current.stderr)


if __name__ == "__main__":
    main()
