"""What must hold at the end of every point, whatever failed: nothing lost, nothing doubled, nothing that the audit does
not explain. Each break of it is a line.
"""

import json
from collections import Counter
from dataclasses import dataclass, field

import unharmed
from ends import differences, end_of

STEP_OF = {"deploy": "stage", "switch": "switch", "backup": "backup"}
OUTCOMES = ("done", "failed", "unknown", "stopped")


@dataclass
class Verdict:
    lost: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    unexplained: list = field(default_factory=list)
    was_hit: bool = True  # whether what should fail did: a run may make fewer calls than the one that found the points

    def __bool__(self):
        return not (self.lost or self.doubled or self.unexplained)

    def add(self, other):
        self.lost += other.lost
        self.doubled += other.doubled
        self.unexplained += other.unexplained


def audit_of(world, verdict):
    shown = world.backstay("audit", "--json")
    try:
        return json.loads(shown.stdout)["audit"]
    except (ValueError, KeyError):
        verdict.unexplained.append(f"backstay audit --json: {shown.returncode} {shown.stdout[:200]}"
                                   f"{shown.stderr[:200]}")
        return []


def judge_events(world, delivered, audit, verdict):
    """Every delivery that got a 2xx is an event, with one final decision that says why."""
    decided = {entry["event_id"] for entry in audit if entry["kind"] == "decision"}
    events = {(row["source"], row["dedupe_key"]): row for row in
              world.rows("SELECT id, source, dedupe_key, deliveries FROM events")}
    for delivery in delivered:
        odd = [status for status in delivery.statuses if status not in (None, 200, 202, 503)]
        if odd:
            verdict.unexplained.append(f"a delivery was answered {odd}")
        for key in delivery.keys if delivery.is_accepted else []:
            if key not in events:
                verdict.lost.append(f"{key} got {delivery.statuses} and is no event")
            elif events[key]["id"] not in decided:
                verdict.lost.append(f"event {events[key]['id']} {key} has no decision")
    told = {entry["event_id"] for entry in audit if entry["kind"] == "event"}
    for row in events.values():
        if row["id"] not in told:
            verdict.unexplained.append(f"event {row['id']} is not in the audit")
        if row["id"] not in decided:
            verdict.unexplained.append(f"event {row['id']} waits for ever")


def judge_runs(audit, verdict):
    """Every run and step in the audit has a beginning, an end, and where that is not `done` a reason."""
    began, ended = Counter(), Counter()
    for entry in audit:
        if entry["kind"] == "decision" and not (entry["what"] and entry["subject"] and entry["why"]):
            verdict.unexplained.append(f"a decision without its reason: {entry}")
        if entry["kind"] not in ("run", "step"):
            continue
        number = entry["run_id"] if entry["kind"] == "run" else entry["token"]
        name, _, state = entry["what"].partition(" ")
        key = (entry["kind"], number, name)
        if state == "started":
            began[key] += 1
        elif state in OUTCOMES:
            ended[key] += 1
            if state != "done" and not entry["why"]:
                verdict.unexplained.append(f"{key} is {state} and does not say why")
    for key in began | ended:
        if (began[key], ended[key]) != (1, 1):
            verdict.unexplained.append(f"{key} began {began[key]} and ended {ended[key]} times")
    acts = Counter(entry["event_id"] for entry in audit if entry["kind"] == "decision" and entry["what"] == "act")
    runs = Counter(entry["event_id"] for entry in audit
                   if entry["kind"] == "run" and entry["what"].endswith(" started"))
    if acts != runs:
        verdict.unexplained.append(f"decided to act on events {dict(acts)}, runs of events {dict(runs)}")


def judge_effects(world, audit, verdict, is_cut):
    """What the commands did, against what the journal knows."""
    steps = {(entry["run_id"], entry["token"], entry["what"].split()[0]) for entry in audit if entry["kind"] == "step"}
    did, newest = Counter(), 0
    for verb, release, run, token, what in world.effects():
        if what == "repeated":
            verdict.doubled.append(f"run {run} had {verb} {release} done again, which was done already")
        if what == "done":
            did[verb, release, run] += 1
        if what == "begun" and not is_cut:
            if (run, token, STEP_OF[verb]) not in steps:
                verdict.unexplained.append(f"{verb} {release} of run {run}, token {token}, is not in the audit")
            if verb != "backup" and token <= newest:
                verdict.doubled.append(f"{verb} {release} of run {run} has token {token}, one before it {newest}")
            newest = token if verb != "backup" else newest
    complete = Counter(folder.name.rpartition("-run")[2] for folder in (world.dir / "backups").glob("*")
                       if ".partial-" not in folder.name)
    for (verb, release, run), count in did.items():
        # A dump that the kill came before the end of is taken again; a backup that is complete is not. A journal
        # that has lost a run gives its number to another one, with a backup of its own.
        if count > 1 and (verb != "backup" or (complete[str(run)] > 1 and not is_cut)):
            verdict.doubled.append(f"run {run} did {verb} {release} {count} times")


