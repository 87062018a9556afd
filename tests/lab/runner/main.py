"""The command line of the lab."""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from . import vm_ground
from .examine import Outcome, Programs, Run, run_one
from .matrix import matrix
from .scenario import FAMILIES, Scenario, ScenarioError, load_all
from .cluster import make_credentials

TOP = Path(__file__).resolve().parents[3]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/lab/run",
        description="Makes faults on a real kernel and compares what kubectl netcheck names with what they are. "
        "Needs root. The exit code is 0 only if every scenario passed.",
    )
    parser.add_argument("--scenarios", type=Path, default=TOP / "tests/lab/scenarios", metavar="DIR",
                        help="folder whose folders are scenarios (tests/lab/scenarios)")  # fmt: skip
    parser.add_argument("--filter", action="append", default=[], metavar="PATTERN",
                        help="only scenarios whose name, or else whose mechanism, matches this shell pattern; "
                        "repeatable")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list the scenarios and end")
    parser.add_argument("--family", choices=FAMILIES, help="only IPv4, or only IPv6")
    parser.add_argument("--ground", choices=("netns", "vm"), help="only scenarios for this kernel, or for virtual machines")
    parser.add_argument("--seed", type=int, action="append", default=[],
                        help="of names, addresses and ports (1); repeatable")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=12, help="scenarios at the same time (12)")
    parser.add_argument("--keep", type=Path, metavar="DIR",
                        help="put the plugin's and the probe's files of one scenario into DIR and leave its hosts up "
                        "until Enter is pressed")  # fmt: skip
    parser.add_argument("--evidence", type=Path, metavar="DIR",
                        help="write what the plugin saved in each run to DIR/NAME-FAMILY-SEED.json")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object for each run instead of words")
    # In a virtual machine: exactly these runs, NAME/FAMILY/SEED, on its kernel.
    parser.add_argument("--inside", nargs="+", default=[], help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def programs(credentials: Path) -> Programs:
    def path(variable: str, default: Path) -> Path:
        found = Path(os.environ.get(variable) or default)
        if not found.is_file():
            raise ScenarioError(f"{found} is not there: build first (tests/setup/build), or set {variable}")
        return found

    testserver = os.environ.get("NETCHECK_TESTSERVER")
    if not testserver:
        sys.path.insert(0, str(TOP / "tests/cluster"))
        from embedded import workloads  # Only here: a virtual machine has the program, and no compiler.

        testserver = str(workloads.build() / "testserver")
    return Programs(
        probe=path("NETCHECK_PROBE", TOP / "build/bin/netcheck-probe"),
        plugin=path("NETCHECK_PLUGIN", TOP / "build/bin/kubectl-netcheck"),
        testserver=Path(testserver),
        credentials=credentials,
    )


def selected(options: argparse.Namespace) -> list[Scenario]:
    found = load_all(options.scenarios.resolve())
    chosen: set[str] = set()
    for pattern in options.filter or ["*"]:
        named = {one.name for one in found if fnmatch.fnmatch(one.name, pattern)}
        chosen |= named or {one.name for one in found if fnmatch.fnmatch(one.mechanism, pattern)}
    scenarios = [one for one in found if one.name in chosen and options.ground in (None, one.ground)]
    if not scenarios:
        raise ScenarioError("no scenario is called so; --list lists them")
    return scenarios


def in_words(outcome: Outcome) -> str:
    named = outcome.skipped or outcome.named or "no report"
    line = f"  {outcome.result:<8}{outcome.scenario} {outcome.family} seed {outcome.seed}: {named} ({outcome.seconds:.1f} s)"
    return "\n          ".join([line, *outcome.problems])


def say(options: argparse.Namespace, outcome: Outcome) -> None:
    as_json = {**dataclasses.asdict(outcome), "result": outcome.result}
    print(json.dumps(as_json) if options.json else in_words(outcome), flush=True)


def run_here(runs: list[Run], options: argparse.Namespace, used: Programs, tell: Callable[[Outcome], None]) -> None:
    together = [run for run in runs if not run.scenario.alone]
    with concurrent.futures.ThreadPoolExecutor(max_workers=1 if options.keep else options.jobs) as pool:
        waiting = [pool.submit(run_one, run, used, options.keep, options.evidence) for run in together]
        for done in concurrent.futures.as_completed(waiting):
            tell(done.result())
    for run in runs:
        if run.scenario.alone:
            tell(run_one(run, used, options.keep, options.evidence))


def planned(options: argparse.Namespace, scenarios: Iterable[Scenario]) -> list[Run]:
    if options.inside:
        by_name = {scenario.name: scenario for scenario in scenarios}
        parts = [text.split("/") for text in options.inside]
        return [Run(by_name[name], family, int(seed)) for name, family, seed in parts]
    return [
        Run(scenario, family, seed)
        for seed in options.seed or [1]
        for scenario in scenarios
        for family in scenario.families
        if options.family in (None, family)
    ]


def execute(options: argparse.Namespace, scenarios: Iterable[Scenario]) -> list[Outcome]:
    runs = planned(options, scenarios)
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        say(options, outcome)

    with tempfile.TemporaryDirectory(prefix="netcheck-lab-") as folder:
        used = programs(Path(os.environ.get("NETCHECK_CREDENTIALS") or make_credentials(Path(folder))))
        for wanted in filter(None, (options.keep, options.evidence)):
            wanted.mkdir(parents=True, exist_ok=True)
        run_here([run for run in runs if options.inside or run.scenario.ground == "netns"], options, used, tell)
        if not options.inside:
            vm = [run for run in runs if run.scenario.ground == "vm"]
            vm_ground.run(vm, options.scenarios.resolve(), used, tell, options.evidence)
    return outcomes


def conclude(outcomes: list[Outcome]) -> int:
    for line in matrix(outcomes):
        print(line)
    for outcome in outcomes:
        if outcome.result == "failed":
            print(in_words(outcome))
    count = {result: sum(outcome.result == result for outcome in outcomes) for result in ("passed", "failed", "skipped")}
    print(", ".join(f"{number} {result}" for result, number in count.items()), flush=True)
    return 1 if count["failed"] or not outcomes else 0


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    try:
        scenarios = selected(options)
        if options.list:
            for scenario in scenarios:
                ground = scenario.ground if scenario.ground == "netns" else f"vm, kernel {scenario.kernel}"
                print(f"{scenario.name:<28} {scenario.mechanism:<24} {ground:<16} {scenario.title}")
            return 0
        if os.geteuid() != 0:
            raise ScenarioError("needs root, to make network namespaces")
        if options.keep and (scenarios[0].ground == "vm" or len(scenarios) != 1 or not options.family and len(scenarios[0].families) > 1):
            raise ScenarioError("--keep is for one run on this machine's kernel: choose it with --filter NAME --family FAMILY")
        outcomes = execute(options, scenarios)
    except ScenarioError as error:
        print(f"tests/lab/run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        return 1 if any(outcome.result == "failed" for outcome in outcomes) else 0
    return conclude(outcomes)
