"""Runs test programs of each kind and reads from what they print how many cases passed."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Sequence


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


_DOCTEST = re.compile(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")
_SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped\s*\Z", re.MULTILINE)
_UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
_UNITTEST_RESULT = re.compile(r"^(?:OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)


def count_doctest(output: str, exit_code: int) -> Count:
    """A program that broke off before its summary counts as one failure."""
    found = _DOCTEST.search(output)
    if not found:
        return Count(failed=1)
    _, passed, failed, skipped = (int(group) for group in found.groups())
    return Count(passed, max(failed, 1 if exit_code else 0), skipped)


def count_summary(output: str, exit_code: int) -> Count:
    """Of a program whose last line is "N passed, N failed, N skipped"."""
    found = _SUMMARY.search(output)
    if not found:
        return Count(failed=1)
    passed, failed, skipped = (int(group) for group in found.groups())
    return Count(passed, max(failed, 1 if exit_code else 0), skipped)


def count_unittest(output: str, exit_code: int) -> Count:
    """Likewise; unittest counts skipped and failed cases as run."""
    ran = _UNITTEST_RAN.search(output)
    result = _UNITTEST_RESULT.search(output)
    if not ran or not result:
        return Count(failed=1)
    words = dict(part.split("=") for part in (result.group(1) or "").split(", ") if "=" in part)
    failed = sum(int(words.get(name, 0)) for name in ("failures", "errors", "unexpected successes"))
    skipped = int(words.get("skipped", 0))
    passed = max(int(ran.group(1)) - failed - skipped, 0)
    return Count(passed, max(failed, 1 if exit_code else 0), skipped)


_SHOWN_AGAIN = 80  # lines; a traceback's length with what led to it


def what_failed(output: str) -> str:
    """The part of a failed program's output that says why: unittest's first report, otherwise the end."""
    report = output.find("\n======")
    if report >= 0:
        return "\n".join(output[report + 1 :].splitlines()[:_SHOWN_AGAIN])
    return "\n".join(output.splitlines()[-_SHOWN_AGAIN:])


class Runner:
    """Shows a program's output in full only if a case of it failed, and keeps of those what says why."""

    def __init__(self, everything: bool) -> None:
        self.everything = everything
        self.failures: list[tuple[str, str]] = []
        """Each failed program's name and what_failed() of it, in the order of the runs."""

    def _noted(self, name: str, counted: Count, output: str) -> Count:
        if counted.failed:
            self.failures.append((name, what_failed(output)))
        return counted

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        return {**os.environ, **({"NETCHECK_ALL_TESTS": "1"} if self.everything else {}), **extra}

    def doctest(self, program: Path, **extra: str) -> Count:
        done = subprocess.run(
            [program, "--no-colors"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(extra),
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        counted = self._noted(program.name, count_doctest(output, done.returncode), output)
        if counted.failed:
            print(output)
        self._show_skips(output)
        print(f"    {program.name}: {counted}", flush=True)
        return counted

    def unittest(self, file: Path, path: Sequence[Path] = (), **extra: str) -> Count:
        """A Python test file, its cases shown as they run: they take long."""
        command = [sys.executable, "-m", "unittest", "--verbose", file.stem]
        environment = {"PYTHONPATH": ":".join(map(str, path)), "PYTHONUNBUFFERED": "1", **extra}
        output, exit_code = self._shown(command, file.parent, environment)
        counted = self._noted(file.name, count_unittest(output, exit_code), output)
        print(f"    {file.name}: {counted}", flush=True)
        return counted

    def summarised(self, command: Sequence[str | Path], **extra: str) -> Count:
        """A program that counts its cases itself, shown as it runs."""
        output, exit_code = self._shown(command, Path.cwd(), extra)
        return self._noted(Path(command[0]).name, count_summary(output, exit_code), output)

    def _shown(self, command: Sequence[str | Path], folder: Path, extra: dict[str, str]) -> tuple[str, int]:
        lines = []
        with subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(extra),
        ) as process:
            assert process.stdout is not None
            for raw in process.stdout:
                lines.append(raw.decode(errors="replace"))
                print(f"    | {lines[-1]}", end="", flush=True)
        return "".join(lines), process.returncode

    def command(self, name: str, command: Sequence[str | Path]) -> Count:
        """One case: the command's exit code."""
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        output = done.stdout.decode(errors="replace")
        if done.returncode:
            print(output)
        print(f"    {name}: {'failed' if done.returncode else 'passed'}", flush=True)
        return self._noted(name, Count(failed=1) if done.returncode else Count(passed=1), output)

    @staticmethod
    def _show_skips(output: str) -> None:
        for line in output.splitlines():
            if line.startswith("skipped:"):
                print(f"    {line}")
