#!/usr/bin/python3
"""hold.py [--wait] ADDRESS PORT [LEAST-]COUNT [PER_SECOND]: opens so many connections, or as many as it can, and keeps
them; it fails where these are fewer than LEAST. With PER_SECOND it then goes on opening so many more a second, for five
minutes. With --wait it is ready at once, and begins when the listener is there."""

import contextlib
import resource
import signal
import socket
import sys
import time

SECONDS = 300


def wait_for(address: str, port: int) -> None:
    print("waiting", flush=True)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection((address, port), timeout=1).close()
            return
        time.sleep(0.2)


def main() -> None:
    wait = sys.argv[1] == "--wait"
    address, port_text, counts, *rate = sys.argv[2 if wait else 1 :]
    port, (least, count) = int(port_text), (int(number) for number in f"0-{counts}".split("-")[-2:])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if wait:
        wait_for(address, port)
    held = []
    with contextlib.suppress(OSError):
        while len(held) < count:
            held.append(socket.create_connection((address, port), timeout=5))
    if len(held) < least:
        sys.exit(f"{len(held)} connections instead of {least}")
    print(f"holding {len(held)} connections", flush=True)
    end = time.monotonic() + (SECONDS if rate else 0)
    while time.monotonic() < end:
        time.sleep(1 / float(rate[0]))
        with contextlib.suppress(OSError):
            held.append(socket.create_connection((address, port), timeout=1))
    signal.pause()


main()
