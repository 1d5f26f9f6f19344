"""What the configuration readers of base/config_file.h read: each key with type, default and limits,
taken from the calls to its accessors. A call that cannot be understood is an error, not a gap."""

import re
from dataclasses import dataclass
from pathlib import Path

from cpp_source import calls, code_of, literal

UNITS_MS = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
WORDS_MS = (("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
            ("m", 60_000), ("s", 1000), ("ms", 1))
ACCESSORS = (r"text|text_or|maybe_text|choice_or|integer_or|number_or|duration_or|flag_or|texts|named_texts|"
             r"maybe_path|paths|secret|required_secret|section|sections|has")
# Functions that take a key and hand it to an accessor: name → the accessor it stands for.
WRAPPERS = {"required_argv": "required_texts", "read_networks": "texts"}
TYPES = {"text": "text", "text_or": "text", "maybe_text": "text", "choice_or": "text",
         "integer_or": "number", "number_or": "number", "duration_or": "duration",
         "flag_or": "true or false", "texts": "list of text", "required_texts": "list of text",
         "named_texts": "list or mapping", "maybe_path": "path", "paths": "secret", "section": "section", "sections": "list"}


class Unreadable(Exception):
    pass


@dataclass(frozen=True)
class Key:
    """None: the code does not say it where this check could read it."""
    name: str
    type: str
    default: str | None = None
    limits: str | None = None


def duration_text(milliseconds: int) -> str:
    text = ""
    for word, size in WORDS_MS:
        count, milliseconds = divmod(milliseconds, size)
        text += f"{count}{word}" if count else ""
    return text or "0s"


def value_of(expression: str) -> str | None:
    """A literal, a number, or seconds(30): as the docs write it. None for a variable."""
    text = literal(expression)
    if text is not None:
        return text
    duration = re.fullmatch(rf"({'|'.join(UNITS_MS)})\((.+)\)", expression)
    number = (duration[2] if duration else expression).replace("'", "")
    if expression in ("true", "false"):
        return expression
    if re.fullmatch(r"[a-z][a-z_.]*", expression):
        return None
    if not re.fullmatch(r"[\d.]+( \* \d+)*", number):
        raise Unreadable(f"{expression} is no value that this check understands")
    count = 1
    for factor in number.split(" * "):
        count *= float(factor) if "." in factor else int(factor)
    return duration_text(count * UNITS_MS[duration[1]]) if duration else str(count)


def names_of(expression: str, function: str) -> list[str] | None:
    """The keys that an expression may stand for; None for a parameter and for names of the user's own."""
    text = literal(expression)
    if text is not None:
        return [text]
    added = re.fullmatch(r'(\w+) \+ ("\w+")', expression)
    if added:
        return [name + literal(added[2]) for name in names_of(added[1], function)]
    if re.search(rf"for \(const std::string& {expression} : \w+\.keys\(\)\)", function):
        return None
    if any(re.search(rf"\b{wrapper}\([^)]*const std::string& {expression}\b[^)]*\) {{", function)
           for wrapper in WRAPPERS):
        return None
    assigned = re.search(rf"const std::string {expression} = ([^;]+);", function)
    if not assigned:
        raise Unreadable(f"what keys is \"{expression}\"?")
    choice = re.fullmatch(r'.+ \? ("\w+") : ("\w+")', " ".join(assigned[1].split()))
    if choice:
        return [literal(choice[1]), literal(choice[2])]
    return names_of(" ".join(assigned[1].split()), function)


def key_of(accessor: str, name: str, arguments: list[str], function: str) -> Key:
    rest = arguments[1:]
    if accessor in ("text", "required_texts"):
        return Key(name, TYPES[accessor], "required")
    if accessor in ("integer_or", "number_or", "duration_or"):
        default, low, high = (value_of(part) for part in rest)
        return Key(name, TYPES[accessor], default, f"{low} – {high}")
    if accessor == "choice_or":
        words = re.findall(r'"([^"]+)"', rest[0]) if rest[0].startswith("{") else None
        default = value_of(rest[1])  # none of the words: one must be given
        return Key(name, "text", "required" if default == "" else default,
                   ", ".join(words) if words else None)
    if accessor in ("text_or", "flag_or"):
        return Key(name, TYPES[accessor], value_of(rest[0]))
    if accessor == "maybe_path":
        fallback = re.search(rf'maybe_path\("{name}"\)\s*\.value_or\("([^"]+)"\)', function)
        return Key(name, "path", fallback[1] if fallback else None)
    return Key(name, TYPES[accessor])


def secret_keys(name: str, allows_literal: str) -> list[Key]:
    if allows_literal not in ("true", "false"):
        raise Unreadable(f"whether {name} may stand in the configuration: {allows_literal}?")
    ways = ["_file", "_env"] + ([""] if allows_literal == "true" else [])
    return [Key(name + way, "secret") for way in ways]


def keys_of(path: Path) -> set[Key]:
    found: set[Key] = set()
    for function in re.split(r"^}", code_of(path), flags=re.M):
        found |= keys_in(function)
    return found


def keys_in(function: str) -> set[Key]:
    found: set[Key] = set()
    for called, arguments in calls(function, rf"(?:(?<=\.)|(?<=->))(?:{ACCESSORS})|{'|'.join(WRAPPERS)}"):
        if not arguments or called == "has" or arguments[0].startswith("ConfigNode&"):
            continue  # another type's method, or a wrapper's own definition
        if called in WRAPPERS:
            arguments = arguments[1:]
        accessor = WRAPPERS.get(called, called)
        for name in names_of(arguments[0], function) or []:
            found |= set(secret_keys(name, arguments[1]) if accessor in ("secret", "required_secret")
                         else [key_of(accessor, name, arguments, function)])
    return found
