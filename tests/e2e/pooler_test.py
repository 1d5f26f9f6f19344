#!/usr/bin/python3
"""The exporter through PgBouncer in transaction mode, on the very server connection that an application
writes through: the application sees nothing of it.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import atexit
import subprocess
import sys
import threading
import unittest

sys.dont_write_bytecode = True

from cluster import POSTGRES, Cluster, as_postgres, check, end, free_port, give_to_postgres, wait_for  # noqa: E402
from exporter import HURRIED_SECONDS, Exporter  # noqa: E402
from script import main  # noqa: E402

CONNECTIONS_MAX = 3
SETTINGS = ("application_name", "transaction_read_only", "default_transaction_read_only", "statement_timeout",
            "lock_timeout", "idle_in_transaction_session_timeout", "client_encoding", "search_path", "DateStyle")
PACE = """\
queries: [{name: pace, help: As slow as the table says., sql: "SELECT seconds AS value, pg_sleep(seconds) FROM pace"}]
"""


class Pooler:
    """All clients share one pool, whatever their name: its server connections are those of `service`."""

    def __init__(self, cluster, size):
        self.dir, self.port, self.process = cluster.dir, free_port(), None
        self.ini = self.dir / "pgbouncer.ini"
        self.ini.write_text(f"""\
[databases]
app = host=127.0.0.1 port={cluster.port} dbname=app user=service password=service
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = {size}
server_login_retry = 1
auth_type = scram-sha-256
auth_file = {self.dir}/users
admin_users = admin
logfile = {self.dir}/pgbouncer.log
""")
        (self.dir / "users").write_text("".join(f'"{name}" "{name}"\n' for name in ("watcher", "writer", "admin")))
        for path in (self.ini, self.dir / "users"):
            give_to_postgres(path)
        atexit.register(self.stop)
        self.start()

    def url(self, user, database="app"):
        return f"postgresql://{user}:{user}@127.0.0.1:{self.port}/{database}"

    def start(self):
        self.process = subprocess.Popen(as_postgres(["pgbouncer", "-q", self.ini]), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("PgBouncer", lambda: subprocess.run(
            [POSTGRES / "psql", "-qXAtc", "SHOW VERSION", self.url("admin", "pgbouncer")],
            capture_output=True).returncode == 0)

    def stop(self):
        end(self.process)

    def clients_that_are_ours(self):
        lines = check([POSTGRES / "psql", "-qXA", "-F,", "-c", "SHOW CLIENTS",
                       self.url("admin", "pgbouncer")]).splitlines()
        user = lines[0].split(",").index("user")
        return sum(line.split(",")[user] == "watcher" for line in lines[1:] if "," in line)


class ThroughThePooler(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().start()
        cls.cluster.invite()
        cls.cluster.sql("CREATE ROLE service LOGIN PASSWORD 'service'; GRANT pg_monitor TO service; "
                        "CREATE TABLE pace (seconds float); INSERT INTO pace VALUES (0); CREATE TABLE written (n int); "
                        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO service; "
                        "GRANT INSERT ON written TO service", "app")
        cls.pooler = Pooler(cls.cluster, size=1)
        cls.addClassCleanup(cls.pooler.stop)
        cls.exporter = Exporter(
            f"database: {{url: \"{cls.pooler.url('watcher')}\", max_connections: {CONNECTIONS_MAX}}}\n"
            "collectors: [pg, sample.yml, pace.yml]\n"
            "health: {components: [{name: database, kind: postgres, critical: true}]}\n", {"pace.yml": PACE})

    def setUp(self):
        wait_for("the exporter to have all", lambda: not self.exporter.scrape().failed())

    def check_up(self):
        scrape = self.exporter.scrape()
        self.assertEqual(scrape.failed(), [], self.exporter.said())
        self.assertEqual(scrape["pg_up"], 1)

    def writer(self):
        session = self.cluster.session(self.pooler.url("writer"))
        self.addCleanup(session.close)
        return session

    @staticmethod
    def settings_of(session):
        return [session.run(f"SHOW {name}") for name in SETTINGS]

    def set_pace(self, seconds):
        self.cluster.sql(f"UPDATE pace SET seconds = {seconds}", "app")

    def test_everything_works(self):
        for _ in range(5):
            self.check_up()
        self.assertLessEqual(self.pooler.clients_that_are_ours(), CONNECTIONS_MAX)
        self.assertEqual(self.cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'service'"), "1")

    def test_a_writer_on_the_same_connection_sees_nothing_of_it(self):
        writer = self.writer()
        direct = self.cluster.session(self.cluster.url("service", "service"))  # not through the pool
        self.addCleanup(direct.close)
        untouched = self.settings_of(direct)
        self.assertEqual(untouched[SETTINGS.index("application_name")], ["psql"])
        pid = writer.run("SELECT pg_backend_pid()")
        problems, written, stop = [], [], threading.Event()

        def write():
            while not stop.is_set():
                writer.run(f"INSERT INTO written VALUES ({len(written)})")  # ends at the first error
                written.append(1)
                if (now := self.settings_of(writer)) != untouched:
                    problems.append(now)
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for number in range(20):
                if number % 5 == 4:  # some of which end in an error
                    self.set_pace(60)
                    self.assertEqual(self.exporter.scrape(4).failed(), ["pace"])
                    self.set_pace(0)
                self.check_up()
        finally:
            stop.set()
            thread.join()
        self.assertEqual(problems, [])
        self.assertGreater(len(written), 10)
        self.assertEqual(int(self.cluster.sql("SELECT count(*) FROM written", "app")), len(written))
        self.assertEqual(writer.run("SELECT pg_backend_pid()"), pid, "it was the same server connection")
        self.assertEqual(self.settings_of(self.writer()), untouched)

    def test_a_query_past_its_deadline_is_cancelled_behind_the_pool(self):
        self.set_pace(60)
        self.addCleanup(self.set_pace, 0)
        for _ in range(2):
            self.assertEqual(self.exporter.scrape(4).failed(), ["pace"])
            wait_for("its end on the server", lambda: self.cluster.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'service' AND state <> 'idle'") == "0", 30)
        self.set_pace(0)
        self.check_up()

    def test_a_pool_that_is_used_up_is_no_answer_and_then_one(self):
        writer = self.writer()
        writer.run("BEGIN")
        writer.run("SELECT 1")
        for _ in range(2):
            scrape = self.exporter.scrape(HURRIED_SECONDS)
            self.assertEqual(scrape["pg_up"], 0)
            self.assertNotIn(True, scrape.asked().values())
            self.assertIn("process_open_fds", scrape)
            self.exporter.get("/health")
        self.assertEqual(writer.run("SHOW transaction_read_only"), ["off"])
        writer.run("COMMIT")
        self.check_up()
        self.assertLessEqual(self.pooler.clients_that_are_ours(), CONNECTIONS_MAX)

    def test_a_frozen_database_behind_the_pool(self):
        self.cluster.freeze()
        for _ in range(2):
            self.assertEqual(self.exporter.scrape(HURRIED_SECONDS)["pg_up"], 0)
        self.cluster.thaw()
        self.cluster.wait_until_it_answers()
        self.check_up()
        self.assertEqual(self.writer().run("SHOW transaction_read_only"), ["off"])

    def test_a_database_that_is_down_behind_the_pool(self):
        self.cluster.stop()
        for _ in range(3):
            scrape = self.exporter.scrape(HURRIED_SECONDS)
            self.assertEqual(scrape["pg_up"], 0)
            self.assertFalse(scrape.collectors()["stat_database"])
        self.cluster.start()
        wait_for("the pooler to find it", lambda: self.exporter.scrape(HURRIED_SECONDS)["pg_up"] == 1)
        self.check_up()

    def test_a_pooler_that_goes_and_comes(self):
        self.pooler.stop()
        self.assertEqual(self.exporter.scrape(HURRIED_SECONDS)["pg_up"], 0)
        self.pooler.start()
        self.check_up()

    def test_killed_behind_the_pool(self):
        for _ in range(5):
            self.cluster.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'service'")
            self.check_up()


if __name__ == "__main__":
    main()
