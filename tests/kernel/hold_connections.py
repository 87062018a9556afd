"""Opens connections and holds them, as an application that leaks does, or accepts and holds them.

    hold_connections.py accept ADDRESS PORT
    hold_connections.py open ADDRESS PORT COUNT

Prints "ready" when it listens or has opened them all.
"""

import resource
import socket
import sys
import time


def accept(address: str, port: int) -> None:
    listener = socket.create_server((address, port), backlog=4096)
    print("ready", flush=True)
    held = []
    while True:
        held.append(listener.accept())


def open_all(address: str, port: int, count: int) -> None:
    held = [socket.create_connection((address, port)) for _ in range(count)]
    print("ready", len(held), flush=True)
    time.sleep(3600)


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1] == "accept":
        accept(sys.argv[2], int(sys.argv[3]))
    else:
        open_all(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))


if __name__ == "__main__":
    main()
