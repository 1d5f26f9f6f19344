#!/usr/bin/python3
"""What may happen to an exporter and its log files at an unlucky moment, one at a time.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import os
import shutil
import struct
import sys
import unittest

sys.dont_write_bytecode = True

from cluster import wait_for  # noqa: E402
from lasting_exporter import LastingExporter, by_status, of_files, temporary_folder  # noqa: E402
from script import main  # noqa: E402

CONFIG = "state_dir: {dir}/state\nrequests: {{sources: [{{path: {dir}/access.log}}]}}\n"
LINE = '10.0.0.1 - - [23/Nov/2026:08:13:04 +0000] "GET {} HTTP/1.1" {} 5 "-" "-" rt=0.02\n'


class LogFaults(unittest.TestCase):
    def setUp(self):
        self.dir = temporary_folder(self)
        self.log = self.dir / "access.log"
        self.log.touch()
        self.exporter = LastingExporter(self.dir, CONFIG.format(dir=self.dir))
        self.addCleanup(self.exporter.kill)

    def write(self, count, path="/made", status=200):
        with open(self.log, "a") as file:
            file.write(LINE.format(path, status) * count)

    def killed_and_started(self):
        self.exporter.kill()
        return self.exporter.start()

    def wait_for_checkpoint(self, lines_bytes):
        """Until this place in the log is on disk."""
        checkpoint = self.dir / "state" / "checkpoint"
        place = struct.pack("<Q", lines_bytes)
        wait_for("a checkpoint", lambda: checkpoint.exists() and place in checkpoint.read_bytes())

    def test_killed_before_its_first_second_is_over(self):
        self.exporter.start()
        self.write(3)
        self.exporter.wait_until_read(3)
        self.killed_and_started()
        self.assertEqual(by_status(self.exporter.scrape()), {200: 3})

    def test_written_to_between_the_first_start_and_a_kill(self):
        self.exporter.start()
        self.exporter.kill()
        self.write(3)
        self.exporter.start()
        self.exporter.wait_until_read(3)

    def test_killed_when_a_route_was_just_learned(self):
        """One that is only ever redirected is learned with the tenth request."""
        self.exporter.start()
        self.write(9, "/moved", 301)
        self.exporter.wait_until("nine", lambda scrape: by_status(scrape) == {301: 9})
        self.wait_for_checkpoint(self.log.stat().st_size)
        self.write(1, "/moved", 301)
        scrape = self.exporter.wait_until("ten", lambda scrape: by_status(scrape) == {301: 10})
        self.assertTrue(any('http_route="/moved"' in name for name in scrape.series))
        self.killed_and_started()
        self.assertEqual(by_status(self.exporter.scrape()), {301: 10})  # and none is lower

    def test_read_on_between_the_copy_and_the_truncation(self):
        """The exporter has read more of the file then than the copy has."""
        self.exporter.start()
        self.write(100)
        self.exporter.wait_until_read(100)
        shutil.copy(self.log, self.dir / "access.log.1")
        self.write(5)
        self.exporter.wait_until_read(105)
        os.truncate(self.log, 0)
        self.write(2, "/missing", 404)
        scrape = self.exporter.wait_until("the new lines", lambda scrape: by_status(scrape)[404] == 2
                                          and of_files(scrape, "lag_bytes") == 0)
        self.assertEqual(by_status(scrape), {200: 105, 404: 2})
        self.assertEqual(of_files(scrape, "truncations_total"), 1)

    def test_truncated_while_it_is_down_with_less_in_the_copy_than_was_read(self):
        self.exporter.start()
        self.write(100)
        self.exporter.wait_until_read(100)
        shutil.copy(self.log, self.dir / "access.log.1")
        self.write(5)
        self.exporter.wait_until_read(105)
        self.exporter.stop()
        os.truncate(self.log, 0)
        self.write(2, "/missing", 404)
        scrape = self.exporter.start().wait_until_read(107)
        self.assertEqual(by_status(scrape), {200: 105, 404: 2})

    def test_copied_and_truncated_while_it_is_down(self):
        self.exporter.start()
        self.write(100)
        self.exporter.wait_until_read(100)
        self.exporter.stop()
        for i in (2, 1):
            self.write(10, status=201)
            shutil.copy(self.log, self.dir / f"access.log.{i}")
            os.truncate(self.log, 0)
        self.write(2, "/missing", 404)
        scrape = self.exporter.start().wait_until_read(122)
        self.assertEqual(by_status(scrape), {200: 100, 201: 20, 404: 2})
        self.assertEqual(of_files(scrape, "truncations_total") + of_files(scrape, "rotations_total"), 2)

    def test_rotated_thrice_while_it_is_down_and_the_oldest_packed(self):
        self.exporter.start()
        self.write(100)
        self.exporter.wait_until_read(100)
        self.exporter.stop()
        for i in (3, 2, 1):
            self.write(10, status=201)
            self.log.rename(self.dir / f"access.log.{i}")
            self.log.touch()
        (self.dir / "access.log.3").rename(self.dir / "access.log.3.gz")
        self.write(2, "/missing", 404)
        scrape = self.exporter.start().wait_until_read(122)
        self.assertEqual(by_status(scrape), {200: 100, 201: 20, 404: 2})
        self.assertEqual(of_files(scrape, "files_lost_total"), 1)

    def test_killed_with_half_a_line_read(self):
        self.exporter.start()
        line = LINE.format("/made", 200)
        with open(self.log, "a", buffering=1) as file:
            file.write(line * 10 + line[:40])
            file.flush()
            self.exporter.wait_until_read(10)
            self.wait_for_checkpoint(10 * len(line))
            self.killed_and_started()
            file.write(line[40:70])
            file.flush()
            self.killed_and_started()
            file.write(line[70:])
            file.flush()
        scrape = self.exporter.wait_until_read(11)
        self.assertEqual(by_status(scrape), {200: 11})

    def compress_away(self):
        self.exporter.start()
        self.write(30)
        self.exporter.wait_until_read(30)
        self.exporter.stop()
        self.write(7)
        self.log.rename(self.dir / "access.log.1")
        self.log.touch()

    def test_compressed_away_is_a_rotation_too(self):
        self.compress_away()
        (self.dir / "access.log.1").unlink()
        (self.dir / "access.log.1.gz").touch()
        self.write(2)
        scrape = self.exporter.start().wait_until_read(32)
        self.assertEqual(of_files(scrape, "files_lost_total"), 1)
        self.assertEqual(of_files(scrape, "rotations_total"), 1)

    def test_compressed_away_and_its_inode_used_by_another_file(self):
        """Made sure of by giving the file itself another name and other contents."""
        self.compress_away()
        other = self.dir / "notes.txt"
        (self.dir / "access.log.1").rename(other)
        other.write_text("a shorter text\n")
        self.write(2)
        scrape = self.exporter.start().wait_until_read(32)
        self.assertEqual(by_status(scrape), {200: 32})
        self.assertEqual(of_files(scrape, "truncations_total"), 0)
        self.assertEqual(of_files(scrape, "files_lost_total"), 1)


if __name__ == "__main__":
    main()
