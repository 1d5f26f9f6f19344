"""Steady traffic of the kind that the invitation service sees."""

import json
import threading
import time
import urllib.error
import urllib.request


class Traffic:
    """Steady requests against HAProxy, each counted as served or failed."""

    THREADS = 6
    PAUSE_SECONDS = 0.08

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        self.lock = threading.Lock()
        self.served = self.failed = self.number = 0
        self.first_failed_at = None
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(self.THREADS)]
        for thread in self.threads:
            thread.start()

    def next_request(self):
        with self.lock:
            self.number += 1
            n = self.number
        if n % 10 == 0:
            return "/api/users", {"email": f"new{n}@example.com"}
        if n % 3 == 0:
            return "/api/invitations", {"inviter": 1 + n % 2000, "email": f"friend{n}@example.com"}
        return f"/api/invitations/{1 + n * 7 % 5000}", None

    def run(self):
        while not self.stopping.wait(self.PAUSE_SECONDS):
            path, body = self.next_request()
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=5):
                    ok = True
            except urllib.error.HTTPError as error:
                ok = error.code < 500
            except OSError:
                ok = False
            with self.lock:
                if ok:
                    self.served += 1
                else:
                    self.failed += 1
                    self.first_failed_at = self.first_failed_at or time.time()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(6)
