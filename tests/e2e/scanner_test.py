#!/usr/bin/python3
"""A real scanner, dirb with its largest list, against a real nginx whose log is followed: each path that it asks for is
another one, and none of them may cost a series or a page of memory for good.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import collections
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from lasting_exporter import LastingExporter, by_status, temporary_folder  # noqa: E402
from script import main  # noqa: E402
from web_traffic import NGINX, Nginx  # noqa: E402

LISTS = Path("/usr/share/dirb/wordlists")
# The worst of all for whoever learns routes: a page that answers 200 to whatever it is asked for.
ANSWERS_ALL = NGINX
ANSWERS_SOME = NGINX.replace('location / {{ return 200 "here\\n"; }}',
                             'location = / {{ return 200 "here\\n"; }} location / {{ return 404; }}')
ROUTES_MAX = 200
PATHS_MIN = 20_000
GROWTH_MAX_MB = 1
ROUTE = re.compile(r'http_route="([^"]*)"')
REQUEST = re.compile(r'"[A-Z]+ ([^ "?]*)[^"]*" (\d{3}) ')


def logged(log):
    """(distinct paths, requests by status), counted here."""
    paths, statuses = set(), collections.Counter()
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            path, status = REQUEST.search(line).groups()
            paths.add(path)
            statuses[int(status)] += 1
    return paths, statuses


def scan(nginx, words):
    subprocess.run(["/usr/bin/dirb", f"http://127.0.0.1:{nginx.port}/", LISTS / words, "-S", "-r", "-w"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


class Scanner(unittest.TestCase):
    def routes_and_memory(self, template):
        folder = temporary_folder(self)
        nginx = Nginx(folder, template)
        self.addCleanup(nginx.kill)
        exporter = LastingExporter(folder, f"requests: {{sources: [{{path: {nginx.log}}}]}}\n").start()
        self.addCleanup(exporter.kill)
        exporter.wait_until("the log to be followed", lambda scrape: scrape.family("backstay_log_files_open"))
        memory = []
        for words in ("common.txt", "big.txt"):
            scan(nginx, words)
            paths, statuses = logged(nginx.log)
            scrape = exporter.wait_until_read(statuses.total())
            self.assertEqual(by_status(scrape), statuses)
            routes = {ROUTE.search(name)[1] for name in scrape.family("http_server_requests_total")}
            self.assertLess(len(routes), ROUTES_MAX)
            status = Path(f"/proc/{exporter.process.pid}/status").read_text()
            memory.append(int(re.search(r"VmRSS:\s*(\d+)", status)[1]) / 1024)
        self.assertGreater(len(paths), PATHS_MIN)
        self.assertLess(memory[1] - memory[0], GROWTH_MAX_MB, "from the short scan to the long one")
        return routes

    def test_a_service_that_answers_404(self):
        routes = self.routes_and_memory(ANSWERS_SOME)
        self.assertLess(len(routes), 10, routes)

    def test_a_service_that_answers_200_to_everything(self):
        self.assertIn("other", self.routes_and_memory(ANSWERS_ALL))


if __name__ == "__main__":
    main()
