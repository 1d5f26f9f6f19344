"""An exporter as a process of its own, and what one scrape of it brought.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import atexit
import http.client
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from cluster import ROOT, end, free_port, wait_for
from exposition import families_in
from script import show_logs

BINARIES = Path(os.environ.get("BACKSTAY_BIN") or ROOT / "build" / "bin").resolve()
# What a scrape says that it waits for. Where nothing hangs, a machine may be as slow as it likes; where something does,
# the exporter answers when this is over, and all the rest has to come until then.
PATIENT_SECONDS, HURRIED_SECONDS = 30, 2
# An answer may be so much later, for a busy machine; whoever pays no heed to what was said takes 9.5 s at least.
GRACE_SECONDS = 6
# A line as nginx writes it, so that there is something to see that no database is asked for.
REQUEST = '203.0.113.9 - - [17/May/2025:10:00:00 +0000] "GET /api/users HTTP/1.1" 200 5 "-" "curl" 0.012\n'
# Collectors of a test's own: what the shipped catalogs ask for is their own business.
SAMPLE = """\
queries:
  - {name: users, help: Users there are., sql: SELECT count(*) AS value FROM users}
  - {name: emails, help: E-mails there are., sql: SELECT count(*) AS value FROM emails}
  - {name: feature_uses, help: Uses of features., sql: SELECT count(*) AS value FROM feature_uses}
  - name: invitations
    help: Invitations by their status.
    sql: SELECT status, count(*) AS value FROM invitations GROUP BY status
    labels: [status]
"""
# Collectors of what is measured beside the scrapes, which show what came last.
BESIDE = {"database", "table_size"}
SAMPLE_NAMES = {"users", "emails", "feature_uses", "invitations"}


class Scrape:
    """name{labels} → value, as it was written."""

    def __init__(self, text):
        self.text = text
        self.series = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                self.series[name] = float(value)

    def __getitem__(self, name):
        return self.series[name]

    def __contains__(self, name):
        return name in self.series

    def get(self, name):
        return self.series.get(name)

    def family(self, name):
        return {key: value for key, value in self.series.items() if key.partition("{")[0] == name}

    def collectors(self):
        """collector → whether it succeeded"""
        return {re.search('collector="([^"]*)"', key)[1]: value == 1
                for key, value in self.family("backstay_scrape_collector_success").items()}

    def asked(self):
        """The same of those that are asked at each scrape."""
        return {name: is_success for name, is_success in self.collectors().items() if name not in BESIDE}

    def requests(self):
        return sum(self.family("http_server_requests_total").values())

    def failed(self):
        return sorted(name for name, is_success in self.collectors().items() if not is_success)


class Target:
    """What Prometheus scrapes: a process that answers at an address."""

    process = None
    address = ""

    def get(self, path="/metrics", seconds=PATIENT_SECONDS):
        """As Prometheus asks; any status but 200 is an error."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(self.address, timeout=seconds + GRACE_SECONDS)
        try:
            connection.request("GET", path, headers={"X-Prometheus-Scrape-Timeout-Seconds": str(seconds)})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        took = time.monotonic() - began
        if answer.status != 200 or took >= seconds + GRACE_SECONDS:
            raise AssertionError(f"{path}: {answer.status} after {took:.2f} s of {seconds} s")
        return text

    def stop(self):
        return self.process and end(self.process)


class DropIn(Target):
    """Told its address and DATA_SOURCE_NAME, and nothing else: backstay-exporter, or the one that it replaces."""

    def __init__(self, program, database_url):
        self.address = f"127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            [program, f"--web.listen-address={self.address}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={"DATA_SOURCE_NAME": database_url, "PATH": "/usr/bin"})
        atexit.register(self.stop)
        wait_for(program, self.answers)

    def answers(self):
        """Asks for the landing page: what a scrape costs is for the caller to say."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self.process.args[0]} ended at its start with {self.process.returncode}")
        try:
            return self.get("/")
        except OSError:
            return ""  # not yet

    def families(self):
        return families_in(self.get())


class Exporter(Target):
    """Its configuration is given without the sources of requests: there is one always."""

    def __init__(self, config, files=(), environment=None, level="info"):
        self.dir = Path(tempfile.mkdtemp(prefix="backstay-exporter-"))
        atexit.register(self.remove)
        self.access_log = self.dir / "access.log"
        self.access_log.touch()
        for name, text in {"sample.yml": SAMPLE, **dict(files)}.items():
            (self.dir / name).write_text(text)
        (self.dir / "exporter.yml").write_text(
            f"catalog_dir: {ROOT}/exporter/catalog\nrequests: {{sources: [{{path: access.log, format: combined}}]}}\n"
            + config)
        self.log = self.dir / "exporter.log"
        show_logs(self.dir, "exporter.log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARIES / "backstay-exporter", "--config.file", self.dir / "exporter.yml",
                 "--web.listen-address", "127.0.0.1:0", "--log.level", level],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})})

        def look():
            if self.process.poll() is not None:
                raise AssertionError(f"the exporter ended at its start:\n{self.log.read_text()}")
            return re.search(r'msg="?listening"? address=(\S+)', self.log.read_text())
        self.address = wait_for("the exporter", look)[1]

    def count_a_request(self):
        """From now on each scrape has a request to show."""
        with open(self.access_log, "a") as file:
            file.write(REQUEST)
        wait_for("a request", lambda: self.scrape().requests() == 1)

    def scrape(self, seconds=PATIENT_SECONDS):
        return Scrape(self.get(seconds=seconds))

    def scrapes_at_once(self, count, seconds=PATIENT_SECONDS):
        """What each of them brought, or its exception."""
        brought, barrier = [], threading.Barrier(count)

        def one():
            barrier.wait()
            try:
                brought.append(self.scrape(seconds))
            except (OSError, AssertionError) as error:
                brought.append(error)
        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return brought

    def said(self):
        return self.log.read_text()

    def remove(self):
        atexit.unregister(self.remove)
        if self.process:
            end(self.process, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)
