#!/usr/bin/python3
"""Made-up metrics of a service with a bad release, as OpenMetrics on standard output.

One hour, a sample every 15 s, up to now: release 1 is live, release 2 comes 20 minutes before the
end, fails a third of its requests and is rolled back two minutes later. For looking at dashboards,
and for checking that each of their queries finds something.
"""

import math
import random
import sys
import time

STEP = 15
END = int(time.time()) // STEP * STEP
START = END - 3600
DEPLOYED, ROLLED_BACK = END - 1200, END - 1080
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)
EXPORTER = {"job": "backstay-exporter", "instance": "127.0.0.1:9878", "service": "invitations"}
RECEIVER = {"job": "backstay-receiver", "instance": "127.0.0.1:9879", "service": "invitations"}
ROUTES = {  # requests a second, median seconds
    ("GET", "/health"): (0.2, 0.004),
    ("POST", "/api/invitations"): (6, 0.060),
    ("GET", "/api/invitations/:id"): (18, 0.012),
    ("POST", "/api/invitations/:id/accept"): (3, 0.040),
    ("POST", "/api/users"): (1.5, 0.110),
}
random.seed(1)


class Exposition:
    """Samples by metric and series: OpenMetrics wants each metric's lines together."""

    def __init__(self):
        self.metrics = {}

    def add(self, name, labels, at, value):
        text = ",".join(f'{key}="{word}"' for key, word in labels.items())
        self.metrics.setdefault(name, {}).setdefault(text, []).append((at, value))

    def write(self, out):
        for name, series in self.metrics.items():
            out.write(f"# TYPE {name} unknown\n")
            for labels, samples in series.items():
                out.writelines(f"{name}{{{labels}}} {value!r} {at}\n" for at, value in samples)
        out.write("# EOF\n")


class Counters:
    def __init__(self, out):
        self.out, self.values = out, {}

    def grow(self, name, labels, at, by):
        key = (name, *labels.items())
        self.values[key] = self.values.get(key, 0) + by
        self.out.add(name, EXPORTER | labels, at, self.values[key])


def is_bad(at):
    return DEPLOYED < at <= ROLLED_BACK


def wave(at, size=0.15):
    return 1 + size * math.sin(at / 700) + random.uniform(-size, size) / 2


def share_below(bound, median):
    """Of a log-normal distribution."""
    return 0.5 * (1 + math.erf(math.log(bound / median) / (0.7 * math.sqrt(2))))


def requests(counters, at):
    for (method, route), (rate, median) in ROUTES.items():
        labels = {"http_request_method": method, "http_route": route}
        total = rate * STEP * wave(at)
        bad = total * (0.33 if is_bad(at) and route != "/health" else 0.0008)
        other = total * 0.01
        statuses = {"201" if method == "POST" else "200": total - bad - 2 * other, "304": other,
                    "404": other, "500": bad}
        for status, count in statuses.items():
            counters.grow("http_server_requests_total",
                          labels | {"http_response_status_code": status}, at, count)
        slower = median * wave(at) * (4 if is_bad(at) else 1)
        duration = "http_server_request_duration_seconds"
        labels = labels | {"http_response_status_class": "2xx"}
        for bound in BOUNDS:
            counters.grow(duration + "_bucket", labels | {"le": f"{bound:g}"}, at,
                          total * share_below(bound, slower))
        counters.grow(duration + "_bucket", labels | {"le": "+Inf"}, at, total)
        counters.grow(duration + "_count", labels, at, total)
        counters.grow(duration + "_sum", labels, at, total * slower)


def database(out, counters, at):
    base = {"datid": "16384", "datname": "invitations"}
    out.add("pg_up", EXPORTER, at, 1)
    for state, count in {"active": 2, "idle": 9, "idle in transaction": 1, "disabled": 0}.items():
        labels = {"datname": "invitations", "state": state}
        out.add("pg_stat_activity_count", EXPORTER | labels, at, round(count * wave(at, 0.5)))
        out.add("pg_stat_activity_max_tx_duration", EXPORTER | labels, at,
                0.3 * count * wave(at, 0.9))
    for name, rate in {"xact_commit": 45, "xact_rollback": 0.3, "blks_hit": 9000, "blks_read": 40,
                       "deadlocks": 0, "conflicts": 0, "temp_files": 0.002}.items():
        counters.grow(f"pg_stat_database_{name}", base, at, rate * STEP * wave(at))


def health(out, at):
    for component, kind, took in (("api", "http", 0.012), ("database", "postgres", 0.004)):
        labels = EXPORTER | {"component": component}
        out.add("backstay_health_component_up", labels | {"kind": kind, "critical": "true"}, at, 1)
        out.add("backstay_health_component_duration_seconds", labels, at, took * wave(at, 0.6))
    collectors = {"stat_database": 0.004, "stat_activity": 0.003, "invitations": 0.011, "business": 0.009}
    for collector, took in collectors.items():
        labels = EXPORTER | {"collector": collector}
        out.add("backstay_scrape_collector_success", labels, at, 1)
        out.add("backstay_scrape_collector_duration_seconds", labels, at, took * wave(at, 0.6))


