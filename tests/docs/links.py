#!/usr/bin/python3
"""What a page points to is there: each relative link and its anchor, each path of the repository that
stands in backticks, and each page of docs/ that another file names."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {".git", "build", "node_modules", "__pycache__"}
TEXTS = {".md", ".cpp", ".h", ".py", ".sh", ".yml", ".txt", ".sql", ".cfg", ""}
MADE = ("build/",)  # not there before a build
problems: list[str] = []


def files() -> list[Path]:
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        found += [Path(folder) / name for name in sorted(names)]
    return found


def without_code(text: str) -> str:
    """Without fenced and indented blocks: what is in them is no markup."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return re.sub(r"(?<=\n\n)(?: {4}.*\n|\n)+", "\n", text)


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found: dict[str, int] = {}
    slug_list = set()
    for heading in re.findall(r"^#+ (.+?)\s*$", without_code(page.read_text()), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        slug_list.add(f"{slug}-{count}" if count else slug)
    return slug_list


def check_target(where: str, folder: Path, target: str) -> None:
    name, _, anchor = target.partition("#")
    path = (folder / name).resolve()
    if not path.exists():
        problems.append(f"{where}: {target} leads nowhere")
    elif anchor and path.suffix == ".md" and anchor not in slugs(path):
        problems.append(f"{where}: {target}: there is no such heading")


def check_links(page: Path, text: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        is_here = target.startswith("#")
        check_target(str(page.relative_to(ROOT)), page.parent,
                     page.name + target if is_here else target)


def looks_like_a_path(text: str, folder: Path) -> bool:
    first = text.split("/")[0]
    return (re.fullmatch(r"[\w.\-<>*/]+", text) is not None and first != "" and "/" in text
            and (first == ".." or any((base / first).is_dir() for base in (ROOT, folder))))


def check_paths(page: Path, text: str) -> None:
    for path in re.findall(r"`([^`\n]+)`", without_code(text)):
        # A program and its arguments: the program alone.
        path = path.split(" ")[0]
        if not looks_like_a_path(path, page.parent) or path.startswith(MADE):
            continue
        pattern = re.sub(r"<[^>]*>", "*", path).rstrip("/")
        if not any(next(base.glob(pattern), None) if "*" in pattern else (base / pattern).exists()
                   for base in (ROOT, page.parent)):
            problems.append(f"{page.relative_to(ROOT)}: `{path}` does not exist")


def check_mentions(path: Path) -> None:
    """docs/CONFIG.md, or docs/CONFIG.md#webhooks, in a comment or a message."""
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return
    for target in set(re.findall(r"(?<![\w/.])docs/[A-Z]+\.md(?:#[\w-]+)?", text)):
        check_target(str(path.relative_to(ROOT)), ROOT, target)


def main() -> int:
    pages = 0
    for path in files():
        if path.suffix == ".md":
            pages += 1
            check_links(path, path.read_text())
            check_paths(path, path.read_text())
        if path.suffix in TEXTS and path != Path(__file__).resolve():
            check_mentions(path)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
