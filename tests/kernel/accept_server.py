"""Accepts connections, as fast as it can or as told, and says nothing: the target of many connections.

Prints "ready PORT" when it listens.
"""

import argparse
import socket
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--backlog", type=int, default=4096)
    parser.add_argument("--rate", type=int, help="connections accepted in a second; 0: none")
    options = parser.parse_args()
    listener = socket.create_server((options.address, options.port), backlog=options.backlog)
    print("ready", listener.getsockname()[1], flush=True)
    while options.rate != 0:
        listener.accept()[0].close()
        if options.rate:
            time.sleep(1 / options.rate)
    time.sleep(3600)


if __name__ == "__main__":
    main()
