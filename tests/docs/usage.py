#!/usr/bin/python3
"""usage.py: scripts/demo reads its flags before it installs or builds anything. A copy of it runs in a temporary
folder, where what it would call first only says that it was called.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLED = "has begun"
# what it is given → exit status
WANTED = {("--help",): 0, ("-h",): 0, ("--keep", "--help"): 0, ("--kept",): 2, ("--keep", "x"): 2}
problems: list[str] = []


def run(demo: Path, flags: tuple[str, ...]) -> tuple[int, str]:
    done = subprocess.run([demo, *flags], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="backstay-docs.") as folder:
        scripts = Path(folder, "scripts")
        scripts.mkdir()
        demo = scripts / "demo"
        shutil.copy(ROOT / "scripts/demo", demo)
        for name in ("setup", "build"):
            (scripts / name).write_text(f"#!/bin/sh\necho {name} {CALLED}\nexit 1\n")
            (scripts / name).chmod(0o755)
        for flags, status in WANTED.items():
            ended, said = run(demo, flags)
            if CALLED in said or ended != status or not said.startswith("usage: scripts/demo"):
                problems.append(f"scripts/demo {' '.join(flags)}: {ended}, {said.strip()}")
        for flags in ((), ("--keep",)):
            if f"setup {CALLED}" not in run(demo, flags)[1]:
                problems.append(f"scripts/demo {' '.join(flags)}: does not begin")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
