#!/usr/bin/python3
"""What one collection of invitations_created_total costs the server while a hundred rows a second come in,
in a table of a million and of ten million rows; beside it prometheus-sql-exporter with count(*).

events_bench.py [--rows N,M]    BACKSTAY_BIN names the folder of the programs; without it, build/bin

Cost is what auto_explain logs of the very statements that both send: EXPLAIN (ANALYZE, BUFFERS), the
blocks that it touches, in cache or not, and its time. The median of several collections. Ends with
status 1 where the larger table costs more than 1.5 times the smaller one.
"""

import argparse
import contextlib
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.dont_write_bytecode = True

from cluster import POSTGRES, ROOT, Cluster, end, free_port  # noqa: E402
from exporter import Exporter  # noqa: E402
from script import end_with_all_on_signals  # noqa: E402

RATE = 100  # new rows a second
COLLECTIONS = 9
RATIO_MAX = 1.5
PLAN = re.compile(r"duration: ([\d.]+) ms  plan:\n((?:\t.*\n)+)")
CATALOG_ENTRY = "invitations_created_total"

# After so long every row of the tail (settle, a minute) came while the writers were at work: no vacuum has
# seen it, as it would be at any other time.
WARM_UP_SECONDS = 75
FILL = """
INSERT INTO users (email) VALUES ('a@example.com');
INSERT INTO invitations (inviter_id, email, created_at)
SELECT 1, 'guest@example.com', now() - interval '3 minutes' - ({rows} - n) * interval '30 days' / {rows}
FROM generate_series(1, {rows}) n;
CREATE INDEX invitations_created_at ON invitations (created_at);
VACUUM ANALYZE invitations;
"""
SQL_EXPORTER = """
jobs:
- name: invitations
  interval: 5s
  connections: ['{url}']
  queries:
  - name: invitations_created
    help: Invitations ever created.
    values: [created]
    query: SELECT count(*)::float AS created FROM invitations
"""


def schema():
    """Without the indexes: one is made when the table is full, the others cost the same either way."""
    text = (ROOT / "examples" / "invitations" / "schema.sql").read_text()
    return re.sub(r"^CREATE INDEX .*\n", "", text, flags=re.M)


class Server(Cluster):
    def __init__(self, rows):
        super().__init__("session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0",
                         "auto_explain.log_analyze=on", "auto_explain.log_buffers=on", "auto_explain.log_timing=off",
                         "auto_explain.log_format=json", "shared_buffers=512MB", "max_wal_size=8GB", "autovacuum=off")
        self.start()
        self.script(schema() + FILL.format(rows=rows))

    def costs(self, mark):
        """(blocks, ms) of each statement so far whose text has the mark."""
        log = self.log.read_text(errors="replace")
        found = []
        for milliseconds, text in PLAN.findall(log):
            plan = json.loads(text)
            if mark in plan["Query Text"]:
                top = plan["Plan"]
                found.append((top["Shared Hit Blocks"] + top["Shared Read Blocks"], float(milliseconds)))
        return found


@contextlib.contextmanager
def writers(server, folder):
    script = folder / "insert.sql"
    script.write_text("INSERT INTO invitations (inviter_id, email) VALUES (1, 'new@example.com');\n")
    process = subprocess.Popen(
        [POSTGRES / "pgbench", "--no-vacuum", "--client=4", f"--rate={RATE}", "--time=3600", "--file", script,
         server.admin_url()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        end(process)


def wait_for_costs(server, mark, count, ask=lambda: None):
    until = time.monotonic() + 300
    while len(found := server.costs(mark)) < count:
        if time.monotonic() > until:
            raise RuntimeError(f"only {len(found)} of {count} statements with {mark}")
        ask()
        time.sleep(1)
    return found


def cost_of_backstay(server, folder):
    catalog = "queries:\n" + re.search(
        rf"  - name: {CATALOG_ENTRY}\n(?:    .*\n)+",
        (ROOT / "exporter" / "catalog" / "invitations.yml").read_text())[0] + "    interval: 2s\n"
    exporter = Exporter(f"state_dir: {folder}/state\ncollectors: [one.yml]\n"
                        f"database: {{url: '{server.admin_url_over_tcp()}', statement_timeout: 2m}}\n",
                        {"one.yml": catalog})
    try:
        def scrape():
            return exporter.scrape(120)
        wait_for_costs(server, "event_time", 1, scrape)  # of the whole table
        time.sleep(WARM_UP_SECONDS)
        scrape()  # what has become final meanwhile
        before = len(server.costs("event_time"))
        return wait_for_costs(server, "event_time", before + COLLECTIONS, scrape)[-COLLECTIONS:]
    finally:
        exporter.remove()


def cost_of_sql_exporter(server, folder):
    config = folder / "sql_exporter.yml"
    config.write_text(SQL_EXPORTER.format(url=server.admin_url_over_tcp().replace("postgresql:", "postgres:")))
    process = subprocess.Popen(["prometheus-sql-exporter", f"-config.file={config}",
                                f"-web.listen-address=127.0.0.1:{free_port()}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return wait_for_costs(server, "count(*)::float AS created", 4)[1:]
    finally:
        end(process)


def measure(rows):
    """name → median (blocks, ms)"""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="backstay-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = Server(rows)
        stack.callback(server.remove)
        stack.enter_context(writers(server, folder))
        costs = {"backstay-exporter": cost_of_backstay(server, folder),
                 "prometheus-sql-exporter": cost_of_sql_exporter(server, folder)}
    return {name: tuple(statistics.median(values) for values in zip(*found)) for name, found in costs.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="1000000,10000000", help="of the two tables")
    small, large = (int(rows) for rows in parser.parse_args().rows.split(","))
    end_with_all_on_signals()
    results = {rows: measure(rows) for rows in (small, large)}
    print(f"one collection of invitations_created_total, {RATE} new rows a second")
    print(f"{'':<25}{'rows':>12}{'blocks':>12}{'ms':>12}{'× blocks':>12}{'× ms':>12}")
    ratios = {}
    for name in results[small]:
        ratios[name] = [big / little for big, little in zip(results[large][name], results[small][name])]
        for rows in (small, large):
            blocks, milliseconds = results[rows][name]
            ratio = "" if rows == small else "".join(f"{value:>12.2f}" for value in ratios[name])
            print(f"{name:<25}{rows:>12}{blocks:>12.0f}{milliseconds:>12.2f}{ratio}")
    worst = max(ratios["backstay-exporter"])
    print(f"{large // small} times the rows cost {worst:.2f} × at most; the budget is {RATIO_MAX}")
    return 0 if worst <= RATIO_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
