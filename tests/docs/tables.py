"""The tables of a page in docs/, as lists of cells."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows(page: str, section: str = "") -> list[list[str]]:
    """The rows of all tables of a page, or of one of its sections (a heading with all below it)."""
    found, inside, depth = [], section == "", 0
    for line in (ROOT / page).read_text().splitlines():
        heading = re.match(r"(#+) (.+)", line)
        if heading and section:
            if heading[2] == section:
                inside, depth = True, len(heading[1])
            elif len(heading[1]) <= depth:
                inside = False
        if inside and line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def names_in(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
