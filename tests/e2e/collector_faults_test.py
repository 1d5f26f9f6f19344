#!/usr/bin/python3
"""What is wrong with one collector costs that collector: a permission, an extension, a table or a column that
is missing, a series that is there twice, a NULL, a name that is taken, an attempt to write.

BACKSTAY_BIN names the folder of the programs; without it, build/bin.
"""

import re
import sys
import time
import unittest

sys.dont_write_bytecode = True

from cluster import Cluster, wait_for  # noqa: E402
from exporter import Exporter  # noqa: E402
from script import main  # noqa: E402

SOUND = "  - {name: sound, help: Works., sql: SELECT 42 AS value}\n"
WRITES = {
    "plain": "INSERT INTO kept VALUES (1) RETURNING n AS value",
    "behind_a_select": "WITH w AS (INSERT INTO kept VALUES (2) RETURNING n) SELECT n AS value FROM w",
    "in_a_function": "SELECT keep(3) AS value",
    "after_a_commit": "SELECT 1 AS value; COMMIT; INSERT INTO kept VALUES (4)",
    "with_writing_switched_on": "SELECT set_config('transaction_read_only', 'off', true) AS value, keep(5)",
    "in_the_session": "SELECT 1 AS value; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "to_a_file": "COPY (SELECT 1 AS value) TO STDOUT",
}


def catalog(**queries):
    """Sound ones around those in question."""
    return {"mine.yml": "queries:\n" + SOUND + "".join(
        f"  - name: {name}\n    help: In question.\n    labels: {labels}\n    sql: >-\n      {sql}\n"
        for name, (labels, sql) in queries.items()) + SOUND.replace("sound", "sound_too")}


class CollectorFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().start()
        cls.url = cls.cluster.invite()
        cls.cluster.sql(
            "CREATE TABLE kept (n int); CREATE TABLE private (n int); GRANT ALL ON kept TO watcher; "
            "CREATE FUNCTION keep(n int) RETURNS int LANGUAGE sql AS 'INSERT INTO kept VALUES (n) RETURNING n'", "app")

    def start(self, files):
        self.exporter = Exporter(f"database: {{url: \"{self.url}\"}}\ncollectors: [pg, sample.yml, mine.yml]\n", files)
        self.addCleanup(self.exporter.remove)
        return self.exporter

    def scrape(self, **queries):
        exporter = self.start(catalog(**queries))
        exporter.count_a_request()
        scrape = exporter.scrape()
        self.assertEqual(scrape["pg_up"], 1)
        self.assertEqual(scrape["sound"], 42)
        self.assertEqual(scrape["sound_too"], 42)
        self.assertEqual(scrape["users"], 2000)
        self.assertTrue(scrape.family("pg_stat_database_xact_commit"))
        self.assertTrue(scrape.family("pg_stat_activity_count"))
        self.assertEqual(scrape.requests(), 1)
        return scrape

    def check_fails(self, sql, why):
        scrape = self.scrape(broken=("[]", sql))
        self.assertEqual(scrape.failed(), ["broken"])
        self.assertNotIn("broken", scrape)
        self.assertIn(why, self.exporter.said())

    def test_a_permission_that_is_missing(self):
        self.check_fails("SELECT n AS value FROM private", "permission denied for table private")

    def test_an_extension_that_is_missing(self):
        self.check_fails("SELECT sum(calls) AS value FROM pg_stat_statements", "pg_stat_statements")

    def test_a_column_that_this_version_does_not_have(self):
        self.check_fails("SELECT evictions AS value FROM pg_stat_bgwriter", "column \\\"evictions\\\" does not exist")

    def test_a_division_by_zero(self):
        self.check_fails("SELECT 1 / (n - n) AS value FROM generate_series(1, 2) n", "division by zero")

    def test_a_value_that_is_no_number(self):
        self.check_fails("SELECT 'many' AS value", "not a number")

    def test_a_series_that_is_there_twice(self):
        scrape = self.scrape(twice=("[name]", "SELECT * FROM (VALUES ('a', 1), ('a', 2), ('b', 3)) v (name, value)"))
        self.assertEqual(scrape['twice{name="b"}'], 3)
        self.assertEqual(len(scrape.family("twice")), 2)
        lines = [line.rpartition(" ")[0] for line in scrape.text.splitlines() if not line.startswith("#")]
        self.assertEqual(len(lines), len(set(lines)), "Prometheus would refuse the whole scrape")
        self.assertGreater(self.exporter.scrape()["backstay_exposition_dropped_series_total"], 0)

    def test_a_name_that_is_taken(self):
        scrape = self.scrape(pg_up=("[]", "SELECT 7 AS value"), process_open_fds=("[]", "SELECT 7 AS value"))
        self.assertEqual(scrape["pg_up"], 1)
        for name in ("pg_up", "process_open_fds"):
            self.assertEqual(scrape.text.count(f"\n# TYPE {name} "), 1)

    def test_a_null_is_absent(self):
        scrape = self.scrape(hole=("[name]", "SELECT * FROM (VALUES ('a', 1), ('b', NULL)) v (name, value)"),
                             nothing=("[]", "SELECT NULL::int AS value"),
                             no_row=("[]", "SELECT 1 AS value WHERE false"))
        self.assertEqual(scrape.failed(), [])
        self.assertEqual(scrape.family("hole"), {'hole{name="a"}': 1})
        self.assertNotIn("nothing", scrape)
        self.assertNotIn("no_row", scrape)
        self.assertNotIn("NaN", scrape.text)

    def test_too_many_series(self):
        scrape = self.scrape(many=("[n]", "SELECT n, n AS value FROM generate_series(1, 200000) n"))
        self.assertLessEqual(len(scrape.family("many")), 101)

    def test_each_query_says_how_it_fares(self):
        scrape = self.scrape(broken=("[]", "SELECT n AS value FROM private"))
        of = "backstay_collector_{}{{collector=\"{}\"}}".format
        self.assertEqual(scrape["backstay_scrape_collector_success{collector=\"sound\"}"], 1)
        self.assertGreater(scrape["backstay_scrape_collector_duration_seconds{collector=\"sound\"}"], 0)
        self.assertAlmostEqual(scrape[of("last_success_timestamp_seconds", "sound")], time.time(), delta=60)
        self.assertEqual(scrape[of("rows", "sound")], 1)
        self.assertEqual(scrape[of("errors_total", "sound")], 0)
        self.assertGreater(scrape[of("errors_total", "broken")], 0)
        self.assertNotIn(of("last_success_timestamp_seconds", "broken"), scrape)
        self.assertNotIn(of("rows", "broken"), scrape)

    def test_a_query_that_is_slower_than_a_scrape_brings_its_value_all_the_same(self):
        self.cluster.sql("CREATE TABLE slow (n int); INSERT INTO slow VALUES (7); "
                         "GRANT SELECT ON slow TO watcher", "app")
        exporter = self.start({"mine.yml": "queries:\n" + SOUND + """\
  - name: slow
    help: Takes longer than Prometheus waits.
    sql: SELECT n AS value, pg_sleep(3.5) FROM slow
    interval: 500ms
    timeout: 60s
    max_age: 10s
"""})

        def look():
            scrape = exporter.scrape(3)
            self.assertEqual(scrape["sound"], 42)
            return scrape
        scrape = wait_for("the value", lambda: "slow" in (now := look()) and now)
        self.assertEqual(scrape["slow"], 7)
        self.assertEqual(scrape.failed(), [])
        self.assertLessEqual(self.cluster.ours("state = 'active' AND query LIKE '%FROM slow%'"), 1)
        # What came last is shown while the next runs fail, and no longer than max_age.
        self.cluster.sql("REVOKE SELECT ON slow FROM watcher", "app")
        scrape = wait_for("the failure", lambda: (now := look()).failed() == ["slow"] and now)
        self.assertEqual(scrape["slow"], 7)
        wait_for("the end of its age", lambda: "slow" not in look())
        self.cluster.sql("GRANT SELECT ON slow TO watcher", "app")
        wait_for("the value", lambda: look().get("slow") == 7)

    def test_rows_become_a_histogram(self):
        scrape = self.start({"mine.yml": """\
queries:
  - name: answer_seconds
    help: One observation a row.
    type: histogram
    buckets: [0.5, 1]
    sql: SELECT * FROM (VALUES (0.25), (0.5), (0.75), (8), (NULL)) v (value)
"""}).scrape()
        buckets = {float(re.search('le="([^"]+)"', name)[1]): value
                   for name, value in scrape.family("answer_seconds_bucket").items()}
        self.assertEqual(buckets, {0.5: 2, 1: 3, float("inf"): 4})
        self.assertEqual((scrape["answer_seconds_sum"], scrape["answer_seconds_count"]), (9.5, 4))

    def test_nothing_can_be_written(self):
        scrape = self.scrape(**{name: ("[]", sql) for name, sql in WRITES.items()})
        self.assertEqual(scrape.failed(), sorted(WRITES))
        self.assertEqual(self.cluster.sql("SELECT count(*) FROM kept", "app"), "0")
        self.exporter.scrape()  # once more, in sessions that have seen all that
        self.assertEqual(self.cluster.sql("SELECT count(*) FROM kept", "app"), "0")


if __name__ == "__main__":
    main()
