"""A real nginx whose log a real logrotate rotates, a real HAProxy, and clients that count what they are answered."""

import atexit
import collections
import http.server
import itertools
import os
import re
import signal
import socket
import subprocess
import threading

from cluster import check, end, free_port, wait_for

NGINX = """\
daemon off;
{user}worker_processes 2;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 128; }}
http {{
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                   '"$http_referer" "$http_user_agent" rt=$request_time';
  access_log {log} timed;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "here\\n"; }}
    location /made {{ return 201; }}
    location /moved {{ return 301 /; }}
    location /missing {{ return 404; }}
    location /broken {{ return 500; }}
  }}
}}
"""
HAPROXY = """\
global
  log {dir}/syslog local0
defaults
  mode http
  log global
  option httplog
  option dontlognull
  retries 0
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server one 127.0.0.1:{backend_port}
"""
BY_RENAME = """\
{log} {{
  rotate 1000
  create 0644
  {more}
  postrotate
    kill -USR1 $(cat {pid})
  endscript
}}
"""
BY_COPY = "{log} {{\n  rotate 1000\n  copytruncate\n}}\n"

# As they are asked for, one after the other. Bytes of any kind are a client's right.
REQUESTS = [b"GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n" % parts for parts in (
    (b"/", b""), (b"/api/users/17?page=2", b"Referer: http://a/\"b\"\\\r\n"), (b"/made", b""),
    (b"/moved", b"User-Agent: \xff\xfe\x01 \"] \\\" 200 5\r\n"), (b"/missing/\"quoted\"", b""),
    (b"/broken/\\\"", b"Referer: \xc3\xa4 rt=9\r\n"), (b"/\xf0\x9f\x99\x82/\xff[1]\"", b""), (b"/%22%00 \"x", b""),
    (b"/a" * 300, b"User-Agent: " + b"\xe2\x82\xac" * 100 + b"\r\n"))]
REQUESTS.append(b"POST /made HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
# No request at all: answered 400 all the same, and a line without a method in the log.
NO_REQUEST = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"

REQUEST_LINE = re.compile(rb'\S+ - \S+ \[[^]]+\] "[A-Z]+ [^"]*" (\d{3}) ')


class Nginx:
    def __init__(self, folder, template=NGINX):
        self.dir, self.port, self.process = folder, free_port(), None
        self.log = folder / "logs" / "access.log"  # with nothing else beside it
        self.log.parent.mkdir(exist_ok=True)
        self.pid_file = folder / "nginx.pid"
        config = folder / "nginx.conf"
        user = "user root;\n" if os.getuid() == 0 else ""  # the folder is ours alone
        config.write_text(template.format(dir=folder, log=self.log, port=self.port, user=user))
        atexit.register(self.kill)
        self.command = ["/usr/sbin/nginx", "-e", folder / "error.log", "-p", folder, "-c", config]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"nginx ended at its start:\n{(self.dir / 'error.log').read_text()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
            except OSError:
                return False
            return self.pid_file.exists()
        wait_for("nginx", answers)

    def stop(self):
        end(self.process, signal.SIGQUIT)

    def kill(self):
        if self.process:
            end(self.process, signal.SIGTERM)  # on SIGKILL its workers would stay

    def rotator(self, template=BY_RENAME, more=""):
        """Rotates when called, as cron would."""
        state = self.dir / "logrotate"
        state.mkdir()
        config = state / "logrotate.conf"
        config.write_text(template.format(log=self.log, pid=self.pid_file, more=more))
        config.chmod(0o644)  # else logrotate passes it over
        return lambda: check(["/usr/sbin/logrotate", "-f", "-s", state / "status", config])

    def logged(self):
        """(requests by status, lines that are none) from each line of each log file that is left."""
        statuses, others = collections.Counter(), 0
        for path in self.log.parent.iterdir():
            for line in path.read_bytes().splitlines(keepends=True):
                if found := REQUEST_LINE.match(line):
                    statuses[int(found[1])] += 1
                elif line.endswith(b"\n"):
                    others += 1
        return statuses, others


    def wait_until_logged(self, statuses, others):
        """A line is written when its answer is out already."""
        try:
            wait_for("the lines", lambda: self.logged() == (statuses, others))
        except AssertionError as error:
            raise AssertionError(f"{error}: logged {self.logged()}, answered {(statuses, others)}") from None


class Load:
    """Asks on and on, from some threads with a connection each, until it is stopped or has asked enough.
    Pauses after each answer, so that some seconds are some thousand requests."""

    PAUSE_SECONDS = 0.001

    def __init__(self, port, threads=2, requests_max=30_000):
        self.port, self.requests_max = port, requests_max
        self.lock = threading.Lock()
        self.answered, self.not_requests, self.errors = collections.Counter(), 0, []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(threads)]
        for thread in self.threads:
            thread.start()
        atexit.register(self.stop)

    def is_enough(self):
        return self.count() >= self.requests_max or self.stopping.is_set()

    def run(self, first):
        try:
            kinds = itertools.islice(itertools.cycle(range(40)), first * 7, None)
            while not self.is_enough():
                with socket.create_connection(("127.0.0.1", self.port), 30) as connection, \
                        connection.makefile("rb") as reader:
                    self.ask_on(connection, reader, kinds)
        except Exception as error:  # for stop(), which the test's own thread calls
            self.errors.append(error)

    def ask_on(self, connection, reader, kinds):
        """As long as the connection stays."""
        stays = True
        while stays and not self.is_enough():
            kind = next(kinds)
            connection.sendall(REQUESTS[kind % len(REQUESTS)] if kind else NO_REQUEST)
            status, stays = read_answer(reader)
            with self.lock:
                if kind:
                    self.answered[status] += 1
                else:
                    self.not_requests += 1
            self.stopping.wait(self.PAUSE_SECONDS)

    def count(self):
        with self.lock:
            return self.answered.total() + self.not_requests

    def wait_for_more(self, count):
        """Until so many more were answered."""
        goal = min(self.count() + count, self.requests_max)
        wait_for("answers", lambda: self.errors or self.count() >= goal)

    def stop(self):
        """All that was asked is answered then."""
        atexit.unregister(self.stop)
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        return self


