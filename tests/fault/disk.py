"""The disk is full at every write: at one call alone, and from one call on until somebody makes room. A delivery gets a
503 then, and is sent again; nothing is done that cannot be written down, and all goes on when there is room.
"""

import time
from dataclasses import dataclass

import kills
import unharmed
from control import FOREVER, KINDS, NEED_ROOM
from matrix import Case
from scenarios import SCENARIOS, play, with_failed_backup
from templates import fresh
from verdict import judge_end

FULL_SECONDS = 0.7  # longer than the worker waits before it tries again


@dataclass
class Full:
    number: int
    kind: str
    lasts: bool

    def __str__(self):
        return f"no room {'from' if self.lasts else 'at'} call {self.number} ({KINDS[self.kind]})"


class Room:
    """Made some time after it was first missed."""

    def __init__(self, world):
        self.world, self.missed_at, self.refused = world, None, 0

    def look(self):
        if self.missed_at is None and self.world.faults.get("refused"):
            self.missed_at, self.refused = time.monotonic(), 1
        if self.missed_at is not None and time.monotonic() > self.missed_at + FULL_SECONDS:
            self.world.faults.set(full_from=0)


def find(stage, scenario):
    trace = unharmed.of(stage, scenario).trace
    return [Full(number, kind, lasts) for number, kind in enumerate(trace, 1) if kind in NEED_ROOM
            for lasts in (False, True)]


def end_for(world, scenario, runs_before):
    """A backup for which there was no room has failed, and what wants one first goes no further. Nothing else ends
    otherwise than with room."""
    failed = world.rows("SELECT run_id FROM steps WHERE run_id > ? AND name = 'backup' AND outcome = 'failed'",
                        runs_before)
    return with_failed_backup(scenario, failed[0]["run_id"] - runs_before) if failed else scenario


def attempt(stage, scenario, point):
    world = fresh(stage, scenario)
    room = Room(world)
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        world.faults.set(full_from=point.number, full_until=FOREVER if point.lasts else point.number + 1)
        played = play(world, scenario, room.look)
        room.look()
        world.faults.set(full_from=0)
        # It may refuse to start on a full disk, and says so; nothing else ends it.
        refusals = [1] * len(played.ends)
        verdict = judge_end(world, end_for(world, scenario, runs), played, effects, runs, refusals)
        verdict.was_hit = bool(room.refused or played.ends)
        return verdict
    finally:
        world.remove()


def case_of(scenario):
    return Case(f"disk full: {scenario.name}", lambda stage: find(stage, scenario),
                lambda stage, point: attempt(stage, scenario, point), budget=12)


CASES = [case_of(scenario) for scenario in SCENARIOS]
