#!/usr/bin/python3
"""bursts.py HOST:PORT COUNT SECONDS: so many HTTP requests at once, every so many seconds, for five minutes."""

import contextlib
import socket
import sys
import time

SECONDS = 300


def request(address: str, port: int) -> socket.socket:
    made = socket.create_connection((address, port), timeout=5)
    made.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    return made


def main() -> None:
    host, port = sys.argv[1].rsplit(":", 1)
    count, period = int(sys.argv[2]), float(sys.argv[3])
    print("ready", flush=True)
    waiting: list[socket.socket] = []
    for _ in range(int(SECONDS / period)):
        start = time.monotonic()
        for old in waiting:
            old.close()
        waiting = []
        with contextlib.suppress(OSError):
            while len(waiting) < count:
                waiting.append(request(host.strip("[]"), int(port)))
        time.sleep(max(0.0, start + period - time.monotonic()))


main()
