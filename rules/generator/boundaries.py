"""promtool tests of every number: at the threshold nothing fires, just past it the alert does; one
event fewer than minimum_events says nothing, exactly as many do."""

from generator.rules import HEADER
from generator.template import to_yaml
from generator.thresholds import BadInput, Threshold, Thresholds, number, seconds

INTERVAL = 15  # seconds between samples and between evaluations
EXPORTER = 'job="backstay-exporter", instance="a:9878", service="shop"'
RECEIVER = 'job="backstay-receiver", instance="a:9879", service="shop"'
ROUTE = f'{EXPORTER}, http_request_method="GET", http_route="/"'
REQUESTS = "http_server_requests_total{%s, http_response_status_code=\"%s\"}"
BUCKET = "http_server_request_duration_seconds_bucket{%s, le=\"%s\"}"
EMAILS = "emails_sent_total{%s, outcome=\"%s\"}"
COUNT = "http_server_request_duration_seconds_count{%s}"

# Of the states that are one series: its selector.
SINGLE = {
    "service_up": "backstay_health_component_up"
                  f'{{{EXPORTER}, component="api", kind="http", critical="true"}}',
    "database_up": f"pg_up{{{EXPORTER}}}",
    "exporter_up": f"up{{{EXPORTER}}}",
    "log_readable": f'backstay_log_readable{{{EXPORTER}, source="/var/log/access.log"}}',
    "collector_success": f'backstay_scrape_collector_success{{{EXPORTER}, collector="pg"}}',
    "receiver_up": f"up{{{RECEIVER}}}",
    "journal_up": f"backstay_receiver_journal_up{{{RECEIVER}}}",
}


def boundary_tests(thresholds: Thresholds) -> str:
    tests = [test for t in thresholds.by_id.values() for severity in t.limits
             for test in _tests_of(t, severity)]
    return to_yaml({
        "rule_files": ["../recording.rules.yml", "../alerts.rules.yml"],
        "evaluation_interval": f"{INTERVAL}s",
        "tests": tests}, HEADER)


def _tests_of(t: Threshold, severity: str) -> list[dict]:
    limit = t.limits[severity]
    series = _SERIES.get(t.id, _state)
    tests = [
        _test(t, severity, f"at {number(limit)}", series(t, limit, past=False), fires=False),
        _test(t, severity, f"past {number(limit)}", series(t, limit, past=True), fires=True)]
    if severity in t.minimum_events:
        events = t.minimum_events[severity]
        tests += [
            _test(t, severity, f"{events - 1} events", _all_bad(t, events - 1), fires=False),
            _test(t, severity, f"{events} events", _all_bad(t, events), fires=True)]
    return tests


def _test(t: Threshold, severity: str, case: str, series: dict[str, str], fires: bool) -> dict:
    at = seconds(t.window) + seconds(t.hold) + 2 * INTERVAL
    firing = (f'ALERTS{{alertname="{t.alert}", severity="{severity}", service="shop", '
              'alertstate="firing"}')
    return {
        "name": f"{t.alert} {severity}: {case}",
        "interval": f"{INTERVAL}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{
            "expr": f"count({firing})", "eval_time": f"{at}s",
            "exp_samples": [{"value": 1}] if fires else []}]}


def _samples(t: Threshold) -> int:
    return (seconds(t.window) + seconds(t.hold)) // INTERVAL + 4


def _growing(t: Threshold, by: int) -> str:
    return f"0+{by}x{_samples(t)}"


def _state(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    return {SINGLE[t.id]: f"{round(limit) - past}x{_samples(t)}"}


def _database_response(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    database = f'{EXPORTER}, component="database"'
    seconds_taken = number(limit + 0.001 * past)
    return {
        f"backstay_health_component_duration_seconds{{{database}}}": f"{seconds_taken}x{_samples(t)}",
        f'backstay_health_component_up{{{database}, kind="postgres", critical="true"}}':
            f"1x{_samples(t)}"}


def _requests(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    bad = round(limit * 1000) + past
    return {
        REQUESTS % (ROUTE, 200): _growing(t, 1000 - bad),
        REQUESTS % (ROUTE, 503): _growing(t, bad)}


def _emails(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    good = round(limit * 1000) - past
    return {
        EMAILS % (EXPORTER, "delivered"): _growing(t, good),
        EMAILS % (EXPORTER, "failed"): _growing(t, 1000 - good)}


def _durations(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    """The quantile is exactly the edge when 95 of 100 lie at or below it, none below half."""
    edge = number(limit)
    return {
        BUCKET % (ROUTE, number(limit / 2)): _growing(t, 0),
        BUCKET % (ROUTE, edge): _growing(t, 95 - past),
        BUCKET % (ROUTE, "10"): _growing(t, 100),
        BUCKET % (ROUTE, "+Inf"): _growing(t, 100),
        COUNT % ROUTE: _growing(t, 100)}


def _disarmed(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    return {f"backstay_receiver_disarmed{{{RECEIVER}}}": f"{1 - round(limit) + past}x{_samples(t)}"}


def _waiting(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    return {f"backstay_receiver_approvals_waiting{{{RECEIVER}}}": f"{round(limit) + past}x{_samples(t)}"}


def _expires(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    """A fixed time that comes nearer: at the limit when the test looks, or past it for just long enough."""
    looked_at = seconds(t.window) + seconds(t.hold) + 2 * INTERVAL
    expires = round(limit * 86400) + (seconds(t.window) - 1 if past else looked_at)
    return {f"backstay_web_certificate_expires_timestamp_seconds{{{RECEIVER}}}": f"{expires}x{_samples(t)}"}


def _round(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    """A time that is always as long ago."""
    began = -(round(limit) + past)
    return {f"backstay_receiver_worker_last_round_timestamp_seconds{{{RECEIVER}}}":
                f"{began}+{INTERVAL}x{_samples(t)}",
            f"backstay_receiver_run_in_flight{{{RECEIVER}}}": f"0x{_samples(t)}"}


def _present(t: Threshold, limit: float, past: bool) -> dict[str, str]:
    """There until the window's end, then gone: a scrape without it writes a stale marker."""
    until = seconds(t.window) // INTERVAL
    return {f"up{{{EXPORTER}}}": f"1x{_samples(t)}",
            f"pg_up{{{EXPORTER}}}": f"1x{until - 1} stale" if past else f"1x{_samples(t)}"}


_SERIES = {"error_ratio": _requests, "response_p95": _durations, "email_delivery": _emails,
           "database_response": _database_response, "armed": _disarmed,
           "approvals_waiting": _waiting, "worker_round": _round,
           "certificate_validity": _expires, "data_present": _present}


def _all_bad(t: Threshold, events: int) -> dict[str, str]:
    """As many events in every window of whole intervals, spread evenly, each as bad as can be."""
    steps = seconds(t.window) // INTERVAL
    if steps * INTERVAL != seconds(t.window):
        raise BadInput(f"{t.id}: window is not a multiple of {INTERVAL}s")
    counts = " ".join(str(i * events // steps) for i in range(_samples(t)))
    if t.id == "error_ratio":
        return {REQUESTS % (ROUTE, 503): counts}
    if t.id == "email_delivery":
        return {EMAILS % (EXPORTER, "delivered"): _growing(t, 0), EMAILS % (EXPORTER, "failed"): counts}
    return {
        BUCKET % (ROUTE, "10"): _growing(t, 0),
        BUCKET % (ROUTE, "+Inf"): counts,
        COUNT % ROUTE: counts}
