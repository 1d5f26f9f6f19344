"""docs/THRESHOLDS.md"""

from generator.thresholds import SEVERITIES, Threshold, Thresholds, for_people

HEAD = """# Thresholds

Made by `rules/generate` from `rules/thresholds.yml`. Do not edit.

An alert fires when its value, taken over the window, has been past the number for the time under "for".
At exactly the number nothing fires. Fewer events than the minimum within the window say nothing.

| threshold | alert | target | info | warning | error | critical | window | for | minimum events |
|---|---|---|---|---|---|---|---|---|---|
"""


def thresholds_page(thresholds: Thresholds) -> str:
    entries = thresholds.by_id.values()
    about = "\n".join(f"- **{t.title}** (`{t.id}`): {t.about}" for t in entries)
    return HEAD + "\n".join(_row(t) for t in entries) + "\n\n" + about + "\n"


def _row(t: Threshold) -> str:
    target = f"{'≤' if t.above else '≥'} {for_people(t.target, t.unit)}"
    limits = [t.beyond(severity) if severity in t.limits else "" for severity in SEVERITIES]
    minimum = ", ".join(f"{count} ({severity})" for severity, count in t.minimum_events.items())
    link = f"[{t.alert}](OPERATING.md#{t.alert.lower()})"
    return f"| {t.title} | {' | '.join([link, target, *limits, t.window, t.hold, minimum])} |"
