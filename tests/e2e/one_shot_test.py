#!/usr/bin/python3
"""backstay-exporter --one-shot against an independent count in another language.

one_shot_test.py               counts a log that is made here, with all that real ones have
one_shot_test.py --log FILE    counts a log of yours in the combined format

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("BACKSTAY_BIN", ROOT / "build" / "bin"))
LINE = re.compile(rb'^.*?\[[^]]*\] "((?:[^"\\]|\\.)*)" (\d{3})(?: |$)')
REQUEST = re.compile(rb"([A-Za-z_-]{1,32}) .+")
KNOWN = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}


def count_independently(text):
    """(method, status) → requests, and how many lines are none."""
    requests, others = Counter(), 0
    for line in text.removesuffix(b"\n").split(b"\n"):
        found = LINE.match(line)
        request = found and b"\0" not in line and REQUEST.fullmatch(found[1])
        if not request:
            others += 1
            continue
        method = request[1].decode()
        requests[method if method in KNOWN else "_OTHER", int(found[2])] += 1
    return requests, others


def count_with_exporter(path):
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "exporter.yml"
        config.write_text(f"requests: {{sources: [{{path: {path}, format: combined}}]}}\n")
        shown = subprocess.run([BINARIES / "backstay-exporter", "--config.file", config, "--one-shot"],
                               capture_output=True, text=True, check=True, timeout=300).stdout
    requests, rejected = Counter(), 0
    for line in shown.splitlines():
        labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
        if line.startswith("http_server_requests_total{"):
            key = labels["http_request_method"], int(labels["http_response_status_code"])
            requests[key] += int(line.split()[-1])
        if line.startswith("backstay_log_lines_rejected_total{"):
            rejected += int(line.split()[-1])
    return requests, rejected


def made_log(lines=10_000):
    """Ten thousand lines: mostly ordinary ones, and what scanners and broken clients leave behind."""
    chance = random.Random(42)
    agents = ["Mozilla/5.0 (X11; Linux x86_64)", "curl/7.88", 'say \\"hello\\"', "-", "\\x22quoted\\x22"]
    made = []
    for number in range(lines):
        target = chance.choice(["/", "/api/users/%d" % number, "/a?b=c d", "/static/%x.js" % chance.getrandbits(64),
                                "/search?q=\\x22x\\x22", '/q\\"uote'])
        method = chance.choices(["GET", "POST", "HEAD", "OPTIONS", "PUT", "PROPFIND"], [70, 15, 8, 3, 3, 1])[0]
        request = chance.choices([f"{method} {target} HTTP/1.1", f"GET {target}", "\\x16\\x03\\x01", "-", ""],
                                 [960, 10, 15, 10, 5])[0]
        status = chance.choices([200, 304, 404, 500, 206, 301, 403, 503], [80, 5, 6, 2, 2, 3, 1, 1])[0]
        address = chance.choice(["203.0.113.9", "2001:db8::17", "unix:"])
        size = chance.choice(["-", str(chance.randrange(10**6))])
        time = f"17/May/2025:10:{number // 60 % 60:02}:{number % 60:02} +0000"
        tail = chance.choice(["", " 0.012", ' rt="0.012" uct="-" uht="-" urt="0.010, 0.002"', " rt=0.5"])
        made.append(f'{address} - - [{time}] "{request}" {status} {size} "-" "{chance.choice(agents)}"{tail}')
        if number % 997 == 0:
            made += ["", "half a li", f'{address} - - [{time}] "GET /cut']
    return "\n".join(made).encode() + b"\nnul \0 byte\n" + "ünicode\n".encode()


class OneShot(unittest.TestCase):
    log = None

    def test_totals_are_those_of_an_independent_count(self):
        with tempfile.NamedTemporaryFile(suffix=".log") as file:
            if self.log is None:
                file.write(made_log())
                file.flush()
            path = self.log or file.name
            expected, others = count_independently(Path(path).read_bytes())
            requests, rejected = count_with_exporter(path)
        self.assertGreater(sum(expected.values()), 0)
        self.assertEqual(requests, expected)
        self.assertEqual(rejected, others)
        print(f"{sum(requests.values())} requests, {rejected} other lines, {len(requests)} kinds: the same",
              file=sys.stderr)


if __name__ == "__main__":
    if "--log" in sys.argv:
        at = sys.argv.index("--log")
        OneShot.log = Path(sys.argv[at + 1]).resolve()
        del sys.argv[at:at + 2]
    unittest.main(verbosity=2)
