#!/usr/bin/python3
"""hold.py ADDRESS PORT COUNT: opens so many connections, or as many as there are source ports for, and keeps them."""

import contextlib
import signal
import socket
import sys


def main() -> None:
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    held = []
    with contextlib.suppress(OSError):
        for _ in range(count):
            held.append(socket.create_connection((address, port), timeout=5))
    print(f"holding {len(held)} connections", flush=True)
    signal.pause()


main()
