"""kill -9 before and after every write and sync of a rollback, and a start an hour later. Where its alert fires still, it
comes to the end that it has without all that. Where the alert is over, no switch is begun any more.
"""

import signal

import kills
from clock import HOUR_MS
from matrix import Case
from scenarios import named, play
from templates import fresh
from verdict import judge, judge_end, judge_ends

SCENARIO = named("alert, rollback")
KILL = -signal.SIGKILL


def switches(world):
    return [effect for effect in world.effects() if effect[0] == "switch" and effect[-1] == "begun"]


def judge_over(world, played, begun, runs_before):
    """What the alert led to before the kill is brought to its end, and nothing is begun."""
    verdict = judge(world, played.deliveries)
    if played.problem:
        verdict.unexplained.append(played.problem)
    judge_ends(played, [KILL], verdict)
    late = switches(world)[len(begun):] if begun is not None else []  # none: it did not come to the hour
    verdict.doubled += [f"its alert is over, and it began {effect}" for effect in late]
    runs = [(row["action"], row["outcome"]) for row in
            world.rows("SELECT action, outcome FROM runs WHERE id > ? ORDER BY id", runs_before)]
    ends = [[("rollback", "done")]] if world.live() == "1" else [[], [("rollback", "failed")]]
    if runs not in ends:
        verdict.unexplained.append(f"live is {world.live()}, and its runs are {runs}")
    return verdict


def attempt(stage, point, fires_still):
    world = fresh(stage, SCENARIO)
    begun = None

    def an_hour_passes():
        nonlocal begun
        begun = switches(world)
        world.faults.set(clock_ms=HOUR_MS)
        if not fires_still:
            world.alarming = set()

    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        point.prepare(world, signal.SIGKILL)
        played = play(world, SCENARIO, after_end=an_hour_passes)
        kills.settle(world, point, played)
        verdict = (judge_end(world, SCENARIO, played, effects, runs, [KILL]) if fires_still
                   else judge_over(world, played, begun, runs))
        verdict.was_hit = begun is not None
        return verdict
    finally:
        world.remove()


def case_of(name, fires_still):
    return Case(f"killed, started an hour later: {name}", lambda stage: kills.find(stage, SCENARIO),
                lambda stage, point: attempt(stage, point, fires_still), budget=40)


CASES = [case_of("alert goes on", True), case_of("alert is over", False)]
