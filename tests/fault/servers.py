"""Servers that are no use: they refuse, never answer, drip, answer garbage, or hang up; or that take their time, and
then answer rightly. And the least that takes messages of Slack's and mails, for when they are well again.
"""

import os
import re
import socket
import threading
import time

DRIP_SECONDS = 0.2
LATE_SECONDS = 0.4


def never(connection):
    connection.recv(65536)
    while connection.recv(65536):
        pass


def drip(connection):
    """A byte now and then, for ever."""
    while True:
        connection.sendall(b"x")
        time.sleep(DRIP_SECONDS)


def garbage(connection):
    connection.sendall(os.urandom(65536))
    connection.recv(65536)


def hang_up(connection):
    connection.recv(1)


def endless(connection):
    """A good beginning in HTTP, and no end."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        connection.sendall(b"[" * 65536)


def key_of(pattern, text):
    return [found.decode() for found in re.findall(pattern, text)]


def take_slack(connection, told):
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    told += key_of(rb"(?i)\r\nIdempotency-Key: (backstay-[\w.-]+)\r\n", request)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    while connection.recv(65536):
        pass


def take_mail(connection, told):
    connection.sendall(b"220 mail.example.com\r\n")
    lines, is_in_mail = connection.makefile("rb"), False
    for line in lines:
        word = line.strip().upper()
        told += key_of(rb"^Message-ID: <(backstay-[\w.-]+)@", line) if is_in_mail else []
        if is_in_mail and word != b".":
            continue
        is_in_mail = word == b"DATA"
        connection.sendall(b"354 go on\r\n" if is_in_mail else b"250 OK\r\n")
        if word == b"QUIT":
            return


def pass_on(connection, port):
    """A question to whoever listens on that port, and its answer, until it hangs up."""
    question = b""
    while b"\r\n\r\n" not in question:
        question += connection.recv(65536)
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(question)
        while answer := other.recv(65536):
            connection.sendall(answer)


def late(answer):
    def answer_late(connection):
        time.sleep(LATE_SECONDS)
        answer(connection)
    return answer_late


WAYS = {"never answers": never, "drips": drip, "answers garbage": garbage, "hangs up": hang_up,
        "answers without end": endless}


class Server:
    """On a port, until close(). Without an answer it is down: nobody listens on its port."""

    def __init__(self, answer, port=0):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.asked = 0
        self.answer = answer
        if answer is None:
            self.listener.close()
            return
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return  # closed
            self.asked += 1
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.answer(connection)
        except OSError:
            pass  # the other side has had enough
        connection.close()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it was down
        for end in (self.listener, *self.connections):
            end.close()
