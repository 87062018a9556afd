"""Reads what a TLS client offers first (RFC 8446, 4.1.2), as far as two probers should agree on it."""

import dataclasses

SERVER_NAME, ALPN, SUPPORTED_VERSIONS = 0, 16, 43


@dataclasses.dataclass(frozen=True)
class ClientHello:
    server_name: str | None
    alpn: tuple[str, ...]
    versions: tuple[int, ...]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise ValueError("a ClientHello that ends early")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> "_Reader":
        """A vector whose length takes `width` bytes."""
        return _Reader(self.take(self.number(width)))

    @property
    def is_empty(self) -> bool:
        return self._at == len(self._data)


def parse(record: bytes) -> ClientHello:
    """Raises ValueError for a record that holds no complete ClientHello."""
    reader = _Reader(record)
    if reader.number(1) != 22:
        raise ValueError("no handshake record")
    reader.take(2)
    handshake = reader.vector(2)
    if handshake.number(1) != 1:
        raise ValueError("no ClientHello")
    hello = handshake.vector(3)
    hello.take(2 + 32)
    for width in (1, 2, 1):  # session, cipher suites, compression
        hello.vector(width)
    name: str | None = None
    alpn: list[str] = []
    versions: list[int] = []
    extensions = hello.vector(2) if not hello.is_empty else _Reader(b"")
    while not extensions.is_empty:
        kind, body = extensions.number(2), extensions.vector(2)
        if kind == SERVER_NAME:
            names = body.vector(2)
            names.take(1)
            name = names.take(names.number(2)).decode("latin-1")
        elif kind == ALPN:
            protocols = body.vector(2)
            while not protocols.is_empty:
                alpn.append(protocols.take(protocols.number(1)).decode("latin-1"))
        elif kind == SUPPORTED_VERSIONS:
            offered = body.vector(1)
            while not offered.is_empty:
                versions.append(offered.number(2))
    return ClientHello(name, tuple(alpn), tuple(versions))
