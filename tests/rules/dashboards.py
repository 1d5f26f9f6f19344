#!/usr/bin/python3
"""The dashboards follow Grafana's and our own conventions, and every query of theirs finds something
in a real Prometheus that holds the made-up hour of seed.py."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "examples" / "demo"))

from ports import free_port  # noqa: E402

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
VARIABLES = {"$service": "invitations", "$job": ".+", "$instance": ".+", "$__rate_interval": "1m",
             "$__interval": "1m", "$__range": "1h"}
START_WITHIN_S = 120


def conventions(board: dict) -> list[str]:
    wanted = {"id": None, "editable": False, "schemaVersion": 42}
    problems = [f"{key} is not {value}" for key, value in wanted.items()
                if board.get(key, "") != value]
    if not re.fullmatch(r"backstay-[a-z-]+", board.get("uid", "")):
        problems.append("uid does not begin with backstay-")
    if "__inputs" in board:
        problems.append("__inputs cannot be filled in by file provisioning")
    names = [variable["name"] for variable in board["templating"]["list"]]
    if names != ["datasource", "service", "job", "instance"]:
        problems.append(f"variables are {names}")
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) != len(ids):
        problems.append("two panels have one id")
    return problems + overlaps(board["panels"]) + [
        f"{panel['title']}: {problem}" for panel in board["panels"] if panel["type"] != "row"
        for problem in panel_conventions(panel)]


def panel_conventions(panel: dict) -> list[str]:
    defaults = panel["fieldConfig"]["defaults"]
    problems = []
    if not panel.get("description", "").endswith("."):
        problems.append("the description is no sentence")
    if not defaults.get("unit"):
        problems.append("no unit")
    if any(part["datasource"] != DATASOURCE for part in [panel, *panel["targets"]]):
        problems.append("datasource is not the variable")
    if defaults["custom"].get("stacking", {}).get("mode", "none") != "none":
        problems.append("lines are stacked")
    for target in panel["targets"]:
        problems += query_conventions(target["expr"])
    return problems


def query_conventions(query: str) -> list[str]:
    problems = []
    for window in re.findall(r"\b(?:rate|increase)\([^[]*\[([^]]+)\]", query):
        if window != "$__rate_interval":
            problems.append(f"rate over {window} instead of $__rate_interval")
    for name, selector in re.findall(r"([a-z_:]+)\{([^}]*)\}", query):
        for label in ('job=~"$job"', 'instance=~"$instance"', 'service="$service"'):
            if label not in selector:
                problems.append(f"{name} is not selected by {label}")
    return problems


def overlaps(panels: list[dict]) -> list[str]:
    taken: dict[tuple[int, int], str] = {}
    problems = []
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        if at["x"] + at["w"] > 24 or cells & taken.keys():
            problems.append(f"{panel['title']} overlaps or leaves the grid")
        taken |= dict.fromkeys(cells, panel["title"])
    return problems


def queries(board: dict) -> list[tuple[str, str]]:
    """Where it stands, and the query."""
    of_panels = [(panel["title"], target["expr"])
                 for panel in board["panels"] for target in panel.get("targets", [])]
    return of_panels + [(annotation["name"], annotation["target"]["expr"])
                        for annotation in board["annotations"]["list"]]


def empty_queries(board: dict, url: str) -> list[str]:
    problems = []
    for where, query in queries(board):
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        now = time.time()
        answer = ask(f"{url}/api/v1/query_range", query=query, start=now - 3600, end=now, step=60)
        if answer["status"] != "success":
            problems.append(f"{where}: {answer['error']}")
        elif not answer["data"]["result"]:
            problems.append(f"{where}: no data for {query}")
    return problems


def ask(address: str, **parameters: object) -> dict:
    try:
        full = f"{address}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(full, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def seeded_prometheus(folder: Path) -> tuple[subprocess.Popen, str]:
    samples = folder / "samples.om"
    with samples.open("w") as out:
        subprocess.run([sys.executable, HERE / "seed.py"], stdout=out, check=True)
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, folder / "data"],
        check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("{}\n")
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}"],
            stdout=log, stderr=log)
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://{address}/-/ready", timeout=1)
            return process, f"http://{address}"
        except OSError:
            time.sleep(0.1)
    process.kill()
    sys.exit(f"Prometheus does not start:\n{(folder / 'log').read_text()}")


def main() -> int:
    boards = [json.loads(path.read_text())
              for path in sorted((ROOT / "grafana/dashboards").glob("*.json"))]
    if not boards:
        sys.exit("there is no dashboard in grafana/dashboards")
    folder = Path(tempfile.mkdtemp(prefix="backstay-dashboards."))
    process, url = seeded_prometheus(folder)
    try:
        problems = [f"{board['title']}: {problem}" for board in boards
                    for problem in conventions(board) + empty_queries(board, url)]
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
