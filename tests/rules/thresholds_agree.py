#!/usr/bin/python3
"""Reads the numbers back out of the rules, the dashboard and the docs, and compares them with
rules/thresholds.yml. It shares no code with rules/generate: a fault in one shows in the other."""

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SEVERITIES = ("info", "warning", "error", "critical")
COLOUR = {"blue": "info", "yellow": "warning", "orange": "error", "red": "critical"}
problems: list[str] = []


def same(where: str, found: object, wanted: object) -> None:
    if found != wanted:
        problems.append(f"{where}: {found}, but thresholds.yml has {wanted}")


def limits_of(threshold: dict) -> dict[str, float]:
    return {severity: float(threshold[severity])
            for severity in SEVERITIES if severity in threshold}


def rules_in(name: str) -> list[dict]:
    groups = yaml.safe_load((ROOT / "rules" / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def check_alerts(by_alert: dict[str, dict]) -> None:
    seen = {name: {} for name in by_alert}
    for rule in rules_in("alerts.rules.yml"):
        if rule["alert"] == "BackstayWatchdog":
            continue
        threshold = by_alert[rule["alert"]]
        severity = rule["labels"]["severity"]
        where = f"{rule['alert']} {severity}"
        # The comparison with the threshold is the only < or > in an expression, ">=" apart.
        compared = re.findall(r"([<>])(?!=)\s*([\d.]+)", rule["expr"])
        sign = ">" if threshold["direction"] == "above" else "<"
        same(f"{where}: comparisons", [(s, float(n)) for s, n in compared],
             [(sign, float(threshold[severity]))])
        seen[rule["alert"]][severity] = float(compared[0][1])
        minimum = threshold.get("minimum_events", {}).get(severity)
        for part in (rule["expr"], rule["annotations"]["data_query"]):
            same(f"{where}: minimum events in {part}", re.findall(r">=\s*(\d+)", part),
                 [str(minimum)] if minimum else [])
        same(f"{where}: windows", windows_in(rule["expr"]), {threshold["window"]})
        same(f"{where}: for", rule["for"], threshold["for"])
        if "{{" in rule["annotations"]["data_query"]:
            problems.append(f"{where}: data_query has template markup; it is read as it is written")
    for alert, found in seen.items():
        same(f"{alert}: severities", found, limits_of(by_alert[alert]))


def windows_in(expression: str) -> set[str]:
    """Ranges in brackets, and those that end a recorded name: …:increase2m."""
    return {*re.findall(r"\[(\w+)\]", expression),
            *re.findall(r":[a-z0-9_]*?[a-z](\d+[smhd])\b", expression)}


def check_recorded(thresholds: list[dict]) -> None:
    recorded: dict[str, dict[str, float]] = {}
    for rule in rules_in("recording.rules.yml"):
        if rule["record"].startswith("threshold:"):
            number = re.fullmatch(r"vector\(([\d.]+)\)", rule["expr"])[1]
            recorded.setdefault(rule["record"], {})[rule["labels"]["severity"]] = float(number)
        else:
            name_window = re.search(r"(\d+[smhd])$", rule["record"])[1]
            same(f"{rule['record']}: windows", windows_in(rule["expr"]), {name_window})
    wanted = {f"threshold:{t['id']}": {"target": float(t["target"]), **limits_of(t)}
              for t in thresholds if t["unit"] != "state"}
    same("recording.rules.yml", recorded, wanted)


def check_dashboards(by_alert: dict[str, dict]) -> None:
    shown = set()
    for path in sorted((ROOT / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            if panel["type"] == "row":
                continue
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            if len(steps) > 1:
                shown.add(check_steps(f"{path.name}: {panel['title']}", panel, steps, by_alert))
    for threshold in by_alert.values():
        if threshold["unit"] != "state" and threshold["alert"] not in shown:
            problems.append(f"no panel shows the limits of {threshold['id']}")


def check_steps(where: str, panel: dict, steps: list[dict], by_alert: dict[str, dict]) -> str:
    """The panel's runbook link tells which alert its limits belong to."""
    alert = panel["links"][0]["title"].removeprefix("Runbook: ")
    threshold = by_alert[alert]
    if threshold["direction"] == "above" or panel["type"] == "timeseries":
        found = {COLOUR[step["color"]]: float(step["value"])
                 for step in steps if step["color"] in COLOUR}
    else:  # below a step's number its predecessor's colour holds
        found = {COLOUR[bad["color"]]: float(good["value"]) for bad, good in zip(steps, steps[1:])}
    same(where, found, limits_of(threshold))
    return alert


def number_in(cell: str) -> float:
    value, unit = re.fullmatch(r"[<>≤≥] ([\d.]+) ?(%|ms|s|d|)", cell).groups()
    return round(float(value) * {"%": 0.01, "ms": 0.001}.get(unit, 1), 9)


def check_docs(by_alert: dict[str, dict]) -> None:
    page = (ROOT / "docs/THRESHOLDS.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| \[(\w+)\]\([^)]+\) \| (.+) \|$", page, re.M)
    same("THRESHOLDS.md: alerts", sorted(alert for alert, _ in rows), sorted(by_alert))
    for alert, rest in rows:
        threshold = by_alert[alert]
        cells = [cell.strip() for cell in rest.split("|")]
        where = f"THRESHOLDS.md: {alert}"
        found = {severity: number_in(cell)
                 for severity, cell in zip(SEVERITIES, cells[1:5]) if cell}
        same(where, found, limits_of(threshold))
        same(f"{where}: target", number_in(cells[0]), float(threshold["target"]))
        same(f"{where}: window, for", cells[5:7], [threshold["window"], threshold["for"]])
        listed = re.findall(r"(\d+) \((\w+)\)", cells[7])
        same(f"{where}: minimum events", {severity: int(count) for count, severity in listed},
             threshold.get("minimum_events", {}))


def check_buckets(by_alert: dict[str, dict]) -> None:
    """A quantile says nothing true about a limit that is no edge of the histogram."""
    source = (ROOT / "exporter/requests/durations.h").read_text()
    listed = re.search(r"kDurationBounds\{([^}]*)\}", source)[1]
    edges = {float(edge) for edge in listed.split(",")}
    missing = set(limits_of(by_alert["BackstayResponseSlow"]).values()) - edges
    if missing:
        problems.append(f"the exporter's duration buckets lack {sorted(missing)}")


def main() -> int:
    thresholds = yaml.safe_load((ROOT / "rules/thresholds.yml").read_text())["thresholds"]
    by_alert = {threshold["alert"]: threshold for threshold in thresholds}
    check_alerts(by_alert)
    check_recorded(thresholds)
    check_dashboards(by_alert)
    check_docs(by_alert)
    check_buckets(by_alert)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
