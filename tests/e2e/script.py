"""What makes a file of tests a script: whatever holds it up, it ends, and what it started ends with it; where a test
fails, the logs of the servers say what they saw.
"""

import signal
import unittest
from pathlib import Path

SECONDS_MAX = 900  # reached only by what hangs, on the slowest of machines
LINES_SHOWN, COLUMNS_SHOWN = 25, 400
FILES_SHOWN = 12
places = []  # (folder, pattern)


def show_logs(folder, *patterns):
    """Of what matches in this folder, the ends are shown where a test fails while they are there."""
    places.extend((Path(folder), pattern) for pattern in patterns)


def end_of(path):
    lines = path.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
    return "".join(f"    {line[:COLUMNS_SHOWN]}\n" for line in lines)


def ends_of_logs():
    files = {path for folder, pattern in places for path in folder.glob(pattern) if path.is_file()}
    for path in sorted(files, key=lambda path: path.stat().st_mtime)[-FILES_SHOWN:]:
        yield f"--- {path} ends with:\n{end_of(path)}"


class Result(unittest.TextTestResult):
    """Asks for the logs at once: the test's own clean-up takes them away."""

    def show(self, test, error):
        self.stream.write(f"\n--- {test}: {error[0].__name__}: {str(error[1])[:2000]}\n")
        self.stream.write("".join(ends_of_logs()))
        self.stream.flush()

    def addError(self, test, err):
        super().addError(test, err)
        self.show(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.show(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.show(subtest, err)


def interrupted(number, _frame):
    print("".join(ends_of_logs()), flush=True)
    raise KeyboardInterrupt(signal.Signals(number).name)


def end_with_all_on_signals():
    """SIGTERM and SIGALRM end the script as Ctrl-C does: what it started ends with it."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, interrupted)


def main(seconds=SECONDS_MAX):
    """Runs the script's tests."""
    end_with_all_on_signals()
    signal.alarm(seconds)
    unittest.main(testRunner=unittest.TextTestRunner(verbosity=2, resultclass=Result))
