#!/usr/bin/python3
"""How the exporter gets to its database: as the role that the documents grant, over TLS and the socket, with
any password, with one that is replaced; and that a password never comes out anywhere.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import re
import string
import subprocess
import sys
import unittest
import urllib.parse

sys.dont_write_bytecode = True

from cluster import ADMIN, ROOT, Cluster, check, give_to_postgres, wait_for  # noqa: E402
from exporter import BINARIES, HURRIED_SECONDS, Exporter  # noqa: E402
from script import main  # noqa: E402

EVERYTHING = "collectors: [pg, invitations.yml, business.yml]\n"
AT_EACH_SCRAPE = "collectors: [pg, sample.yml]\n"  # what notices at once how the database fares
PASSWORDS = [
    string.punctuation, string.punctuation[::-1], " at both ends ", "'", "\\", "a\\'", "100%", "%40", "a@b/c:d?e#f&g=h",
    "postgresql://u:p@h/d", "host=elsewhere user=x", "ünïcödé 密码 🔑", "x" * 500,
]


def statements_of_the_documents(password):
    """The block of docs/SECURITY.md that makes the exporter's role."""
    text = (ROOT / "docs" / "SECURITY.md").read_text()
    blocks = [block for block in re.findall(r"(?:^    .*\n)+", text, re.M) if "CREATE ROLE backstay_exporter" in block]
    assert len(blocks) == 1, f"docs/SECURITY.md has {len(blocks)} blocks that make the role"
    return blocks[0].replace("'…'", f"'{password}'")


def keywords(password, **others):
    def quoted(value):
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
    return " ".join(f"{name}={quoted(value)}" for name, value in {**others, "password": password}.items())


