"""Writes the archives that a kernel unpacks as its first root file system (Documentation/driver-api/early-userspace)."""

import stat


class Archive:
    """A cpio archive in the `newc` format. The kernel takes several, one after the other, as one."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._folders: set[str] = set()
        self._count = 0

    def add(self, name: str, content: bytes, mode: int) -> None:
        """Adds a file, and the folder that it is in."""
        folder = name.rpartition("/")[0]
        if folder and folder not in self._folders:
            self._folders.add(folder)
            self._entry(folder, b"", stat.S_IFDIR | 0o755)
        self._entry(name, content, stat.S_IFREG | mode)

    def end(self) -> bytes:
        """The whole archive; nothing can be added any more."""
        self._entry("TRAILER!!!", b"", 0)
        return bytes(self._content)

    def _entry(self, name: str, content: bytes, mode: int) -> None:
        self._count += 1
        encoded = name.encode() + b"\0"
        # inode, mode, uid, gid, links, time, size, device and special device (major, minor each), name's size, sum
        fields = (self._count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        self._pad(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        self._pad(content)

    def _pad(self, part: bytes) -> None:
        self._content += part + bytes(-len(part) % 4)
