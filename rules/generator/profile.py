"""A profile: at what pace, and where, the same rules and thresholds are used."""

import json
from dataclasses import dataclass, replace

import yaml

from generator.rules import TEMPLATES
from generator.template import fill, to_yaml
from generator.thresholds import Thresholds, seconds

PACES = {
    "production": {
        "interval": "15s", "scrape_timeout": "10s", "window_max": None, "for_max": None,
        "group_wait": "30s", "group_interval": "5m", "remediation_interval": "30s"},
    "demo": {
        "interval": "1s", "scrape_timeout": "1s", "window_max": "10s", "for_max": "2s",
        "group_wait": "1s", "group_interval": "1s", "remediation_interval": "1s"},
}


@dataclass
class Profile:
    name: str
    exporter: str
    receiver: str
    receiver_scheme: str  # http, https
    receiver_ca_file: str  # who signed its certificate; empty: one that the system knows
    alertmanager: str
    service: str
    secrets: str

    @property
    def pace(self) -> dict:
        return PACES[self.name]

    def at_its_pace(self, thresholds: Thresholds) -> Thresholds:
        return replace(thresholds, by_id={
            name: replace(t, window=_at_most(t.window, self.pace["window_max"]),
                          hold=_at_most(t.hold, self.pace["for_max"]))
            for name, t in thresholds.by_id.items()})

    def prometheus_config(self) -> str:
        return self._fill("prometheus.yml")

    def alertmanager_config(self) -> str:
        text = self._fill("alertmanager.yml")
        return text if self.name == "production" else _without_the_outside(text)

    def _fill(self, template: str) -> str:
        ca = f"ca_file: {json.dumps(self.receiver_ca_file)}" if self.receiver_ca_file else ""
        return fill((TEMPLATES / template).read_text(),
                    {**self.pace, **vars(self), "receiver_ca": ca})


def _at_most(duration: str, limit: str | None) -> str:
    return duration if limit is None or seconds(duration) <= seconds(limit) else limit


def _without_the_outside(text: str) -> str:
    """Keeps what stays on this machine: the receiver, and Slack's address, which is in a file."""
    config = yaml.safe_load(text)
    for key in [key for key in config["global"] if key.startswith("smtp_")]:
        del config["global"][key]
    for receiver in config["receivers"]:
        receiver.pop("email_configs", None)
        if receiver["name"] != "backstay":
            receiver.pop("webhook_configs", None)
    return to_yaml(config, "Made by rules/generate --profile demo. Do not edit.")
