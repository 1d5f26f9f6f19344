"""What is going on while something fails: each is short, and ends in a state of which all is known. `play` brings one
to its end, starting the receiver again as often as it has to, as systemd does.
"""

import time
from dataclasses import dataclass, field, replace

import deliveries

REST_SECONDS = 60  # twice what the receiver waits for a silent Prometheus
STARTS_MAX = 8
LOOK_SECONDS = 0.02


@dataclass
class Scenario:
    name: str
    begins: str  # the template: live1 or live2
    sends: object  # () → deliveries
    ends_live: str
    switches: list  # releases that are switched to, in order
    runs: list  # (action, outcome)
    settings: dict = field(default_factory=dict)
    unhealthy: set = field(default_factory=set)
    alarming: set = field(default_factory=set)
    until: object = lambda status: True
    is_answered: bool = True  # where people are asked
    told: dict = field(default_factory=dict)  # (verb, when) → shell: how commands behave where it is the unharmed one


SCENARIOS = [
    Scenario("deploy", "live1", lambda: [deliveries.ci("deploy", "2")], "2", ["2"], [("deploy", "done")]),
    Scenario("failed deploy, rollback", "live1", lambda: [deliveries.ci("deploy", "2")], "1", ["2", "1"],
             [("deploy", "failed"), ("rollback", "done")], unhealthy={"2"}),
    Scenario("alert, rollback", "live2", lambda: [deliveries.alert()], "1", ["1"], [("rollback", "done")],
             alarming={"2"}),
    Scenario("approval, rollback", "live2", lambda: [deliveries.alert()], "1", ["1"], [("rollback", "done")],
             settings={"requires_approval": "true"}, alarming={"2"}),
    Scenario("asked-for rollback", "live2", lambda: [deliveries.ci("back")], "1", ["1"], [("rollback", "done")]),
    Scenario("backup", "live1", lambda: [deliveries.ci("backup")], "1", [], [("backup", "done")]),
    Scenario("deploy that settles", "live1", lambda: [deliveries.ci("deploy", "2")], "2", ["2"],
             [("deploy", "done")], settings={"settle": "1s"},
             until=lambda status: status.get("live_state") == "good"),
]


# Other ends, each with what brings it about where nothing fails.


def with_failed_backup(scenario, number=1):
    """The backup of its first or second run fails. A rollback does not wait for its own."""
    action, _ = scenario.runs[number - 1]
    told = {("backup", "before"): "exit 1" if number == 1 else "echo 'exit 1' >backup-before"}
    failed = replace(scenario, name=f"{scenario.name}, backup of run {number} fails", told=told)
    if action == "rollback":
        return failed
    return replace(failed, runs=[(action, "failed")], ends_live=scenario.begins[-1], switches=[])


def without_action(scenario, why, **changes):
    """For a scenario of one run: it is not begun."""
    return replace(scenario, name=f"{scenario.name}, {why}", runs=[], ends_live=scenario.begins[-1], switches=[],
                   **changes)


NOTHING = Scenario("nothing", "live1", lambda: [], "1", [], [])


def named(name):
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def is_at_rest(status, may_wait_to_tell):
    return (status is not None and "error" not in status and status["run_in_flight"] is None
            and status["events_waiting"] == 0 and not status["approvals"]
            and (may_wait_to_tell or status["messages_waiting"] == 0))


@dataclass
class Played:
    deliveries: list
    ends: list = field(default_factory=list)  # exit statuses of receivers that ended by the fault
    problem: str = ""  # why it never came to rest


def play(world, scenario, each_round=lambda: None, may_wait_to_tell=False, sends=None, seconds=REST_SECONDS,
         after_end=lambda: None):
    """Until all is delivered and the receiver is at rest. After an end nothing fails any more, unless `after_end` sees
    to it; `each_round` may change what fails. Where people cannot be told, that may be left for later."""
    world.unhealthy, world.alarming = set(scenario.unhealthy), set(scenario.alarming)
    played = Played(scenario.sends() if sends is None else sends)
    deadline = time.monotonic() + seconds
    status = None
    while time.monotonic() < deadline:
        if not world.is_up() or world.port is None:
            if world.process is not None:
                played.ends.append(world.process.returncode)
                world.faults.reset()
                after_end()
            if len(played.ends) > STARTS_MAX:
                played.problem = f"it ended {len(played.ends)} times: {played.ends}; {world.last_said()}"
                return played
            world.port = None
            world.start()
            continue
        each_round()
        for delivery in played.deliveries:
            if not delivery.is_accepted:
                delivery.send(world)
        status = world.ask("status")
        for approval in (status or {}).get("approvals", []) if scenario.is_answered else []:
            world.ask("approve", event_id=approval["event_id"], actor="ada", reason="")
        is_delivered = all(delivery.is_accepted for delivery in played.deliveries)
        if is_delivered and is_at_rest(status, may_wait_to_tell) and scenario.until(status):
            return played
        time.sleep(LOOK_SECONDS)
    played.problem = f"not at rest within {seconds} s: {status}; {world.last_said()}"
    return played


def end_well(world):
    end = world.end()
    if end != 0:
        raise AssertionError(f"on SIGTERM it ended with {end}: {world.last_said()}")


def prepare(world, releases):
    """A world at rest in which release 1 is good, and the others were deployed after it."""
    if not world.start():
        raise AssertionError(f"the receiver does not start: {world.last_said(20)}")
    done = world.backstay("releases", "adopt", "1", "--yes", "--reason", "the first")
    if done.returncode:
        raise AssertionError(f"releases adopt: {done.stdout}{done.stderr}")
    for release in releases:
        played = play(world, Scenario("", "", lambda: [deliveries.ci("deploy", release)], release, [], []))
        if played.problem:
            raise AssertionError(played.problem)
    end_well(world)
