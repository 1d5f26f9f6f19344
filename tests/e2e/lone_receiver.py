"""The receiver without the world around it: no database, no Prometheus and no service but those that a test stands
in for. Needs examples/demo on the path.
"""

import json

from stage import Stage

NOBODY = "http://127.0.0.1:1"
CONFIG = {
    "service": "shop",
    "state_dir": "receiver",
    "database": {"url_file": "secrets/db_url"},
    "backups": {"dir": "backups"},
    "prometheus": {"url": NOBODY},
    "deploy": {
        "deploy": ["/bin/false"],
        "switch": ["/bin/false"],
        "current": ["/bin/false"],
        "list": ["/bin/false"],
        "health_url": f"{NOBODY}/",
        "version_url": f"{NOBODY}/",
    },
}


class LoneReceiver(Stage):
    def __init__(self):
        super().__init__()
        self.secret("db_url", "postgresql://nobody@127.0.0.1:1/none")
        self.receiver_config = self.dir / "receiver.yml"

    def configure(self, **keys):
        """CONFIG with these keys of receiver.yml in it, which is JSON here: that is YAML too."""
        self.receiver_config.write_text(json.dumps(CONFIG | keys, ensure_ascii=False, indent=2) + "\n")
