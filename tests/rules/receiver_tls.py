#!/usr/bin/python3
"""Prometheus and Alertmanager speak TLS to the receiver, with its authority, and to nobody else for its sake."""

import sys
from pathlib import Path

import yaml


def main() -> int:
    folder, authority = Path(sys.argv[1]), sys.argv[2]
    jobs = yaml.safe_load((folder / "prometheus.yml").read_text())["scrape_configs"]
    job = {job["job_name"]: job for job in jobs}
    receivers = yaml.safe_load((folder / "alertmanager.yml").read_text())["receivers"]
    webhook = next(r for r in receivers if r["name"] == "backstay")["webhook_configs"][0]
    found = {
        "the scrape's scheme": (job["backstay-receiver"].get("scheme"), "https"),
        "the scrape's authority": (job["backstay-receiver"]["tls_config"], {"ca_file": authority}),
        "the exporter's scheme": (job["backstay-exporter"].get("scheme", "http"), "http"),
        "the webhook's address": (webhook["url"], "https://127.0.0.1:9879/webhooks/alertmanager"),
        "the webhook's authority": (webhook["http_config"]["tls_config"], {"ca_file": authority}),
    }
    wrong = {what: pair for what, pair in found.items() if pair[0] != pair[1]}
    for what, (is_there, wanted) in wrong.items():
        print(f"{what}: {is_there}, wanted {wanted}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
