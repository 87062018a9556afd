"""Frames of HTTP/2 and of gRPC as bytes, well formed or not (RFC 9113, RFC 7541)."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, HAS_PRIORITY = 0x4, 0x8, 0x20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9

Text = str | bytes


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", length: int | None = None) -> bytes:
    """`length`: what the header claims, if that isn't the payload's."""
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def integer(value: int, prefix: int, first: int = 0) -> bytes:
    """HPACK's, in the low `prefix` bits of the byte `first` and the bytes after it."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    encoded, value = bytes([first | most]), value - most
    while value >= 128:
        encoded, value = encoded + bytes([0x80 | value % 128]), value // 128
    return encoded + bytes([value])


def string(text: Text) -> bytes:
    """Without Huffman's code."""
    data = text if isinstance(text, bytes) else text.encode()
    return integer(len(data), 7) + data


def field(name: Text, value: Text, first: bytes = b"\x00") -> bytes:
    """A literal with a literal name; `first` says whether the table gets it."""
    return first + string(name) + string(value)


def block(*fields: tuple[Text, Text]) -> bytes:
    return b"".join(field(name, value) for name, value in fields)


def headers(*fields: tuple[Text, Text], end: bool = False, stream: int = 1) -> bytes:
    return header_block(block(*fields), end, stream)


def header_block(encoded: bytes, end: bool = False, stream: int = 1) -> bytes:
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, encoded)


def data(payload: bytes, end: bool = False, stream: int = 1) -> bytes:
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def reset(code: int, stream: int = 1) -> bytes:
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(last: int, code: int, debug: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big") + debug)


def settings(*pairs: tuple[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(key.to_bytes(2, "big") + value.to_bytes(4, "big") for key, value in pairs))


SETTINGS_ACK = frame(SETTINGS, ACK, 0)


def ping(payload: bytes = b"12345678", flags: int = 0) -> bytes:
    return frame(PING, flags, 0, payload)


def window_update(increment: int, stream: int = 0) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, increment.to_bytes(4, "big"))


def message(payload: bytes, flag: int = 0) -> bytes:
    """gRPC's, with its flag for compression and its length."""
    return bytes([flag]) + len(payload).to_bytes(4, "big") + payload
