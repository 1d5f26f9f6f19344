"""A command of an action misbehaves: it hangs, leaves children behind, ignores SIGTERM, prints for ever, before or after
it has done its work; each of those that an action needs. The run ends, says how, and nothing is done twice.
"""

from dataclasses import dataclass

from matrix import Case
from scenarios import named, play
from templates import fresh
from verdict import judge

HANG = "sleep 3600"
WAYS = {
    "hangs": HANG,
    "ignores SIGTERM": "trap '' TERM; while :; do sleep 1; done",
    "prints for ever": "yes",
    "leaves a child in its group": f"{HANG} &",
    # It goes away by itself soon, so that the test leaves nobody behind.
    "leaves a child that holds its output": "setsid sleep 15 &",
    "prints what is not UTF-8": r"printf '\377\376\n\0' >&2; printf '\377\n'; exit 1",
    "is ended by a signal": "kill -11 $$",
}
# Where each is called: deploy in a deploy, backup in both, switch in a rollback.
CALLS = (("deploy", "deploy"), ("switch", "alert, rollback"), ("switch", "deploy"), ("backup", "deploy"),
         ("backup", "alert, rollback"), ("current", "alert, rollback"), ("list", "deploy"))


@dataclass
class Misbehaves:
    scenario: str
    verb: str
    way: str
    when: str

    def __str__(self):
        return f"{self.verb} of {self.scenario} {self.way}, {self.when} it has done its work"


def find(_stage):
    return [Misbehaves(scenario, verb, way, when) for way in WAYS for verb, scenario in CALLS
            for when in (("before",) if verb in ("current", "list") else ("before", "after"))]


def attempt(stage, point):
    scenario = named(point.scenario)
    world = fresh(stage, scenario, timeout="500ms", backup_timeout="1s")
    try:
        world.tell_command(point.verb, point.when, WAYS[point.way])
        played = play(world, scenario)
        verdict = judge(world, played.deliveries)
        verdict.was_hit = (world.dir / f"{point.verb}-{point.when}.obeyed").exists()
        verdict.unexplained += [played.problem] if played.problem else []
        verdict.unexplained += [f"it ended with {end}" for end in played.ends]
        return verdict
    finally:
        world.remove()


CASES = [Case("a command misbehaves", find, attempt, budget=32)]
