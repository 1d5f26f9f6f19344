"""Somebody disarms the receiver in the middle of an action: the file `disarmed` comes before every change of a file
that a scenario makes, while each command runs, between a kill -9 and the next start, and while the start of a step
waits for room on the disk. The receiver is stopped meanwhile (SIGSTOP), so that it is known which steps had begun:
those whose start is in the journal. They are brought to their end, and no other one begins. Armed again, it does what
is asked for then, and takes nothing up that was stopped.
"""

import os
import signal
import threading
import time
from dataclasses import dataclass, field

import kills
import unharmed
from control import FOREVER, KINDS
from ends import differences, end_of
from matrix import Case
from scenarios import SCENARIOS, named, play
from templates import fresh
from verdict import judge, judge_ends

LOOK_SECONDS = 0.002
WAITS = "cannot write the journal; trying again"  # as the worker says it
SETTLING = "deploy that settles"


class Disarming:
    """Of one world; done in its own thread whenever the receiver stops."""

    def __init__(self, world, on_stop=None):
        self.world, self.begun, self.on_stop = world, None, on_stop or self.disarm
        self.problem, self.begun_before = "", self.steps()
        threading.Thread(target=self.watch, daemon=True).start()

    @property
    def file(self):
        return self.world.dir / "state" / "disarmed"

    @property
    def is_done(self):
        return self.begun is not None

    def steps(self):
        return {row["token"] for row in self.world.rows("SELECT token FROM steps")}

    def disarm(self):
        """With the receiver stopped, or unable to write anything down. One that is not up yet has begun nothing, and
        may hold the locks that a reader of the journal needs."""
        self.begun = self.begun_before if self.world.port is None else self.steps()
        self.file.touch()

    def watch(self):
        try:
            while self.world.process is None:
                time.sleep(LOOK_SECONDS)
            pid = self.world.process.pid
            while os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code == os.CLD_STOPPED:
                try:
                    self.on_stop()
                finally:
                    os.kill(pid, signal.SIGCONT)
        except ChildProcessError:
            pass  # it has ended
        except Exception as error:  # whatever it is, it is the test's
            self.problem = f"{type(error).__name__}: {error}"


@dataclass
class AtCall:
    number: int
    kind: str

    def __str__(self):
        return f"before call {self.number} ({KINDS[self.kind]})"

    def play(self, world, scenario):
        world.faults.end_at(self.number, "before", signal.SIGSTOP)
        disarming = Disarming(world)
        played = play(world, scenario)
        world.faults.set(before=0)
        return played, disarming, []


@dataclass
class InCommand:
    verb: str
    when: str

    def __str__(self):
        return f"while {self.verb} runs, {self.when} it has done its work"

    def play(self, world, scenario):
        world.tell_command(self.verb, self.when, "kill -STOP $PPID; while [ ! -e state/disarmed ]; do sleep 0.01; done")
        disarming = Disarming(world)
        return play(world, scenario), disarming, []


@dataclass
class Killed:
    """And then disarmed."""
    inside: object

    def __str__(self):
        return f"after a kill {self.inside}"

    def play(self, world, scenario):
        disarming = Disarming(world)
        self.inside.prepare(world, signal.SIGKILL)
        played = play(world, scenario, after_end=lambda: disarming.is_done or disarming.disarm())
        return played, disarming, [-signal.SIGKILL]


@dataclass
class OnFullDisk:
    """The receiver is stopped at every call until the step before has ended and this one has not begun. Then there is
    no room any more, and when the worker waits for it, it is disarmed and there is room again."""
    step: str
    done: int  # steps before it
    runs_before: int = field(default=0, repr=False)

    def __str__(self):
        return f"while the start of {self.step} waits for room"

    def is_next(self, world):
        runs = world.rows("SELECT id FROM runs WHERE id > ? AND ended_at IS NULL", self.runs_before)
        steps = world.rows("SELECT outcome FROM steps WHERE run_id > ?", self.runs_before)
        return bool(runs) and len(steps) == self.done and all(step["outcome"] == "done" for step in steps)

    def on_stop(self, world):
        if self.is_next(world):
            world.faults.set(before=0, full_from=1, full_until=FOREVER)
        else:
            world.faults.set(before=world.faults.get("calls") + 1)

    def play(self, world, scenario):
        self.runs_before = kills.newest_run(world)
        world.start()
        world.faults.end_at(world.faults.get("calls") + 1, "before", signal.SIGSTOP)
        disarming = Disarming(world, lambda: self.on_stop(world))

        def look():
            if world.faults.get("full_from") and WAITS in world.log.read_text(errors="replace"):
                if self.is_next(world):
                    disarming.disarm()
                world.faults.set(full_from=0)
        played = play(world, scenario, look)
        world.faults.set(before=0, full_from=0)
        return played, disarming, []


