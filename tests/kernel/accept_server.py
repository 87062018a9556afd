"""Accepts connections as fast as it can and says nothing: the target of a sweep.

Its backlog takes a whole sweep, so that no handshake is lost when a busy machine does not let it run.
Prints "ready PORT" when it listens.
"""

import select
import socket
import sys


BACKLOG = 65535


def main() -> None:
    with open("/proc/sys/net/core/somaxconn", "w", encoding="ascii") as limit:
        limit.write(str(BACKLOG))  # Of this network namespace, which is the test's own.
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=BACKLOG)
    listener.setblocking(False)
    print("ready", listener.getsockname()[1], flush=True)
    while True:
        select.select([listener], [], [])
        try:
            while True:
                listener.accept()[0].close()
        except OSError:
            pass


if __name__ == "__main__":
    main()
