"""The confusion matrix: cause expected × cause named × certainty."""

import collections
from collections.abc import Iterable

from .examine import Outcome


def matrix(outcomes: Iterable[Outcome]) -> list[str]:
    """Lines; a row for every mechanism, with what was named there and how often. "!!" marks what is off the diagonal."""
    rows: dict[tuple[str, str], collections.Counter[str]] = {}
    for outcome in outcomes:
        if not outcome.skipped:
            row = rows.setdefault((outcome.mechanism, outcome.expected or "?"), collections.Counter())
            row[outcome.named or "no report"] += 1
    if not rows:
        return []
    first = max(len(mechanism) for mechanism, _ in rows)
    second = max(len(expected) for _, expected in rows)
    lines = ["Confusion matrix: mechanism, cause expected, causes named (number of runs)"]
    for (mechanism, expected), named in sorted(rows.items()):
        cells = [f"{'' if name == expected else '!! '}{name} ({count})" for name, count in named.most_common()]
        lines.append(f"  {mechanism:<{first}}  {expected:<{second}}  {', '.join(cells)}")
    return lines
