#!/usr/bin/python3
"""noise.py --listen ANSWERING FULL ADDRESS... --connect ADDRESS:PORT...: unrelated traffic, part of which fails.

Listens on each address on two ports: one that accepts, and one whose accept queue is full. Connects in turn to each
ADDRESS:PORT, about ten times a second. Prints a line when it listens, ends after ten minutes.
"""

import contextlib
import itertools
import socket
import sys
import time

SECONDS = 600
MOST_OPEN = 20


def tcp_socket(address: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)


def listener(address: str, port: int, backlog: int) -> socket.socket:
    made = tcp_socket(address)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(backlog)
    made.setblocking(False)
    return made


def attempt(address: str, port: int) -> socket.socket:
    connection = tcp_socket(address)
    connection.setblocking(False)
    with contextlib.suppress(OSError):
        connection.connect((address, port))
    return connection


def main() -> None:
    split = sys.argv.index("--connect")
    answering, full = map(int, sys.argv[2:4])
    addresses = sys.argv[4:split]
    servers = [listener(address, answering, 16) for address in addresses]
    stuck = [listener(address, full, 1) for address in addresses]
    targets = [target.rsplit(":", 1) for target in sys.argv[split + 1 :]]
    print("ready", flush=True)
    connections: list[socket.socket] = []
    end = time.monotonic() + SECONDS
    for address, port in itertools.cycle(targets):
        if time.monotonic() > end:
            break
        connections.append(attempt(address, int(port)))
        for server in servers:
            with contextlib.suppress(BlockingIOError):
                server.accept()[0].close()
        while len(connections) > MOST_OPEN:
            connections.pop(0).close()
        time.sleep(0.1)
    for server in stuck:
        server.close()


main()
