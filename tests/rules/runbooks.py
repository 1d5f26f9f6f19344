#!/usr/bin/python3
"""Each alert has what a person needs at night: the labels, a sentence, a description, and links to
a runbook entry and a dashboard that exist. Each runbook entry is about an alert that exists."""

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WANTED = {"summary", "description", "data_query", "runbook_url", "dashboard_url"}


def problems_of(rule: dict, links: dict, entries: set[str], dashboards: set[str]) -> list[str]:
    labels, notes = rule["labels"], rule["annotations"]
    problems = []
    if labels.get("severity") not in ("info", "warning", "error", "critical"):
        problems.append("severity is not info, warning, error or critical")
    if missing := WANTED - notes.keys():
        return [*problems, f"annotations are missing: {sorted(missing)}"]
    if not notes["summary"].endswith("."):
        problems.append("the summary is no sentence")
    if notes["runbook_url"] != f"{links['runbooks']}#{rule['alert'].lower()}":
        problems.append("runbook_url does not lead to the entry of that name")
    if rule["alert"] not in entries:
        problems.append("docs/OPERATING.md has no entry")
    uid = re.fullmatch(re.escape(links["dashboards"]) + r"/([\w-]+)(\?.*)?", notes["dashboard_url"])
    if not uid or uid[1] not in dashboards:
        problems.append("dashboard_url leads to no dashboard of grafana/dashboards")
    if "service" not in labels and "service" not in rule["expr"]:
        problems.append("nothing gives it a label service")
    return problems


def main() -> int:
    links = yaml.safe_load((ROOT / "rules/thresholds.yml").read_text())["links"]
    groups = yaml.safe_load((ROOT / "rules/alerts.rules.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    operating = (ROOT / "docs/OPERATING.md").read_text()
    entries = set(re.findall(r"^#+ (Backstay[A-Z]\w+)$", operating, re.M))
    dashboards = {json.loads(path.read_text())["uid"]
                  for path in (ROOT / "grafana/dashboards").glob("*.json")}
    problems = [f"{rule['alert']} {rule['labels'].get('severity')}: {problem}"
                for rule in rules for problem in problems_of(rule, links, entries, dashboards)]
    problems += [f"docs/OPERATING.md: {entry} is no alert"
                 for entry in sorted(entries - {rule["alert"] for rule in rules})]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
