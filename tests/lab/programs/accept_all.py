#!/usr/bin/python3
"""accept_all.py ADDRESS PORT BACKLOG: accepts connections for as long as there are file descriptors, and keeps them."""

import socket
import sys
import time

address = sys.argv[1].strip("[]")
server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((address, int(sys.argv[2])))
server.listen(int(sys.argv[3]))
print("ready", flush=True)
kept = []
while True:
    try:
        kept.append(server.accept())
    except OSError:  # EMFILE: the connection stays in the queue.
        time.sleep(0.1)
