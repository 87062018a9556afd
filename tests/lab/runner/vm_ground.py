"""Scenarios on another kernel: virtual machines in which the lab runs itself."""

import concurrent.futures
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .examine import Outcome, Programs, Run

if TYPE_CHECKING:
    from virtual.vm import Vm

TOP = Path(__file__).resolve().parents[3]
# What the machine gets, below this folder, as the tree has it.
_INSIDE = "/work"
_SOURCES = ("tests/lab", "tests/cli/fake_api.py")
_RUN_SECONDS = 300  # Of one run, of those that the lab makes there one after the other.
# Booting one takes as long as a run; two at a time, as they mostly wait.
_RUNS_OF_A_MACHINE = 24
_MACHINES_AT_A_TIME = 2
_MACHINES = 2  # An emulated one hangs now and then: the runs that are missing then get another.

_running: set["Vm"] = set()
_interrupted = threading.Event()


def run(
    runs: Iterable[Run], scenarios: Path, programs: Programs, tell: Callable[[Outcome], None], evidence: Path | None = None
) -> None:
    by_kernel: dict[str, list[Run]] = {}
    for one in runs:
        by_kernel.setdefault(one.scenario.kernel, []).append(one)
    if shutil.which("qemu-system-x86_64") is None:
        for one in (one for theirs in by_kernel.values() for one in theirs):
            tell(one.outcome(skipped="no qemu-system-x86_64: tests/setup/packages vm installs it"))
        return
    if not by_kernel:
        return
    sys.path.insert(0, str(TOP / "tests/vm"))
    from virtual import image  # Only here: inside of a machine there are no machines.

    image.build()  # Not by two at a time: each would tell of it.
    with concurrent.futures.ThreadPoolExecutor(max_workers=_MACHINES_AT_A_TIME) as pool:
        machines = [
            pool.submit(_run_on, kernel, part, scenarios, programs, tell, evidence)
            for kernel, theirs in by_kernel.items()
            for part in _parts(theirs)
        ]
        try:
            for machine in concurrent.futures.as_completed(machines):
                machine.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _interrupted.set()
            for vm in list(_running):
                vm.kill()
            raise


def _parts(runs: list[Run]) -> list[list[Run]]:
    """As many machines as they need, each with a like share of them."""
    count = -(-len(runs) // _RUNS_OF_A_MACHINE)
    return [runs[first::count] for first in range(count)]


@contextlib.contextmanager
def _listed(vm: "Vm") -> Iterator[None]:
    """It can be ended by another thread."""
    _running.add(vm)
    try:
        yield
    finally:
        _running.discard(vm)


def _run_on(
    kernel: str,
    runs: list[Run],
    scenarios: Path,
    programs: Programs,
    tell: Callable[[Outcome], None],
    evidence: Path | None,
) -> None:
    from embedded.errors import ClusterError

    missing = {one.key(): one for one in runs}

    def line(text: bytes) -> None:
        told = json.loads(text)
        told.pop("result")
        outcome = Outcome(**told)
        missing.pop(outcome.key(), None)
        tell(outcome)

    error = ""
    for machine in range(1, _MACHINES + 1):
        if not missing:
            break
        try:
            error = _run_in_machine(kernel, list(missing), scenarios, programs, line, evidence)
            break
        except (ClusterError, subprocess.TimeoutExpired) as failure:
            if _interrupted.is_set():
                return
            error = str(failure)
            print(f"virtual machine {machine} of kernel {kernel} is lost: {error}", file=sys.stderr, flush=True)
    for one in missing.values():
        tell(one.outcome(problems=[f"the virtual machine (kernel {kernel}) gave no result: {error}"]))


def _run_in_machine(
    kernel: str,
    keys: list[str],
    scenarios: Path,
    programs: Programs,
    on_line: Callable[[bytes], None],
    evidence: Path | None,
) -> str:
    """The error output of the lab in the machine. Raises ClusterError or TimeoutExpired when the machine is lost."""
    from virtual.vm import Vm

    with Vm(kernel, memory_mib=1024) as vm, _listed(vm):
        for source in _SOURCES:
            path = TOP / source
            vm.put(path, f"{_INSIDE}/{source}" if path.is_dir() else f"{_INSIDE}/{Path(source).parent}")
        vm.put(scenarios, f"{_INSIDE}/scenarios")
        vm.put(programs.credentials, f"{_INSIDE}/credentials")
        for program in (programs.probe, programs.plugin, programs.testserver):
            vm.put(program, f"{_INSIDE}/bin")
        command = [f"{_INSIDE}/tests/lab/run", "--json", "--scenarios", f"{_INSIDE}/scenarios", "--jobs", "2"]
        if evidence:
            command += ["--evidence", f"{_INSIDE}/evidence"]
        command += ["--inside", *keys]
        environment = {
            "NETCHECK_PROBE": f"{_INSIDE}/bin/{programs.probe.name}",
            "NETCHECK_PLUGIN": f"{_INSIDE}/bin/{programs.plugin.name}",
            "NETCHECK_TESTSERVER": f"{_INSIDE}/bin/{programs.testserver.name}",
            "NETCHECK_CREDENTIALS": f"{_INSIDE}/credentials",
        }
        done = vm.run(command, _RUN_SECONDS * len(keys), environment=environment, on_line=on_line)
        if evidence:
            packed = vm.run(["tar", "-C", f"{_INSIDE}/evidence", "-cf", "-", "."], _RUN_SECONDS).stdout
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                for member in archive:
                    if content := archive.extractfile(member):
                        (evidence / Path(member.name).name).write_bytes(content.read())
        return done.stderr.decode(errors="replace").strip()
