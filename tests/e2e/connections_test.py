#!/usr/bin/python3
"""What the exporter costs the database, however it is used: connections, queries, memory; and that nobody who
keeps it busy keeps others from it.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import re
import signal
import socket
import sys
import threading
import unittest

sys.dont_write_bytecode = True

from cluster import Cluster, wait_for  # noqa: E402
from exporter import Exporter, Scrape  # noqa: E402
from script import main  # noqa: E402

CONNECTIONS_MAX = 3
# Counts, on the server and all the while, the sessions that are ours; in a session of its own.
WATCH = """
DO $$
DECLARE now_there int; BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    SELECT count(*) INTO now_there FROM pg_stat_activity WHERE application_name = 'backstay';
    UPDATE most SET sessions = greatest(sessions, now_there), looks = looks + 1;
    COMMIT;
    EXIT WHEN EXISTS (SELECT FROM most WHERE is_over);
    PERFORM pg_sleep(0.002);
  END LOOP;
END $$"""
HANGING = """\
queries:
  - {name: hanging, help: Hangs., sql: "SELECT 1 AS value, pg_sleep(60)"}
  - {name: hanging_too, help: Hangs., sql: "SELECT 1 AS value, pg_sleep(60)"}
"""
MIXED = """\
queries:
  - {name: works, help: Works., sql: SELECT 1 AS value}
  - {name: no_table, help: Fails., sql: SELECT 1 AS value FROM nowhere}
  - {name: no_number, help: Fails., sql: SELECT 'x' AS value}
  - {name: too_many, help: Is cut., sql: "SELECT n AS value FROM generate_series(1, 1000) n"}
  - {name: twice, help: Is there twice., sql: "SELECT 'a' AS l, n AS value FROM generate_series(1, 2) n", labels: [l]}
  - {name: rare, help: Too slow now and then., sql: "SELECT 1 AS value, pg_sleep(seconds) FROM pace"}
"""
LARGE = """\
queries:
  - name: large
    help: More than a socket takes.
    sql: SELECT repeat('x', 100) || n AS l, n AS value FROM generate_series(1, 10000) n
    labels: [l]
    max_series: 10000
