#!/usr/bin/python3
"""A database that is down, frozen, slow, refusing, full, in recovery, or loses its sessions. Each scrape
answers before Prometheus gives up, says what failed, and shows all else as ever; the first scrape after the
fault shows all again.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import signal
import sys
import threading
import unittest

sys.dont_write_bytecode = True

from cluster import Cluster, wait_for  # noqa: E402
from exporter import HURRIED_SECONDS, PATIENT_SECONDS, SAMPLE_NAMES, Exporter  # noqa: E402
from network import Network  # noqa: E402
from script import main  # noqa: E402

PACE = """\
queries:
  - {name: pace, help: As slow as the table says., sql: "SELECT seconds AS value, pg_sleep(seconds) FROM pace"}
  - {name: second_pace, help: The same., sql: "SELECT seconds AS value, pg_sleep(seconds) FROM second_pace"}
"""
ASKED_AT_EACH_SCRAPE = SAMPLE_NAMES | {"pace", "second_pace", "stat_database", "stat_activity"}
CONFIG = """\
database: {{url: "{url}", max_connections: 3, lock_timeout: 500ms}}
collectors: [pg, sample.yml, pace.yml]
health: {{components: [{{name: database, kind: postgres, critical: true}}]}}
"""


class DatabaseFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("max_connections=20", "wal_level=replica", "max_wal_senders=2").start()
        cls.url = cls.cluster.invite()
        cls.cluster.sql("CREATE TABLE pace (seconds float); CREATE TABLE second_pace (seconds float); "
                        "INSERT INTO pace VALUES (0); INSERT INTO second_pace VALUES (0); "
                        "GRANT SELECT ON pace, second_pace TO watcher", "app")
        cls.exporter = cls.start_exporter(cls.url)
        cls.exporter.count_a_request()

    @staticmethod
    def start_exporter(url):
        return Exporter(CONFIG.format(url=url), {"pace.yml": PACE})

    def setUp(self):
        self.addCleanup(self.leave_it_up)
        wait_for("the exporter to have all", lambda: not self.exporter.scrape().failed())
        self.all = self.check_up()

    def leave_it_up(self):
        """For the next test, whatever came of this one."""
        if self.cluster.process is None:
            self.cluster.start()
        self.cluster.thaw()

    def check_up(self, exporter=None):
        """One scrape, and all is there."""
        scrape = (exporter or self.exporter).scrape()
        self.assertEqual(scrape.failed(), [])
        self.assertEqual(scrape["pg_up"], 1)
        return scrape

    def check_rest(self, scrape):
        """What is not read from the database is as ever, and no collector has vanished."""
        self.assertEqual(scrape.collectors().keys(), self.all.collectors().keys())
        self.assertEqual(scrape.requests(), 1)
        for name in ("process_open_fds", "process_resident_memory_bytes", "backstay_database_connections"):
            self.assertIn(name, scrape)

    def check_asked_in_vain(self, scrape):
        self.assertLessEqual(ASKED_AT_EACH_SCRAPE, set(scrape.failed()))
        for family in SAMPLE_NAMES | {"pg_stat_activity_count", "pg_stat_database_xact_commit"}:
            self.assertEqual(scrape.family(family), {}, "what is not known is absent")

    def check_down(self, seconds=PATIENT_SECONDS):
        for _ in range(2):  # the second one finds no connection that was open before
            scrape = self.exporter.scrape(seconds)
            self.check_rest(scrape)
            self.assertEqual(scrape["pg_up"], 0)
            self.check_asked_in_vain(scrape)
            self.exporter.get("/health")
            self.exporter.get("/health/live")

    def check_failed(self, *names, seconds=PATIENT_SECONDS, skipped_table="none"):
        """Only these are missing; and the sizes of a table that is locked, which are not waited for."""
        scrape = self.exporter.scrape(seconds)
        self.check_rest(scrape)
        self.assertEqual(scrape["pg_up"], 1)
        self.assertEqual(scrape.failed(), sorted(names))
        for name in self.all.series.keys() - scrape.series.keys():
            is_expected = (name.partition("{")[0] in names or "collector=" in name
                           or f'relname="{skipped_table}"' in name)
            self.assertTrue(is_expected, f"{name} is missing too")

    # --- it is not there ---

    def test_down(self):
        self.cluster.stop()
        self.check_down()
        self.cluster.start()
        self.check_up()

    def test_frozen(self):
        self.cluster.freeze()
        self.check_down(HURRIED_SECONDS)
        self.cluster.thaw()
        self.check_up()

    def test_frozen_again_and_again(self):
        for _ in range(3):
            self.cluster.freeze()
            self.assertEqual(self.exporter.scrape(1)["pg_up"], 0)
            self.cluster.thaw()
            self.check_up()

    def test_behind_a_network_that_loses_everything(self):
        network = Network(self.cluster.port)
        self.addCleanup(network.close)
        exporter = self.start_exporter(self.url.replace(str(self.cluster.port), str(network.port)))
        self.addCleanup(exporter.remove)
        self.check_up(exporter)
        for _ in range(2):
            network.break_down()
            for _ in range(3):  # on connections that were there, on new ones, and again
                scrape = exporter.scrape(1)
                self.assertEqual(scrape["pg_up"], 0)
                self.check_asked_in_vain(scrape)
            network.mend()
            self.check_up(exporter)

    def test_started_while_it_is_down(self):
        self.cluster.stop()
        late = self.start_exporter(self.url)
        self.addCleanup(late.remove)
        scrape = late.scrape()
        self.assertEqual(scrape["pg_up"], 0)
        self.assertIn("process_open_fds", scrape)
        self.cluster.start()
        self.check_up(late)

    def test_restarted(self):
        for mode in (signal.SIGINT, signal.SIGQUIT):  # as by an administrator; as by a crash
            self.cluster.stop(mode)
            self.cluster.start()
            self.check_up()

    def test_a_crashed_backend_takes_all_sessions_with_it(self):
        victim = self.cluster.session()
        self.addCleanup(victim.close)
        pid = int(victim.run("SELECT pg_backend_pid()")[0])
        self.cluster.signal([pid], signal.SIGKILL)
        self.cluster.wait_until_all_were_ended(pid)
        self.check_up()

    # --- it says no ---

    def refuse(self, rules):
        self.cluster.set_hba(rules + self.cluster.hba)
        self.cluster.reload()
        self.cluster.end_ours()

    def test_refusing(self):
        self.refuse("host all watcher all reject\n")
        self.check_down()
        self.assertIn("pg_hba.conf rejects connection", self.exporter.said())
        self.refuse("")
        self.check_up()

    def one_of_a_crowd(self):
        """None where there is no room: the exporter comes back whenever it likes."""
        session = self.cluster.session(self.cluster.url("crowd", "crowd"))
        self.addCleanup(session.close)
        try:
            session.run("SELECT 1")
        except (AssertionError, OSError):
            return None
        return session

    def test_out_of_connections(self):
        self.cluster.sql("ALTER ROLE watcher CONNECTION LIMIT 20; CREATE ROLE crowd LOGIN PASSWORD 'crowd'")
        crowd = []
        while self.cluster.ours() or len(crowd) < 17:  # 3 of 20 are kept for superusers
            self.cluster.end_ours()
            if session := self.one_of_a_crowd():
                crowd.append(session)
        self.check_down()
        self.assertIn("remaining connection slots are reserved", self.exporter.said())
        for session in crowd:
            session.close()
        wait_for("the crowd to go", lambda: self.cluster.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'crowd'") == "0")
        self.check_up()

    def test_over_the_limit_of_the_role(self):
        self.cluster.sql("ALTER ROLE watcher CONNECTION LIMIT 0")
        self.addCleanup(self.cluster.sql, "ALTER ROLE watcher CONNECTION LIMIT -1")
        self.cluster.end_ours()
        self.check_down()
        self.assertIn("too many connections for role", self.exporter.said())
        self.cluster.sql("ALTER ROLE watcher CONNECTION LIMIT -1")
        self.check_up()

    # --- it is slow ---

    def test_a_table_that_is_locked_costs_those_who_read_it(self):
        locker = self.cluster.session(database="app")
        self.addCleanup(locker.close)
        locker.run("BEGIN; LOCK TABLE feature_uses IN ACCESS EXCLUSIVE MODE")
        self.check_failed("feature_uses", skipped_table="feature_uses")
        locker.run("ROLLBACK")
        self.check_up()

    def test_sizes_are_read_past_a_lock_that_is_held_or_waited_for(self):
        locker, reader, waiter = (self.cluster.session(database="app") for _ in range(3))
        for session in (locker, reader, waiter):
            self.addCleanup(session.close)
        size = 'pg_stat_user_tables_table_size_bytes{{datname="app",relname="{}",schemaname="public"}}'
        wait_for("the sizes", lambda: size.format("emails") in self.exporter.scrape())
        locker.run("BEGIN; LOCK TABLE feature_uses IN ACCESS EXCLUSIVE MODE")
        reader.run("BEGIN; SELECT count(*) FROM emails")
        waiter.send("BEGIN; LOCK TABLE emails IN ACCESS EXCLUSIVE MODE")
        wait_for("the lock", lambda: self.cluster.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0")
        fresh = self.start_exporter(self.url)
        self.addCleanup(fresh.remove)
        scrape = wait_for("the sizes", lambda: size.format("users") in (now := fresh.scrape()) and now)
        self.assertEqual(scrape.failed(), ["emails", "feature_uses"])
        for table in ("emails", "feature_uses"):
            self.assertNotIn(size.format(table), scrape)

    def test_a_slow_query_costs_itself(self):
        for tables in (["pace"], ["pace", "second_pace"]):
            for table in tables:
                self.cluster.sql(f"UPDATE {table} SET seconds = 60", "app")
            self.check_failed(*tables, seconds=4)
            wait_for("its end on the server", lambda: self.cluster.ours("state = 'active'") == 0, 30)
            for table in tables:
                self.cluster.sql(f"UPDATE {table} SET seconds = 0", "app")
            self.check_up()

    # --- it loses sessions ---

    def test_sessions_that_are_killed_all_the_while(self):
        stop = threading.Event()

        def kill():
            while not stop.is_set():
                self.cluster.end_ours()
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for _ in range(30):
                self.check_rest(self.exporter.scrape())
        finally:
            stop.set()
            killer.join()
        self.check_up()

    # --- it is a standby ---

    def test_in_recovery(self):
        standby = Cluster(data_of=self.cluster)
        self.addCleanup(standby.remove)
        standby.start()
        self.assertEqual(standby.sql("SELECT pg_is_in_recovery()"), "t")
        exporter = self.start_exporter(standby.url("watcher", "a password"))
        self.addCleanup(exporter.remove)
        self.check_up(exporter)
        standby.stop()
        standby.configure("hot_standby=off")
        standby.begin()
        wait_for("the refusal", lambda: "Hot standby mode is disabled" in standby.refusal())
        scrape = exporter.scrape()
        self.assertEqual(scrape["pg_up"], 0)
        self.check_asked_in_vain(scrape)
        standby.stop()
        standby.configure("hot_standby=on")
        standby.start()
        self.check_up(exporter)


if __name__ == "__main__":
    main()
