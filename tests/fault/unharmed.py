"""Each scenario once with nothing that fails: where the points are found, and the end that all others are compared
with.
"""

import threading
from dataclasses import dataclass

from ends import end_of
from scenarios import play
from templates import fresh

lock = threading.RLock()
seen = {}


@dataclass
class Unharmed:
    trace: str  # what it does to the disk, a letter each
    verbs: list  # the commands that it runs and that change something, each once
    questions: dict  # verb → which calls of those that only ask are its own
    end: dict


def of(stage, scenario):
    """By the scenario's name: another one has another."""
    with lock:
        if scenario.name not in seen:
            seen[scenario.name] = look(stage, scenario)
        return seen[scenario.name]


def look(stage, scenario):
    world = fresh(stage, scenario)
    try:
        before, asked = len(world.effects()), world.asked()
        for (verb, when), shell in scenario.told.items():
            world.tell_command(verb, when, shell)
        played = play(world, scenario)
        if played.problem or played.ends:
            raise AssertionError(f"unharmed, {scenario.name} fails: {played}")
        trace, now_asked = world.faults.trace(), world.asked()
        verbs = {verb for verb, _, _, _, what in world.effects()[before:] if what == "begun"}
        return Unharmed(trace, sorted(verbs), {verb: range(asked[verb] + 1, count + 1)
                                               for verb, count in now_asked.items()}, end_of(world))
    finally:
        world.remove()