"""


class Connections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("log_statement=all", "log_line_prefix='%a|'", "max_connections=60").start()
        cls.url = cls.cluster.invite()
        cls.cluster.sql("CREATE TABLE pace (seconds float); INSERT INTO pace VALUES (0); "
                        "GRANT SELECT ON pace TO watcher", "app")

    def start(self, collectors="[pg]", files=()):
        exporter = Exporter(f"database: {{url: \"{self.url}\", max_connections: {CONNECTIONS_MAX}}}\n"
                            f"collectors: {collectors}\n", files)
        self.addCleanup(self.cluster.end_ours)
        self.addCleanup(exporter.remove)
        return exporter

    def set_pace(self, seconds):
        self.cluster.sql(f"UPDATE pace SET seconds = {seconds}", "app")

    def statements_with(self, text):
        return sum(text in line and line.startswith("backstay|") for line in self.cluster.log.read_text().splitlines())

    def watch(self):
        """Begins to count; what is returned ends it, and brings the most sessions that were there at once."""
        self.cluster.sql("DROP TABLE IF EXISTS most; CREATE TABLE most (sessions int, looks int, is_over bool); "
                         "INSERT INTO most VALUES (0, 0, false)")
        watcher = self.cluster.session()
        self.addCleanup(watcher.close)
        watcher.send(WATCH)

        def result():
            # The watcher writes the same row all the while: this one waits for its turn.
            self.cluster.sql("UPDATE most SET is_over = true")
            watcher.run("SELECT 1")
            sessions, looks = self.cluster.sql("SELECT sessions, looks FROM most").split("|")
            self.assertGreater(int(looks), 20)
            return int(sessions)
        return result

    # --- connections ---

    def test_never_more_than_it_may_while_twenty_scrape_and_queries_hang(self):
        exporter = self.start("[pg, sample.yml, hanging.yml]", {"hanging.yml": HANGING})
        most = self.watch()
        for _ in range(2):
            for brought in exporter.scrapes_at_once(20, seconds=4):
                self.assertIsInstance(brought, Scrape, brought)
                self.assertEqual(brought.failed(), ["hanging", "hanging_too"])
        self.assertEqual(most(), CONNECTIONS_MAX)
        self.assertEqual(exporter.scrape()["backstay_database_connections"], CONNECTIONS_MAX)

    def test_never_more_than_it_may_while_it_freezes_and_thaws(self):
        exporter = self.start("[pg, sample.yml]")
        most = self.watch()
        for seconds in (1, 2, 1, 1):
            self.assertEqual(exporter.scrape().failed(), [])
            self.cluster.freeze()
            # The first breaks the connections that are there, the second asks for new ones.
            for brought in exporter.scrapes_at_once(4, seconds) + exporter.scrapes_at_once(4, seconds):
                self.assertIsInstance(brought, Scrape, brought)
                self.assertEqual(brought["pg_up"], 0)
            self.cluster.thaw()
            self.cluster.wait_until_it_answers()
            wait_for("all of it", lambda: not exporter.scrape().failed())
        self.assertLessEqual(most(), CONNECTIONS_MAX)

    def test_never_more_than_it_may_while_sessions_are_killed(self):
        exporter = self.start("[pg, sample.yml, hanging.yml]", {"hanging.yml": HANGING})
        most = self.watch()
        stop = threading.Event()

        def kill():
            while not stop.is_set():
                self.cluster.end_ours()
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for _ in range(5):
                exporter.scrapes_at_once(6, 1)
        finally:
            stop.set()
            killer.join()
        self.assertLessEqual(most(), CONNECTIONS_MAX)

    def test_each_session_says_whose_it_is_and_is_kept(self):
        exporter = self.start("[pg, sample.yml]")
        for _ in range(5):
            self.assertEqual(exporter.scrape().failed(), [])
        theirs = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'"
        self.assertEqual(int(self.cluster.sql(theirs)), self.cluster.ours())
        pids = "SELECT pid FROM pg_stat_activity WHERE usename = 'watcher' ORDER BY pid"
        before = self.cluster.sql(pids)
        self.assertEqual(exporter.scrape().failed(), [])
        self.assertEqual(self.cluster.sql(pids), before)
        self.assertEqual(self.cluster.ours("state <> 'idle'"), 0)

    # --- queries ---

    def test_scrapes_at_one_time_share_one_collection(self):
        exporter = self.start("[pg, shared.yml]", {"shared.yml": """\
queries:
  - {name: shared, help: Takes a while., sql: "SELECT 1 AS value, pg_sleep(seconds), 'the shared one' FROM pace"}
