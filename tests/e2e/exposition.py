"""The text format 0.0.4, read with its types."""

import re

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Family:
    def __init__(self, type_):
        self.type = type_
        self.series = {}  # labels as a frozenset of pairs → value


def families_in(text):
    """name → Family. The parts of histograms and summaries are families here."""
    types, families = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, type_ = line.split(" ")
            types[name] = type_
        if line.startswith("#") or not line:
            continue
        name, labels, value = SAMPLE.match(line).groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        family = families.setdefault(name, Family(types.get(name) or types.get(base)))
        family.series[frozenset(LABEL.findall(labels or ""))] = float(value)
    return families
