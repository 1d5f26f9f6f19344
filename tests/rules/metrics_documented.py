#!/usr/bin/python3
"""Each metric that a rule or a dashboard asks for has a row in docs/METRICS.md: a name that nobody
exports would make an alert that never fires."""

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {"up", "ALERTS"}


def expressions() -> list[str]:
    found = []
    for name in ("recording.rules.yml", "alerts.rules.yml"):
        groups = yaml.safe_load((ROOT / "rules" / name).read_text())["groups"]
        found += [rule["expr"] for group in groups for rule in group["rules"]]
    for path in (ROOT / "grafana/dashboards").glob("*.json"):
        board = json.loads(path.read_text())
        found += [target["expr"]
                  for panel in board["panels"] for target in panel.get("targets", [])]
        found += [annotation["target"]["expr"] for annotation in board["annotations"]["list"]]
    return found


def metrics_of(expression: str) -> set[str]:
    return set(re.findall(r"\b([a-zA-Z_]\w*)\{", expression))


def main() -> int:
    documented = set(re.findall(r"`(\w+)(?:\{[^`]*\})?`", (ROOT / "docs/METRICS.md").read_text()))
    used = {name for expression in expressions() for name in metrics_of(expression)} - NOT_OURS
    missing = sorted(name for name in used if name not in documented
                     and re.sub(r"_(bucket|count|sum)$", "", name) not in documented)
    for name in missing:
        print(f"{name} has no row in docs/METRICS.md")
    return 1 if missing or not used else 0


if __name__ == "__main__":
    sys.exit(main())
