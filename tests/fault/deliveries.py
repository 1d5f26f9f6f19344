"""What senders send: a delivery is sent until it gets a 2xx, and knows then which events it must have become."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import datetime, timezone

from service import ALERT, ALERT_LABELS
from world import TOKEN

ids = itertools.count(1)


@dataclass
class Delivery:
    path: str
    body: str
    headers: dict
    keys: list  # (source, dedupe key) of each event
    statuses: list = field(default_factory=list)  # of each time that it was sent; None: no answer

    @property
    def is_accepted(self):
        return any(status is not None and 200 <= status < 300 for status in self.statuses)

    def send(self, world):
        status = world.post(self.path, self.body, self.headers)
        self.statuses.append(status)
        return status


def ci(event, release=None, number=None):
    """From the generic provider: deploy, back, backup, live."""
    number = number or f"d{next(ids)}"
    body = {"event": event, "id": number, **({"release": release} if release else {})}
    return Delivery("/webhooks/ci", json.dumps(body), {"x-token": TOKEN, "Content-Type": "application/json"},
                    [("ci", f"{event} {number}")])


def alert(name=ALERT, labels=None, began=None):
    """From Alertmanager: one alert that fires."""
    number = f"f{next(ids)}"
    began = began or datetime.now(timezone.utc).isoformat()
    labels = {**ALERT_LABELS, **(labels or {}), "alertname": name}
    body = {"groupKey": "{}", "alerts": [{"status": "firing", "labels": labels, "startsAt": began,
                                          "fingerprint": number}]}
    return Delivery("/webhooks/alertmanager", json.dumps(body),
                    {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
                    [("alertmanager", f"{{}} {number} {began} firing")])
