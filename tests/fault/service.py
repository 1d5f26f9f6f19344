"""What the receiver asks over HTTP, for all worlds at once, below /<world>/: the service's health and version, its
alerts as Prometheus shows them, and a taker of Slack's messages. All of it follows from which release is live.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALERT = "TooManyErrors"
ALERT_LABELS = {"alertname": ALERT, "action": "rollback"}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass  # whoever asked was killed

    def place(self):
        _, name, *rest = self.path.partition("?")[0].split("/")
        return self.server.worlds.get(name), "/".join(rest)

    def do_GET(self):
        world, what = self.place()
        if world is None:
            return self.answer(404, {})
        live = world.live()
        if what == "health":
            return self.answer(500 if live in world.unhealthy else 200, {})
        if what == "version":
            return self.answer(200, {"release": live})
        if what == "api/v1/rules":
            alerts = [{"labels": ALERT_LABELS, "state": "firing"}] if live in world.alarming else []
            rule = {"name": ALERT, "health": "ok", "labels": {"action": "rollback"},
                    "annotations": {"data_query": "up"}, "alerts": alerts}
            return self.answer(200, {"status": "success", "data": {"groups": [{"rules": [rule]}]}})
        if what == "api/v1/query":
            return self.answer(200, {"data": {"result": [{"metric": {}, "value": [0, "1"]}]}})
        return self.answer(404, {})

    def do_POST(self):
        world, what = self.place()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if world is None or what != "slack":
            return self.answer(404, {})
        world.told.append(self.headers.get("Idempotency-Key"))
        return self.answer(200, {})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # a receiver that was killed in the middle of a question


class Service:
    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.worlds = {}
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, world):
        return f"http://127.0.0.1:{self.port}/{world.name}"

    def enter(self, world):
        self.server.worlds[world.name] = world

    def leave(self, world):
        self.server.worlds.pop(world.name, None)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
