#!/usr/bin/python3
"""The exporter as Prometheus meets it: TLS through the shipped HAProxy configuration, a password, gzip,
OpenMetrics; strict readers for both formats; and a log of Prometheus without a word of complaint. All parts
are real.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import base64
import gzip
import re
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True
warnings.simplefilter("ignore", DeprecationWarning)

import crypt  # noqa: E402
from ports import free_port  # noqa: E402
from prometheus_client.openmetrics import parser as openmetrics_parser  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import Stage, get_json, wait_for  # noqa: E402

PASSWORD = "open sesame: ü%\"\\"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
# All that promtool has to say, and of whose names: docs/METRICS.md has the reason.
UNAVOIDABLE = re.compile(
    r'pg_\w+ (counter metrics should have "_total" suffix'
    r'|non-histogram and non-summary metrics should not have "_count" suffix)')


class ScrapeStage(Stage):
    """PostgreSQL, two exporters (one without a database), HAProxy with TLS, Prometheus."""

    def start(self):
        self.make_certificate()
        self.write_web_config()
        self.start_postgres()
        self.start_watching_exporter()
        self.bare = self.start_exporter_with("bare", "requests: {sources: [{path: access.log}]}\n")
        self.start_front()
        self.start_scraping()

    def make_certificate(self):
        self.certificate = self.dir / "exporter.crt"
        self.check(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                    "-keyout", self.dir / "exporter.key", "-out", self.certificate])
        (self.dir / "exporter.pem").write_text(
            self.certificate.read_text() + (self.dir / "exporter.key").read_text())

    def write_web_config(self, password=PASSWORD):
        made = crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**6))
        self.web_config = self.dir / "web.yml"
        self.web_config.write_text(f"basic_auth_users:\n  prometheus: {made}\n"
                                   "http_server_config: {headers: {X-Content-Type-Options: nosniff}}\n")

    def start_exporter_with(self, name, config):
        path = self.dir / f"{name}.yml"
        path.write_text(config)
        return self.start_daemon(name, [
            self.binaries / "backstay-exporter", "--config.file", path, "--web.listen-address", "127.0.0.1:0",
            "--web.config.file", self.web_config])

    def start_watching_exporter(self):
        self.exporter = self.start_exporter_with("exporter", f"""\
database: {{url_file: {self.dir}/secrets/db_url}}
collectors: [pg, invitations.yml, business.yml]
catalog_dir: {ROOT}/exporter/catalog
requests: {{sources: [{{path: {self.dir}/access.log}}]}}
health: {{components: [{{name: database, kind: postgres, critical: true}}]}}
""")
        with open(self.dir / "access.log", "a") as log:
            for status in (200, 200, 500):
                log.write(f'10.0.0.1 - - [23/Nov/2026:08:13:04 +0000] "GET /a HTTP/1.1" {status} 5 "-" "-" 0.02\n')

    def start_front(self):
        self.front_port = free_port()
        self.spawn("front", ["haproxy", "-db", "-f", ROOT / "examples" / "exporter-tls" / "haproxy.cfg"],
                   {"TLS_ADDRESS": f"127.0.0.1:{self.front_port}", "TLS_CERTIFICATE": str(self.dir / "exporter.pem"),
                    "EXPORTER_ADDRESS": self.exporter})
        wait_for("HAProxy", lambda: self.get(authorization="Basic x"), 60, self.log("front"))

    def start_scraping(self):
        self.secret("scrape", PASSWORD)
        self.secret("wrong", "open sesam")
        job = """\
  - job_name: {name}
    scheme: {scheme}
    tls_config: {{ca_file: {dir}/exporter.crt}}
    basic_auth: {{username: prometheus, password_file: {dir}/secrets/{secret}}}
    static_configs: [{{targets: ["{target}"]}}]
