#!/usr/bin/python3
"""nat_neighbour.py SOURCE ADDRESS PORT: HTTP requests over IPv4 whose TCP timestamps are far ahead of this kernel's.

So does a host that has been up for longer. The connections are made in user space: this host's kernel knows nothing of
them, and must not send its resets (drop them in its OUTPUT chain). The server closes first, which leaves the TIME_WAIT
and the remembered timestamp with it.
"""

import itertools
import random
import socket
import struct
import sys
import time

SECONDS = 300
PAUSE_SECONDS = 0.5
FIN, SYN, ACK = 0x01, 0x02, 0x10
REQUEST = b"GET /healthz HTTP/1.0\r\n\r\n"
# In the timestamps' unit, the jiffy; a kernel's own begin 5 minutes before they wrap to 0 (INITIAL_JIFFIES).
FIRST_TIMESTAMP = 0x10000000


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Connection:
    def __init__(self, source: str, destination: str, port: int) -> None:
        self.pseudo = socket.inet_aton(source) + socket.inet_aton(destination)
        self.destination = destination
        self.ports = (random.randint(30000, 60000), port)
        self.sequence = random.getrandbits(31)
        self.acknowledged = 0
        self.echo = 0
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.raw.settimeout(1)

    def send(self, flags: int, data: bytes = b"") -> None:
        timestamp = (FIRST_TIMESTAMP + int(time.monotonic() * 250)) & 0xFFFFFFFF
        options = struct.pack("!BBHBBBBII", 2, 4, 1460, 1, 1, 8, 10, timestamp, self.echo)
        length = 20 + len(options) + len(data)

        def header(summed: int) -> bytes:
            words = (*self.ports, self.sequence, self.acknowledged, (20 + len(options)) << 2, flags, 64240, summed, 0)
            return struct.pack("!HHIIBBHHH", *words) + options

        pseudo = self.pseudo + struct.pack("!BBH", 0, socket.IPPROTO_TCP, length)
        self.raw.sendto(header(checksum(pseudo + header(0) + data)) + data, (self.destination, 0))
        self.sequence += len(data) + (1 if flags & (SYN | FIN) else 0)

    def receive(self) -> int:
        """Flags of the next segment of this connection; takes what it carries."""
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            packet = self.raw.recv(65536)
            segment = packet[(packet[0] & 15) * 4 :]
            source, destination, sequence, _, offset, flags = struct.unpack("!HHIIBB", segment[:14])
            if (destination, source) == self.ports:
                self._read_timestamp(segment[20 : offset >> 2])
                length = len(segment) - (offset >> 2) + (1 if flags & (SYN | FIN) else 0)
                self.acknowledged = (sequence + length) & 0xFFFFFFFF
                return flags
        raise TimeoutError

    def _read_timestamp(self, options: bytes) -> None:
        while options and options[0] != 0:
            size = 1 if options[0] == 1 else options[1]
            if options[0] == 8:
                self.echo = struct.unpack("!I", options[2:6])[0]
            options = options[size:]

    def request(self) -> None:
        self.send(SYN)
        self.receive()
        self.send(ACK, REQUEST)
        while not self.receive() & FIN:
            self.send(ACK)
        self.send(ACK)
        self.send(ACK | FIN)


def main() -> None:
    source, destination, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    end = time.monotonic() + SECONDS
    for done in itertools.count(1):
        if time.monotonic() > end:
            break
        connection = Connection(source, destination, port)
        try:
            connection.request()
        except TimeoutError:
            print("no answer", file=sys.stderr, flush=True)
        finally:
            connection.raw.close()
        if done == 2:
            print("ready", flush=True)
        time.sleep(PAUSE_SECONDS)


main()
