#!/usr/bin/python3
"""The tables of docs/JOURNAL.md are those of receiver/journal/schema.cpp: the same columns in the same
order, with type and null. Each index is named."""

import re
import sys

from cpp_source import ROOT
from tables import names_in, rows

PAGE = "docs/JOURNAL.md"
SCHEMA = "receiver/journal/schema.cpp"
Column = tuple[str, str]  # name, "TEXT" or "TEXT, null"


def sql() -> str:
    scripts = re.findall(r'R"sql\((.*?)\)sql"', (ROOT / SCHEMA).read_text(), re.S)
    return re.sub(r"--[^\n]*", "", "\n".join(scripts))


def column_of(definition: str) -> Column | None:
    words = definition.split()
    if words[0] in ("UNIQUE", "PRIMARY", "FOREIGN", "CHECK", "CONSTRAINT"):
        return None
    may_be_null = "NOT NULL" not in definition and "PRIMARY KEY" not in definition
    return words[0], words[1] + (", null" if may_be_null else "")


def in_schema(script: str) -> dict[str, list[Column]]:
    tables = {}
    for name, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", script, re.S):
        definitions = re.split(r",\s*\n", body.strip())
        tables[name] = [column for text in definitions if (column := column_of(text.strip()))]
    for name, text in re.findall(r"ALTER TABLE (\w+) ADD COLUMN ([^;]+);", script):
        tables[name].append(column_of(text.strip()))
    return tables


def on_page() -> dict[str, list[Column]]:
    headings = re.findall(r"^### (\w+)$", (ROOT / PAGE).read_text(), re.M)
    return {name: [(names_in(cells[0])[0], cells[1]) for cells in rows(PAGE, name)
                   if names_in(cells[0])] for name in headings}


def main() -> int:
    script = sql()
    schema, page = in_schema(script), on_page()
    problems = [f"{PAGE}: no section {name}" for name in schema if name not in page]
    problems += [f"{PAGE}: {name} is no table" for name in page if name not in schema]
    for name in schema.keys() & page.keys():
        if schema[name] != page[name]:
            differ = [pair for pair in zip(schema[name], page[name]) if pair[0] != pair[1]]
            first = differ[0] if differ else f"{len(schema[name])} and {len(page[name])} columns"
            problems.append(f"{PAGE}: {name} differs from {SCHEMA}: {first}")
    text = (ROOT / PAGE).read_text()
    problems += [f"{PAGE} does not name the index {name}"
                 for name in re.findall(r"CREATE (?:UNIQUE )?INDEX (\w+)", script) if f"`{name}`" not in text]
    if len(schema) < 5:
        problems.append(f"only {len(schema)} tables found in {SCHEMA}: this check cannot read it any more")
    print("\n".join(sorted(problems)), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
