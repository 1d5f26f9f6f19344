"""Slack's incoming webhooks, as far as the demo can see them."""

import http.server
import json
import secrets
import threading
import time


class SlackSink:
    """Stands for Slack, which cannot be had here: takes what its incoming webhooks take, and answers
    what they answer (https://api.slack.com/messaging/webhooks)."""

    def __init__(self):
        self.messages = []
        self.refused = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                problem = sink.problem_with(self.headers, body)
                if problem:
                    sink.refused.append(problem)
                else:
                    sink.messages.append((time.time(), json.loads(body)))
                self.send_response(400 if problem else 200)
                self.end_headers()
                self.wfile.write((problem or "ok").encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0/B0/{secrets.token_hex(12)}"

    @staticmethod
    def problem_with(headers, body):
        if not headers.get("Content-Type", "").startswith("application/json"):
            return "invalid_payload: Content-Type"
        try:
            message = json.loads(body)
        except ValueError:
            return "invalid_payload: not JSON"
        if not isinstance(message, dict) or not (message.get("text") or message.get("attachments")):
            return "no_text"
        return None

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