def judge_ledger(world, status, verdict, is_cut):
    """One rollback a deployment; what is live is what the journal says."""
    for row in world.rows("SELECT deployment_id, count(*) AS n FROM runs WHERE action = 'rollback' "
                          "AND deployment_id IS NOT NULL GROUP BY 1 HAVING n > 1"):
        verdict.doubled.append(f"deployment {row['deployment_id']} was rolled back {row['n']} times")
    if not status or status.get("ledger_live") != world.live():
        verdict.unexplained.append(f"live is {world.live()}, the ledger says {status}")
    for leftover in () if is_cut else (world.dir / "backups").glob("*.partial-*"):
        verdict.unexplained.append(f"{leftover.name} is left over")
    checked = world.backstay("journal", "check")
    if checked.returncode:
        verdict.unexplained.append(f"backstay journal check: {checked.stdout}{checked.stderr}")


def judge_told(world, verdict, is_cut):
    """What the journal calls sent came to Slack, or to the mail server, and nothing came that it does not call so."""
    told = set(world.told)
    sent = {f"backstay-{row['id']}.{row['created_at']}.shop" for row in
            world.rows("SELECT id, created_at FROM outbox WHERE channel IN ('slack', 'email') AND sent_at IS NOT NULL")}
    for key in sorted(sent - told):
        verdict.lost.append(f"message {key} counts as sent, and came nowhere")
    for key in () if is_cut else sorted(map(str, told - sent)):
        verdict.unexplained.append(f"message {key} came, and does not count as sent")


def judge(world, delivered, is_cut=False):
    """With the receiver up and at rest. A journal that was cut does not know all that was done: its tokens and the
    numbers of its runs may come again, and leftovers of a backup that it knows nothing of stay."""
    verdict = Verdict()
    audit = audit_of(world, verdict)
    judge_events(world, delivered, audit, verdict)
    judge_runs(audit, verdict)
    judge_effects(world, audit, verdict, is_cut)
    judge_ledger(world, world.ask("status"), verdict, is_cut)
    judge_told(world, verdict, is_cut)
    if not world.is_up():
        verdict.unexplained.append(f"it ended with {world.process.returncode} while it was judged: {world.last_said()}")
    return verdict


def judge_ends(played, intended, verdict):
    """Every end of the receiver is one that the test brought about, and that one comes as often as it should."""
    verdict.unexplained += [f"it ended with {end}, which nobody wanted" for end in
                            (Counter(played.ends) - Counter(intended)).elements()]


def judge_end(world, scenario, played, effects_before, runs_before, intended=(), but=()):
    """As judge(), and the scenario came to the one end that it has where nothing else fails than what it is told
    itself, in all that the journal says `but` in these parts. Of the receiver's ends these were intended."""
    verdict = judge(world, played.deliveries)
    if played.problem:
        verdict.unexplained.append(played.problem)
    judge_ends(played, intended, verdict)
    runs = [(row["action"], row["outcome"]) for row in
            world.rows("SELECT action, outcome FROM runs WHERE id > ? ORDER BY id", runs_before)]
    if runs != scenario.runs:
        verdict.unexplained.append(f"its runs are {runs}, not {scenario.runs}")
    if world.live() != scenario.ends_live:
        verdict.lost.append(f"live is {world.live()} and should be {scenario.ends_live}")
    switches = [release for verb, release, _, _, what in world.effects()[effects_before:]
                if verb == "switch" and what == "done"]
    # The note may be missing where the command was killed right after it switched.
    if len(switches) > len(scenario.switches):
        verdict.doubled.append(f"switched to {switches}, not to {scenario.switches}")
    verdict.unexplained += differences(end_of(world), unharmed.of(world.stage, scenario).end, but)
    return verdict
