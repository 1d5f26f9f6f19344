"""What the receiver talks to is down, never answers, drips, answers garbage, hangs up, answers without end, or late and
rightly: the database (asked by the real pg_dump), Slack, the mail server, Prometheus. What is decided is done and
explained all the same, and once the other side is well again, people are told everything.
"""

from dataclasses import dataclass, replace

import kills
from matrix import Case
from scenarios import NOTHING, named, play, with_failed_backup, without_action
from servers import WAYS, Server, late, pass_on, take_mail, take_slack
from templates import fresh
from verdict import judge_end

POSTGRES = "/usr/lib/postgresql/15/bin"
MAIL = """\
  - {{channel: email, host: 127.0.0.1, port: {port}, tls: none, from: a@example.com, to: [b@example.com], timeout: 1s,
     group_window: 0s}}
"""
WELL = {"Slack": take_slack, "mail": take_mail}
LATE = "answers late"
NOBODY = "http://127.0.0.1:1"


@dataclass
class Ill:
    who: str
    way: object
    scenario: str

    def __str__(self):
        return f"{self.who} {self.way or 'is down'} during {self.scenario}"


def find(_stage):
    ill = [Ill(who, way, scenario) for who in ("database", "Slack", "mail", "Prometheus") for way in (None, *WAYS)
           for scenario in ("deploy", "alert, rollback") if (who, scenario) != ("Prometheus", "deploy")]
    # A database that is late is a backup that takes longer, and no other point.
    return ill + [Ill("Slack", LATE, "deploy"), Ill("mail", LATE, "deploy"), Ill("Prometheus", LATE, "alert, rollback")]


def settings_for(point, port):
    if point.who == "database":
        return {"database": f"postgresql://nobody@127.0.0.1:{port}/none?connect_timeout=2", "bin_dir": POSTGRES,
                "backup_timeout": "3s"}
    if point.who == "Slack":
        return {"slack": f"http://127.0.0.1:{port}/slack"}
    if point.who == "mail":
        return {"notify": MAIL.format(port=port)}
    return {"prometheus": f"http://127.0.0.1:{port}"}


def end_for(point):
    """Where nobody may act without Prometheus, nothing is done; without the database there is no backup."""
    scenario = named(point.scenario)
    if point.way == LATE or point.who in WELL:
        return scenario
    if point.who == "database":
        return with_failed_backup(scenario)
    return without_action(scenario, "nobody knows the alert", settings={**scenario.settings, "prometheus": NOBODY})


def server_for(point, stage, told):
    """`told()`: where the messages go to that came."""
    if point.way != LATE:
        return Server(WAYS.get(point.way))
    if point.who == "Prometheus":
        return Server(late(lambda connection: pass_on(connection, stage.service.port)))
    return Server(late(lambda connection: WELL[point.who](connection, told())))


def attempt(stage, point):
    scenario, end, worlds = named(point.scenario), end_for(point), []
    server = server_for(point, stage, lambda: worlds[0].told)
    world = fresh(stage, scenario, **settings_for(point, server.port))
    worlds.append(world)
    try:
        if (point.who, point.way) == ("Prometheus", LATE):
            world.settings["prometheus"] += f"/{world.name}"
            world.write_config()
        effects, runs, newest = len(world.effects()), kills.newest_run(world), newest_message(world)
        # Messages wait for as long as the other side is ill; everything else comes to its end.
        is_tried = replace(scenario, until=lambda _status: point.way is None or server.asked > 0)
        is_ill = point.who in WELL and point.way != LATE
        played = play(world, is_tried, may_wait_to_tell=is_ill)
        if is_ill:
            tell_when_well(world, server, WELL[point.who], played)
        verdict = judge_end(world, end, played, effects, runs)
        if point.who == "mail":
            judge_mails(world, newest, verdict)
        return verdict
    finally:
        world.remove()
        server.close()


def newest_message(world):
    return world.rows("SELECT coalesce(max(id), 0) AS id FROM outbox")[0]["id"]


def judge_mails(world, newest, verdict):
    """All that the log was told since: this channel was not there before."""
    told = {row["channel"]: row["n"] for row in
            world.rows("SELECT channel, count(*) AS n FROM outbox WHERE id > ? GROUP BY 1", newest)}
    if told.get("email") != told.get("log"):
        verdict.lost.append(f"messages since then: {told}")


def tell_when_well(world, ill, take, played):
    """The receiver is stopped while the other side is ill, and when both are back, people are told everything."""
    end = world.end()
    ill.close()
    if end != 0:
        played.ends.append(end)
    well = Server(lambda connection: take(connection, world.told), ill.port)
    try:
        world.start()
        told = play(world, NOTHING)
        played.problem, played.ends = played.problem or told.problem, played.ends + told.ends
    finally:
        well.close()


CASES = [Case("database, Slack, mail, Prometheus ill", find, attempt, budget=24)]
