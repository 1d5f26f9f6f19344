#!/usr/bin/python3
"""A log in each format, with all that such logs have, against a count that is made here from the same lines.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import collections
import datetime
import json
import random
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from exporter import BINARIES  # noqa: E402
from lasting_exporter import temporary_folder  # noqa: E402
from script import main  # noqa: E402

LINES = 5_000
KNOWN = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
LABELS = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
chance = random.Random(11)


class Count:
    """What a log comes to."""

    def __init__(self):
        self.requests, self.timed = collections.Counter(), collections.Counter()  # by method and status, or its class
        self.seconds = self.response_bytes = 0
        self.messages = self.others = 0

    def add(self, method, status, seconds=None, size=0):
        method = method if method in KNOWN else "_OTHER"
        self.requests[method, status] += 1
        self.response_bytes += size
        if seconds is not None:
            self.timed[method, f"{status // 100}xx"] += 1
            self.seconds += seconds


def shown(path, log_format):
    """The same, of what backstay-exporter counts."""
    config = path.with_suffix(".yml")
    config.write_text(f"requests: {{sources: [{{path: {path}, format: {log_format}}}]}}\n")
    page = subprocess.run([BINARIES / "backstay-exporter", "--config.file", config, "--one-shot"], capture_output=True,
                          text=True, check=True, timeout=300).stdout
    count = Count()
    for line in page.splitlines():
        name, labels, value = line.partition("{")[0], dict(LABELS.findall(line)), line.rpartition(" ")[2]
        method = labels.get("http_request_method")
        if name == "http_server_requests_total":
            count.requests[method, int(labels["http_response_status_code"])] += int(value)
        elif name == "http_server_request_duration_seconds_count":
            count.timed[method, labels["http_response_status_class"]] += int(value)
        elif name == "http_server_request_duration_seconds_sum":
            count.seconds += float(value)
        elif name == "http_server_response_bytes_total":
            count.response_bytes += int(value)
        elif name == "backstay_log_lines_rejected_total":
            count.others += int(value)
        elif name == "backstay_log_lines_total":
            count.messages += int(value)
    count.messages -= count.requests.total() + count.others
    return count


def any_request():
    """method, target, status, seconds in whole microseconds, bytes"""
    method = chance.choices(["GET", "POST", "HEAD", "PUT", "PROPFIND"], [70, 20, 5, 4, 1])[0]
    target = chance.choice(["/", f"/api/users/{chance.randrange(10**6)}?page=2", "/a%20b", '/"quoted"\\', "/ünïcode/🙂"])
    status = chance.choices([200, 201, 301, 404, 500, 503], [70, 10, 5, 10, 3, 2])[0]
    return method, target, status, round(chance.lognormvariate(-3, 1), 6), chance.randrange(10**5)


def dumped(entry):
    """As some writers do it, and as others do."""
    if chance.random() < 0.5:
        return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(entry)


# Each returns a line, and what it means: the arguments of Count.add, "message" or "other".
def of_json(number):
    method, target, status, seconds, size = any_request()
    kind = chance.randrange(20)
    if kind == 0:
        return dumped({"level": "info", "msg": "ready", "time": number}), "message"
    if kind == 1:
        return chance.choice(['{"status":200', "no json", "[1]", '{"a":1}', '{"uri":"/","method":"GET"}']), "other"
    entry = {"ts": 1795421584 + number, "method": method, "uri": target, "status": chance.choice([status, str(status)]),
             "bytes_sent": size, "request_time": seconds, "extra": {"status": 999, "deep": [1, {"uri": "/no"}]}}
    if kind == 2:
        del entry["request_time"]
        return dumped(entry), (method, status, None, size)
    return dumped(entry), (method, status, seconds, size)


def of_caddy(number):
    method, target, status, seconds, size = any_request()
    if chance.randrange(20) == 0:
        return dumped({"level": "info", "ts": 1646861401.5, "logger": "tls", "msg": "cleaning"}), "message"
    time = chance.choice([1795421584.25 + number, "2026-11-23T08:13:04.250Z"])
    return dumped({"level": "info", "ts": time, "logger": "http.log.access", "msg": "handled request",
                   "request": {"remote_ip": "::1", "method": method, "host": "localhost", "uri": target, "headers": {}},
                   "duration": seconds, "size": size, "status": status}), (method, status, seconds, size)


def of_traefik(number):
    method, target, status, seconds, size = any_request()
    return dumped({"ClientHost": "::1", "DownstreamContentSize": size, "DownstreamStatus": status,
                   "Duration": round(seconds * 1e9), "OriginDuration": 1, "RequestHost": "a", "RequestMethod": method,
                   "RequestPath": target, "RouterName": f"app-{number % 3}@docker",
                   "StartUTC": "2026-11-23T08:13:04.123456789Z"}), (method, status, seconds, size)


def of_cloudflare(number):
    method, target, status, seconds, size = any_request()
    begin = 1795421584 * 10**9 + number * 10**6
    entry = {"ClientRequestHost": "a", "ClientRequestMethod": method, "ClientRequestURI": target, "RayID": f"{number:x}",
             "EdgeResponseBytes": size, "EdgeResponseStatus": status}
    if chance.random() < 0.5:
        entry |= {"EdgeStartTimestamp": begin, "EdgeEndTimestamp": begin + round(seconds * 1e9)}
    else:  # whole seconds tell no duration
        entry |= {"EdgeStartTimestamp": "2026-11-23T08:13:04Z", "EdgeEndTimestamp": "2026-11-23T08:13:05Z",
                  "EdgeTimeToFirstByteMs": round(seconds * 1000)}
        seconds = round(seconds * 1000) / 1000
    return dumped(entry), (method, status, seconds, size)


def of_netlify(number):
    method, target, status, seconds, size = any_request()
    if chance.randrange(20) == 0:
        return dumped({"log_type": "functions", "level": "info", "message": "hello"}), "message"
    return dumped({"log_type": "traffic", "method": method, "url": "https://a.example" + target, "status_code": status,
                   "duration": round(seconds * 1000), "timestamp": "2026-11-23T08:13:04.250Z", "request_id": str(number),
                   "request_size": 7, "response_size": size}), (method, status, round(seconds * 1000) / 1000, size)


def of_haproxy(number):
    method, target, status, seconds, size = any_request()
    milliseconds = round(seconds * 1000)
    head = chance.choice(["", "Nov 23 08:13:04 host ", "<134>Nov 23 08:13:04 "]) + "haproxy[14389]: "
    kind = chance.randrange(20)
    if kind == 0:
        return head + "Proxy web started.", "other"
    if kind == 1:
        return (head + "::1:317 [23/Nov/2026:08:13:04.655] web web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 2/2/0/0/0 0/0 "
                '"<BADREQ>"'), "other"
    return (head + f"10.0.1.2:33317 [23/Nov/2026:08:13:{number % 60:02}.655] web app/one 10/0/30/69/{milliseconds} "
            f'{status} {size} - - ---- 1/1/1/1/0 0/0 {{a|b}} "{method} {target} HTTP/1.1"',
            (method, status, milliseconds / 1000, size))


def of_combined(number):
    method, target, status, seconds, size = any_request()
    target = target.replace("\\", "\\\\").replace('"', chance.choice(['\\"', "\\x22"]))
    time = (datetime.datetime(2026, 11, 23) + datetime.timedelta(seconds=number)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    if chance.randrange(20) == 0:
        return f'::1 - - [{time}] "\\x16\\x03\\x01" 400 157 "-" "-"', "other"
    tail, seconds = chance.choice([("", None), (f" {seconds:.3f}", round(seconds, 3)),
                                   (f' rt="{seconds:.3f}" uct="-" urt="0.1, 9.9"', round(seconds, 3))])
    agent = chance.choice(["curl/7.88", 'say \\"200 5\\"', "-"])
    return f'::1 - ada [{time}] "{method} {target} HTTP/1.1" {status} {size} "-" "{agent}"{tail}', (method, status, seconds,
                                                                                                 size)


FORMATS = {"combined": of_combined, "json": of_json, "haproxy": of_haproxy, "caddy": of_caddy, "traefik": of_traefik,
           "cloudflare": of_cloudflare, "netlify": of_netlify}


class Formats(unittest.TestCase):
    def test_totals_are_those_of_an_independent_count(self):
        for log_format, line_of in FORMATS.items():
            with self.subTest(log_format):
                expected, lines = Count(), []
                for number in range(LINES):
                    line, meaning = line_of(number)
                    lines.append(line)
                    if meaning == "message":
                        expected.messages += 1
                    elif meaning == "other":
                        expected.others += 1
                    else:
                        expected.add(*meaning)
                log = temporary_folder(self) / "access.log"
                log.write_text("\n".join(lines) + "\n", encoding="utf-8")
                counted = shown(log, log_format)
                self.assertEqual(counted.requests, expected.requests)
                self.assertEqual(counted.timed, expected.timed)
                self.assertAlmostEqual(counted.seconds, expected.seconds, places=6)
                self.assertEqual(counted.response_bytes, expected.response_bytes)
                self.assertEqual((counted.messages, counted.others), (expected.messages, expected.others))


if __name__ == "__main__":
    main()
