"""SIGTERM in every state: before and after every write and sync of a scenario, and while its commands run. It ends by
itself, with status 0, and goes on after the next start.
"""

import signal

import kills
from matrix import Case
from scenarios import SCENARIOS, play
from templates import fresh
from verdict import judge_end


def attempt(stage, scenario, point):
    world = fresh(stage, scenario)
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        point.prepare(world, signal.SIGTERM)
        played = play(world, scenario)
        kills.settle(world, point, played)
        verdict = judge_end(world, scenario, played, effects, runs, [0])
        verdict.was_hit = bool(played.ends)
        return verdict
    finally:
        world.remove()


def case_of(scenario):
    return Case(f"SIGTERM: {scenario.name}", lambda stage: kills.find(stage, scenario),
                lambda stage, point: attempt(stage, scenario, point), budget=8)


CASES = [case_of(scenario) for scenario in SCENARIOS]
