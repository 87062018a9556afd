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


class Runner:
    """Shows a program's output in full only if a case of it failed."""

    def __init__(self, everything: bool) -> None:
        self.everything = everything

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
        counted = count_doctest(output, done.returncode)
        if counted.failed:
            print(output)
        self._show_skips(output)
        print(f"    {program.name}: {counted}", flush=True)
        return counted

    def unittest(self, file: Path, path: Sequence[Path] = (), **extra: str) -> Count:
        """A Python test file, its cases shown as they run: they take long."""
        command = [sys.executable, "-m", "unittest", "--verbose", file.stem]
        environment = {"PYTHONPATH": ":".join(map(str, path)), "PYTHONUNBUFFERED": "1", **extra}
        counted = count_unittest(*self._shown(command, file.parent, environment))
        print(f"    {file.name}: {counted}", flush=True)
        return counted

    def summarised(self, command: Sequence[str | Path], **extra: str) -> Count:
        """A program that counts its cases itself, shown as it runs."""
        return count_summary(*self._shown(command, Path.cwd(), extra))

    def _shown(self, command: Sequence[str | Path], folder: Path, extra: dict[str, str]) -> tuple[str, int]:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(extra),
        )
        assert process.stdout is not None
        lines = []
        for raw in process.stdout:
            lines.append(raw.decode(errors="replace"))
            print(f"    | {lines[-1]}", end="", flush=True)
        return "".join(lines), process.wait()

    def command(self, name: str, command: Sequence[str | Path]) -> Count:
        """One case: the command's exit code."""
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            print(done.stdout.decode(errors="replace"))
        print(f"    {name}: {'failed' if done.returncode else 'passed'}", flush=True)
        return Count(failed=1) if done.returncode else Count(passed=1)

    @staticmethod
    def _show_skips(output: str) -> None:
        for line in output.splitlines():
            if line.startswith("skipped:"):
                print(f"    {line}")
