#!/usr/bin/python3
"""Log drains: a batch that got its 200 is counted once, whoever sends it again, however often the exporter
is killed, and also after its checkpoint could not be written.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import collections
import gzip
import http.client
import itertools
import json
import random
import sys
import threading
import unittest

sys.dont_write_bytecode = True

from cluster import wait_for  # noqa: E402
from lasting_exporter import (LastingExporter, by_status, failed, of_files, rejected, temporary_folder,  # noqa: E402
                              timed)
from script import main  # noqa: E402

TOKEN = "a drain's token"
CONFIG = """\
state_dir: {dir}/state
requests: {{sources: [{{drain: app, format: json, token_file: {dir}/token}}]}}
"""
STATUSES = (200, 200, 201, 301, 404, 500)
KILLS = 10


class Batch:
    """Some requests, as NDJSON or as a packed array."""

    def __init__(self, number):
        self.statuses = collections.Counter()
        lines = []
        for i in range(random.randrange(1, 60)):
            status = random.choice(STATUSES)
            self.statuses[status] += 1
            lines.append(json.dumps({"method": "GET", "path": f"/api/{'abc'[i % 3]}", "status": status,
                                     "duration_ms": i, "request_id": f"{number}-{i}"}))
        if number % 2:
            self.body, self.headers = ("\n".join(lines) + "\n").encode(), {}
        else:
            self.body = gzip.compress(f"[{', '.join(lines)}]".encode())
            self.headers = {"Content-Encoding": "gzip"}


class Drains(unittest.TestCase):
    def setUp(self):
        self.dir = temporary_folder(self)
        (self.dir / "token").write_text(TOKEN)

    def start_exporter(self):
        self.exporter = LastingExporter(self.dir, CONFIG.format(dir=self.dir))
        self.addCleanup(self.exporter.kill)
        self.exporter.start()

    def post(self, batch, token=TOKEN):
        """(status, Retry-After); an OSError or HTTPException where there was no answer."""
        connection = http.client.HTTPConnection(self.exporter.drain_address or "127.0.0.1:1", timeout=30)
        try:
            connection.request("POST", "/drains/app", batch.body,
                               {"Authorization": f"Bearer {token}", **batch.headers})
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Retry-After")
        finally:
            connection.close()

    def check_totals(self, sent):
        scrape = self.exporter.scrape()
        self.assertEqual(by_status(scrape), sent)
        self.assertEqual(of_files(scrape, "lines_total"), sent.total())
        self.assertEqual(rejected(scrape), {})
        self.assertEqual(timed(scrape), sent.total())
        self.assertEqual(failed(scrape), sent[500])

    # --- killed ---

    def send_until_taken(self, batch):
        """Also where no answer came: whether it was counted is not known then."""
        while True:
            try:
                status, _ = self.post(batch)
            except (OSError, http.client.HTTPException):
                self.stopping.wait(0.01)  # it is down
                continue
            if status == 200:
                return
            self.errors.append(f"a batch was answered {status}")
            return

    def send_all_the_while(self, numbers):
        while not self.stopping.is_set():
            batch = Batch(next(numbers))
            twin = threading.Thread(target=self.send_until_taken, args=(batch,), daemon=True)
            twin.start()
            self.send_until_taken(batch)
            twin.join()
            with self.lock:
                self.sent += batch.statuses
                self.batches += 1

    def wait_for_more(self, count):
        goal = self.batches + count
        wait_for("batches", lambda: self.errors or self.batches >= goal)

    def test_killed_again_and_again(self):
        self.start_exporter()
        self.sent, self.batches, self.errors = collections.Counter(), 0, []
        self.stopping, self.lock = threading.Event(), threading.Lock()
        numbers = itertools.count()
        senders = [threading.Thread(target=self.send_all_the_while, args=(numbers,), daemon=True) for _ in range(4)]
        for sender in senders:
            sender.start()
        for kill in range(KILLS):
            if kill % 3:  # else also before it answers
                self.exporter.wait_until_up()
                for _ in range(random.randrange(4)):
                    self.wait_for_more(random.randrange(1, 20))
                    self.exporter.scrape()  # nothing is lower than before the kill
                self.wait_for_more(random.randrange(1, 10))
            self.exporter.kill()
            self.exporter.launch()
        self.exporter.wait_until_up()
        self.wait_for_more(5)
        self.stopping.set()
        for sender in senders:
            sender.join(30)
        self.assertEqual(self.errors, [])
        self.check_totals(self.sent)

    # --- refused ---

    def test_refused_and_repeated(self):
        self.start_exporter()
        batch = Batch(1)
        self.assertEqual(self.post(batch, "another token")[0], 401)
        for _ in range(3):
            self.assertEqual(self.post(batch)[0], 200)
        self.check_totals(batch.statuses)
        self.exporter.stop()
        self.exporter.start()
        self.assertEqual(self.post(batch)[0], 200)
        self.check_totals(batch.statuses)

    def test_a_checkpoint_that_cannot_be_written(self):
        """As on a full disk: here a folder stands where the new file is to be written."""
        self.start_exporter()
        batches = [Batch(i) for i in range(8)]
        for batch in batches[:2]:
            self.assertEqual(self.post(batch)[0], 200)
        in_the_way = self.dir / "state" / "checkpoint.new"
        in_the_way.mkdir()
        for batch in batches[2:6]:
            status, retry_after = self.post(batch)
            self.assertEqual(status, 503)
            self.assertGreater(int(retry_after), 0)
            self.exporter.scrape()  # in time, as Prometheus would have it
        self.assertGreater(self.exporter.scrape()["backstay_checkpoint_failures_total"], 0)
        self.assertIn("the checkpoint cannot be written", self.exporter.log.read_text())
        in_the_way.rmdir()
        for batch in batches[2:]:
            self.assertEqual(self.post(batch)[0], 200)
        self.check_totals(sum((batch.statuses for batch in batches), collections.Counter()))
        self.exporter.kill()
        self.exporter.start()
        self.check_totals(sum((batch.statuses for batch in batches), collections.Counter()))


if __name__ == "__main__":
    main()
