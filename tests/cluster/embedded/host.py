"""A host of the cluster: a node, or the control plane, in namespaces of its own.

Its first process holds its mount, network, PID, UTS and IPC namespaces. When that process ends, the kernel ends every
other process of the host, its mounts and its network devices: nothing has to be found one by one.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from . import processes, steps
from .layout import Layout
from .processes import Process

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Host:
    name: str
    keeper: Process
    """unshare, whose end would end the host."""
    init: Process
    """The host's process 1, as the machine numbers it."""

    def alive(self) -> bool:
        return self.init.alive()

    def enter(self, command: Sequence[str | Path]) -> list[str | Path]:
        """The command line that runs a command as if on the host."""
        target = str(self.init.pid)
        return ["nsenter", "--target", target, "--mount", "--net", "--pid", "--uts", "--ipc", "--", *command]

    def enter_network(self, command: Sequence[str | Path]) -> list[str | Path]:
        """The command line that runs a command with the machine's files and the host's network."""
        return ["nsenter", f"--net=/proc/{self.init.pid}/ns/net", "--", *command]

    def run(self, command: Sequence[str | Path], **options: object) -> str:
        return processes.run(self.enter(command), cwd="/", env=_environment(), **options)

    def ip(self, batch: Sequence[str]) -> None:
        """Gives `ip` a list of its commands, in the host's network namespace."""
        processes.run(self.enter_network(["ip", "-batch", "-"]), input="\n".join(batch) + "\n")

    def start(self, log: Path, command: Sequence[str | Path]) -> None:
        """Starts a program that the host's process 1 becomes the parent of."""
        with log.open("ab") as output:
            subprocess.run(
                self.enter(["setsid", "--fork", *command]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_environment(),
                check=True,
            )

    def programs(self) -> dict[str, int]:
        """PID by command name (the kernel keeps 15 characters) of what runs on the host."""
        identity = processes.namespace(self.init.pid, "pid")
        if identity is None or not self.alive():
            return {}
        return {name: pid for pid, name in processes.in_pid_namespace(identity)}

    def program(self, name: str) -> int | None:
        return self.programs().get(name[:15])

    def kill(self) -> None:
        self.init.kill()
        self.keeper.kill()


def _environment() -> dict[str, str]:
    # Nothing of the caller's: a proxy or a KUBECONFIG of theirs must not reach the cluster's programs.
    return {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}


def launch(name: str, layout: Layout, pause: Path, alive_lock: int) -> Process:
    """Starts the host's keeper. The inherited lock is held for as long as the host lives."""
    folder, ready = layout.host(name), layout.host(name) / "ready"
    folder.mkdir(parents=True)
    namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc"]
    init = [Path(__file__).with_name("host_init"), name, folder, ready, pause]
    with layout.log(name, "host").open("ab") as output:
        started = subprocess.Popen(
            ["unshare", *namespaces, "--fork", "--kill-child", "--", *init],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            pass_fds=[alive_lock],
        )
    process = Process.of(started.pid)
    if process is None:
        raise steps.failure(f"starting the host {name}", "it ended at once", layout.log(name, "host"))
    return process


def wait_for(name: str, layout: Layout, keeper: Process) -> Host:
    """Waits until the host of a keeper is set up."""
    ready = layout.host(name) / "ready"
    processes.wait_until(
        lambda: ready.exists() or not keeper.alive(), 20, f"the host {name} does not get ready"
    )
    init = next(processes.children(keeper.pid), None)
    process = Process.of(init) if init is not None else None
    if process is None or not ready.exists():
        raise steps.failure(f"starting the host {name}", "it ended", layout.log(name, "host"))
    return Host(name, keeper, process)
