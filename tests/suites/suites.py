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


@dataclasses.dataclass(frozen=True)
class Suite:
    title: str
    builds: tuple[str, ...]
    run: Callable[[Runner], Count]


def _total(counts: list[Count]) -> Count:
    return sum(counts, Count())


def _style(runner: Runner) -> Count:
    scripts = TOP / "tests/style"
    return _total([runner.command(script.name, [script]) for script in sorted(scripts.glob("check-*"))])


def _unit(build: str) -> Callable[[Runner], Count]:
    def run(runner: Runner) -> Count:
        programs = sorted((TOP / build / "bin").glob("unit-*"))
        if not programs:
            return Count(failed=1)
        return _total([runner.doctest(program) for program in programs])

    return run


def _python(folder: str) -> Callable[[Runner], Count]:
    def run(runner: Runner) -> Count:
        files = sorted((TOP / folder).glob("test_*.py"))
        if not files:
            return Count(failed=1)
        return _total([runner.unittest(file, **SHIPPED) for file in files])

    return run


def _sanitize(runner: Runner) -> Count:
    counted = _unit("build/sanitize")(runner)
    plugin = str(TOP / "build/sanitize/bin/kubectl-netcheck")
    for file in sorted((TOP / "tests/cli").glob("test_*.py")):
        counted += runner.unittest(file, NETCHECK_PLUGIN=plugin)
    return counted


SUITES = {
    "style": Suite("formatting, static analysis and the layers", ("dev",), _style),
    "unit": Suite("every module alone", ("dev",), _unit("build/dev")),
    "sanitize": Suite("unit and cli tests under ASan and UBSan", ("sanitize",), _sanitize),
    "cli": Suite("the plugin that ships against a fake API server", ("ship",), _python("tests/cli")),
    "kernel": Suite("the probe that ships in network namespaces of this kernel", ("ship",), _python("tests/kernel")),
    "krew": Suite("the krew archive and manifest", ("ship",), _python("tests/krew")),
    "cluster": Suite("everything on a real Kubernetes", ("ship",), _python("tests/cluster")),
}
