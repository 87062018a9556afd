#!/usr/bin/python3
"""http2_only.py ADDRESS:PORT: answers every connection as a gRPC server does that knows HTTP/2 only: with the SETTINGS
frame that it begins with, and by closing when what came is not the preface of HTTP/2."""

import socket
import sys

# Length 6, type SETTINGS, stream 0; MAX_FRAME_SIZE 16384. (RFC 9113, 4.1 and 6.5)
SETTINGS = bytes.fromhex("000006 04 00 00000000 0005 00004000")


def main() -> None:
    address, _, port = sys.argv[1].rpartition(":")
    host = address.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, int(port)), family=family, backlog=128) as listener:
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(2)
                try:
                    connection.sendall(SETTINGS)
                    connection.recv(4096)
                except OSError:  # It was only connected to, and reset.
                    pass


main()
