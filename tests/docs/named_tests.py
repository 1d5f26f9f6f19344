#!/usr/bin/python3
"""Each row of docs/COMPLAINTS.md names tests, and each of them is there: a `file`, then `names` of tests in
it, as Python or GoogleTest have them."""

import re
import sys

from tables import ROOT, names_in, rows

PAGE = "docs/COMPLAINTS.md"
COMPLAINTS = 14
HEADING = "shown by"


def tests_in(path: str) -> set[str]:
    text = (ROOT / path).read_text()
    if path.endswith(".py"):
        return set(re.findall(r"^    def (test_\w+)\(", text, re.M))
    return {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", text, re.M)}


def problems_of(cells: list[str]) -> list[str]:
    path, found, problems = "", 0, []
    for name in names_in(cells[-1]):
        if "/" in name:
            path = name
            if not (ROOT / path).is_file():
                return [f"{PAGE}: there is no {path}"]
        elif path and name in tests_in(path):
            found += 1
        else:
            problems.append(f"{PAGE}: there is no test {name} in {path or 'any file'}")
    return problems if found or problems else [f"{PAGE}: no test shows this: {cells[0]}"]


def main() -> int:
    table = [cells for cells in rows(PAGE) if cells[-1] != HEADING]
    problems = [problem for cells in table for problem in problems_of(cells)]
    count = len([cells for cells in rows(PAGE, "Complaints") if cells[-1] != HEADING])
    if count != COMPLAINTS:
        problems.append(f"{PAGE}: {count} complaints; there were {COMPLAINTS}")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
