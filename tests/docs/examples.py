#!/usr/bin/python3
"""examples.py [BIN_DIR]: the complete configurations in examples/ and the short ones in README.md pass
--config.check, and the exporter's keep their counters where its unit makes a folder. The programs are taken
from BIN_DIR, else BACKSTAY_BIN, else build/dev/bin; the secrets and catalogs that the configurations name are
made in a temporary folder."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ETC = "/etc/backstay/"
NAMES = ("exporter.yml", "receiver.yml")
problems: list[str] = []


def configurations() -> dict[str, str]:
    """where it stands → its text; the end of the key is the file's name"""
    found = {f"examples/{name}": (ROOT / "examples" / name).read_text() for name in NAMES}
    for block in re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M):
        named = re.match(rf"# {ETC}(\w+\.yml)\n", block)
        if named:
            found[f"README.md {named[1]}"] = block
    return found


def check_state_dir(where: str, text: str) -> None:
    unit = (ROOT / "examples/systemd/backstay-exporter.service").read_text()
    made = re.search(r"^StateDirectory=(.*)$", unit, re.M)[1]
    if where.endswith("exporter.yml") and not re.search(rf"^state_dir: /var/lib/{made}(\s|$)", text, re.M):
        problems.append(f"{where}: no state_dir, though the unit makes /var/lib/{made}: counters begin anew")


def check(where: str, text: str, bin_dir: Path, folder: Path) -> None:
    name = re.split(r"[ /]", where)[-1]
    for secret in set(re.findall(rf"{ETC}([\w.]+)", text)) - set(NAMES):
        (folder / secret).write_text("postgresql://someone:something@127.0.0.1/shop\n")
    path = folder / name
    # Absolute paths stay absolute: what they name is in the temporary folder now.
    path.write_text(text.replace(ETC, f"{folder}/"))
    program = bin_dir / f"backstay-{path.stem}"
    try:
        said = subprocess.run([program, f"--config.file={path}", "--config.check"],
                              capture_output=True, text=True, timeout=120,
                              env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")})
    except OSError as error:
        problems.append(f"{program}: {error.strerror}; build first, or name the folder of the programs")
        return
    # The database is none that is there: its queries are not tried, which is said with 1.
    is_read = "the queries were not tried: " in said.stderr and said.returncode == 1
    if said.returncode and not is_read:
        problems.append(f"{where}: {(said.stderr or said.stdout).strip()}")


def main() -> int:
    named = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BACKSTAY_BIN")
    bin_dir = Path(named).resolve() if named else ROOT / "build/dev/bin"
    found = configurations()
    if len(found) != 4:
        problems.append(f"expected two configurations in examples/ and two in README.md: {list(found)}")
    for where, text in found.items():
        with tempfile.TemporaryDirectory(prefix="backstay-docs.") as folder:
            for catalog in (ROOT / "exporter/catalog").glob("*.yml"):
                shutil.copy(catalog, folder)
            check(where, text, bin_dir, Path(folder))
        check_state_dir(where, text)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
