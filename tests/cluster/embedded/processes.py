"""Processes as the kernel shows them: alive or not, told apart from a later one with the same number."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Sequence

from .errors import ClusterError


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name: [0] is field 3, the state."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


@dataclass(frozen=True)
class Process:
    """A process number with its start time (clock ticks since boot), which together name one process for good."""

    pid: int
    start: int

    @staticmethod
    def of(pid: int) -> "Process | None":
        fields = _stat(pid)
        if fields is None or fields[0] in "ZX":
            return None
        return Process(pid, int(fields[19]))

    def alive(self) -> bool:
        return Process.of(self.pid) == self

    def kill(self) -> None:
        """Ends exactly this process, and waits until the kernel has."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            # The handle is of whoever has the number now: only now is the start time a proof.
            if self.alive():
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                wait_until(lambda: not self.alive(), 10, f"process {self.pid} does not end")
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields is not None else None


def children(pid: int) -> Iterator[int]:
    return (candidate for candidate in all_pids() if parent(candidate) == pid)


def namespace(pid: int, kind: str) -> str | None:
    """The identity of a process's namespace, as in `pid:[4026531836]`; None when it has ended."""
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except OSError:
        return None


def in_pid_namespace(identity: str) -> Iterator[tuple[int, str]]:
    """(PID, command name) of every living process in a PID namespace."""
    for pid in all_pids():
        if namespace(pid, "pid") != identity or Process.of(pid) is None:
            continue
        try:
            yield pid, Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
        except OSError:
            continue


def wait_until(condition: Callable[[], object], seconds: float, complaint: str) -> None:
    """Asks until the condition holds; raises ClusterError with the complaint when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"{complaint} (waited {seconds:.0f}s)")
        time.sleep(0.05)


def run(command: Sequence[str | Path], **options: object) -> str:
    """Runs a short command and returns its output; raises ClusterError with its words when it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **{"input": "", **options}
    )
    if done.returncode != 0:
        shown = " ".join(str(word) for word in command)
        raise ClusterError(f"{shown}: exit code {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