"""
        front = f"localhost:{self.front_port}"
        config = self.dir / "prometheus.yml"
        config.write_text("global: {scrape_interval: 2s, scrape_timeout: 2s}\nscrape_configs:\n" + "".join(
            job.format(name=name, scheme=scheme, dir=self.dir, secret=secret, target=target)
            for name, scheme, secret, target in (("tls", "https", "scrape", front), ("wrong", "https", "wrong", front),
                                                 ("bare", "http", "scrape", self.bare))))
        self.check(["promtool", "check", "config", config])
        self.spawn("prometheus", [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.dir}/prometheus", "--log.level=info",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}"])

    def get(self, path="/metrics", headers=None, authorization=None):
        """(status, headers, body) through the front; the body is unpacked where it is packed."""
        right = "Basic " + base64.b64encode(f"prometheus:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(f"https://localhost:{self.front_port}{path}",
                                         headers={"Authorization": authorization or right, **(headers or {})})
        try:
            answer = urllib.request.urlopen(
                request, timeout=60, context=ssl.create_default_context(cafile=self.certificate))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            if answer.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            return answer.status, answer.headers, body.decode()

    def scalar(self, promql):
        found = self.query(promql)
        return float(found[0]["value"][1]) if found else None


class Scrape(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = ScrapeStage()
        cls.addClassCleanup(cls.stage.remove)
        cls.addClassCleanup(cls.stage.stop)
        show_logs(cls.stage.dir, "logs/*.log")
        cls.stage.start()

    def page(self, accept="text/plain", query=""):
        status, headers, body = self.stage.get(f"/metrics{query}", {"Accept": accept, "Accept-Encoding": "gzip"})
        self.assertEqual(status, 200, body)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(headers["Vary"], "Accept, Accept-Encoding")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        return headers["Content-Type"], body

    # --- Prometheus ---

    def wait_until(self, what, condition):
        wait_for(what, condition, 120, self.stage.log("prometheus"))

    def wait_until_shown(self, promql, value):
        self.wait_until(f"{promql} == {value}", lambda: self.stage.scalar(promql) == value)

    def test_prometheus_scrapes_over_tls_with_a_password(self):
        for promql, value in (('up{job="tls"}', 1), ('pg_up{job="tls"}', 1), ('users{job="tls"}', 2000),
                              ('min(backstay_scrape_collector_success{job="tls"})', 1)):
            self.wait_until_shown(promql, value)
        self.assertGreater(self.stage.scalar('scrape_samples_scraped{job="tls"}'), 100)

    def test_prometheus_reads_openmetrics(self):
        """In that format alone a counter without _total is of an unknown type."""
        def types():
            url = f"{self.stage.prometheus}/api/v1/targets/metadata?metric=pg_stat_database_blks_hit"
            return {entry["type"] for entry in get_json(url)["data"]}
        self.wait_until("metadata", types)
        self.assertEqual(types(), {"unknown"})

    def test_a_wrong_password_is_down_and_counted(self):
        self.wait_until_shown('up{job="wrong"}', 0)
        self.wait_until("counted", lambda: self.stage.scalar(
            'backstay_web_auth_failures_total{job="tls", reason="wrong"}'))

    def test_an_exporter_without_a_database_is_up(self):
        self.wait_until_shown('up{job="bare"}', 1)
        self.assertIsNone(self.stage.scalar('pg_up{job="bare"}'))

    def test_z_prometheus_has_nothing_to_complain_of(self):
        said = self.stage.log("prometheus").read_text()
        self.assertIn("level=info", said)
        self.assertEqual([line for line in said.splitlines() if re.search(r"level=(warn|error)", line)], [])

    # --- readers ---

    def test_openmetrics_satisfies_a_strict_reader(self):
        content_type, page = self.page(OPENMETRICS)
        self.assertEqual(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        families = list(openmetrics_parser.text_string_to_metric_families(page))
        self.assertGreater(len(families), 40)

    def test_the_golden_openmetrics_page_satisfies_a_strict_reader(self):
        page = (ROOT / "tests/golden/exporter/exposition.openmetrics.txt").read_text()
        self.assertEqual(len(list(openmetrics_parser.text_string_to_metric_families(page))), 5)

    def test_both_formats_have_the_same_series(self):
        content_type, text = self.page()
        self.assertEqual(content_type, "text/plain; version=0.0.4; charset=utf-8")
        # OpenMetrics wants bounds as floats: 1.0, 1.2096e+06.
        series = [{re.sub(r'le="([^"]+)"', lambda bound: f'le="{float(bound[1])}"', line.rpartition(" ")[0])
                   for line in page.splitlines() if not line.startswith("#")}
                  for page in (text, self.page(OPENMETRICS)[1])]
        self.assertGreater(len(series[0]), 100)
        self.assertEqual(series[0], series[1])

    def test_promtool_is_silent_about_names_of_our_own(self):
        result = subprocess.run(["promtool", "check", "metrics"], input=self.page()[1], text=True,
                                capture_output=True, timeout=120)
        said = [line for line in (result.stdout + result.stderr).splitlines() if line]
        self.assertEqual([line for line in said if not UNAVOIDABLE.fullmatch(line)], [])

    # --- who may read what ---

    def test_every_path_needs_the_password(self):
        for path in ("/metrics", "/-/healthy", "/health", "/", "/nowhere"):
            status, headers, _ = self.stage.get(path, authorization="Basic " + base64.b64encode(b"a:b").decode())
            self.assertEqual((status, headers["WWW-Authenticate"]), (401, "Basic"), path)
        self.assertEqual(self.stage.get("/-/healthy")[0], 200)

    def test_collectors_can_be_chosen(self):
        chosen = self.page(query="?collect%5B%5D=users&collect[]=subscriptions")[1]
        self.assertEqual(set(re.findall(r'collector_success{collector="(\w+)"}', chosen)), {"users", "subscriptions"})
        self.assertIn("process_open_fds", chosen)
        self.assertNotIn("pg_stat_database", chosen)
        self.assertNotIn("http_server_requests_total", chosen)
        rest = self.page(query="?exclude[]=users")[1]
        self.assertNotRegex(rest, "(?m)^users ")
        self.assertIn("http_server_requests_total", rest)
        self.assertIn("pg_stat_database", rest)
        for query, why in (("collect[]=nobody", 'there is no collector "nobody"'),
                           ("collect[]=users&exclude[]=users", "exclude each other")):
            status, _, body = self.stage.get("/metrics?" + query)
            self.assertEqual(status, 400)
            self.assertIn(why, body)

    # --- the exporter's own word ---

    def test_tls_in_the_web_configuration_is_refused_with_the_way_out(self):
        path = self.stage.dir / "tls.yml"
        path.write_text("tls_server_config: {cert_file: a.crt, key_file: a.key}\n")
        result = subprocess.run(
            [self.stage.binaries / "backstay-exporter", "--config.file", self.stage.dir / "bare.yml",
             "--web.config.file", path], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 2)
        self.assertIn("tls.yml:1: tls_server_config: the exporter cannot do TLS", result.stderr)
        named = re.search(r"as in (\S+)", result.stderr)
        self.assertTrue((ROOT / named[1]).is_file(), result.stderr)

    def test_no_secret_is_in_a_log_or_on_a_page(self):
        said = "".join(self.stage.log(name).read_text() for name in ("exporter", "bare", "front"))
        said += self.page()[1] + self.stage.get(authorization="Basic x")[2]
        for secret in (PASSWORD, self.stage.secrets["db_password"], "$2b$"):
            self.assertNotIn(secret, said)


if __name__ == "__main__":
    main()
