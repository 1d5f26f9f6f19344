"""What the receiver talks to is down, never answers, drips, answers garbage, hangs up or answers without end: the
database (asked by the real pg_dump), Slack, the mail server, Prometheus. What is decided is done and explained all the
same, and once the other side is well again, people are told everything.
"""

from dataclasses import dataclass, replace

from matrix import Case
from scenarios import NOTHING, named, play
from servers import WAYS, Server, take_mail, take_slack
from templates import fresh
from verdict import judge

POSTGRES = "/usr/lib/postgresql/15/bin"
MAIL = """\
  - {{channel: email, host: 127.0.0.1, port: {port}, tls: none, from: a@example.com, to: [b@example.com], timeout: 1s,
     group_window: 0s}}
"""
WELL = {"Slack": take_slack, "mail": take_mail}


@dataclass
class Ill:
    who: str
    way: object
    scenario: str

    def __str__(self):
        return f"{self.who} {self.way or 'is down'} during {self.scenario}"


def find(_stage):
    return [Ill(who, way, scenario) for who in ("database", "Slack", "mail", "Prometheus") for way in (None, *WAYS)
            for scenario in ("deploy", "alert, rollback") if (who, scenario) != ("Prometheus", "deploy")]


def settings_for(point, port):
    if point.who == "database":
        return {"database": f"postgresql://nobody@127.0.0.1:{port}/none?connect_timeout=2", "bin_dir": POSTGRES,
                "backup_timeout": "3s"}
    if point.who == "Slack":
        return {"slack": f"http://127.0.0.1:{port}/slack"}
    if point.who == "mail":
        return {"notify": MAIL.format(port=port)}
    return {"prometheus": f"http://127.0.0.1:{port}"}


def attempt(stage, point):
    server = Server(WAYS.get(point.way))
    scenario = named(point.scenario)
    world = fresh(stage, scenario, **settings_for(point, server.port))
    try:
        # Messages wait for as long as the other side is ill; everything else comes to its end.
        is_tried = replace(scenario, until=lambda _status: point.way is None or server.asked > 0)
        played = play(world, is_tried, may_wait_to_tell=point.who in WELL)
        problem = played.problem
        if point.who in WELL:
            problem = problem or tell_when_well(world, server, WELL[point.who])
        verdict = judge(world, played.deliveries)
        verdict.unexplained += [problem] if problem else []
        verdict.unexplained += [f"it ended with {end}" for end in played.ends]
        return verdict
    finally:
        world.remove()
        server.close()


def tell_when_well(world, ill, take):
    """The receiver is stopped while the other side is ill, and when both are back, people are told everything."""
    end = world.end()
    ill.close()
    if end != 0:
        return f"with a channel that is ill it ends with {end}"
    well = Server(lambda connection: take(connection, world.told), ill.port)
    try:
        world.start()
        return play(world, NOTHING).problem
    finally:
        well.close()


CASES = [Case("database, Slack, mail, Prometheus ill", find, attempt, budget=21)]
