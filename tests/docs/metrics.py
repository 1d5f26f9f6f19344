#!/usr/bin/python3
"""Each metric in the code has its row in docs/METRICS.md, and each row its metric in the code. Names,
and for the catalogs labels and types too."""

import re
import sys

import yaml

from cpp_source import ROOT, WINGS, code_of, sources
from tables import names_in, rows

PAGE = "docs/METRICS.md"
NAME = r"[a-z][a-z0-9_]*"
NO_METRICS = {"pg_dump", "pg_dumpall", "http_server_config"}  # literals that look like one
PREFIXES = {"pg_settings_"}  # of names that the server gives: pg_settings_<name>
OURS = re.compile(rf"(backstay|pg|http_server|process)_{NAME}(?<!_)")


def metrics_of(code: str) -> set[str]:
    """A metric is a literal of our prefixes, or any name that is followed by its help, a sentence. In a
    file that puts a prefix before names ("backstay_receiver_" + name) the name may be the rest of one."""
    literals = set(re.findall(r'"([^"\\\n]*)"', code))
    found = {text for text in literals if OURS.fullmatch(text) or text in PREFIXES} - NO_METRICS
    helped = set(re.findall(rf'"({NAME})"\s*(?:,|\)\s*\.Help\()\s*"[A-Z0-9][^"\n]* [^"\n]*\.?"', code))
    prefixes = re.findall(r'"((?:backstay|pg)_[a-z_]+_)"\s*\)?\s*\+', code)
    if prefixes == []:
        return found | {name for name in helped if "_" in name}
    if helped:
        return found | {name if OURS.fullmatch(name) else prefixes[0] + name for name in helped}
    # A table of columns: {"numbackends", Type::gauge}
    columns = re.findall(rf'\{{\s*"({NAME})"\s*,\s*(?:metrics::)?Type::', code)
    return found | {prefixes[0] + column for column in columns}


def in_code() -> set[str]:
    return set().union(*(metrics_of(code_of(path)) for path in sources(*WINGS)))


def catalog_queries() -> list[dict]:
    return [query for path in sorted((ROOT / "exporter/catalog").glob("*.yml"))
            for query in yaml.safe_load(path.read_text())["queries"]]


def documented() -> dict[str, tuple[list[str], str]]:
    """name → labels, type"""
    found = {}
    for cells in rows(PAGE):
        if len(cells) != 4:
            continue  # a table of something else
        match = re.fullmatch(rf"`({NAME})(?:<name>)?(?:\{{([^}}]+)\}})?`", cells[0])
        if match:
            found[match[1]] = (re.split(r",\s*", match[2]) if match[2] else [], cells[1])
        elif names_in(cells[0]):
            print(f"{PAGE}: cannot read the row {cells[0]}")
    return found


def main() -> int:
    page, queries = documented(), catalog_queries()
    code = in_code() | {query["name"] for query in queries}
    problems = [f"{name} has no row in {PAGE}" for name in sorted(code - page.keys())]
    problems += [f"{PAGE}: {name} is nowhere in the code" for name in sorted(page.keys() - code)]
    for query in queries:
        labels = query.get("events", query).get("labels", [])
        wanted = (list(labels), query.get("type", "gauge"))
        if query["name"] in page and page[query["name"]] != wanted:
            problems.append(f"{PAGE}: {query['name']} is {page[query['name']]}, the catalog has {wanted}")
    if len(code) < 50:
        problems.append(f"only {len(code)} metrics found in the code: this check cannot read it any more")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
