"""Makes a connection from a chosen port and forgets it without a word (TCP_REPAIR): the other end still has it."""

import socket
import sys

TCP_REPAIR = 19  # include/uapi/linux/tcp.h


def main() -> None:
    address, port, source_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    connection = socket.create_connection((address, port), source_address=("", source_port))
    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    connection.close()


if __name__ == "__main__":
    main()
