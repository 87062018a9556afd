"""One run of one scenario: build the hosts, make the fault, examine with the plugin, compare."""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from .cluster import Cluster
from .commands import CommandError
from .hosts import NODE, PROGRAMS, Hosts
from .scenario import Draw, Expectation, Scenario, ScenarioError, Variables, expectation

_PLUGIN_SECONDS = 240


class Unable(Exception):
    """This machine lacks what a scenario needs."""


@dataclasses.dataclass(frozen=True)
class Programs:
    probe: Path
    plugin: Path
    testserver: Path
    credentials: Path  # Folder with the API server's certificate and key.


@dataclasses.dataclass(frozen=True)
class Run:
    scenario: Scenario
    family: str
    seed: int

    def key(self) -> str:
        return f"{self.scenario.name}/{self.family}/{self.seed}"

    def outcome(self, **fields: Any) -> "Outcome":
        return Outcome(self.scenario.name, self.scenario.mechanism, self.family, self.seed, **fields)


@dataclasses.dataclass
class Outcome:
    scenario: str
    mechanism: str
    family: str
    seed: int
    expected: str = ""
    named: str = ""
    problems: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    skipped: str = ""

    def key(self) -> str:
        return f"{self.scenario}/{self.family}/{self.seed}"

    @property
    def result(self) -> str:
        return "skipped" if self.skipped else "failed" if self.problems else "passed"


def observed(report: dict[str, Any]) -> Expectation:
    """What a report names, in the words of an expectation."""
    return Expectation(
        findings=tuple(sorted({f"{f['code']} {f['certainty']}" for f in report["findings"]})),
        risks=tuple(sorted({risk["code"] for risk in report["risks"]})),
        undetermined=tuple(sorted({entry["stage"] for entry in report["undetermined"]})),
    )


def compare(wanted: Expectation, report: dict[str, Any], exit_code: int) -> list[str]:
    found = observed(report)
    problems = []
    for what in ("findings", "risks", "undetermined"):
        expected, named = sorted(getattr(wanted, what)), sorted(getattr(found, what))
        if expected != named:
            problems.append(f"{what}: expected {', '.join(expected) or 'none'}, got {', '.join(named) or 'none'}")
    wanted_exit = wanted.exit if wanted.exit is not None else 1 if wanted.findings or wanted.undetermined else 0
    if exit_code != wanted_exit:
        problems.append(f"exit code {exit_code}, expected {wanted_exit}")
    text = json.dumps([report["findings"], report["risks"]], ensure_ascii=False)
    problems += [f"no finding says {part!r}" for part in wanted.says if part not in text]
    return problems + _told(report) if problems else []


def _told(report: dict[str, Any]) -> list[str]:
    """What the report says of each finding and undetermined stage, for whoever has to find out why."""
    lines = []
    for finding in report["findings"] + report["risks"]:
        lines += [f"{finding['code']} {finding['certainty']}: {line}" for line in finding["evidence"]]
    for entry in report["undetermined"]:
        lines.append(f"undetermined at {entry['stage']}, {entry['attempts']} attempts: {'; '.join(entry['observations'])}")
    return lines


