"""kill -9 twice: the second one before and after every change of a file that the recovery from the first one makes. The
first one comes while each command runs that changes something, and now and then between. What the recovery does is
found by having it go on unharmed.
"""

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import kills
import unharmed
from matrix import Case
from scenarios import named, play
from templates import fresh
from verdict import judge_end

SCENARIO = named("failed deploy, rollback")  # all the steps that there are, but for one that only looks
BETWEEN = 5  # first kills that are not in a command: so many parts the unharmed run has
FINDERS = 4  # recoveries that are looked at at a time
KILL = -signal.SIGKILL


@dataclass
class Twice:
    first: object
    second: object

    def __str__(self):
        return f"{self.first}, and {self.second} of the recovery"


def first_kills(stage):
    seen = unharmed.of(stage, SCENARIO)
    inside = [kills.InCommand(verb, when) for verb in seen.verbs for when in ("before", "after")]
    part = len(seen.trace) // BETWEEN
    return inside + [kills.AtCall(number, "after", seen.trace[number - 1])
                     for number in range(part, part * BETWEEN, part)]


def recovery_of(stage, first):
    """What it does to the disk, a letter each."""
    world = fresh(stage, SCENARIO)
    try:
        first.prepare(world, signal.SIGKILL)
        played = play(world, SCENARIO)
        if played.problem or played.ends != [KILL]:
            raise AssertionError(f"no unharmed recovery: {first}: {played}")
        return world.faults.trace()
    finally:
        world.remove()


def find(stage):
    firsts = first_kills(stage)
    with ThreadPoolExecutor(FINDERS) as pool:
        traces = list(pool.map(lambda first: recovery_of(stage, first), firsts))
    return [Twice(first, second) for first, trace in zip(firsts, traces) for second in kills.at_calls(trace)]


def attempt(stage, point):
    world = fresh(stage, SCENARIO)
    later = [point.second]
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        point.first.prepare(world, signal.SIGKILL)
        played = play(world, SCENARIO, after_end=lambda: later and later.pop().prepare(world, signal.SIGKILL))
        met = len(played.ends)
        if met < 2:
            kills.settle(world, (point.first, point.second)[met], played, met)
        verdict = judge_end(world, SCENARIO, played, effects, runs, [KILL, KILL])
        verdict.was_hit = played.ends == [KILL, KILL]
        return verdict
    finally:
        world.remove()


CASES = [Case(f"kill -9 twice: {SCENARIO.name}", find, attempt, budget=20)]
