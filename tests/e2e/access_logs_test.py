#!/usr/bin/python3
"""Access logs as real servers write them and logrotate rotates them: what is counted is what the clients
were answered, whatever happens to the files, and however often the exporter is killed meanwhile.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import base64
import json
import random
import sys
import threading
import unittest
import warnings

sys.dont_write_bytecode = True
warnings.simplefilter("ignore", DeprecationWarning)

import crypt  # noqa: E402

from cluster import wait_for  # noqa: E402
from lasting_exporter import (LastingExporter, by_status, failed, of_files, rejected, temporary_folder,  # noqa: E402
                              timed)
from script import main  # noqa: E402
from web_traffic import BY_COPY, Backend, Haproxy, Load, Nginx, ask  # noqa: E402

CONFIG = "state_dir: {dir}/state\nrequests: {{sources: [{{path: {dir}/logs/access.log, format: {format}}}]}}\n"


class AccessLogs(unittest.TestCase):
    def setUp(self):
        self.dir = temporary_folder(self)

    def start_exporter(self, log_format="combined", *flags):
        exporter = LastingExporter(self.dir, CONFIG.format(dir=self.dir, format=log_format), *flags)
        self.addCleanup(exporter.kill)
        return exporter.start()

    def start_nginx(self):
        nginx = Nginx(self.dir)
        self.addCleanup(nginx.kill)
        return nginx

    def start_load(self, nginx):
        load = Load(nginx.port)
        self.addCleanup(load.stop)
        return load

    def wait_for_first_checkpoint(self):
        wait_for("a checkpoint", (self.dir / "state" / "checkpoint").exists)

    def check_all_counted(self, exporter, statuses, not_requests):
        scrape = exporter.wait_until_read(statuses.total() + not_requests)
        self.assertEqual(by_status(scrape), statuses)
        self.assertEqual(rejected(scrape), {"bad_request_line": not_requests} if not_requests else {})
        self.assertEqual(timed(scrape), statuses.total())
        self.assertEqual(failed(scrape), statuses[500])
        return scrape

    # --- nginx ---

    def test_rotated_by_rename(self):
        nginx, exporter = self.start_nginx(), self.start_exporter()
        rotate, load = nginx.rotator(), self.start_load(nginx)
        for _ in range(6):
            load.wait_for_more(400)
            rotate()
        load.wait_for_more(100)
        load.stop()
        self.assertEqual(len(list(nginx.log.parent.iterdir())), 7)
        self.assertGreater(load.not_requests, 50)
        self.assertLessEqual({200, 201, 301, 400, 404, 500}, load.answered.keys())
        scrape = self.check_all_counted(exporter, load.answered, load.not_requests)
        self.assertEqual(of_files(scrape, "rotations_total"), 6)
        self.assertEqual(of_files(scrape, "truncations_total"), 0)
        self.assertEqual(of_files(scrape, "files_lost_total"), 0)

    def test_rotated_twice_before_the_exporter_looks(self):
        nginx, exporter = self.start_nginx(), self.start_exporter()
        rotate, load = nginx.rotator(), self.start_load(nginx)
        for _ in range(5):
            load.wait_for_more(200)
            rotate()
            load.wait_for_more(1)
            rotate()
        load.stop()
        scrape = self.check_all_counted(exporter, load.answered, load.not_requests)
        self.assertEqual(of_files(scrape, "files_lost_total"), 0)

    def test_copied_and_truncated_in_a_pause(self):
        nginx, exporter = self.start_nginx(), self.start_exporter()
        rotate = nginx.rotator(BY_COPY)
        answered, not_requests = [], 0
        for _ in range(4):
            load = self.start_load(nginx)
            load.wait_for_more(400)
            load.stop()
            answered.append(load.answered)
            not_requests += load.not_requests
            nginx.wait_until_logged(sum(answered[1:], answered[0]), not_requests)
            rotate()  # not read to its end yet, as likely as not
        scrape = self.check_all_counted(exporter, sum(answered[1:], answered[0]), not_requests)
        self.assertGreater(of_files(scrape, "truncations_total"), 0)
        self.assertEqual(of_files(scrape, "rotations_total"), 0)

    def test_copied_and_truncated_under_load(self):
        """The log loses what is written between the copy and the truncation. All that it has is counted, and
        no more than was answered."""
        nginx, exporter = self.start_nginx(), self.start_exporter()
        rotate, load = nginx.rotator(BY_COPY), self.start_load(nginx)
        for _ in range(5):
            load.wait_for_more(400)
            rotate()
        load.wait_for_more(400)
        load.stop()
        statuses, others = nginx.logged()
        scrape = exporter.wait_until("all to be read", lambda scrape: not statuses - by_status(scrape)
                                     and rejected(scrape).total() >= others
                                     and of_files(scrape, "lag_bytes") == 0)
        self.assertEqual(by_status(scrape) - load.answered, {}, f"of {load.answered} in\n{scrape.text}")
        self.assertLessEqual(rejected(scrape)["bad_request_line"], load.not_requests)
        self.assertEqual(rejected(scrape).keys(), {"bad_request_line"})

    def test_killed_again_and_again(self):
        """All that the files have is counted once, and no counter was ever lower than before."""
        nginx, exporter = self.start_nginx(), self.start_exporter()
        self.wait_for_first_checkpoint()
        rotate, load, rotations = nginx.rotator(), self.start_load(nginx), 0
        done = threading.Event()

        def rotate_all_the_while():
            nonlocal rotations
            while not done.is_set():
                load.wait_for_more(random.randrange(1, 600))
                rotate()
                rotations += 1
        rotator = threading.Thread(target=rotate_all_the_while, daemon=True)
        rotator.start()
        try:
            for killed in range(10):
                if killed % 3:  # else also before it answers
                    exporter.wait_until_up()
                goal = load.count() + random.randrange(1, 2500 if killed % 3 else 300)
                while load.count() < goal:
                    if exporter.address:
                        exporter.scrape()
                exporter.kill()
                load.wait_for_more(random.randrange(1, 600))
                exporter.launch()
            exporter.wait_until_up()
        finally:
            done.set()
            rotator.join()
            load.stop()
        nginx.wait_until_logged(load.answered, load.not_requests)
        scrape = self.check_all_counted(exporter, load.answered, load.not_requests)
        self.assertEqual(of_files(scrape, "rotations_total"), rotations)
        self.assertEqual(of_files(scrape, "files_lost_total"), 0)

    def test_compressed_away_while_it_is_down(self):
        nginx, exporter = self.start_nginx(), self.start_exporter()
        load = self.start_load(nginx)
        load.wait_for_more(300)
        load.stop()
        self.check_all_counted(exporter, load.answered, load.not_requests)
        exporter.stop()
        for _ in range(7):  # what is lost
            ask(nginx.port, "/made")
        nginx.rotator(more="compress")()
        wait_for("the packed file", (self.dir / "logs" / "access.log.1.gz").exists)
        for _ in range(3):
            ask(nginx.port, "/missing")
        exporter.start()
        load.answered[404] += 3
        scrape = self.check_all_counted(exporter, load.answered, load.not_requests)
        self.assertEqual(of_files(scrape, "files_lost_total"), 1)

    # --- HAProxy ---

    def test_haproxy_while_its_backend_is_dead(self):
        backend = Backend()
        self.addCleanup(backend.close)
        haproxy = Haproxy(self.dir, backend.port)
        self.addCleanup(haproxy.kill)
        exporter = self.start_exporter("haproxy")
        for path, count in (("/", 20), ("/missing", 7)):
            for _ in range(count):
                haproxy.ask(path)
        exporter.wait_until("the answers", lambda scrape: by_status(scrape) == {200: 20, 404: 7})
        waiting = [threading.Thread(target=ask, args=(haproxy.port, "/held"), daemon=True) for _ in range(4)]
        for thread in waiting:
            thread.start()
        wait_for("the held ones", lambda: backend.held == 4)
        self.assertEqual(haproxy.ask("/"), 200)
        exporter.wait_until("five in flight", lambda scrape: sum(
            scrape.family("http_server_active_requests").values()) == 5)
        backend.release()
        for thread in waiting:
            thread.join()
        exporter.wait_until("the held ones", lambda scrape: by_status(scrape) == {200: 25, 404: 7})
        backend.close()
        for _ in range(9):
            self.assertEqual(haproxy.ask("/"), 503)
        scrape = exporter.wait_until("503", lambda scrape: by_status(scrape)[503] == 9)
        self.assertEqual(by_status(scrape), {200: 25, 404: 7, 503: 9})
        self.assertEqual(sum(scrape.family("http_server_active_requests").values()), 1)
        self.assertEqual(rejected(scrape), {})

    # --- what else is told ---

    def test_errors_and_report_behind_the_password(self):
        made = crypt.crypt("open sesame", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**4))
        (self.dir / "web.yml").write_text(f"basic_auth_users: {{prometheus: '{made}'}}\n")
        log = self.dir / "logs" / "access.log"
        log.parent.mkdir()
        log.touch()
        exporter = LastingExporter(self.dir, CONFIG.format(dir=self.dir, format="json"),
                                   "--web.config.file", self.dir / "web.yml")
        self.addCleanup(exporter.kill)
        exporter.start()
        right = {"Authorization": "Basic " + base64.b64encode(b"prometheus:open sesame").decode()}
        wrong = {"Authorization": "Basic " + base64.b64encode(b"prometheus:open sesam").decode()}
        for path in ("/errors", "/report?window=5m"):
            for headers in ({}, wrong):
                status, body = exporter.ask(path, headers)
                self.assertEqual(status, 401, path)
                self.assertNotIn("{", body)
        lines = [{"method": "GET", "path": "/api/users", "status": 200, "duration_ms": i} for i in range(1, 1002)]
        lines.append({"level": "error", "message": "login failed: password=hunter2secret for jane@example.com",
                      "request_id": "r-1"})
        with open(log, "a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

        def ask_for(path):
            status, body = exporter.ask(path, right)
            self.assertEqual(status, 200, body)
            return body
        errors = wait_for("the error", lambda: "login failed" in (body := ask_for("/errors")) and body)
        self.assertNotIn("hunter2secret", errors)
        self.assertEqual([(each["count"], each["sample"]["request_id"]) for each in json.loads(errors)["errors"]],
                         [(1, "r-1")])
        report = json.loads(ask_for("/report?window=5m"))
        self.assertEqual([(each["route"], each["count"]) for each in report["routes"]], [("/api/users", 1001)])
        for name, seconds in (("p50", 0.501), ("p95", 0.951), ("p99", 0.991)):
            self.assertLess(abs(report["total"][name] / seconds - 1), 0.03, name)
        self.assertEqual(exporter.ask("/report?window=soon", right)[0], 400)


if __name__ == "__main__":
    main()