class Examination:
    """Hosts of one scenario in one family, with its fault made."""

    def __init__(self, run: Run, programs: Programs, work: Path) -> None:
        self.scenario = run.scenario
        self.variables = Variables(Draw(run.seed, run.scenario.name, run.family))
        self.programs = programs
        self.work = work
        self._stack = contextlib.ExitStack()
        label = f"{os.getpid():x}-{self.variables.draw.word(4)}"
        self.hosts = Hosts(run.scenario.document, self.variables, programs.testserver, label)
        self._stack.callback(self.hosts.close)
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._stack.close()

    def _check_needs(self) -> None:
        if needs := self.variables.fill(self.scenario.document.get("needs")):
            try:
                self.hosts.shell(NODE, needs)
            except CommandError as error:
                raise Unable(f"this machine can't show it: {error}") from error

    def _set_up(self) -> None:
        self._check_needs()
        self.cluster = Cluster(self.hosts, self.programs.probe, self.programs.credentials, self.work / "probe.log")
        self._stack.callback(self.cluster.close)
        self.variables["folder"] = str(self.scenario.folder)
        self.hosts.run_pods()
        self._make_noise()
        self._stack.callback(self.steps, self.scenario.document.get("teardown") or [])
        self.steps(self.scenario.document.get("setup") or [])

    def _make_noise(self) -> None:
        """Unrelated traffic, part of which fails: within the target, and from the node to it."""
        target = self.hosts.host(self.target)
        addresses = list(target.addresses.values())
        answering, full, closed = (self.variables.draw.number(42000, 60000) for _ in range(3))
        goals = " ".join(f"{address}:{port}" for address in addresses for port in (answering, full, closed))
        noise = f"/usr/bin/python3 {PROGRAMS}/noise.py --listen"
        self.hosts.start(target.name, f"{noise} {answering} {full} {' '.join(addresses)} --connect {goals}")
        if not target.host_network:
            own = [self.variables.draw.number(42000, 60000) for _ in range(2)]
            node = " ".join(self.hosts.host(NODE).addresses.values())
            self.hosts.start(NODE, f"{noise} {own[0]} {own[1]} {node} --connect {goals}")

    @property
    def target(self) -> str:
        return self.scenario.document.get("target") or next(iter(self.scenario.document["pods"]))

    def steps(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            filled = self.variables.fill(step)
            name = filled.pop("host", NODE)
            match filled:
                case {"run": script, **rest} if not rest:
                    self.hosts.shell(name, str(script))
                case {"start": command, **rest} if not rest:
                    self.hosts.start(name, str(command))
                case _:
                    raise ScenarioError(f"a step is {{host: HOST, run: SCRIPT}} or {{host: HOST, start: COMMAND}}: {step}")

    def plugin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        config = self.cluster.kubeconfig(self.work / "kubeconfig")
        environment = {**os.environ, "KUBECONFIG": str(config), "NO_PROXY": "*"}
        return subprocess.run(
            [str(self.programs.plugin), *arguments],
            capture_output=True, text=True, env=environment, check=False, timeout=_PLUGIN_SECONDS,
        )  # fmt: skip

    def examine(self) -> tuple[dict[str, Any], int]:
        """The plugin's report about the target, and its exit code; replaying its evidence says the same."""
        command = self.variables.fill(self.scenario.document.get("command") or f"pod $pod_{self.target.replace('-', '_')}")
        evidence = self.work / "evidence.json"
        done = self.plugin(*command.split(), "--output", "json", "--save", str(evidence))
        if not done.stdout:
            raise CommandError(f"kubectl-netcheck {command}: exit code {done.returncode}: {done.stderr.strip()}")
        replayed = self.plugin("replay", str(evidence), "--output", "json")
        if (replayed.stdout, replayed.returncode) != (done.stdout, done.returncode):
            raise CommandError(f"replay of {evidence} differs: exit code {replayed.returncode}: {replayed.stderr.strip()}")
        (self.work / "report.json").write_text(done.stdout, encoding="utf-8")
        return json.loads(done.stdout), done.returncode


def run_one(run: Run, programs: Programs, keep: Path | None = None, evidence: Path | None = None) -> Outcome:
    outcome = run.outcome()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="netcheck-lab-") as temporary:
        try:
            _run(run, programs, keep or Path(temporary), outcome, keep is not None, evidence)
        except Unable as error:
            outcome.skipped = str(error)
        except (CommandError, ScenarioError, OSError, subprocess.SubprocessError) as error:
            outcome.problems.append(str(error))
        except Exception:  # One run must not take the others and the matrix with it.
            outcome.problems += traceback.format_exc().splitlines()
    outcome.seconds = time.monotonic() - start
    return outcome


def _run(run: Run, programs: Programs, work: Path, outcome: Outcome, keep: bool, evidence: Path | None) -> None:
    document = run.scenario.document
    with contextlib.closing(Examination(run, programs, work)) as examination:
        wanted = expectation(examination.variables.fill(document.get("expect") or {}))
        outcome.expected = wanted.label()
        report, exit_code = examination.examine()
        outcome.named = observed(report).label()
        if evidence:
            shutil.copyfile(work / "evidence.json", evidence / f"{run.key().replace('/', '-')}.json")
        outcome.problems += compare(wanted, report, exit_code)
        if keep:
            _wait_while_kept(examination)
        if "cure" in document:
            examination.steps(document["cure"])
            cured, exit_code = examination.examine()
            wanted = expectation(examination.variables.fill(document.get("expect_cured") or {}))
            outcome.problems += [f"after the cure: {problem}" for problem in compare(wanted, cured, exit_code)]


def _wait_while_kept(examination: Examination) -> None:
    print(f"The hosts of {examination.scenario.name} are up; the plugin's files are in {examination.work}:")
    for host in examination.hosts.hosts.values():
        print(f"  {host.name:<12} nsenter --net=/run/netns/{host.space}   {' '.join(host.addresses.values())}")
    with contextlib.suppress(EOFError):  # Nobody is there to press it.
        input("Press Enter to remove them. ")
