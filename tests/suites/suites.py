"""The test suites: what each needs built, and what it runs."""

import dataclasses
from pathlib import Path
from typing import Callable

from runners import Count, Runner

TOP = Path(__file__).resolve().parents[2]
SHIPPED = {
    "NETCHECK_PROBE": str(TOP / "build/bin/netcheck-probe"),
    "NETCHECK_PLUGIN": str(TOP / "build/bin/kubectl-netcheck"),
}
DEV = {"NETCHECK_PLUGIN": str(TOP / "build/dev/bin/kubectl-netcheck")}


@dataclasses.dataclass(frozen=True)
class Suite:
    title: str
    builds: tuple[str, ...]
    run: Callable[[Runner], Count]


def _total(counts: list[Count]) -> Count:
    return sum(counts, Count())


def _style(runner: Runner) -> Count:
    scripts = sorted((TOP / "tests/style").glob("check-*"))
    # A first look at every unit takes a quarter of an hour.
    chosen = [script for script in scripts if runner.everything or script.name != "check-tidy"]
    return _total([runner.command(script.name, [script]) for script in chosen])


def _doctest(runner: Runner, pattern: str) -> Count:
    programs = sorted((TOP / "build/dev/bin").glob(pattern))
    if not programs:
        return Count(failed=1)
    return _total([runner.doctest(program) for program in programs])


def _unit(runner: Runner) -> Count:
    return _doctest(runner, "unit-*")


def _python(*folders: str, **programs: str) -> Callable[[Runner], Count]:
    def run(runner: Runner) -> Count:
        files = [file for folder in folders for file in sorted((TOP / folder).glob("test_*.py"))]
        if not files:
            return Count(failed=1)
        return _total([runner.unittest(file, **programs) for file in files])

    return run


_PROBE_ON_KERNEL = _python("tests/kernel", **SHIPPED)


def _kernel(runner: Runner) -> Count:
    return _doctest(runner, "kernel-*") + _PROBE_ON_KERNEL(runner)


_LAB = {
    False: (["--ground", "netns"],),
    # Three seeds show that names and ports don't matter.
    True: (["--ground", "netns", "--seed", "1", "--seed", "2", "--seed", "3"], ["--ground", "vm"]),
}
"""What the lab is asked for, without --all and with it."""


def _lab(runner: Runner) -> Count:
    calls = [runner.summarised([TOP / "tests/lab/run", *chosen], **SHIPPED) for chosen in _LAB[runner.everything]]
    return _python("tests/lab", **SHIPPED)(runner) + _total(calls)


def _virtual_machines(runner: Runner) -> Count:
    return _python("tests/vm")(runner) if runner.everything else Count()


SUITES = {
    "setup": Suite("the set-up scripts and the test runner", (), _python("tests/setup", "tests/suites")),
    "style": Suite("formatting, static analysis and the layers", ("dev",), _style),
    "unit": Suite("every module alone, under ASan and UBSan", ("dev",), _unit),
    "fuzz": Suite("what reads bytes of others, fuzzed under ASan and UBSan", ("dev",), _python("tests/fuzz")),
    "cli-dev": Suite("the plugin against a fake API server, under ASan and UBSan", ("dev",), _python("tests/cli", **DEV)),
    "cli": Suite("the plugin that ships against a fake API server", ("ship",), _python("tests/cli", **SHIPPED)),
    "kernel": Suite("the probe in network namespaces of this kernel", ("dev", "ship"), _kernel),
    "differential": Suite(
        "the probe's checks beside those of kubelet's own code",
        ("ship", "kubernetes"),
        _python("tests/differential", **SHIPPED),
    ),
    "bench": Suite(
        "the benchmarks run", ("ship", "dev", "kubernetes"), _python("tests/bench", **SHIPPED)
    ),
    "vm": Suite("the virtual machines, with --all", (), _virtual_machines),
    "lab": Suite("faults on real kernels, and what netcheck names there", ("ship", "kubernetes"), _lab),
    "cluster": Suite("everything on a real Kubernetes", ("ship", "kubernetes"), _python("tests/cluster", **SHIPPED)),
}
