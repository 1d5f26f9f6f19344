"""Text with @{name} in it. Prometheus' own {{ $labels.x }} is left alone."""

import re

import yaml

from generator.thresholds import BadInput


def fill(text: str, values: dict[str, object]) -> str:
    def value_of(match: re.Match) -> str:
        if match[1] not in values:
            raise BadInput(f"template: nothing is called @{{{match[1]}}}")
        return str(values[match[1]])

    return re.sub(r"@\{([\w.]+)\}", value_of, text)


class _Dumper(yaml.SafeDumper):
    """YAML as a person would write it: long texts as blocks, lists indented."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str):
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(document: object, header: str) -> str:
    body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
    return f"# {header}\n{body}"
