"""The differences that are accepted, from the table in DIFFERENCES.md."""

import re
from pathlib import Path

FILE = Path(__file__).resolve().parent / "DIFFERENCES.md"
_ROW = re.compile(r"^\| (`[^|]+`) \| ([a-z, ]+) \| (.+) \|$")


def accepted(text: str) -> dict[str, frozenset[str]]:
    """By case, the fields that may differ, and must."""
    rows = [match for line in text.splitlines() if (match := _ROW.match(line))]
    return {
        name: frozenset(row[2].replace(" ", "").split(",")) for row in rows for name in re.findall("`([^`]+)`", row[1])
    }
