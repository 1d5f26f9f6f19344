"""Senders that send everything twice and three times at once, and a storm of retries: 10,000 deliveries from many
senders, each sent until it gets a 2xx, while the receiver is killed in the middle, again and again.
"""

import http.client
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import deliveries
import kills
from matrix import Case
from scenarios import SCENARIOS, named, play
from templates import fresh
from verdict import judge, judge_end, judge_ends

STORM, EVENTS, SENDERS = 10_000, 500, 16
KILLS_AT = (0.2, 0.5, 0.8)  # of all deliveries
PAUSE_SECONDS = 0.05
REST_SECONDS = 600  # for some hundred decisions, on a machine that has other things to do
SCENARIO = named("alert, rollback")  # in which the storm breaks out


@dataclass
class Copies:
    scenario: object
    count: int
    kill_at: int  # 0: it is not killed

    def __str__(self):
        return f"{self.count} senders, {self.scenario.name}, " + (f"killed at {self.kill_at}" if self.kill_at else "")


def find(stage):
    return [Copies(scenario, count, kill_at) for scenario in SCENARIOS for count in (2, 3)
            for kill_at in (0, 30, 60, 90)]


def copy_of(delivery):
    return deliveries.Delivery(delivery.path, delivery.body, delivery.headers, delivery.keys)


def attempt(stage, point):
    world = fresh(stage, point.scenario)
    try:
        effects, runs = len(world.effects()), kills.newest_run(world)
        world.start()
        if point.kill_at:
            world.faults.end_at(world.faults.get("calls") + point.kill_at, "after")
        sent = [copy_of(delivery) for delivery in point.scenario.sends() for _ in range(point.count)]
        world.unhealthy, world.alarming = set(point.scenario.unhealthy), set(point.scenario.alarming)
        with ThreadPoolExecutor(point.count) as pool:
            list(pool.map(lambda delivery: delivery.send(world), sent))
        played = play(world, point.scenario, sends=sent)
        intended = [-signal.SIGKILL] if point.kill_at else []
        verdict = judge_end(world, point.scenario, played, effects, runs, intended)
        verdict.was_hit = bool(played.ends) == bool(point.kill_at)
        return verdict
    finally:
        world.remove()


class Storm:
    """Each sender has a connection that it keeps, and sends whatever is next until it is taken."""

    def __init__(self, world, sent, seconds=REST_SECONDS):
        self.world, self.sent, self.lock = world, sent, threading.Lock()
        self.next, self.answered, self.problem = 0, 0, ""
        self.seconds_max = seconds
        self.deadline = time.monotonic() + seconds
        self.kills = [int(part * len(sent)) for part in KILLS_AT]

    @property
    def is_over(self):
        return bool(self.problem) or self.world.stage.is_over or time.monotonic() >= self.deadline

    def take(self):
        with self.lock:
            self.next += 1
            return self.sent[self.next - 1] if self.next <= len(self.sent) else None

    def send_all(self):
        connection = None
        while (delivery := self.take()) is not None:
            while not delivery.is_accepted and not self.is_over:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
                delivery.statuses.append(self.status_of(connection, delivery))
                if not delivery.is_accepted:
                    connection.close()
                    connection = None
                    threading.Event().wait(PAUSE_SECONDS)
            if not delivery.is_accepted:
                return
            self.count()

    @staticmethod
    def status_of(connection, delivery):
        try:
            connection.request("POST", delivery.path, delivery.body, delivery.headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None

    def count(self):
        with self.lock:
            self.answered += 1
            if self.kills and self.answered >= self.kills[0]:
                self.kills.pop(0)
                self.restart()

    def restart(self):
        """Where it does not come up again the senders stop: they would send in vain until the deadline."""
        try:
            end = self.world.end(signal.SIGKILL)
            if end != -signal.SIGKILL:
                self.problem = f"it had ended with {end}, before it was killed: {self.world.last_said()}"
            elif not self.world.start():
                self.problem = f"ended at its start: {self.world.last_said()}"
        except Exception as error:  # whatever it is, the other senders are to end too
            self.problem = f"{type(error).__name__}: {error}"

    def run(self):
        """Returns the seconds until the last one was taken."""
        began = time.monotonic()
        senders = [threading.Thread(target=self.send_all, daemon=True) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        if self.answered < len(self.sent):
            why = self.problem or f"the limit is {self.seconds_max} s"
            raise AssertionError(f"only {self.answered} of {len(self.sent)} were taken: {why}")
        return time.monotonic() - began


def storm_of(chance):
    """Some that are acted on among many that are not, each several times, in no order."""
    firsts = [deliveries.alert() for _ in range(20)] + [deliveries.ci("live", "2") for _ in range(EVENTS - 20)]
    sent = [copy_of(delivery) for delivery in firsts for _ in range(STORM // EVENTS)]
    chance.shuffle(sent)
    return sent


def count(world, rows, of="count(*)"):
    return world.rows(f"SELECT {of} AS n FROM {rows}")[0]["n"]


def weather_in(world, sent):
    """The verdict when all is at rest again, and the seconds that the storm took."""
    before = count(world, "events")
    world.unhealthy, world.alarming = SCENARIO.unhealthy, SCENARIO.alarming
    world.start()
    seconds = Storm(world, sent).run()
    played = play(world, SCENARIO, sends=sent, seconds=REST_SECONDS)
    verdict = judge(world, sent)
    verdict.unexplained += [played.problem] if played.problem else []
    judge_ends(played, [], verdict)
    counted = count(world, "events WHERE source IN ('ci', 'alertmanager')", "sum(deliveries)")
    if counted < len(sent):
        verdict.lost.append(f"{len(sent)} deliveries were taken, and {counted} are counted")
    events = count(world, "events") - before
    if events > EVENTS:
        verdict.doubled.append(f"{events} events in the journal of {EVENTS} that were sent")
    rollbacks = count(world, "runs WHERE action = 'rollback'")
    if rollbacks != 1:
        (verdict.doubled if rollbacks > 1 else verdict.lost).append(f"{rollbacks} rollbacks of one bad release")
    return verdict, seconds


def weather(stage, seed):
    world = fresh(stage, SCENARIO)
    try:
        return weather_in(world, storm_of(random.Random(seed)))[0]
    finally:
        world.remove()


STORM_CASE = Case(f"storm of {STORM:,} deliveries, {len(KILLS_AT)} kills", lambda _stage: [1], weather, budget=1)
CASES = [Case("doubled and trebled senders", find, attempt, budget=14), STORM_CASE]
