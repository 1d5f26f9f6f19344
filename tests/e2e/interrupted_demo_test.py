#!/usr/bin/python3
"""The demo, interrupted: whenever Ctrl-C or SIGTERM comes, no process and no file is left behind.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def processes_that_name(folder):
    """What still runs with this folder in its command line or its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int(entry.name) != os.getpid() and \
                    folder.encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            pass  # it has ended meanwhile
    return found


class InterruptedDemo(unittest.TestCase):
    def interrupted(self, after, with_signal):
        """Interrupts it once it has printed this text."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)  # PostgreSQL runs as another user
            demo = subprocess.Popen(
                ["/usr/bin/python3", "-u", ROOT / "examples" / "demo" / "demo.py"], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, env={**os.environ, "TMPDIR": folder})
            said = ""
            for line in demo.stdout:
                said += line
                if after in line:
                    demo.send_signal(with_signal)
                    break
            said += demo.communicate(timeout=300)[0]
            self.assertEqual(demo.returncode, 130, said)
            self.assertIn(after, said)
            self.assertEqual(processes_that_name(folder), [])
            self.assertEqual(os.listdir(folder), [])

    def test_while_the_stage_is_set(self):
        for after in ("PostgreSQL", "release 1 behind HAProxy", "the receiver …"):
            with self.subTest(after=after):
                self.interrupted(after, signal.SIGINT)

    def test_while_the_bad_release_serves(self):
        self.interrupted("first failed request", signal.SIGINT)

    def test_by_sigterm(self):
        self.interrupted("release 2 live", signal.SIGTERM)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
