"""Dashboards: grafana/<name>.yml says what is shown, this says how Grafana wants it written down.

A panel of the YAML has: type, title, description, unit, width, queries; and, where wanted, threshold
(an id of thresholds.yml: its numbers become lines and colours, its runbook a link), runbook (an
alert's name), and options, custom, field, overrides, transformations, which go into Grafana's objects
of these names.
"""

import json
from pathlib import Path

import yaml

from generator.template import fill
from generator.thresholds import BadInput, Threshold, Thresholds

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLOURS = {"info": "blue", "warning": "yellow", "error": "orange", "critical": "red"}
PANEL_KEYS = {"type", "title", "description", "unit", "width", "queries", "threshold", "runbook",
              "options", "custom", "field", "overrides", "transformations"}
GRID_WIDTH = 24


def dashboards(folder: Path, thresholds: Thresholds) -> dict[Path, str]:
    return {
        folder / "dashboards" / f"{source.stem}.json":
            json.dumps(_dashboard(yaml.safe_load(source.read_text()), thresholds),
                       indent=2, ensure_ascii=False) + "\n"
        for source in sorted(folder.glob("*.yml"))}


def _dashboard(source: dict, thresholds: Thresholds) -> dict:
    return {
        "uid": source["uid"],
        "id": None,
        "title": source["title"],
        "description": source["description"],
        "tags": ["backstay"],
        "editable": False,
        "graphTooltip": 1,  # one crosshair over all panels
        "schemaVersion": 42,
        "version": 1,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "refresh": "30s",
        "links": [_link("Runbooks", thresholds.runbooks)],
        "annotations": {
            "list": [_annotation(a, source["selector"]) for a in source["annotations"]]},
        "templating": {
            "list": [_datasource_variable()] + [_variable(v) for v in source["variables"]]},
        "panels": _placed(source, thresholds),
    }


def _placed(source: dict, thresholds: Thresholds) -> list[dict]:
    """Panels from left to right, a new line when one is full; a row's panels share one height."""
    panels: list[dict] = []
    y = 0
    for row in source["rows"]:
        panels.append(_numbered(panels, {
            "type": "row", "title": row["title"], "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": GRID_WIDTH, "h": 1}}))
        x, y = 0, y + 1
        for entry in row["panels"]:
            if x + entry["width"] > GRID_WIDTH:
                x, y = 0, y + row["height"]
            place = {"x": x, "y": y, "w": entry["width"], "h": row["height"]}
            panels.append(_numbered(panels, _panel(entry, place, source["selector"], thresholds)))
            x += entry["width"]
        y += row["height"]
    return panels


def _numbered(panels: list[dict], panel: dict) -> dict:
    return {"id": len(panels) + 1, **panel}


def _panel(entry: dict, place: dict, selector: str, thresholds: Thresholds) -> dict:
    if unknown := entry.keys() - PANEL_KEYS:
        raise BadInput(f"panel {entry['title']}: unknown key {', '.join(sorted(unknown))}")
    threshold = thresholds.by_id[entry["threshold"]] if "threshold" in entry else None
    style = _STYLES[entry["type"]]
    defaults = {
        "unit": entry["unit"],
        "color": {"mode": "palette-classic" if entry["type"] == "timeseries" else "thresholds"},
        "custom": {**style.get("custom", {}), **_line_style(threshold, entry["type"]),
                   **entry.get("custom", {})},
        "thresholds": {"mode": "absolute", "steps": _steps(threshold, entry["type"])},
        "mappings": [],
        **entry.get("field", {}),
    }
    panel = {
        "type": entry["type"],
        "title": entry["title"],
        "description": entry["description"],
        "gridPos": place,
        "datasource": DATASOURCE,
        "targets": [_target(query, number, entry["type"], selector)
                    for number, query in enumerate(entry["queries"])],
        "fieldConfig": {"defaults": defaults, "overrides": entry.get("overrides", [])},
        "options": {**style["options"], **entry.get("options", {})},
        "transformations": entry.get("transformations", []),
    }
    if alert := entry.get("runbook") or (threshold and threshold.alert):
        panel["links"] = [_link(f"Runbook: {alert}", f"{thresholds.runbooks}#{alert.lower()}")]
    return panel


def _steps(threshold: Threshold | None, kind: str) -> list[dict]:
    """A value has the colour of the highest step at or below it, a missing one the first."""
    if threshold is None:
        steps = [("text", None)]
    else:
        limits = [(COLOURS[severity], value) for severity, value in threshold.limits.items()]
        if kind == "timeseries":  # lines, each in its own colour
            steps = [("transparent", None), *sorted(limits, key=lambda limit: limit[1])]
        elif threshold.above:  # what is missing must not look good
            steps = [("text", None), ("green", 0), *limits]
        else:  # bad is what lies below a limit, so each colour moves one step down
            colours, values = zip(*reversed(limits))
            steps = list(zip([*colours, "green"], [None, *values]))
    return [{"color": colour, "value": value} for colour, value in steps]


def _line_style(threshold: Threshold | None, kind: str) -> dict:
    return {"thresholdsStyle": {"mode": "dashed"}} if threshold and kind == "timeseries" else {}


def _target(query: dict, number: int, kind: str, selector: str) -> dict:
    now_only = kind in ("stat", "table") and not query.get("range")
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "expr": fill(query["expr"], {"on": selector}),
        "legendFormat": query.get("legend", "__auto"),
        "instant": now_only,
        "range": not now_only,
        "format": "table" if kind == "table" else "time_series",
    }


def _annotation(source: dict, selector: str) -> dict:
    return {
        "name": source["name"],
        "enable": True,
        "iconColor": source["colour"],
        "datasource": DATASOURCE,
        "target": {
            "refId": "Anno", "expr": fill(source["expr"], {"on": selector}), "interval": "15s"},
        "useValueForTime": source.get("value_is_time", False),
        "titleFormat": source["title"],
        "textFormat": source.get("text", ""),
        "tagKeys": "",
    }


def _datasource_variable() -> dict:
    return {"name": "datasource", "label": "Data source", "type": "datasource",
            "query": "prometheus", "regex": "", "hide": 0,
            "includeAll": False, "multi": False, "refresh": 1}


def _variable(source: dict) -> dict:
    multiple = source.get("multiple", False)
    return {
        "name": source["name"],
        "label": source["label"],
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": source["query"], "refId": source["name"]},
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "multi": multiple,
        "includeAll": multiple,
        **({"allValue": ".+", "current": {"text": "All", "value": "$__all"}} if multiple else {}),
        "regex": "",
        "hide": 0,
    }


def _link(title: str, url: str) -> dict:
    return {"title": title, "url": url, "type": "link", "icon": "doc", "tooltip": "",
            "targetBlank": True, "asDropdown": False, "includeVars": False,
            "keepTime": False, "tags": []}


_STYLES = {
    "timeseries": {
        "custom": {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 8, "showPoints": "never",
                   "spanNulls": False, "stacking": {"mode": "none", "group": "A"},
                   "axisPlacement": "auto", "scaleDistribution": {"type": "linear"}},
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True,
                               "calcs": []},
                    "tooltip": {"mode": "multi", "sort": "desc"}}},
    "stat": {
        "options": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                    "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
                    "textMode": "value", "orientation": "auto", "wideLayout": True,
                    "showPercentChange": False, "percentChangeColorMode": "standard"}},
    "table": {
        "custom": {"align": "left", "cellOptions": {"type": "auto"}, "inspect": False},
        "options": {"showHeader": True, "cellHeight": "sm", "frameIndex": 0}},
}
