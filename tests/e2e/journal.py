"""The receiver's journal, read from outside while the receiver writes it: what a test waits for, and
what must hold at the end. docs/JOURNAL.md describes the tables."""

import sqlite3
import time
from contextlib import closing


class Journal:
    def __init__(self, path):
        self.path = path

    def rows(self, sql, *values):
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=60)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def one(self, sql, *values):
        rows = self.rows(sql, *values)
        return next(iter(rows[0].values())) if rows else None

    def copy_to(self, path):
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=60)) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))

    def milestones(self, release):
        """All that has happened so far to the deployment of this release, as (action, what)."""
        seen = {("deploy", "event") for _ in self.rows(
            "SELECT 1 FROM events WHERE kind = 'deploy_requested' AND release = ?", release)}
        seen |= {("rollback", "event") for _ in self.rows(
            "SELECT 1 FROM events e, deployments d WHERE e.kind = 'alert_firing' AND d.release = ? "
            "AND d.kind = 'deploy' AND e.received_at >= d.live_at", release)}
        for run in self.rows("SELECT * FROM runs WHERE (action = 'deploy' AND release_to = ?) OR "
                             "(action = 'rollback' AND release_from = ?)", release, release):
            seen.add((run["action"], "decided"))
            if run["ended_at"] is not None:
                seen.add((run["action"], "ended"))
            for step in self.rows("SELECT * FROM steps WHERE run_id = ?", run["id"]):
                seen.add((run["action"], f"{step['name']} started"))
                if step["ended_at"] is not None:
                    seen.add((run["action"], f"{step['name']} ended"))
        return seen

    def wait_for(self, release, milestone, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if milestone in self.milestones(release):
                return
            time.sleep(0.005)
        raise AssertionError(f"release {release}: {milestone} not within {seconds} s; "
                             f"seen: {sorted(self.milestones(release))}; last: {self.last()}")

    def last(self):
        """The newest decisions and steps, and what they say: why something did not come."""
        return [row for sql in ("SELECT verdict, reason, explanation FROM decisions ORDER BY event_id DESC LIMIT 5",
                                "SELECT name, outcome, finding, detail FROM steps ORDER BY rowid DESC LIMIT 5")
                for row in self.rows(sql)]
