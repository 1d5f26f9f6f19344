"""Ports for servers that are told where to listen."""

import pathlib
import random
import socket

LOWEST = 10_000
given = set()


def first_of_the_kernel():
    """From here on are the ports that connections get, and servers that leave the choice to the kernel."""
    return int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def free_port():
    """A free one below the kernel's own, so that none of those has it by chance when its server starts, or starts
    again."""
    candidates = range(LOWEST, max(LOWEST, first_of_the_kernel()))
    while True:
        port = random.SystemRandom().choice(candidates) if len(candidates) > 1000 else 0
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue  # somebody has it
            port = probe.getsockname()[1]
        if port not in given:
            given.add(port)
            return port