def find(stage, scenario):
    seen = unharmed.of(stage, scenario)
    inside = [InCommand(verb, when) for verb in seen.verbs for when in ("before", "after")]
    killed = [Killed(kills.InCommand(point.verb, point.when)) for point in inside]
    return inside + killed + [AtCall(number, kind) for number, kind in enumerate(seen.trace, 1)]


def find_on_full_disk(_stage):
    return [OnFullDisk(step, number) for number, step in enumerate(("backup", "stage", "switch", "verify"))]


def attempt(stage, scenario, point):
    world = fresh(stage, scenario)
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        played, disarming, intended = point.play(world, scenario)
        verdict = judge(world, played.deliveries)
        judge_ends(played, intended, verdict)
        verdict.unexplained += [problem for problem in (played.problem, disarming.problem) if problem]
        verdict.was_hit = disarming.is_done
        if verdict.was_hit:
            judge_begun(world, effects, runs, disarming.begun, verdict)
            judge_runs(world, scenario, runs, verdict)
            arm_again(world, disarming, verdict)
        return verdict
    finally:
        world.remove()


def judge_begun(world, effects_before, runs_before, begun, verdict):
    """Only what had begun did its work."""
    for verb, release, run, token, what in world.effects()[effects_before:]:
        if what == "begun" and token not in begun:
            verdict.unexplained.append(f"disarmed, and {verb} {release} of run {run} is begun with token {token}")
    for row in world.rows("SELECT token, run_id, name, outcome, finding FROM steps WHERE run_id > ?", runs_before):
        if row["token"] not in begun and "done" in (row["outcome"], row["finding"]):
            verdict.unexplained.append(f"disarmed, and a step was begun and done: {row}")


def judge_runs(world, scenario, runs_before, verdict):
    """Each run came to the end that it has unharmed, or was stopped; what was not begun is refused; and people know."""
    runs = world.rows("SELECT action, outcome, detail FROM runs WHERE id > ? ORDER BY id", runs_before)
    is_whole = [(run["action"], run["outcome"]) for run in runs] == scenario.runs
    for run, (action, outcome) in zip(runs, scenario.runs):
        if run["action"] != action or run["outcome"] not in (outcome, "stopped"):
            verdict.unexplained.append(f"a run came to another end: {run}, and not {action} {outcome}")
        if run["outcome"] == "stopped" and "disarmed" not in run["detail"]:
            verdict.unexplained.append(f"it does not say why it was stopped: {run}")
    if len(runs) > len(scenario.runs):
        verdict.doubled.append(f"{runs}, and not {scenario.runs}")
    found, wanted = end_of(world), unharmed.of(world.stage, scenario).end
    if is_whole and found["steps done"] == wanted["steps done"]:
        verdict.unexplained += differences(found, wanted)  # it came after all was done
        return
    refused = world.rows("SELECT 1 FROM decisions WHERE reason = 'disarmed'")
    if not is_whole and not refused and "stopped" not in [run["outcome"] for run in runs]:
        verdict.lost.append(f"{runs}, not {scenario.runs}, and nothing was refused or stopped")
    if not is_whole and not world.rows("SELECT 1 FROM outbox WHERE text LIKE '%disarmed%' OR title LIKE '%disarmed%'"):
        verdict.unexplained.append("nobody is told that it is disarmed")


def arm_again(world, disarming, verdict):
    """A backup is asked for, and that is all that is done."""
    disarming.file.unlink()
    effects, runs, backup = len(world.effects()), kills.newest_run(world), named("backup")
    played = play(world, backup)
    verdict.unexplained += [f"armed again: {played.problem}"] if played.problem else []
    judge_ends(played, [], verdict)
    found = [(run["action"], run["outcome"]) for run in
             world.rows("SELECT action, outcome FROM runs WHERE id > ?", runs)]
    if found != backup.runs:
        verdict.unexplained.append(f"armed again, the runs are {found}, not {backup.runs}")
    did = {verb for verb, *_ in world.effects()[effects:]}
    if did != {"backup"}:
        verdict.doubled.append(f"armed again, it does {sorted(did)}, and a backup was asked for")


def case_of(scenario):
    return Case(f"disarmed: {scenario.name}", lambda stage: find(stage, scenario),
                lambda stage, point: attempt(stage, scenario, point), budget=8)


CASES = [case_of(scenario) for scenario in SCENARIOS if scenario.name != SETTLING] + [
    Case("disarmed on a full disk: deploy", find_on_full_disk,
         lambda stage, point: attempt(stage, named("deploy"), point), budget=4)]