def read_answer(reader):
    """(status, whether the connection stays)"""
    status = int(reader.readline().split()[1])
    length, stays = 0, True
    while (line := reader.readline().strip()):
        name, _, value = line.lower().partition(b": ")
        if name == b"content-length":
            length = int(value)
        elif name == b"connection":
            stays = value != b"close"
    reader.read(length)
    return status, stays


def ask(port, path):
    """The status of one request, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection, connection.makefile("rb") as reader:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return read_answer(reader)[0]


class Backend:
    """Answers 404 for /missing, else 200: for /held not before release()."""

    def __init__(self):
        backend = self
        self.held, self.is_released = 0, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/held":
                    backend.held += 1
                    backend.is_released.wait(30)
                self.send_response(404 if self.path == "/missing" else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def release(self):
        self.is_released.set()

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Haproxy:
    """With what its syslog would write, in access.log."""

    def __init__(self, folder, backend_port):
        self.log, self.port, self.lines = folder / "logs" / "access.log", free_port(), 0
        self.log.parent.mkdir()
        self.log.touch()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "syslog"))
        config = folder / "haproxy.cfg"
        config.write_text(HAPROXY.format(dir=folder, port=self.port, backend_port=backend_port))
        atexit.register(self.kill)
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()
        self.process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-q", "-f", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("HAProxy", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("HAProxy ended at its start")
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def receive(self):
        with open(self.log, "ab", buffering=0) as log:
            while message := self.socket.recv(65536):
                log.write(re.sub(rb"^<\d+>", b"", message).rstrip(b"\n") + b"\n")
                self.lines += 1

    def ask(self, path):
        """As ask(), and waits for its line: HAProxy drops those for which the socket has no room."""
        before = self.lines
        status = ask(self.port, path)
        wait_for("the line", lambda: self.lines > before)
        return status

    def kill(self):
        atexit.unregister(self.kill)
        end(self.process, signal.SIGTERM)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
