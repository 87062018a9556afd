#!/usr/bin/python3
"""hold.py ADDRESS PORT COUNT [PER_SECOND]: opens so many connections, or as many as there are source ports for, and
keeps them; with PER_SECOND it then goes on opening so many more a second, for five minutes."""

import contextlib
import resource
import signal
import socket
import sys
import time

SECONDS = 300


def main() -> None:
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    with contextlib.suppress(OSError):
        while len(held) < count:
            held.append(socket.create_connection((address, port), timeout=5))
    print(f"holding {len(held)} connections", flush=True)
    end = time.monotonic() + (SECONDS if len(sys.argv) > 4 else 0)
    while time.monotonic() < end:
        time.sleep(1 / float(sys.argv[4]))
        with contextlib.suppress(OSError):
            held.append(socket.create_connection((address, port), timeout=1))
    signal.pause()


main()
