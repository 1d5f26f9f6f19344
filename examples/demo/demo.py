"""The main job, once, in front of your eyes: a bad release goes out, and the last good one comes back
by itself. Called by scripts/demo; --keep leaves everything up afterwards.
"""

import argparse
import signal
import sys
import time
from datetime import datetime

import stage as parts

DEADLINE_SECONDS = 300
LAST_WORD_SECONDS = 30  # once the rollback has ended, what is still missing does not come any more

# (milestone, kind and what of its audit entry, the action it belongs to)
FROM_AUDIT = [
    ("release 2 announced, on disk", "event", "deploy_requested", None),
    ("backup before the deploy done", "step", "backup done", "deploy"),
    ("release 2 live", "step", "switch started", "deploy"),
    ("release 2 verified: healthy, so only its errors tell", "step", "verify done", "deploy"),
    ("alert on disk", "event", "alert_firing", None),
    ("decision: act", "decision", "act", "rollback"),
    ("release 1 serving", "step", "switch done", "rollback"),
    ("release 1 verified", "step", "verify done", "rollback"),
    ("backup beside the rollback done", "step", "backup done", "rollback"),
    ("rollback confirmed", "step", "confirm done", "rollback"),
    ("rollback ended: done", "run", "rollback done", "rollback"),
]
LIVE = "release 2 live"
END = "rollback ended: done"
FROM_ELSEWHERE = ["first failed request", "alert firing in Prometheus", "people told (Slack)"]


def seconds_of(rfc3339):
    return datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp()


class Timeline:
    """Prints each milestone once, with the seconds since release 2 went live."""

    def __init__(self, colour):
        self.times = {}
        self.held = []
        self.colour = colour

    def note(self, milestone, at, detail=""):
        if milestone not in self.times:
            self.times[milestone] = at
            self.held.append((at, milestone, detail))

    def tell(self):
        """Prints what was noted since, in the order in which it happened."""
        if LIVE not in self.times:
            return  # nothing to count from yet
        for at, name, text in sorted(self.held):
            mark = "\033[32m✓\033[0m" if self.colour else "✓"
            print(f"  {at - self.times[LIVE]:+8.2f} s  {mark} {name}{': ' + text if text else ''}", flush=True)
        self.held.clear()

    def missing(self):
        wanted = [name for name, *_ in FROM_AUDIT] + FROM_ELSEWHERE
        return [name for name in wanted if name not in self.times]


def action_of_run(audit, run_id):
    for entry in audit:
        if entry["kind"] == "run" and entry.get("run_id") == run_id and entry["what"].endswith(" started"):
            return entry["what"].split()[0]
    return None


def look(stage, timeline):
    if "alert firing in Prometheus" not in timeline.times:  # before the audit, which it comes before
        for series in stage.query('timestamp(ALERTS{alertstate="firing", action="rollback"})'):
            timeline.note("alert firing in Prometheus", float(series["value"][1]), series["metric"]["alertname"])
    audit = stage.audit()
    for milestone, kind, what, action in FROM_AUDIT:
        for entry in audit:
            if (entry["kind"], entry["what"]) != (kind, what):
                continue
            if action and action_of_run(audit, entry.get("run_id")) != action:
                continue
            detail = entry["why"] if kind in ("decision", "step") else entry["subject"] if kind == "event" else ""
            timeline.note(milestone, seconds_of(entry["at"]), detail)
            break
    if LIVE in timeline.times and stage.traffic.first_failed_at:
        timeline.note("first failed request", stage.traffic.first_failed_at)
    for at, message in stage.slack.messages:
        if "back and verified" in message.get("text", ""):
            timeline.note("people told (Slack)", at, message["text"])


def run_loop(stage, timeline):
    status = stage.post_standard({"event": "deploy_requested", "release": "2", "actor": "demo"})
    if status != 202:
        raise parts.StageError(f"the deploy webhook was answered {status}; see {stage.log('receiver')}")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while timeline.missing() and time.monotonic() < deadline:
        look(stage, timeline)
        timeline.tell()
        if END in timeline.times and deadline > time.monotonic() + LAST_WORD_SECONDS:
            deadline = time.monotonic() + LAST_WORD_SECONDS
        time.sleep(0.1)


def tail(path, lines=25):
    try:
        return "\n".join("    " + line for line in path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "    (no such log)"


# Which log tells why a milestone is missing, by a word in its name.
LOG_FOR = [("alert firing", "prometheus"), ("alert on disk", "alertmanager"), ("first failed", "haproxy")]


def summary(stage, timeline):
    """Returns what did not happen."""
    times = timeline.times
    problems = [f"did not happen: {name}" for name in timeline.missing()]
    live = stage.live_release()
    if live != "1":
        problems.append(f"release {live} serves in the end, not release 1")
    if stage.slack.refused:
        problems.append(f"Slack would have refused a message: {stage.slack.refused[0]}")
    backups = stage.backstay("backup", "list")
    if not problems:
        served, failed = stage.traffic.served, stage.traffic.failed
        recover = times["release 1 serving"] - times[LIVE]
        verified = times["release 1 verified"] - times["alert on disk"]
        print(f"""
  requests                       {served} served, {failed} failed
  time to recover                {recover:.1f} s from release 2 live to release 1 serving
  webhook to verified rollback   {verified:.2f} s
  backups                        {len(backups.splitlines()) - 1}, one before the deploy and one beside the rollback
""")
    return problems


def addresses(stage):
    print(f"""
  exporter metrics  http://{stage.exporter_address}/metrics
  receiver metrics  {stage.receiver}/metrics
  Prometheus        {stage.prometheus}
  Alertmanager      http://127.0.0.1:{stage.alertmanager_port}
  the service       http://127.0.0.1:{stage.haproxy_port}  (HAProxy)
  command line      {stage.binaries}/backstay --config.file {stage.receiver_config} status
  logs              {stage.dir}/logs

  Ctrl-C ends all of it.""", flush=True)
    while True:
        signal.pause()


def tell(stage, timeline, keep):
    problems = summary(stage, timeline)
    for problem in problems:
        print(f"  ✗ {problem}")
        name = next((log for word, log in LOG_FOR if word in problem), "receiver")
        print(f"    {stage.log(name)} ends with:\n{tail(stage.log(name))}")
    if keep:
        addresses(stage)
    return 1 if problems else 0


def main():
    arguments = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="leave everything up and print the addresses")
    keep = arguments.parse_args().keep
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: sys.exit(130))  # unwinds through the clean-up below
    begun = time.monotonic()
    stage = parts.Stage(say=lambda what: print(f"  {time.monotonic() - begun:5.1f} s  {what} …", flush=True))
    try:
        print("Setting the stage:")
        stage.start()
        print("\nRelease 2 is announced. From here on nobody touches anything.\n")
        timeline = Timeline(sys.stdout.isatty())
        run_loop(stage, timeline)
        return tell(stage, timeline, keep)
    except parts.StageError as error:
        print(f"  ✗ {error}", file=sys.stderr)
        for name, process in stage.processes:
            if process.poll() is not None:
                print(f"    {name} has ended; its log ends with:\n{tail(stage.log(name))}", file=sys.stderr)
        return 1
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)  # the clean-up is not to be cut short
        stage.stop()
        stage.remove()


sys.exit(main())
