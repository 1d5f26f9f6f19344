"""The C++ sources as the checks read them: text without comments, and string literals."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WINGS = ("base", "exporter", "receiver")

# A comment, a raw string, a string or a character: whichever begins first.
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      |(?P<raw>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)")
      |(?P<text>"(?:\\.|[^"\\\n])*")
      |(?P<char>'(?:\\.|[^'\\\n])')""", re.S | re.X)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*")
                  if path.suffix in (".cpp", ".h"))


def without_comments(text: str) -> str:
    """Comments become a blank; literals that stand side by side become one, as for the compiler."""
    parts, at = [], 0
    for token in TOKEN.finditer(text):
        between, at = text[at:token.start()], token.end()
        is_joined = (token["text"] and between.strip() == "" and len(parts) > 1
                     and parts[-1].startswith('"') and parts[-1].endswith('"'))
        if is_joined:
            parts[-1] = parts[-1][:-1] + token["text"][1:]
        elif token["comment"]:
            parts.append(between + " ")
        else:
            parts += [between, token[0]]
    return "".join([*parts, text[at:]])


def code_of(path: Path) -> str:
    return without_comments(path.read_text())


def calls(code: str, names: str) -> list[tuple[str, list[str]]]:
    """(name, arguments) of each call to one of the names (a regular expression)."""
    found = []
    for match in re.finditer(rf"\b({names})\(", code):
        found.append((match[1], arguments_at(code, match.end())))
    return found


def arguments_at(code: str, at: int) -> list[str]:
    """The arguments of a call whose bracket was opened just before `at`."""
    arguments, depth, begin = [], 0, at
    while at < len(code):
        literal = TOKEN.match(code, at)
        if literal:
            at = literal.end()
            continue
        char = code[at]
        if char in "({[":
            depth += 1
        elif char in ")}]":
            depth -= 1
        if depth < 0 or (depth == 0 and char == ","):
            arguments.append(" ".join(code[begin:at].split()))
            begin = at + 1
        if depth < 0:
            break
        at += 1
    return [argument for argument in arguments if argument]


def literal(expression: str) -> str | None:
    """The text of an expression that is a string literal and nothing else."""
    match = re.fullmatch(r'"((?:\\.|[^"\\])*)"', expression)
    return match[1] if match else None