"""})
        exporter.scrape()
        before = self.statements_with("the shared one")
        self.set_pace(3)  # in which all of them have come
        self.addCleanup(self.set_pace, 0)
        for brought in exporter.scrapes_at_once(8):
            self.assertIsInstance(brought, Scrape, brought)
            self.assertEqual(brought.failed(), [])
            self.assertEqual(brought["shared"], 1)
        self.assertEqual(self.statements_with("the shared one") - before, 1)

    def test_a_query_past_its_deadline_is_cancelled_on_the_server(self):
        exporter = self.start("[pg, hanging.yml]", {"hanging.yml": HANGING})
        for _ in range(2):
            self.assertEqual(exporter.scrape(4).failed(), ["hanging", "hanging_too"])
            wait_for("their end", lambda: self.cluster.ours("state = 'active'") == 0, 30)
        self.assertIn("canceling statement due to statement timeout", exporter.said())
        wait_for("their end", lambda: self.cluster.ours("state = 'idle in transaction'") == 0)

    def test_every_statement_has_limits_and_may_only_read(self):
        exporter = self.start("[pg, sample.yml]")
        before = len(self.cluster.log.read_text())
        self.assertEqual(exporter.scrape().failed(), [])
        said = [line for line in self.cluster.log.read_text()[before:].splitlines() if line.startswith("backstay|")]
        text = "\n".join(said)
        begun = text.count("BEGIN")
        self.assertGreater(begun, 5)
        self.assertEqual(text.count("READ ONLY"), begun)
        # The same as SET LOCAL: their third argument says that they end with the transaction.
        for limit in ("statement_timeout", "lock_timeout"):
            self.assertEqual(len(re.findall(rf"set_config\('{limit}', '\d+', true\)", text)), begun)
        self.assertNotRegex(text, r"SET (?!LOCAL)")
        self.assertNotIn("PREPARE", text)

    # --- memory and descriptors ---

    def test_two_thousand_scrapes_with_errors_leave_nothing_behind(self):
        exporter = self.start("[pg, mixed.yml]", {"mixed.yml": MIXED})

        killer = self.cluster.session()
        self.addCleanup(killer.close)

        def scrape(count):
            for number in range(count):
                if number % 50 == 0:
                    killer.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE application_name = 'backstay'")
                if number % 200 == 0:
                    self.set_pace(60)
                    self.assertLessEqual({"no_number", "no_table", "rare"}, set(exporter.scrape(1).failed()))
                    self.set_pace(0)
                exporter.get()
            return exporter.scrape()

        def others(shown):
            """Descriptors that are no connection of the pool's, which opens as many as it has use for."""
            return shown["process_open_fds"] - shown["backstay_database_connections"]
        # Until each of the server's threads has its own small cache of memory, whenever that is.
        rounds = [scrape(500) for _ in range(4)]
        wait_for("descriptors", lambda: others(exporter.scrape()) <= others(rounds[0]))
        memory = [shown["process_resident_memory_bytes"] for shown in rounds]
        grown = [after - before for before, after in zip(memory, memory[1:])]
        self.assertLess(min(grown), 500_000, f"each round takes more than 1 KB a scrape: {grown}")

    # --- those who use it badly ---

    def connect(self, exporter, request=b"", receive_bytes=None):
        client = socket.socket()
        self.addCleanup(client.close)
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        host, port = exporter.address.split(":")
        client.connect((host, int(port)))
        client.sendall(request)
        return client

    def test_forty_who_send_nothing_keep_nobody_waiting(self):
        exporter = self.start()
        exporter.scrape()
        for number in range(40):
            self.connect(exporter, b"" if number % 2 else b"GET /metrics HTT")
        self.assertEqual(exporter.scrape()["pg_up"], 1)
        exporter.get("/health")

    def test_forty_who_read_nothing_keep_nobody_waiting(self):
        exporter = self.start("[pg, large.yml]", {"large.yml": LARGE})
        self.assertEqual(len(exporter.scrape().family("large")), 10_000)
        for _ in range(40):
            self.connect(exporter, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", receive_bytes=4096)
        exporter.get("/health")
        # At first they may be as many as are answered at one time: then 503 is an answer.
        wait_for("a scrape", lambda: self.answers(exporter, 5))

    def test_those_who_go_away_are_not_missed(self):
        exporter = self.start("[pg, hanging.yml]", {"hanging.yml": HANGING})
        for _ in range(20):
            self.connect(exporter, b"GET /metrics HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n").close()
        wait_for("an answer", lambda: self.answers(exporter))
        self.assertEqual(exporter.scrape(2)["pg_up"], 1)

    @staticmethod
    def answers(exporter, seconds=2):
        try:
            return exporter.scrape(seconds)
        except (OSError, AssertionError):
            return None

    # --- signals ---

    def test_sighup_does_not_end_it(self):
        exporter = self.start()
        before = exporter.scrape()
        exporter.process.send_signal(signal.SIGHUP)
        self.assertEqual(exporter.scrape()["pg_up"], before["pg_up"])
        self.assertIsNone(exporter.process.poll())

    def test_sigterm_ends_it_while_queries_hang(self):
        exporter = self.start("[pg, hanging.yml]", {"hanging.yml": HANGING})
        scraper = threading.Thread(target=self.answers, args=(exporter, 30))
        scraper.start()
        wait_for("the query", lambda: self.cluster.ours("state = 'active'"))
        self.assertEqual(exporter.stop(), 0)
        scraper.join()
        wait_for("our sessions to end", lambda: self.cluster.ours() == 0)


if __name__ == "__main__":
    main()
