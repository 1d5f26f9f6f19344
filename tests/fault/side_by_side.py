"""The storm against the receiver and against adnanh/webhook: the same deliveries in the same order, the same senders,
the same kills, one program after the other and nothing beside it. What it does to the peer is no failure of the run.
"""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from matrix import say_faults
from peer import DELIVERY_HEADER, Peer, version
from senders import SCENARIO, STORM_CASE, Storm, storm_of, weather_in
from templates import fresh
from verdict import Verdict

PEER_SECONDS_MAX = 180  # until all is taken: the peer forks for each delivery, and a machine may be slow
HEAD = (f"{'program, and when it answers with 2xx':<48} {'deliveries':>10} {'lost':>6} {'events':>7} {'lost':>5} "
        f"{'doubled':>8} {'acted on':>9} {'seconds':>8}")
WORDS = """\
deliveries: those that got a 2xx; lost is one that the receiver has not counted, or that the peer ran no command for.
events: those that deliveries are copies of; lost is one that was acted on for no copy, doubled for more than one.
acted on: what the receiver decided; commands of the peer that came to their end. It runs one for each delivery, and
does not claim to know an event again, or to keep what it took: whatever stands in its rows is no failure."""


@dataclass
class Figures:
    program: str
    deliveries: int
    lost_deliveries: int
    events: int
    lost_events: int
    doubled_events: int
    acted: int
    seconds: float
    verdict: Verdict = field(default_factory=Verdict)  # what else is wrong; of the receiver alone

    def line(self):
        return (f"{self.program:<48} {self.deliveries:>10,} {self.lost_deliveries:>6,} {self.events:>7,} "
                f"{self.lost_events:>5,} {self.doubled_events:>8,} {self.acted:>9,} {self.seconds:>8.0f}")

    def is_zero(self):
        return bool(self.verdict) and not (self.lost_deliveries or self.lost_events or self.doubled_events)


def figures(program, sent, lost_deliveries, acts, seconds, event_of):
    """`acts`: how often each event was acted on, by whatever name `event_of` has for it. One that no delivery stands
    for is a copy that was taken for another event."""
    events = {event_of(delivery) for delivery in sent if delivery.is_accepted}
    doubled = sum(count > 1 or event not in events for event, count in acts.items())
    return Figures(program, sum(delivery.is_accepted for delivery in sent), lost_deliveries, len(events),
                   sum(acts[event] == 0 for event in events), doubled, sum(acts.values()), seconds)


def deliveries_of(seed):
    """Each with its number in a header, which the peer's command writes down; the receiver does not read it."""
    sent = storm_of(random.Random(seed))
    for number, delivery in enumerate(sent):
        delivery.headers = {**delivery.headers, DELIVERY_HEADER: str(number)}
    return sent


# --- the receiver ---

def key_of(delivery):
    return delivery.keys[0]


def count_ours(world, sent, newest_before, seconds):
    """From the journal, whatever of these senders came into it since the storm began."""
    rows = world.rows("SELECT source, dedupe_key, deliveries, event_id IS NOT NULL AS decided FROM events LEFT JOIN "
                      "decisions ON event_id = id WHERE source IN ('ci', 'alertmanager') AND id > ?", newest_before)
    counted, acts = Counter(), Counter()
    for row in rows:
        counted[row["source"], row["dedupe_key"]] += row["deliveries"]
        acts[row["source"], row["dedupe_key"]] += row["decided"]
    taken = Counter(key_of(delivery) for delivery in sent if delivery.is_accepted)
    lost = sum(max(0, count - counted[key]) for key, count in taken.items())
    return figures("backstay-receiver: when it is on disk", sent, lost, acts, seconds, key_of)


def ours(stage, seed):
    world = fresh(stage, SCENARIO)
    try:
        sent = deliveries_of(seed)
        newest = world.rows("SELECT coalesce(max(id), 0) AS id FROM events")[0]["id"]
        verdict, seconds = weather_in(world, sent)
        counted = count_ours(world, sent, newest, seconds)
        counted.verdict = verdict
        # The judge of the matrix sees more, an action that was done twice for one event.
        counted.lost_events = max(counted.lost_events, len(verdict.lost))
        counted.doubled_events = max(counted.doubled_events, len(verdict.doubled))
        return counted
    finally:
        world.remove()


# --- the peer ---

def payload_name_of(delivery):
    """What its command is told as the event."""
    body = json.loads(delivery.body)
    return body["id"] if "id" in body else body["alerts"][0]["fingerprint"]


def theirs(stage, seed, answers_when_it_has_run):
    peer = Peer(stage, answers_when_it_has_run)
    try:
        sent = deliveries_of(seed)
        if not peer.start():
            raise AssertionError(f"webhook does not start: {peer.last_said()}")
        seconds = Storm(peer, sent, PEER_SECONDS_MAX).run()
        peer.rest()
        acts, runs = peer.done()
        lost = sum(delivery.is_accepted and not runs[delivery.headers[DELIVERY_HEADER]] for delivery in sent)
        when = "when its command has ended" if answers_when_it_has_run else "at once"
        return figures(f"adnanh/webhook {version()}: {when}", sent, lost, acts, seconds, payload_name_of)
    finally:
        peer.remove()


STORMS = (ours, lambda stage, seed: theirs(stage, seed, False), lambda stage, seed: theirs(stage, seed, True))


def run(stage, seed, say):
    """Not in the main thread: when that is interrupted, the programs are ended first, and then the senders end."""
    pool = ThreadPoolExecutor(1)
    try:
        found = [pool.submit(storm, stage, seed).result() for storm in STORMS]
    finally:
        stage.end_all()
        pool.shutdown()
    if not found[0].verdict:
        say_faults(say, STORM_CASE, found[0].program, found[0].verdict)
    return found


def table(found):
    return "\n".join([HEAD, "-" * len(HEAD), *(each.line() for each in found), WORDS])
