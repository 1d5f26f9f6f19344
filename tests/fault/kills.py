"""kill -9 before and after every write and sync that a scenario makes, and before and after what its commands do. The
points are found by running it once unharmed.
"""

import signal
from dataclasses import dataclass

import unharmed
from control import KINDS
from matrix import Case
from scenarios import SCENARIOS, play
from templates import fresh
from verdict import judge_end

END_SECONDS = 60


@dataclass
class AtCall:
    number: int
    when: str
    kind: str

    def __str__(self):
        return f"{self.when} call {self.number} ({KINDS[self.kind]})"

    def prepare(self, world, how):
        world.faults.end_at(self.number, self.when, how)

    def take_back(self, world):
        world.faults.set(before=0, after=0)

    def is_hit(self, world):
        return world.faults.get("calls") >= self.number


@dataclass
class InCommand:
    verb: str
    when: str
    count: int = 0  # which call of it; 0: the next

    def __str__(self):
        which = f", its call {self.count}" if self.count else ""
        return f"while {self.verb} runs{which}, {self.when} it has done its work"

    @property
    def moment(self):
        return f"{self.when}-{self.count}" if self.count else self.when

    def prepare(self, world, how):
        world.tell_command(self.verb, self.moment, f"kill -{int(how)} $PPID; sleep 5")

    def take_back(self, world):
        (world.dir / f"{self.verb}-{self.moment}").unlink(missing_ok=True)

    def is_hit(self, world):
        return (world.dir / f"{self.verb}-{self.moment}.obeyed").exists()


def find(stage, scenario):
    seen = unharmed.of(stage, scenario)
    points = [InCommand(verb, when) for verb in seen.verbs for when in ("before", "after")]
    points += [InCommand(verb, when, count) for verb, counts in seen.questions.items() for count in counts
               for when in ("before", "after")]
    return points + at_calls(seen.trace)


def at_calls(trace):
    return [AtCall(number, when, kind) for number, kind in enumerate(trace, 1) for when in ("before", "after")]


def settle(world, point, played, ends_before=0):
    """Nothing ends it any more while it is judged, by questions that ask the driver too; what was met after all was
    done still has its end."""
    point.take_back(world)
    if point.is_hit(world) and len(played.ends) == ends_before:
        played.ends.append(world.process.wait(END_SECONDS))
        world.faults.reset()
        world.start()


def newest_run(world):
    return world.rows("SELECT coalesce(max(id), 0) AS n FROM runs")[0]["n"]


def attempt(stage, scenario, point):
    world = fresh(stage, scenario)
    try:
        effects, runs = len(world.effects()), newest_run(world)
        point.prepare(world, signal.SIGKILL)
        played = play(world, scenario)
        settle(world, point, played)
        verdict = judge_end(world, scenario, played, effects, runs, [-signal.SIGKILL])
        verdict.was_hit = -signal.SIGKILL in played.ends
        return verdict
    finally:
        world.remove()


def case_of(scenario):
    return Case(f"kill -9: {scenario.name}", lambda stage: find(stage, scenario),
                lambda stage, point: attempt(stage, scenario, point), budget=20)


CASES = [case_of(scenario) for scenario in SCENARIOS]
