"""Inserts ASSURED entries into the conntrack table of the network namespace that it runs in, by ctnetlink.

    fill_conntrack.py COUNT

They stand for connections of 198.18.0.0/15 with each other, and go with the namespace. Prints the number of entries
that the table holds then. (include/uapi/linux/netfilter/nfnetlink_conntrack.h)
"""

import contextlib
import socket
import struct
import sys
from pathlib import Path

NETLINK_NETFILTER = 12
CT_NEW = 1 << 8
REQUEST_CREATE = 0x1 | 0x400
NESTED = 0x8000
ORIG, REPLY, STATUS, PROTOINFO, TIMEOUT = 1, 2, 3, 4, 7
TUPLE_IP, TUPLE_PROTO = 1, 2
ASSURED_AND_SEEN = 0x2 | 0x4 | 0x8
ESTABLISHED = 3
BATCH = 300
SOURCES = 50000


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + b"\0" * (-len(value) % 4)


def nested(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(parts))


def direction(kind: int, source: bytes, source_port: int, destination: bytes, destination_port: int) -> bytes:
    ports = attribute(2, struct.pack("!H", source_port)) + attribute(3, struct.pack("!H", destination_port))
    return nested(
        kind,
        nested(TUPLE_IP, attribute(1, source), attribute(2, destination)),
        nested(TUPLE_PROTO, attribute(1, b"\x06"), ports),
    )


def entry(number: int) -> bytes:
    source = struct.pack("!I", 0xC6120000 + number % SOURCES)
    destination = struct.pack("!I", 0xC6130000 + number % 7)
    port = 1024 + number // SOURCES
    body = struct.pack("=BBH", socket.AF_INET, 0, 0) + b"".join((
        direction(ORIG, source, port, destination, 443),
        direction(REPLY, destination, 443, source, port),
        attribute(STATUS, struct.pack("!I", ASSURED_AND_SEEN)),
        attribute(TIMEOUT, struct.pack("!I", 86400)),
        nested(PROTOINFO, nested(1, attribute(1, bytes([ESTABLISHED])))),
    ))
    return struct.pack("=IHHII", len(body) + 16, CT_NEW, REQUEST_CREATE, number, 0) + body


def main() -> None:
    count = int(sys.argv[1])
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    netlink.bind((0, 0))
    netlink.setblocking(False)
    for first in range(0, count, BATCH):
        netlink.send(b"".join(entry(i) for i in range(first, min(first + BATCH, count))))
        with contextlib.suppress(OSError):  # Refusals, once the table is full.
            while netlink.recv(65536):
                pass
    print(Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text(encoding="ascii").strip())


if __name__ == "__main__":
    main()
