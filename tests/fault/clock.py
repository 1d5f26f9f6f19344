"""The wall clock jumps by an hour, forwards or back, before any write of a scenario: deadlines may then be over, an
alert may be older than its release. Whatever is decided, it is decided once, done once, and explained.
"""

from dataclasses import dataclass, replace

import kills
from matrix import Case
from scenarios import SCENARIOS, play
from templates import fresh
from verdict import judge_end

HOUR_MS = 3_600_000


@dataclass
class Jump:
    number: int
    hours: int

    def __str__(self):
        return f"{self.hours:+d} h before call {self.number}"


def at_once(_status):
    """Not waited for: what settles while the clock is set back takes so much longer."""
    return True


def find(stage, scenario):
    trace, *_ = kills.calls_of(stage, scenario.name)
    return [Jump(number, hours) for number in range(1, len(trace) + 1) for hours in (1, -1)]


def other_ends(world, scenario, point):
    """An hour later nobody may answer a question any more. Nothing else comes to another end."""
    decided = world.rows("SELECT reason FROM decisions ORDER BY event_id DESC LIMIT 1")
    if point.hours < 0 or not decided or decided[0]["reason"] != "approval_expired":
        return []
    return [replace(scenario, runs=[], ends_live="2", switches=[])]


def attempt(stage, scenario, point):
    world = fresh(stage, scenario)
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        world.faults.set(jump_at=point.number, jump_ms=point.hours * HOUR_MS)
        played = play(world, replace(scenario, until=at_once))
        verdict = judge_end(world, scenario, played, effects, runs, other_ends(world, scenario, point))
        verdict.was_hit = world.faults.get("clock_ms") != 0
        verdict.unexplained += [f"it ended with {end}" for end in played.ends]
        return verdict
    finally:
        world.remove()


def case_of(scenario):
    return Case(f"clock jumps an hour: {scenario.name}", lambda stage: find(stage, scenario),
                lambda stage, point: attempt(stage, scenario, point), budget=8)


CASES = [case_of(scenario) for scenario in SCENARIOS]
