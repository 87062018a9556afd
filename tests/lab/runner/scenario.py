"""Scenarios as they are written, and with their variables filled in. README.md describes the format."""

import dataclasses
import random
import re
import string
from pathlib import Path
from typing import Any

import yaml

FAMILIES = ("ipv4", "ipv6")
GROUNDS = ("netns", "vm")
CERTAINTIES = ("proven", "likely", "possible")
_KEYS = {
    "title", "mechanism", "pair", "ground", "kernel", "machine_is_node", "families", "dual_stack", "node", "pods", "peers", "target",
    "needs", "alone", "objects", "setup", "teardown", "command", "expect", "cure", "expect_cured",
}  # fmt: skip
_EXPECT_KEYS = {"findings", "risks", "undetermined", "says", "exit"}


class ScenarioError(Exception):
    """A scenario file that can't be used: says which and why."""


@dataclasses.dataclass(frozen=True)
class Expectation:
    findings: tuple[str, ...] = ()  # "NC-LISTEN-001 proven"
    risks: tuple[str, ...] = ()  # "NC-IPVS-001"
    undetermined: tuple[str, ...] = ()  # Stage letters.
    says: tuple[str, ...] = ()  # What the findings' evidence and fixes must contain.
    exit: int | None = None

    def label(self) -> str:
        """The row of the matrix."""
        return ", ".join(self.findings + tuple(f"{r} possible" for r in self.risks) + self.stages()) or "healthy"

    def stages(self) -> tuple[str, ...]:
        return tuple(f"undetermined at {stage}" for stage in self.undetermined)


@dataclasses.dataclass(frozen=True)
class Scenario:
    folder: Path
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def title(self) -> str:
        return self.document["title"]

    @property
    def mechanism(self) -> str:
        return self.document["mechanism"]

    @property
    def ground(self) -> str:
        return self.document.get("ground", "netns")

    @property
    def kernel(self) -> str:
        return str(self.document.get("kernel", "6.1"))

    @property
    def alone(self) -> bool:
        """It changes the machine itself or says so: no other may run at the same time."""
        if self.document.get("machine_is_node") or self.document.get("alone"):
            return True
        steps = [step for key in ("setup", "cure", "teardown") for step in self.document.get(key) or ()]
        return any(step.get("host") == "machine" for step in steps)

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(self.document.get("families", FAMILIES))


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value or ()))


def expectation(document: dict[str, Any] | None) -> Expectation:
    document = document or {}
    if unknown := set(document) - _EXPECT_KEYS:
        raise ScenarioError(f"expect: unknown: {', '.join(sorted(unknown))}")
    fields = {key: _strings(document.get(key)) for key in ("findings", "risks", "undetermined", "says")}
    for finding in fields["findings"]:
        if finding.split()[-1] not in CERTAINTIES[:2]:
            raise ScenarioError(f"expect.findings: {finding!r} is not CODE proven or CODE likely")
    return Expectation(**fields, exit=document.get("exit"))


def load(folder: Path) -> Scenario:
    file = folder / "scenario.yaml"
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{file}: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{file}: not a mapping")
    if unknown := set(document) - _KEYS:
        raise ScenarioError(f"{file}: unknown: {', '.join(sorted(unknown))}")
    if missing := {"title", "mechanism", "pods"} - set(document):
        raise ScenarioError(f"{file}: missing: {', '.join(sorted(missing))}")
    scenario = Scenario(folder, document)
    if scenario.ground not in GROUNDS:
        raise ScenarioError(f"{file}: ground is one of {', '.join(GROUNDS)}")
    if document.get("machine_is_node") and scenario.ground != "vm":
        raise ScenarioError(f"{file}: machine_is_node is for a virtual machine")
    if not set(scenario.families) <= set(FAMILIES):
        raise ScenarioError(f"{file}: families are {', '.join(FAMILIES)}")
    if not document["pods"]:
        raise ScenarioError(f"{file}: pods: there must be one")
    try:
        expectation(document.get("expect"))
        expectation(document.get("expect_cured"))
    except ScenarioError as error:
        raise ScenarioError(f"{file}: {error}") from error
    return scenario


def load_all(folder: Path) -> list[Scenario]:
    found = [load(file.parent) for file in sorted(folder.glob("*/scenario.yaml"))]
    if not found:
        raise ScenarioError(f"{folder}: no folder in it has a scenario.yaml")
    return found


class Draw:
    """Names, addresses and ports of one run: other ones for every seed, scenario and family."""

    _LETTERS = "bcdfghjkmnpqrstvwxz"

    def __init__(self, seed: int, scenario: str, family: str) -> None:
        self.random = random.Random(f"{seed} {scenario} {family}")
        self.family = family
        self._taken: set[int] = set()

    def word(self, length: int = 5) -> str:
        return "".join(self.random.choices(self._LETTERS, k=length))

    def number(self, low: int, high: int) -> int:
        """No number twice."""
        while (number := self.random.randint(low, high)) in self._taken:
            pass
        self._taken.add(number)
        return number

    def port(self) -> int:
        return self.number(1024, 29999)

    def node_port(self) -> int:
        return self.number(30000, 32767)


class Variables(dict[str, str]):
    """$NAME in a scenario's text. $port… and $nodeport… are drawn when they are first met."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self.draw = draw

    def __missing__(self, name: str) -> str:
        if re.fullmatch(r"port\w*", name):
            self[name] = str(self.draw.port())
        elif re.fullmatch(r"nodeport\w*", name):
            self[name] = str(self.draw.node_port())
        elif re.fullmatch(r"name_\w+", name):
            self[name] = f"{name.removeprefix('name_').replace('_', '-')}-{self.draw.word()}"
        else:
            raise ScenarioError(f"${name} is not a variable of this scenario")
        return self[name]

    def fill(self, value: Any) -> Any:
        """`value` with every $NAME in its strings replaced; a string that is one number becomes a number."""
        if isinstance(value, str):
            try:
                filled = string.Template(value).substitute(self)
            except ValueError as error:
                raise ScenarioError(f"{value!r}: {error} ($$ is a dollar sign)") from error
            return int(filled) if value != filled and filled.isdecimal() else filled
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value