def business(out, counters, at):
    works = 0.3 if is_bad(at) else 1
    for status, count in {"pending": 420, "accepted": 9100, "rejected": 800, "expired": 60,
                          "revoked": 12}.items():
        out.add("invitations", EXPORTER | {"status": status}, at, round(count + (at - START) / 40))
    out.add("invitations_oldest_pending_seconds", EXPORTER, at, 260000 + at - START)
    counters.grow("invitations_created_total", {}, at, 0.5 * STEP * works * wave(at))
    for outcome, rate in {"accepted": 0.25, "rejected": 0.04}.items():
        counters.grow("invitations_answered_total", {"outcome": outcome}, at, rate * STEP * works * wave(at))
    counters.grow("sign_ups_total", {}, at, 0.02 * STEP * works * wave(at))
    for outcome, rate in {"sent": 0.02, "delivered": 0.45, "failed": 0.006}.items():
        counters.grow("emails_sent_total", {"outcome": outcome}, at, rate * STEP * wave(at))
    for outcome, rate in {"succeeded": 0.05, "failed": 0.002, "refunded": 0.0005}.items():
        counters.grow("payments_total", {"outcome": outcome}, at, rate * STEP * works * wave(at))


def receiver(out, at):
    if at <= DEPLOYED:
        live, kind, since = "1", "adopted", START - 86400
    elif at <= ROLLED_BACK:
        live, kind, since = "2", "deploy", DEPLOYED
    else:
        live, kind, since = "1", "rollback", ROLLED_BACK

    def say(name, value, **labels):
        out.add("backstay_receiver_" + name, RECEIVER | labels, at, value)

    say("deployment_live_timestamp_seconds", since, release=live, kind=kind)
    say("journal_up", 1)
    out.add("backstay_web_certificate_expires_timestamp_seconds", RECEIVER, at, END + 60 * 86400)
    say("disarmed", 0)
    say("events_waiting", 0)
    say("approvals_waiting", 1 if DEPLOYED < at < ROLLED_BACK else 0)
    say("messages_waiting", 1 if ROLLED_BACK < at < ROLLED_BACK + 60 else 0)
    say("worker_stuck", 0)
    say("worker_last_round_timestamp_seconds", at)
    say("run_in_flight", 1 if ROLLED_BACK - 15 <= at < ROLLED_BACK + 90 else 0)
    say("releases_poisoned", 1 if at > ROLLED_BACK else 0)
    say("last_backup_timestamp_seconds", since if at > DEPLOYED else START - 3600)
    if at > DEPLOYED:
        say("decisions_total", 1, verdict="act", reason="asked")
        say("runs_total", 1, action="deploy", outcome="done")
    if at > ROLLED_BACK:
        say("decisions_total", 1, verdict="act", reason="release_to_blame")
        say("decisions_total", 1, verdict="refuse", reason="already_rolled_back")
        say("runs_total", 1, action="rollback", outcome="done")


def delivery(out, at):
    def say(name, value, **labels):
        out.add(name, RECEIVER | labels, at, value)

    for kind, since in {"planned": DEPLOYED, "rework": END, "rollback": ROLLED_BACK}.items():
        say("deployments_total", 1 if at > since else 0, kind=kind)
    for kind, since in {"planned": ROLLED_BACK, "rework": END, "rollback": END}.items():
        say("deployment_failures_total", 1 if at > since else 0, kind=kind)
    for le in ("3600", "86400", "+Inf"):
        say("change_lead_time_seconds_bucket", 1 if at > DEPLOYED and le != "3600" else 0, le=le)
    for le in ("300", "3600", "+Inf"):
        say("failed_deployment_recovery_seconds_bucket", 1 if at > ROLLED_BACK and le != "300" else 0, le=le)


def alerts(out, at):
    def say(alert, severity, state, service="invitations", **labels):
        out.add("ALERTS", {"alertname": alert, "severity": severity, "service": service,
                           "alertstate": state} | labels, at, 1)

    say("BackstayWatchdog", "info", "firing", service="backstay")
    if DEPLOYED + 60 < at <= ROLLED_BACK + 120:
        state = "pending" if at <= DEPLOYED + 120 else "firing"
        say("BackstayErrorRatioHigh", "critical", state, action="rollback")
    if at > END - 120:
        say("BackstayReceiverDown", "error", "pending")
        say("BackstayDatabaseSlow", "warning", "firing", component="database")


def main():
    out = Exposition()
    counters = Counters(out)
    for at in range(START, END + 1, STEP):
        for labels in (EXPORTER, RECEIVER):
            out.add("up", labels, at, 1)
        requests(counters, at)
        database(out, counters, at)
        health(out, at)
        business(out, counters, at)
        receiver(out, at)
        delivery(out, at)
        alerts(out, at)
    out.write(sys.stdout)


if __name__ == "__main__":
    main()
