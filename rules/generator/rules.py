"""The rule files: thresholds and templates to what Prometheus loads."""

from pathlib import Path

import yaml

from generator.template import fill, to_yaml
from generator.thresholds import BadInput, Threshold, Thresholds, for_people, number

TEMPLATES = Path(__file__).parent.parent / "templates"
HEADER = "Made by rules/generate from rules/thresholds.yml and rules/templates. Do not edit."


def recording_rules(thresholds: Thresholds) -> str:
    values = {f"{t.id}.window": t.window for t in thresholds.by_id.values()}
    document = yaml.safe_load(fill((TEMPLATES / "recording.yml").read_text(), values))
    document["groups"].append({
        "name": "backstay-thresholds",
        "rules": [rule for t in thresholds.by_id.values() if t.unit != "state"
                  for rule in _shown_limits(t)]})
    return to_yaml(document, HEADER)


def alert_rules(thresholds: Thresholds) -> str:
    templates = yaml.safe_load((TEMPLATES / "alerts.yml").read_text())
    if different := templates.keys() ^ thresholds.by_id.keys():
        raise BadInput(f"not in both thresholds.yml and templates/alerts.yml: {sorted(different)}")
    groups = [
        {"name": t.alert,
         "rules": [_alert(t, severity, templates[t.id], thresholds) for severity in t.limits]}
        for t in thresholds.by_id.values()]
    groups.append({"name": "BackstayWatchdog", "rules": [_watchdog(thresholds)]})
    return to_yaml({"groups": groups}, HEADER)


def behaviour_tests(thresholds: Thresholds) -> str:
    values = {"runbooks": thresholds.runbooks, "dashboards": thresholds.dashboards}
    for t in thresholds.by_id.values():
        values |= {f"{t.id}.window": t.window, f"{t.id}.for": t.hold}
        for severity, value in t.limits.items():
            values[f"{t.id}.{severity}"] = for_people(value, t.unit)
        for severity, events in t.minimum_events.items():
            values[f"{t.id}.{severity}.minimum_events"] = events
    return f"# {HEADER}\n" + fill((TEMPLATES / "behaviour.test.yml").read_text(), values)


def _shown_limits(t: Threshold) -> list[dict]:
    """threshold:<id>{severity}, so that a graph can draw the limit beside the value."""
    return [
        {"record": f"threshold:{t.id}", "expr": f"vector({number(value)})",
         "labels": {"severity": severity}}
        for severity, value in {"target": t.target, **t.limits}.items()]


def _alert(t: Threshold, severity: str, template: dict, thresholds: Thresholds) -> dict:
    values = {
        "value": number(t.limits[severity]),
        "limit": for_people(t.limits[severity], t.unit),
        "window": t.window,
        "for": t.hold,
    }
    if severity in t.minimum_events:
        values["minimum_events"] = t.minimum_events[severity]
    text = {key: fill(value, values) for key, value in template.items()}
    labels = {"severity": severity}
    if template.get("rollback_at") == severity:
        labels["action"] = "rollback"
    annotations = {
        "summary": text["summary"],
        "description": text["description"],
        "data_query": text["data_query"],
        **_links(t.alert, "{{ $labels.service }}", thresholds),
    }
    return {"alert": t.alert, "expr": text["expr"], "for": t.hold, "labels": labels,
            "annotations": annotations}


def _watchdog(thresholds: Thresholds) -> dict:
    return {
        "alert": "BackstayWatchdog",
        "expr": "vector(1)",
        "labels": {"severity": "info", "service": "backstay"},
        "annotations": {
            "summary": "The way from Prometheus through Alertmanager works.",
            "description": "This alert always fires. Whoever waits for it and does not get it "
                           "knows that no other alert would arrive either.",
            "data_query": "vector(1)",
            **_links("BackstayWatchdog", "", thresholds),
        },
    }


def _links(alert: str, service: str, thresholds: Thresholds) -> dict[str, str]:
    variable = f"?var-service={service}" if service else ""
    return {
        "runbook_url": f"{thresholds.runbooks}#{alert.lower()}",
        "dashboard_url": f"{thresholds.dashboards}/backstay-overview{variable}",
    }