class DatabaseAccess(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().start()
        cls.url = cls.cluster.invite()

    def start(self, url, config=AT_EACH_SCRAPE, level="info", connections_max=3):
        """The address in a file, which may be written again."""
        self.url_file = self.cluster.dir / "url"
        self.url_file.write_text(url + "\n")
        exporter = Exporter(f"database: {{url_file: {self.url_file}, max_connections: {connections_max}}}\n{config}",
                            level=level)
        self.addCleanup(exporter.remove)
        return exporter

    def check_up(self, exporter):
        self.assertEqual(exporter.scrape()["pg_up"], 1)
        # Events are counted beside the scrapes, and notice with the next count that the database is back.
        wait_for("all collectors", lambda: exporter.scrape().failed() == [])

    def check_down(self, exporter, why):
        scrape = exporter.scrape()
        self.assertEqual(scrape["pg_up"], 0)
        self.assertTrue(scrape.collectors())
        self.assertNotIn(True, scrape.asked().values())
        self.assertRegex(exporter.said(), why)

    def set_password(self, password, role="watcher"):
        self.cluster.sql("ALTER ROLE {} PASSWORD '{}'".format(role, password.replace("'", "''")))

    # --- the role ---

    def test_all_works_as_the_role_of_the_documents(self):
        self.cluster.sql("CREATE DATABASE closed")
        self.cluster.sql("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        self.cluster.sql("CREATE TABLE private (n int)", "app")
        self.cluster.sql(statements_of_the_documents("secret"), "app")
        exporter = self.start(self.cluster.url("backstay_exporter", "secret"), EVERYTHING +
                              "health: {components: [{name: database, kind: postgres, critical: true}]}\n")
        for _ in range(2):
            self.check_up(exporter)
        self.assertTrue(exporter.scrape().family("invitations"))
        role = "FROM pg_roles WHERE rolname = 'backstay_exporter'"
        rights = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        self.assertEqual(self.cluster.sql(f"SELECT {rights} {role}"), "f|f|f|f|f")
        self.assertEqual(self.cluster.sql("SELECT string_agg(granted.rolname, ',') FROM pg_auth_members m "
                                          "JOIN pg_roles granted ON granted.oid = m.roleid "
                                          "JOIN pg_roles r ON r.oid = m.member AND r.rolname = 'backstay_exporter'"),
                         "pg_monitor")
        may_read = "SELECT has_table_privilege('backstay_exporter', 'private', 'SELECT')"
        self.assertEqual(self.cluster.sql(may_read, "app"), "f")
        self.assertGreaterEqual(int(self.cluster.sql(f"SELECT rolconnlimit {role}")), 3)

    def test_a_role_without_pg_monitor_lacks_only_what_it_may_not_see(self):
        self.cluster.sql("CREATE ROLE nobody LOGIN PASSWORD 'nobody'")
        self.cluster.sql("CREATE DATABASE shut")
        self.cluster.sql("REVOKE CONNECT ON DATABASE shut FROM PUBLIC")
        exporter = self.start(self.cluster.url("nobody", "nobody"))
        scrape = exporter.scrape()
        self.assertEqual(scrape["pg_up"], 1)
        self.assertTrue(scrape.collectors()["stat_database"])
        self.assertFalse(scrape.collectors()["invitations"])
        self.assertIn("permission denied for table invitations", exporter.said())
        sizes = scrape.family("pg_database_size_bytes")
        self.assertIn('pg_database_size_bytes{datname="app"}', sizes)
        self.assertNotIn('pg_database_size_bytes{datname="shut"}', sizes)

    # --- passwords ---

    def test_any_character_in_the_password(self):
        place = {"host": "127.0.0.1", "port": self.cluster.port, "user": "watcher", "dbname": "app"}
        exporter = self.start(self.url, "collectors: [pg]\n", connections_max=1)
        for password in PASSWORDS:
            with self.subTest(password=password):
                self.set_password(password)
                for url in (self.cluster.url("watcher", password), keywords(password, **place)):
                    self.url_file.write_text(url)
                    self.cluster.end_ours()
                    self.check_up(exporter)
        self.set_password("a password")

    def test_a_password_that_is_replaced_needs_no_restart(self):
        exporter = self.start(self.url)
        self.check_up(exporter)
        for password in ("the second one", "the third one"):
            self.set_password(password)
            self.cluster.end_ours()
            self.check_down(exporter, "password authentication failed for user")
            self.url_file.write_text(self.cluster.url("watcher", password))
            self.check_up(exporter)
        self.url_file.unlink()  # as tools do that write a new file and rename it
        self.check_up(exporter)  # the connections that are open go on
        self.cluster.end_ours()
        self.check_down(exporter, "No such file or directory")
        self.set_password("a password")
        self.url_file.write_text(self.url)
        self.check_up(exporter)

    def test_the_password_never_comes_out(self):
        canary = "C4n4ry@in/the:cage"
        exporter = self.start(self.url.replace("a%20password", urllib.parse.quote(canary, safe="")), EVERYTHING +
                              "health: {components: [{name: database, kind: postgres, critical: true}]}\n", "debug")
        said = [exporter.get(path) for path in ("/metrics", "/", "/health", "/health/live", "/-/ready")]
        self.set_password(canary)
        self.check_up(exporter)
        self.cluster.end_ours()
        self.cluster.stop()
        said += [exporter.get(), *self.answers_to_503(exporter)]
        self.cluster.start()
        said += [exporter.get(), exporter.get("/health/live")]
        for proc in ("cmdline", "comm"):
            with open(f"/proc/{exporter.process.pid}/{proc}", errors="replace") as file:
                said.append(file.read())
        self.set_password("a password")
        for url in (f"postgresql://watcher:{canary}@127.0.0.1:{self.cluster.port}/app", f"nonsense://{canary}",
                    f"host=127.0.0.1 password='{canary} user=watcher", f"postgresql://watcher:{canary}@[::1/app",
                    f"host=127.0.0.1 port=1 user=watcher password={canary} sslmode={canary}"):
            other = self.start(url, level="debug")
            said += [other.get(), other.said()]
            other.remove()
            said += self.what_the_check_says(f"database: {{url: \"{url}\", bogus: 1}}\n")
        said.append(exporter.said())
        for part in said:
            self.assertNotIn("C4n4ry", part)
            self.assertNotIn("in%2Fthe", part)

    @staticmethod
    def answers_to_503(exporter):
        try:
            return [exporter.get("/health/detailed")]
        except AssertionError as error:
            return [str(error)]

    def what_the_check_says(self, config):
        path = self.cluster.dir / "wrong.yml"
        path.write_text(config)
        result = subprocess.run([BINARIES / "backstay-exporter", "--config.file", path, "--config.check"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        return [result.stdout, result.stderr]

    # --- ways in ---

    def test_over_the_socket(self):
        folder = urllib.parse.quote(str(self.cluster.dir), safe="")
        place = {"host": self.cluster.dir, "port": self.cluster.port, "user": "watcher", "dbname": "app"}
        for url in (f"postgresql://watcher:a%20password@/app?host={self.cluster.dir}&port={self.cluster.port}",
                    f"postgresql://watcher:a%20password@{folder}:{self.cluster.port}/app",
                    keywords("a password", **place)):
            exporter = self.start(url)
            self.check_up(exporter)
            self.assertEqual(self.cluster.ours("client_addr IS NOT NULL"), 0)
            self.assertGreater(self.cluster.ours(), 0)
            exporter.remove()
            self.cluster.end_ours()

    def make_certificates(self):
        """A CA, a certificate of it for 127.0.0.1, and a CA that has nothing to do with it."""
        folder = self.cluster.dir
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "2"]
        for name in ("ca", "other_ca"):
            check([*new, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt", "-subj", f"/CN={name}"])
        check([*new, "-keyout", folder / "server.key", "-out", folder / "server.crt", "-subj", "/CN=server",
               "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-addext", "subjectAltName=IP:127.0.0.1",
               "-addext", "basicConstraints=critical,CA:FALSE"])
        for name in ("server.key", "server.crt"):
            (folder / name).chmod(0o600)
            give_to_postgres(folder / name)

    def test_over_tls(self):
        self.make_certificates()
        folder = self.cluster.dir
        self.cluster.configure("ssl=on", f"ssl_cert_file='{folder}/server.crt'", f"ssl_key_file='{folder}/server.key'")
        self.cluster.set_hba(f"local all {ADMIN} trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        self.cluster.reload()
        trusted = folder / "trusted.crt"
        trusted.write_text((folder / "ca.crt").read_text())
        exporter = self.start(f"{self.url}?sslmode=verify-full&sslrootcert={trusted}")
        self.check_up(exporter)
        self.assertEqual(self.cluster.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                          "WHERE application_name = 'backstay'"), "t")
        trusted.write_text((folder / "other_ca.crt").read_text())
        self.cluster.end_ours()
        self.check_down(exporter, "certificate verify failed")
        trusted.write_text((folder / "ca.crt").read_text())
        self.check_up(exporter)
        self.cluster.freeze()
        self.assertEqual(exporter.scrape(HURRIED_SECONDS)["pg_up"], 0)
        self.cluster.thaw()
        self.check_up(exporter)
        for url, why in ((self.url.replace("127.0.0.1", "localhost") + f"?sslmode=verify-full&sslrootcert={trusted}",
                          "does not match host name"),
                         (f"{self.url}?sslmode=disable", "no encryption")):
            other = self.start(url)
            self.check_down(other, why)
            other.remove()


if __name__ == "__main__":
    main()
