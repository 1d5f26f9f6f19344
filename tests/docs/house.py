#!/usr/bin/python3
"""The house keeps its order: short files, rooms with a name, wings that do not know each other, and one
place for each library."""

import re
import sys
from pathlib import Path

from cpp_source import ROOT, WINGS, code_of, sources

LINES_MAX = 400
SOURCES = {".cpp", ".h", ".py", ".sh"}
FOLDERS = (*WINGS, "examples", "rules", "scripts", "tests")
NO_NAMES = re.compile(r"(util|helper|common|manager|misc)(s|ies)?", re.I)
# What a library's headers look like → who may include them.
ADAPTERS = {
    r"pqxx/|libpq": r"base/pg(_address|_pipeline)?\.cpp",
    r"curl/": r"base/(http|smtp)_client\.cpp",
    r"spdlog/|fmt/": r"base/log\.cpp",
    r"yaml-cpp/": r"base/config_file\.cpp",
    r"kainjow/": r"receiver/channels/message_template\.cpp",
    r"sqlite3\.h": r"receiver/journal/(\w+\.cpp|sqlite_error\.h)",
    r"crypt\.h": r"base/bcrypt\.cpp",
    r"libdeflate\.h": r"exporter/web/gzip\.cpp",
    r"civetweb\.h": r"exporter/web/(listener|drain_server)\.cpp",
    r"zlib\.h": r"exporter/sources/inflate\.cpp",
    r"httplib\.h": r"receiver/intake/\w+\.(cpp|h)",
    r"CLI/": r".*main\.cpp",
}
# Who may not include what: the wings do not know each other, and base knows neither.
WALLS = {"base": ("exporter/", "receiver/"), "exporter": ("receiver/",), "receiver": ("exporter/",)}
# Costly to compile: no header drags these in, but the one that exists for it.
ONLY_IN_CPP = {r"nlohmann/json\.hpp": "receiver/intake/json_fields.h"}
# It has no limit of depth: the receiver, whom strangers write to, has parse_json().
NLOHMANN_READS = re.compile(r"\bjson::(parse|sax_parse|accept)\(")
READERS_OF_JSON = ("receiver/json_text.cpp", "receiver/policy/rules_answer.cpp")
problems: list[str] = []


def all_files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts]


def check_names_and_lengths() -> int:
    count = 0
    for path in all_files():
        name = path.relative_to(ROOT)
        for part in (*name.parts[:-1], name.stem):
            if any(NO_NAMES.fullmatch(word) for word in re.split(r"[_\-.]", part)):
                problems.append(f"{name}: \"{part}\" says nothing about what is in it")
        first = path.read_bytes()[:2]
        if path.suffix in SOURCES or (path.suffix == "" and first == b"#!"):
            count += 1
            lines = len(path.read_text().splitlines())
            if lines > LINES_MAX:
                problems.append(f"{name} has {lines} lines; the most is {LINES_MAX}")
    return count


def check_include(name: str, included: str) -> None:
    wing = name.split("/")[0]
    for wall in WALLS[wing]:
        if included.startswith(wall):
            problems.append(f"{name} includes {included}: {wing}/ must not know {wall}")
    for library, allowed in ADAPTERS.items():
        if re.match(library, included) and not re.fullmatch(allowed, name):
            problems.append(f"{name} includes {included}: only {allowed} may")
    for header, exception in ONLY_IN_CPP.items():
        if re.match(header, included) and name.endswith(".h") and name != exception:
            problems.append(f"{name} includes {included}, which is too costly for a header")


def main() -> int:
    checked = check_names_and_lengths()
    for path in sources(*WINGS):
        name, code = str(path.relative_to(ROOT)), code_of(path)
        for included in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', code, re.M):
            check_include(name, included)
        if name.startswith("receiver/") and name not in READERS_OF_JSON and NLOHMANN_READS.search(code):
            problems.append(f"{name} reads JSON without a limit of depth: parse_json() has one")
    if checked < 100:
        problems.append(f"only {checked} sources found: this check looks in the wrong place")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
