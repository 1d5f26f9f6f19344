"""Cases, their points, and the table that is printed of them."""

import random
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from verdict import Verdict

SHOWN_MAX = 12
MISSED_PART = 10  # of the points that were tried, at most one in so many may not have happened,
MISSED_ALWAYS = 2  # or so many, where few were tried
COLUMNS = ("lost", "doubled", "unexplained")


@dataclass
class Case:
    name: str
    find: object  # stage → all points, in any form that has a short str()
    attempt: object  # (stage, point) → Verdict
    budget: int  # how many points are tried where not all are


class Row:
    def __init__(self, case):
        self.case, self.points, self.tried, self.missed, self.seconds, self.verdict = case, 0, 0, 0, 0.0, Verdict()

    def note(self, verdict, seconds):
        self.tried += verdict.was_hit
        self.missed += not verdict.was_hit
        self.seconds += seconds
        self.verdict.add(verdict)

    def is_tried(self):
        """A run may make a few calls fewer than the one that found the points, so that points by its end are missed."""
        return self.tried > 0 and self.missed <= max(MISSED_ALWAYS, (self.tried + self.missed) // MISSED_PART)

    def counts(self):
        return [len(getattr(self.verdict, column)) for column in COLUMNS]


def choose(points, budget, chance):
    """One by chance of every k that follow one another: all parts of a scenario get their share."""
    step = max(1, -(-len(points) // budget))
    return [chance.choice(points[at:at + step]) for at in range(0, len(points), step)]


def attempt(stage, case, point):
    began = time.monotonic()
    try:
        verdict = case.attempt(stage, point)
    except Exception:  # whatever it is, the other points are still tried
        verdict = Verdict(unexplained=["the test itself: " + traceback.format_exc(limit=-4)])
    return verdict, time.monotonic() - began


def run(stage, cases, seed, all_points, jobs, say):
    """All points of all cases are one queue: some wait for half a minute, and others are tried meanwhile."""
    pool = ThreadPoolExecutor(jobs)
    try:
        queued = []
        for case in cases:
            row = Row(case)
            points = case.find(stage)
            row.points = len(points)
            chosen = points if all_points else choose(points, case.budget, random.Random(f"{seed} {case.name}"))
            queued.append((row, [(point, pool.submit(attempt, stage, case, point)) for point in chosen]))
        say(HEAD)
        return [gather(row, tried, say) for row, tried in queued]
    finally:
        stage.end_all()
        pool.shutdown(cancel_futures=True)


def gather(row, tried, say):
    for point, future in tried:
        verdict, seconds = future.result()
        row.note(verdict, seconds)
        if not verdict.was_hit:
            say(f"-- {row.case.name}, {point}: missed, it did not come to that")
        if not verdict:
            say_faults(say, row.case, point, verdict)
    say(line_of(row))
    return row


def say_faults(say, case, point, verdict):
    say(f"-- {case.name}, {point}:")
    for column in COLUMNS:
        for what in getattr(verdict, column)[:SHOWN_MAX]:
            say(f"   {column}: {what}")


HEAD = f"{'case':<46} {'points':>13} {'missed':>7} {'lost':>5} {'doubled':>8} {'unexplained':>12} {'seconds':>8}"


def line_of(row):
    lost, doubled, unexplained = row.counts()
    tried = f"{row.tried} of {row.points}"
    return f"{row.case.name:<46} {tried:>13} {row.missed:>7} {lost:>5} {doubled:>8} {unexplained:>12} {row.seconds:>8.0f}"


def table(rows):
    return "\n".join([HEAD, "-" * len(HEAD), *map(line_of, rows)])


def is_all_zero(rows):
    return bool(rows) and all(not any(row.counts()) and row.is_tried() for row in rows)
