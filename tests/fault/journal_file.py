"""The journal loses its end: its last page, and the last frames of its write-ahead log, cut off at every byte. What the
test cuts off was on disk, so it is gone; what is asked is that the receiver either finds all that was committed before
the cut and goes on from there, or says that the file is damaged and does nothing; and that nothing is done twice.

All cuts are opened with `backstay journal check`; the receiver then has to live with one of each different journal.
"""

import hashlib
import json
import shutil
import signal
from dataclasses import dataclass

import deliveries
from matrix import Case
from scenarios import named, play
from templates import fresh, template
from verdict import Verdict, judge
from world import World

PAGE = 4096
FRAME = PAGE + 24  # of the write-ahead log, with its head
LOG_HEAD = 32
FRAMES_CUT = 2
LOOK_SECONDS = 90


@dataclass
class Cut:
    file: str
    size: int
    of: int

    def __str__(self):
        return f"{self.file} cut to {self.size} of {self.of} bytes"


class Victim:
    """A journal in the middle of a rollback, as a kill leaves it; once with a log beside it, once with all in one
    file."""

    def __init__(self):
        self.world, self.seen = None, {}

    def of(self, stage):
        if self.world is None:
            scenario = named("alert, rollback")
            self.world = fresh(stage, scenario)
            self.world.tell_command("switch", "after", "kill -9 $PPID; sleep 5")
            self.world.unhealthy, self.world.alarming = scenario.unhealthy, scenario.alarming
            self.world.start()
            delivery = deliveries.alert()
            while not delivery.is_accepted:
                delivery.send(self.world)
            self.world.process.wait(LOOK_SECONDS)
        return self.world


victim = Victim()


def find_log(stage):
    size = (victim.of(stage).dir / "state" / "journal.db-wal").stat().st_size
    return [Cut("journal.db-wal", at, size) for at in range(max(0, size - FRAMES_CUT * FRAME), size)]


def find_frames(stage):
    """The end of every frame of the log, and the middle of every one: each state that was ever committed."""
    size = (victim.of(stage).dir / "state" / "journal.db-wal").stat().st_size
    return [Cut("journal.db-wal", at, size) for at in range(LOG_HEAD, size, FRAME // 2)]


def find_page(stage):
    """Of the journal at rest, after a receiver that was told to stop has put all into one file."""
    size = template(stage, "live2").journal.stat().st_size
    return [Cut("journal.db", at, size) for at in range(size - PAGE, size)]


def state_after(stage, source, point):
    """What the cut leaves: the world, and what the command says of it."""
    world = World(stage, source)
    path = world.dir / "state" / point.file
    with open(path, "r+b") as file:
        file.truncate(point.size)
    shown = world.backstay("journal", "export")
    return world, shown


def attempt(stage, source, point):
    world, shown = state_after(stage, source, point)
    try:
        key = hashlib.sha256(shown.stdout.encode() + bytes([shown.returncode])).hexdigest()
        if key in victim.seen:
            return Verdict()
        victim.seen[key] = point
        return live_with(world, shown)
    finally:
        world.remove()


def live_with(world, shown):
    """Either it says that the file is damaged and does nothing, or it goes on from what is there."""
    verdict = Verdict()
    world.alarming = {"2"}
    effects = world.effects()
    if not world.start():
        verdict.unexplained.append(f"the receiver does not start: {world.last_said()}")
        return verdict
    status = world.ask("status") or {}
    if "error" in status:
        delivery = deliveries.alert()
        if "damaged" not in status["error"] or delivery.send(world) != 503:
            verdict.unexplained.append(f"damaged, it says {status}, and answers {delivery.statuses}")
        if world.effects() != effects:
            verdict.doubled.append("damaged, and it acts")
        return verdict
    if shown.returncode != 0:
        verdict.unexplained.append(f"goes on with a journal that the export finds bad: {shown.stderr}")
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    if not rows:
        verdict.unexplained.append("the whole journal is gone, and nothing says so")
    played = play(world, named("backup"))
    verdict.add(judge(world, played.deliveries, is_cut=True))
    verdict.unexplained += [played.problem] if played.problem else []
    return verdict


CASES = [
    Case("log of the journal cut at every frame", find_frames,
         lambda stage, point: attempt(stage, victim.of(stage), point), budget=80),
    Case("log of the journal cut at every byte", find_log,
         lambda stage, point: attempt(stage, victim.of(stage), point), budget=60),
    Case("last page of the journal cut at every byte", find_page,
         lambda stage, point: attempt(stage, template(stage, "live2"), point), budget=60),
]
