"""Reads thresholds.yml, strictly: what it does not know is an error, not ignored."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

SEVERITIES = ("info", "warning", "error", "critical")
UNITS = ("ratio", "seconds", "days", "state")
REQUIRED = {"id", "title", "about", "alert", "unit", "direction", "target", "window", "for"}
OPTIONAL = {*SEVERITIES, "minimum_events"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class BadInput(Exception):
    """Something to be put right in a file that a person wrote."""


@dataclass
class Threshold:
    id: str
    title: str
    about: str
    alert: str
    unit: str
    above: bool
    target: float
    limits: dict[str, float]  # severity → number, mildest first
    window: str
    hold: str  # "for" in the file
    minimum_events: dict[str, int]

    def beyond(self, severity: str) -> str:
        return f"{'>' if self.above else '<'} {for_people(self.limits[severity], self.unit)}"


@dataclass
class Thresholds:
    by_id: dict[str, Threshold]
    runbooks: str
    dashboards: str


def load(path: Path) -> Thresholds:
    document = yaml.safe_load(path.read_text())
    entries = [_read(entry) for entry in document["thresholds"]]
    by_id = {entry.id: entry for entry in entries}
    if len(by_id) != len(entries):
        raise BadInput(f"{path}: an id is used twice")
    return Thresholds(by_id, document["links"]["runbooks"], document["links"]["dashboards"])


def seconds(duration: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd])", duration)
    if not match:
        raise BadInput(f"{duration!r} is not a duration such as 30s, 2m or 1h")
    return int(match[1]) * _SECONDS[match[2]]


def number(value: float) -> str:
    """As it stands in a rule: 2 rather than 2.0."""
    return f"{value:g}"


def for_people(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value * 100:g} %"
    if unit == "seconds":
        return f"{value * 1000:g} ms" if value < 1 else f"{value:g} s"
    return f"{value:g} d" if unit == "days" else f"{value:g}"


def _read(entry: dict) -> Threshold:
    name = entry.get("id", "a threshold without id")
    if problem := _fault(entry):
        raise BadInput(f"thresholds.yml: {name}: {problem}")
    limits = {severity: float(entry[severity]) for severity in SEVERITIES if severity in entry}
    return Threshold(
        entry["id"], entry["title"], entry["about"], entry["alert"], entry["unit"],
        entry["direction"] == "above", float(entry["target"]), limits, entry["window"],
        entry["for"], entry.get("minimum_events", {}))


def _fault(entry: dict) -> str:
    if missing := REQUIRED - entry.keys():
        return f"{', '.join(sorted(missing))} is missing"
    if unknown := entry.keys() - REQUIRED - OPTIONAL:
        return f"unknown key {', '.join(sorted(unknown))}"
    if entry["unit"] not in UNITS or entry["direction"] not in ("above", "below"):
        return f"unit is one of {', '.join(UNITS)}, direction is above or below"
    limits = [entry[severity] for severity in SEVERITIES if severity in entry]
    if not limits:
        return "no severity has a number"
    if limits != sorted(limits, reverse=entry["direction"] == "below"):
        return "a severer number must lie further out than a milder one"
    if set(entry.get("minimum_events", {})) - entry.keys():
        return "minimum_events names a severity that has no number"
    seconds(entry["window"]), seconds(entry["for"])
    return ""
