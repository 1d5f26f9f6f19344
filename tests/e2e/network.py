"""A way to a server that can lose all that is sent over it, as a broken network does: nobody is told."""

import atexit
import socket
import threading


class Network:
    def __init__(self, to_port):
        self.to_port = to_port
        self.is_broken = False
        self.lost = set()  # connections that were there while it was broken: they stay dead
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        atexit.register(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def break_down(self):
        self.is_broken = True
        self.lost.update(self.sockets)

    def mend(self):
        self.is_broken = False

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return  # closed
            self.sockets.append(client)
            if self.is_broken:
                self.lost.add(client)
                continue
            server = socket.create_connection(("127.0.0.1", self.to_port))
            self.sockets.append(server)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                if source not in self.lost:
                    sink.sendall(data)
            if source not in self.lost:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other end is gone

    def close(self):
        atexit.unregister(self.close)
        for end in (self.listener, *self.sockets):
            end.close()
