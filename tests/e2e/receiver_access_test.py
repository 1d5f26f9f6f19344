#!/usr/bin/python3
"""Who gets in to the receiver, on real parts: TLS with client certificates and passwords, as Prometheus scrapes it,
as Alertmanager and curl deliver to it. Certificates are renewed while it runs.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import hashlib
import hmac
import json
import ssl
import subprocess
import sys
import unittest
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "demo"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True
warnings.simplefilter("ignore", DeprecationWarning)

import crypt  # noqa: E402
from journal import Journal  # noqa: E402
from lone_receiver import LoneReceiver  # noqa: E402
from ports import free_port  # noqa: E402
from script import main, show_logs  # noqa: E402
from stage import get_json, wait_for  # noqa: E402

WAIT_SECONDS = 120
PASSWORD = "open sesame: ü%\"\\"
CURL_NO_CERTIFICATE = (35, 56)  # it may have sent its request before it hears of it


class GuardedReceiver(LoneReceiver):
    """With Prometheus and Alertmanager, each with a certificate of one authority."""

    def start(self):
        self.secret("password", PASSWORD)
        self.make_authority()
        for name in ("receiver", "prometheus", "alertmanager"):
            self.issue(name)
        self.write_web_config()
        self.configure_webhooks()
        self.start_receiver()
        self.start_alertmanager()
        self.start_prometheus()

    def make_authority(self):
        self.check(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt"])

    def issue(self, name):
        """A new key and certificate; returns the certificate's serial number."""
        extensions = self.dir / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.check(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={name}", "-keyout", "new.key", "-out", "new.csr"])
        self.check(["openssl", "x509", "-req", "-in", "new.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                    "-days", "2", "-extfile", extensions, "-out", "new.crt"])
        for kind in ("key", "crt"):
            (self.dir / f"new.{kind}").rename(self.dir / f"{name}.{kind}")
        return self.check(["openssl", "x509", "-in", f"{name}.crt", "-noout", "-serial"]).strip()

    def write_web_config(self):
        made = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**5))
        self.web_config = self.dir / "web.yml"
        self.web_config.write_text(f"""\
tls_server_config:
  cert_file: receiver.crt
  key_file: receiver.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
basic_auth_users: {{prometheus: {made}, alertmanager: {made}, github: {made}}}
http_server_config: {{headers: {{X-Content-Type-Options: nosniff}}}}
""")

    def configure_webhooks(self):
        github = {"provider": "github", "secret_file": "secrets/github"}
        self.configure(
            prometheus={"url": self.prometheus},
            trusted_proxies=["127.0.0.1"],
            webhooks=[
                {"name": "alertmanager", "provider": "alertmanager", "basic_auth_user": "alertmanager"},
                {"name": "github"} | github,
                {"name": "open", "basic_auth": "not_asked"} | github,
                {"name": "listed", "allow_from": ["192.30.252.0/22"]} | github,
                {"name": "slow", "rate_limit": {"per_second": 0.01, "burst": 1}} | github,
            ])

    def start_receiver(self):
        self.address = self.start_daemon("receiver", [
            self.binaries / "backstay-receiver", f"--config.file={self.receiver_config}",
            f"--web.config.file={self.web_config}", "--web.listen-address=127.0.0.1:0"])
        self.receiver = f"https://{self.address}"

    def client(self, name):
        """What a client is configured with, in the words of both Prometheus and Alertmanager."""
        return (f"{{username: {name}, password_file: {self.dir}/secrets/password}}",
                f"{{ca_file: {self.dir}/ca.crt, cert_file: {self.dir}/{name}.crt, key_file: {self.dir}/{name}.key}}")

    def start_alertmanager(self):
        self.alertmanager_port = free_port()
        password, tls = self.client("alertmanager")
        config = self.dir / "alertmanager.yml"
        config.write_text(f"""\
route: {{receiver: backstay, group_wait: 0s, group_interval: 1s}}
receivers:
  - name: backstay
    webhook_configs:
      - url: {self.receiver}/webhooks/alertmanager
        http_config: {{basic_auth: {password}, tls_config: {tls}}}
""")
        self.check(["amtool", "check-config", config])
        self.spawn("alertmanager", [
            "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={self.dir}/alertmanager",
            "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{self.alertmanager_port}"])

    def start_prometheus(self):
        password, tls = self.client("prometheus")
        (self.dir / "rules.yml").write_text(
            "groups: [{name: a, interval: 1s, rules: [{alert: AlwaysFiring, expr: vector(1)}]}]\n")
        config = self.dir / "prometheus.yml"
        config.write_text(f"""\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{self.alertmanager_port}"]}}]}}]}}
scrape_configs:
  - job_name: receiver
    scheme: https
    basic_auth: {password}
    tls_config: {tls}
    static_configs: [{{targets: ["{self.address}"]}}]
""")
        self.check(["promtool", "check", "config", config])
        self.spawn("prometheus", [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.dir}/prometheus",
            "--rules.alert.resend-delay=1s", f"--web.listen-address=127.0.0.1:{self.prometheus_port}"])

    def curl(self, path, *more, user="prometheus", certificate="prometheus"):
        """(exit status, HTTP status, body)"""
        argv = ["curl", "-sS", "--max-time", "60", "--cacert", "ca.crt", "-w", "\n%{http_code}", self.receiver + path]
        if certificate:
            argv += ["--cert", f"{certificate}.crt", "--key", f"{certificate}.key"]
        if user:
            argv += ["--user", f"{user}:{PASSWORD}"]
        done = subprocess.run([*argv, *more], cwd=self.dir, capture_output=True, text=True)
        body, _, status = done.stdout.rpartition("\n")
        return done.returncode, int(status or 0), body

    def deliver(self, webhook, number, *more, **how):
        """A deployment as GitHub would send it; returns the HTTP status."""
        body = json.dumps({"action": "created", "deployment": {"id": number, "ref": "v2"}, "sender": {"login": "ada"}})
        signature = hmac.new(self.secrets["github"].encode(), body.encode(), hashlib.sha256).hexdigest()
        return self.curl(f"/webhooks/{webhook}", "-H", "Content-Type: application/json", "-H",
                         "X-GitHub-Event: deployment", "-H", f"X-GitHub-Delivery: {number}", "-H", f"X-Hub-Signature-256: sha256={signature}", "-d", body,
                         *more, **how)[1]

    def shown_serial(self):
        """Of the certificate that the next connection is shown."""
        (self.dir / "shown.crt").write_text(ssl.get_server_certificate(("127.0.0.1", int(self.address.split(":")[1]))))
        return self.check(["openssl", "x509", "-in", "shown.crt", "-noout", "-serial"]).strip()

    def metric(self, line_start):
        page = self.curl("/metrics")[2]
        return next((line.split()[-1] for line in page.splitlines() if line.startswith(line_start)), None)

    def scrapes(self):
        """How many scrapes Prometheus has succeeded with."""
        found = self.query('sum_over_time(up{job="receiver"}[10m])')
        return float(found[0]["value"][1]) if found else 0


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = GuardedReceiver()
        cls.addClassCleanup(cls.stage.remove)
        cls.addClassCleanup(cls.stage.stop)
        show_logs(cls.stage.dir, "logs/*.log")
        cls.stage.start()
        cls.journal = Journal(cls.stage.dir / "receiver" / "journal.db")

    def wait_for_scrapes(self, count):
        wait_for(f"{count} scrapes", lambda: self.stage.scrapes() >= count, WAIT_SECONDS)

    def test_prometheus_scrapes_with_a_certificate_and_a_password(self):
        self.wait_for_scrapes(2)
        targets = get_json(f"{self.stage.prometheus}/api/v1/targets?state=active")["data"]["activeTargets"]
        self.assertEqual([target["health"] for target in targets], ["up"])

    def test_alertmanager_delivers_with_a_certificate_and_a_password(self):
        wait_for("the alert", lambda: self.journal.one(
            "SELECT subject FROM events WHERE source = 'alertmanager' AND kind = 'alert_firing'"), WAIT_SECONDS)

    def test_without_a_certificate_nobody_gets_as_far_as_a_password(self):
        self.assertIn(self.stage.curl("/metrics", certificate=None)[0], CURL_NO_CERTIFICATE)
        self.check_counted("no_certificate")

    def check_counted(self, reason):
        counted = self.stage.metric(f'backstay_receiver_tls_handshakes_failed_total{{reason="{reason}"}}')
        self.assertGreaterEqual(float(counted), 1)

    def test_with_a_certificate_but_no_password_nobody_gets_in(self):
        for path in ("/metrics", "/-/healthy", "/-/ready", "/", "/webhooks/github", "/nowhere"):
            self.assertEqual(self.stage.curl(path, user=None)[1], 401, path)
        self.assertEqual(self.stage.curl("/-/healthy")[1], 200)
        self.assertIn("X-Content-Type-Options: nosniff", self.stage.curl("/", "-i")[2])

    def test_plain_http_is_told_what_it_is(self):
        answer = subprocess.run(["curl", "-sS", f"http://{self.stage.address}/metrics"], capture_output=True, text=True)
        self.assertIn("https://", answer.stdout)

    def test_a_signed_delivery_needs_the_password_too_unless_that_is_not_asked(self):
        self.assertEqual(self.stage.deliver("github", 1, user=None), 401)
        self.assertEqual(self.stage.deliver("github", 1, user="github"), 202)
        self.assertEqual(self.stage.deliver("open", 1, user=None), 202)

    def test_the_password_of_prometheus_sends_no_alert(self):
        self.assertEqual(self.stage.curl("/webhooks/alertmanager", "-d", '{"alerts": []}')[1], 401)

    def test_only_the_listed_addresses_may_send(self):
        self.assertEqual(self.stage.deliver("listed", 2), 403)
        self.assertEqual(self.stage.deliver("listed", 2, "-H", "X-Forwarded-For: 192.30.252.7"), 202)
        self.assertEqual(self.stage.deliver("listed", 3, "-H", "X-Forwarded-For: 192.30.252.7, 203.0.113.9"), 403)
        self.assertEqual(self.stage.metric(
            'backstay_receiver_addresses_refused_total{reason="not_listed",webhook="listed"}'), "2")

    def test_what_comes_too_fast_is_told_to_come_again(self):
        self.assertEqual(self.stage.deliver("slow", 4), 202)
        self.assertEqual(self.stage.deliver("slow", 5), 503)
        self.assertEqual(self.stage.metric(
            'backstay_receiver_webhooks_total{outcome="rate_limited",webhook="slow"}'), "1")

    def test_a_renewed_certificate_needs_no_restart_and_a_bad_one_leaves_the_old(self):
        stage = self.stage
        before = stage.shown_serial()
        renewed = stage.issue("receiver")
        self.assertNotEqual(before, renewed)
        self.assertEqual(stage.shown_serial(), renewed)
        good = (stage.dir / "receiver.crt").read_text()
        (stage.dir / "receiver.crt").write_text("garbage\n")
        self.assertEqual(stage.shown_serial(), renewed)
        self.assertEqual(stage.metric("backstay_web_config_last_reload_successful"), "0")
        self.assertEqual(stage.log("receiver").read_text().count("receiver.crt: no certificate in PEM"), 1)
        (stage.dir / "receiver.crt").write_text(good)
        self.assertEqual(stage.metric("backstay_web_config_last_reload_successful"), "1")
        self.wait_for_scrapes(stage.scrapes() + 2)

    def test_the_operator_needs_neither(self):
        status = json.loads(self.stage.backstay("status", "--json"))
        self.assertIsInstance(status, dict)

    def test_a_bearer_token_beside_passwords_is_refused_before_anything_starts(self):
        stage = self.stage
        config = stage.dir / "bearer.yml"
        config.write_text(stage.receiver_config.read_text().replace(
            '"basic_auth_user": "alertmanager"', f'"bearer_token_file": "{stage.dir}/secrets/am_token"'))
        checked = subprocess.run([stage.binaries / "backstay-receiver", f"--config.file={config}", "--config.check",
                                  f"--web.config.file={stage.web_config}"], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 2, checked.stderr)
        self.assertIn("web.yml:6: basic_auth_users: the webhook alertmanager has its token in the header",
                      checked.stderr)

    def test_no_secret_is_in_a_log_or_on_a_page(self):
        said = self.stage.log("receiver").read_text() + self.stage.curl("/metrics")[2]
        for secret in (PASSWORD, "$2b$", "PRIVATE KEY", self.stage.secrets["github"]):
            self.assertNotIn(secret, said)


if __name__ == "__main__":
    main()
