"""The inputs that a fuzzer starts from: small files that people can read, as the bytes they stand for."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
KERNEL = FOLDER.parent / "data/kernel"
CAPTURED = {
    "ip_tables": [path for path in KERNEL.glob("*/ip*-tables-*.hex")],
    "netlink": [path for path in KERNEL.glob("*/*.hex") if not path.name.startswith("ip")],
    "proc_text": [path for path in KERNEL.glob("*/*") if path.suffix != ".hex"],
}
"""What the unit tests read serves targets, too."""


def content(path: Path) -> bytes:
    """A .hex file is hexadecimal digits, with comments behind #."""
    data = path.read_bytes()
    if path.suffix != ".hex":
        return data
    return bytes.fromhex("".join(line.partition("#")[0] for line in data.decode().splitlines()))


def write(target: str, folder: Path) -> None:
    """Those of one target, each a file."""
    paths = sorted((FOLDER / "corpus" / target).glob("*")) + sorted(CAPTURED.get(target, []))
    for number, path in enumerate(paths):
        (folder / f"{number}-{path.name}").write_bytes(content(path))


def main() -> None:
    target, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    write(target, folder)


if __name__ == "__main__":
    main()
