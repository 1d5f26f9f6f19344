"""The wall clock jumps by an hour, forwards or back, before any write of a scenario: deadlines may then be over, an
alert may be older than its release. Whatever is decided, it is decided once, done once, and explained.
"""

from dataclasses import dataclass

import kills
import unharmed
from matrix import Case
from scenarios import SCENARIOS, play, without_action
from templates import fresh
from verdict import judge_end

HOUR_MS = 3_600_000


@dataclass
class Jump:
    number: int
    hours: int

    def __str__(self):
        return f"{self.hours:+d} h before call {self.number}"


def find(stage, scenario):
    trace = unharmed.of(stage, scenario).trace
    return [Jump(number, hours) for number in range(1, len(trace) + 1) for hours in (1, -1)]


def end_for(world, scenario, point):
    """An hour later nobody may answer a question any more. Nothing else comes to another end."""
    decided = world.rows("SELECT reason FROM decisions ORDER BY event_id DESC LIMIT 1")
    if point.hours < 0 or not decided or decided[0]["reason"] != "approval_expired":
        return scenario
    return without_action(scenario, "not answered", is_answered=False,
                          settings={**scenario.settings, "approve_within": "1s"})


def attempt(stage, scenario, point):
    world = fresh(stage, scenario)
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        world.faults.set(jump_at=point.number, jump_ms=point.hours * HOUR_MS)
        played = play(world, scenario)
        # What was over before it began took no time that anybody knows, and is not counted.
        but = ("recoveries",) if point.hours < 0 else ()
        verdict = judge_end(world, end_for(world, scenario, point), played, effects, runs, but=but)
        verdict.was_hit = world.faults.get("clock_ms") != 0
        return verdict
    finally:
        world.remove()


def case_of(scenario):
    return Case(f"clock jumps an hour: {scenario.name}", lambda stage: find(stage, scenario),
                lambda stage, point: attempt(stage, scenario, point), budget=8)


CASES = [case_of(scenario) for scenario in SCENARIOS]
