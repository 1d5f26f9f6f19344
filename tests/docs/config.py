#!/usr/bin/python3
"""docs/CONFIG.md has each key that the code reads, with its type, default and limits, each flag and each
subcommand, and nothing else. The complete example configurations have each key too, with its default."""

import re
import sys

import yaml

from config_readers import Key, Unreadable, keys_of
from cpp_source import ROOT, calls, code_of, literal
from tables import names_in, rows

PAGE = "docs/CONFIG.md"
FREE = "names of your own"
READERS = {"exporter.yml": ("exporter/config.cpp", "exporter/request_config.cpp"),
           "receiver.yml": ("receiver/config.cpp", "receiver/webhook_config.cpp", "receiver/notify_config.cpp"),
           "Catalog files": ("exporter/collectors/sql/sql_catalog.cpp", "exporter/collectors/sql/catalog_keys.cpp"),
           "Entries that count events": ("exporter/collectors/events/event_spec.cpp",
                                         "exporter/collectors/sql/catalog_keys.cpp"),
           "Web configuration file": ("base/web_config.cpp", "base/tls_server_config.cpp")}
# What the page may call a type more narrowly than the code can say it.
NARROWER = {("section", FREE), ("list or mapping", FREE), ("list of text", "list of numbers")}
# Not in a file that is to be accepted by itself: it needs a web configuration file beside it.
NEEDS_ANOTHER_FILE = {"webhooks[].basic_auth_user"}
MAINS = {"backstay-exporter": "exporter/main.cpp", "backstay-receiver": "receiver/main.cpp",
         "backstay": "receiver/ctl/main.cpp"}
problems: list[str] = []


def documented(section: str) -> dict[str, Key]:
    """path → what its row says"""
    found = {}
    for cells in rows(PAGE, section):
        if len(cells) != 5 or cells[0] == "key":
            continue
        for path in names_in(cells[0]):
            if path in found:
                problems.append(f"{PAGE}: {path} has two rows")
            name = path.rsplit(".", 1)[-1].removesuffix("[]")
            found[path] = Key(name, cells[1], plain(cells[2]), plain(cells[3]))
    return found


def plain(cell: str) -> str:
    return cell.replace("`", "")


def fits(code: Key, page: Key) -> bool:
    same_type = code.type == page.type or (code.type, page.type) in NARROWER
    return (code.name == page.name and same_type
            and code.default in (None, page.default) and code.limits in (None, page.limits))


def check_keys(section: str, readers: tuple[str, ...]) -> None:
    code, page = set().union(*(keys_of(ROOT / reader) for reader in readers)), documented(section)
    reader = " or ".join(readers)
    for key in sorted(code, key=str):
        if not any(fits(key, row) for row in page.values()):
            problems.append(f"{reader} reads {key}; {PAGE} has no such row under {section}")
    for path, row in page.items():
        if not any(fits(key, row) for key in code):
            problems.append(f"{PAGE}: {path} is not what {reader} reads: {row}")


def without_way(path: str) -> str:
    """A secret's key, however it is given."""
    return re.sub(r"(url|secret|bearer_token|token|password)_(file|env|files)$", r"\1", path)


def flatten(node: object, path: str, free: set[str], found: dict[str, list]) -> None:
    if isinstance(node, dict) and path not in free:
        for key, value in node.items():
            below = f"{path}.{key}" if path else key
            found.setdefault(below, []).append(value)
            flatten(value, below, free, found)
    if isinstance(node, list):
        for entry in node:
            flatten(entry, path + "[]", free, found)


def check_example(section: str) -> None:
    page = documented(section)
    shown: dict[str, list] = {}
    # BaseLoader leaves words as they are: `on` is a key of ours, and true for YAML 1.1.
    flatten(yaml.load((ROOT / "examples" / section).read_text(), yaml.BaseLoader), "",
            {path for path, row in page.items() if row.type == FREE}, shown)
    page_keys, example_keys = {without_way(p) for p in page}, {without_way(p) for p in shown}
    for path in sorted(page_keys - example_keys - NEEDS_ANOTHER_FILE):
        problems.append(f"examples/{section} lacks {path}")
    for path in sorted(example_keys - page_keys):
        problems.append(f"{PAGE}: no row for {path}, which examples/{section} has")
    for cells in rows(PAGE, section):
        default = re.fullmatch(r"`([^`]+)`", cells[2]) if len(cells) == 5 else None
        path = names_in(cells[0])[0] if default else ""
        values = shown.get(path, [])
        if default and default[1] not in values:
            problems.append(f"examples/{section}: {path} shows {values}, the default is {default[1]}")


def check_flags(program: str, main: str) -> None:
    code = code_of(ROOT / main)
    declared = {"--help"}
    for _, arguments in calls(code, "add_option|add_flag|set_version_flag"):
        names = literal(arguments[0])
        if names is None:
            problems.append(f"{main}: cannot read the flag {arguments[0]}")
        declared |= {name for name in (names or "").split(",") if name.startswith("-")}
    page = (ROOT / PAGE).read_text()
    everywhere = {flag for flag in ("--help", "--version")
                  if re.search(rf"All three programs know [^.]*`{flag}`", page)}
    listed = {flag for cells in rows(PAGE, program) for flag in names_in(cells[0])
              if flag.startswith("-")}
    for flag in sorted(declared - listed - everywhere):
        problems.append(f"{main} declares {flag}; {PAGE} has no row under {program}")
    for flag in sorted(listed - declared):
        problems.append(f"{PAGE}: {program} has no flag {flag}")


def check_commands() -> None:
    code = code_of(ROOT / MAINS["backstay"])
    declared = {arguments[2].strip('"') for _, arguments in calls(code, "add")
                if len(arguments) > 3 and literal(arguments[2])}
    listed = {re.sub(r" \[?[A-Z]+\]?$", "", name).split()[-1]
              for cells in rows(PAGE, "backstay") for name in names_in(cells[0])
              if name.startswith("backstay ")}
    if declared != listed or not declared:
        problems.append(f"subcommands are {sorted(declared)}, {PAGE} has {sorted(listed)}")


def main() -> int:
    try:
        for section, reader in READERS.items():
            check_keys(section, reader)
        for section in ("exporter.yml", "receiver.yml"):
            check_example(section)
        for program, source in MAINS.items():
            check_flags(program, source)
        check_commands()
    except Unreadable as error:
        problems.append(f"this check cannot read the code any more: {error}")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
