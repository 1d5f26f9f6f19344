"""The journal loses its end: the last frames of its write-ahead log, and the last page of its file, cut off at every
byte. What the test cuts off was on disk, so it is gone; what is asked is that the receiver either finds all that was
committed before the cut and goes on from there, or says that the file is damaged and does nothing; and that nothing is
done twice. The receiver is started for every cut that is tried.
"""

import json
import signal
import threading
from dataclasses import dataclass, replace
from functools import cache

import deliveries
import pages
from matrix import Case
from scenarios import end_well, named, play
from templates import fresh, template
from verdict import Verdict, judge, judge_ends
from world import World

FRAME_HEAD = 24
FRAME = pages.PAGE + FRAME_HEAD  # of the write-ahead log
LOG_HEAD = 32
FRAMES_CUT = 2
LOOK_SECONDS = 90
# What is put last in the file, one after the other: what was decided and done, and what an event is known again by.
LAST = ("events", "sqlite_autoindex_events_1", "decisions", "runs", "steps")
lock = threading.RLock()
made = {}


@dataclass
class Cut:
    file: str
    size: int
    of: int
    last: str = ""  # the table or index whose page is last in the file

    def __str__(self):
        return f"{self.file} cut to {self.size} of {self.of} bytes{self.last and ', at its end ' + self.last}"


def once(name, make):
    with lock:
        if name not in made:
            made[name] = make()
        return made[name]


def make_killed(stage):
    """A journal in the middle of a rollback, as a kill leaves it: with a log beside it."""
    scenario = named("alert, rollback")
    world = fresh(stage, scenario)
    world.tell_command("switch", "after", "kill -9 $PPID; sleep 5")
    world.unhealthy, world.alarming = scenario.unhealthy, scenario.alarming
    world.start()
    delivery = deliveries.alert()
    while not delivery.is_accepted:
        delivery.send(world)
    end = world.process.wait(LOOK_SECONDS)
    if end != -signal.SIGKILL:
        raise AssertionError(f"it ended with {end}, and not by the kill: {world.last_said()}")
    return world, []


def make_whole(stage):
    """A journal at rest, all in one file, with a deploy, a rollback and a backup; and what asked for them."""
    world, sent = World(stage, template(stage, "live1")), []
    world.start()
    for name in ("deploy", "alert, rollback", "backup"):
        played = play(world, named(name))
        if played.problem:
            raise AssertionError(played.problem)
        sent += played.deliveries
    end_well(world)
    return world, sent


def make_ending(stage, last):
    whole, sent = once("whole", lambda: make_whole(stage))
    world = World(stage, whole)
    pages.put_last(world.journal, last)
    return world, sent


def source_of(stage, point):
    """The world that is cut, and the deliveries that it has acted on."""
    if point.last:
        return once(point.last, lambda: make_ending(stage, point.last))
    return once("killed", lambda: make_killed(stage))


def log_of(stage):
    return source_of(stage, Cut("journal.db-wal", 0, 0))[0].dir / "state" / "journal.db-wal"


def find_log(stage):
    size = log_of(stage).stat().st_size
    return [Cut("journal.db-wal", at, size) for at in range(max(0, size - FRAMES_CUT * FRAME), size)]


def find_frames(stage):
    """The end of every frame of the log, and the middle of every one: each state that was ever committed."""
    size = log_of(stage).stat().st_size
    return [Cut("journal.db-wal", at, size) for at in range(LOG_HEAD, size, FRAME // 2)]


def find_pages(stage):
    """Every byte of a page is tried; cuts that leave the same are one."""
    found = []
    for last in LAST:
        journal = source_of(stage, Cut("journal.db", 0, 0, last))[0].journal
        size = journal.stat().st_size
        found += [Cut("journal.db", size - pages.PAGE + left, size, last) for left in pages.different_cuts(journal)]
    return found


def export_of(stage, point):
    """What is left of the journal, as the command reads it, in a world of its own: reading may change the files."""
    world = World(stage, source_of(stage, point)[0])
    try:
        cut(world, point)
        return world.backstay("journal", "export")
    finally:
        world.remove()


def cut(world, point):
    with open(world.dir / "state" / point.file, "r+b") as file:
        file.truncate(point.size)


@cache
def export_up_to(stage, size):
    return export_of(stage, Cut("journal.db-wal", size, 0)).stdout


def committed(log, size):
    """How much of these bytes of the log is whole transactions: the last frame of each says how long the file is."""
    data, found = log.read_bytes()[:size], LOG_HEAD
    for at in range(LOG_HEAD, size - FRAME + 1, FRAME):
        if data[at + 4:at + 8] != bytes(4):
            found = at + FRAME
    return min(found, size)


def judge_log(stage, point, shown, verdict):
    """All that was committed before the cut is found, and no more."""
    whole = committed(log_of(stage), point.size)
    if shown.stdout != export_up_to(stage, whole):
        verdict.lost.append(f"what was committed in the first {whole} bytes of the log is not what is found")


def attempt(stage, point):
    source, sent = source_of(stage, point)
    world, shown, verdict = World(stage, source), export_of(stage, point), Verdict()
    try:
        cut(world, point)
        if not point.last:
            judge_log(stage, point, shown, verdict)
        live_with(world, shown, sent, verdict)
        return verdict
    finally:
        world.remove()


def live_with(world, shown, sent, verdict):
    """Either it says that the file is damaged and does nothing, or it goes on from what is there."""
    world.alarming = {"2"}
    effects = world.effects()
    if not world.start():
        verdict.unexplained.append(f"the receiver does not start: {world.last_said()}")
        return
    status = world.ask("status") or {}
    if "error" in status:
        delivery = deliveries.alert()
        if "damaged" not in status["error"] or delivery.send(world) != 503:
            verdict.unexplained.append(f"damaged, it says {status}, and answers {delivery.statuses}")
        if world.effects() != effects:
            verdict.doubled.append("damaged, and it acts")
        return
    if shown.returncode != 0:
        verdict.unexplained.append(f"goes on with a journal that the export finds bad: {shown.stderr}")
    if not [json.loads(line) for line in shown.stdout.splitlines()]:
        verdict.unexplained.append("the whole journal is gone, and nothing says so")
    before = len(world.rows("SELECT id FROM events"))
    again = [replace(delivery, statuses=[]) for delivery in sent]
    played = play(world, named("backup"), sends=again + named("backup").sends())
    events = len(world.rows("SELECT id FROM events")) - before
    if sent and events > 1:
        verdict.doubled.append(f"what it had acted on before was sent again, and became {events - 1} new events")
    verdict.add(judge(world, played.deliveries, is_cut=True))
    verdict.unexplained += [played.problem] if played.problem else []
    judge_ends(played, [], verdict)


CASES = [
    Case("log of the journal cut at every frame", find_frames, attempt, budget=36),
    Case("log of the journal cut at every byte", find_log, attempt, budget=16),
    Case("last page of the journal cut at every byte", find_pages, attempt, budget=40),
]
