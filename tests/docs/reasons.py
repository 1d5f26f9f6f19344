#!/usr/bin/python3
"""Each reason for which the policy may refuse has its row in docs/OPERATING.md, and no row is about a
reason that is not there any more."""

import re
import sys

from cpp_source import ROOT, code_of
from tables import names_in, rows

PAGE = "docs/OPERATING.md"
SECTION = "When a rollback was refused"
# These refuse nothing: something was done, or nothing was asked for.
NO_REFUSALS = {"asked", "release_to_blame", "approved", "needs_approval", "happened_elsewhere", "alert_resolved", "ours"}


def main() -> int:
    code = code_of(ROOT / "receiver/policy/policy.cpp")
    table = re.search(r"kReasonNames\{(.*?)\};", code, re.S)
    reasons = set(re.findall(r'"(\w+)"', table[1])) - NO_REFUSALS if table else set()
    page = {name for cells in rows(PAGE, SECTION) for name in names_in(cells[0])}
    problems = [f"{PAGE}: no row for {name} under {SECTION}" for name in sorted(reasons - page)]
    problems += [f"{PAGE}: {name} is no reason of receiver/policy/policy.cpp" for name in sorted(page - reasons)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems or not reasons else 0


if __name__ == "__main__":
    sys.exit(main())
