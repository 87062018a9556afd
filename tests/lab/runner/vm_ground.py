"""Scenarios on another kernel: one virtual machine for each kernel, in which the lab runs itself."""

from collections.abc import Callable
from pathlib import Path

from .examine import Outcome, Programs
from .scenario import Scenario


def run(
    runs: list[tuple[Scenario, str, int]], scenarios: Path, programs: Programs, tell: Callable[[Outcome], None]
) -> None:
    for scenario, family, seed in runs:
        tell(Outcome(scenario.name, scenario.mechanism, family, seed, skipped="no virtual machine yet"))
