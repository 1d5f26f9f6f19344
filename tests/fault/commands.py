"""A command of an action misbehaves: it hangs, leaves children behind, ignores SIGTERM, prints for ever, before or after
it has done its work; each of those that an action needs. The run ends, says how, and nothing is done twice. Or the
receiver is killed, and what its command has started lives on: the same end as without it.
"""

import os
import select
import signal
from dataclasses import dataclass

from kills import newest_run
from matrix import Case
from scenarios import named, play
from templates import fresh
from verdict import judge, judge_end

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


# A child that does the work itself as soon as the repeat has done it, or goes away after a minute. It holds `late`, by
# which is known when it is gone. Of a backup a second dump is no fault, but one that nobody expects any more is.
LATE = """exec 9>late
(looks=0
until grep -q "^{verb} {release} {run} .* done" effects; do
    [ $((looks += 1)) -lt 600 ] && sleep 0.1 || exit
done
{work}) &
kill -9 $PPID
sleep 5"""
DRIVER_LATE = LATE.format(verb="$verb", release="$release", run="$BACKSTAY_RUN", work="note done")
BACKUP_LATE = LATE.format(verb="backup", release="-", run="$run", work='mkdir -p "$target"')
GONE_SECONDS = 90


@dataclass
class Outlives:
    scenario: str
    verb: str

    def __str__(self):
        return f"a child of {self.verb} of {self.scenario} outlives a kill -9"


def find_outliving(_stage):
    return [Outlives(scenario, verb) for verb, scenario in CALLS if verb in ("deploy", "switch", "backup")]


def attempt_outliving(stage, point):
    scenario = named(point.scenario)
    world = fresh(stage, scenario)
    os.mkfifo(world.dir / "late")
    late = os.open(world.dir / "late", os.O_RDONLY | os.O_NONBLOCK)
    try:
        effects, runs = len(world.effects()), newest_run(world)
        world.tell_command(point.verb, "before", BACKUP_LATE if point.verb == "backup" else DRIVER_LATE)
        played = play(world, scenario)
        is_gone = select.poll()
        is_gone.register(late, select.POLLHUP)
        if not is_gone.poll(GONE_SECONDS * 1000):
            raise AssertionError("the child is still there")
        intended = [-signal.SIGKILL]
        verdict = judge_end(world, scenario, played, effects, runs, intended)
        verdict.was_hit = played.ends == intended
        return verdict
    finally:
        os.close(late)
        world.remove()


CASES = [Case("a command misbehaves", find, attempt, budget=32),
         Case("a command's child outlives kill -9", find_outliving, attempt_outliving, budget=5)]
