"""Accepts connections as fast as it can and says nothing: the target of a sweep.

Prints "ready PORT" when it listens.
"""

import select
import socket
import sys


def main() -> None:
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=4096)
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
