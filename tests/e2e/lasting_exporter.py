"""An exporter that ends and comes back with the same configuration and the same state, and what must not
get lower meanwhile.
"""

import atexit
import collections
import http.client
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from cluster import end, wait_for
from exporter import BINARIES, PATIENT_SECONDS, Scrape, Target
from script import show_logs

# What is counted of lines, in any run of the exporter; its own figures begin anew with each.
LASTING = re.compile(r"(http_server|errors|backstay_log)_\w+_(total|bucket|count|sum)\b")


def temporary_folder(test):
    """Of one test; gone with it, or with the script where that is interrupted."""
    folder = Path(tempfile.mkdtemp(prefix="backstay-requests-"))
    for register in (atexit.register, test.addCleanup):
        register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def by_status(scrape):
    """Requests, by the status that they were answered with."""
    counts = collections.Counter()
    for name, value in scrape.family("http_server_requests_total").items():
        counts[int(re.search(r'http_response_status_code="(\d+)"', name)[1])] += int(value)
    return counts


def rejected(scrape):
    """Lines that were no request, by reason."""
    counts = collections.Counter()
    for name, value in scrape.family("backstay_log_lines_rejected_total").items():
        counts[re.search(r'reason="(\w+)"', name)[1]] += int(value)
    return +counts


def timed(scrape):
    """Requests whose duration was counted."""
    return sum(scrape.family("http_server_request_duration_seconds_count").values())


def failed(scrape):
    """Errors, of any kind."""
    return sum(scrape.family("errors_total").values())


def of_files(scrape, what):
    """backstay_log_WHAT, of all sources."""
    return sum(scrape.family(f"backstay_log_{what}").values())


class LastingExporter(Target):
    """In a folder of the caller's, which holds its state as well where the configuration says so."""

    def __init__(self, folder, config, *flags):
        self.dir, self.flags = folder, flags
        (folder / "exporter.yml").write_text(config)
        self.runs, self.highest = 0, {}
        show_logs(folder, "exporter.*.log", "error.log")
        atexit.register(self.kill)

    def launch(self):
        """Does not wait until it answers."""
        self.runs += 1
        self.address = self.drain_address = ""
        self.log = self.dir / f"exporter.{self.runs}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [BINARIES / "backstay-exporter", "--config.file", self.dir / "exporter.yml",
                 "--web.listen-address", "127.0.0.1:0", "--web.drain-address", "127.0.0.1:0", *self.flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})

    def wait_until_up(self):
        def look():
            said = self.log.read_text()
            if self.process.poll() is not None:
                raise AssertionError(f"the exporter ended at its start:\n{said}")
            return re.search(r"msg=listening address=(\S+)", said) and said
        said = wait_for("the exporter", look)
        self.address = re.search(r"msg=listening address=(\S+)", said)[1]
        drains = re.search(r'msg="listening for drains" address=(\S+)', said)
        self.drain_address = drains[1] if drains else ""

    def start(self):
        self.launch()
        self.wait_until_up()
        return self

    def kill(self):
        if self.process:
            end(self.process, signal.SIGKILL)

    def scrape(self, seconds=PATIENT_SECONDS):
        """Nothing that was shown before may be lower now, or gone; also where it was another run's."""
        scrape = Scrape(self.get(seconds=seconds))
        lower = [f"{name}: {value} → {scrape.get(name)}" for name, value in self.highest.items()
                 if (scrape.get(name) or 0) < value]
        if lower:
            raise AssertionError(f"in run {self.runs} there is less than before:\n" + "\n".join(lower))
        self.highest.update((name, value) for name, value in scrape.series.items() if LASTING.match(name))
        return scrape

    def wait_until(self, what, condition):
        """Returns the scrape of which the condition is true; else says what the last one had."""
        scrape = None

        def look():
            nonlocal scrape
            scrape = self.scrape()
            return condition(scrape)
        try:
            wait_for(what, look)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {by_status(scrape)}, rejected {rejected(scrape)}, of files "
                                 f"{scrape.family('backstay_log_lines_total')}\n{self.log.read_text()}") from None
        return scrape

    def wait_until_read(self, lines):
        """Until so many lines were read, whatever they were."""
        return self.wait_until(f"{lines} lines", lambda scrape: of_files(scrape, "lines_total") >= lines)

    def ask(self, path, headers=None):
        """(status, body)"""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
