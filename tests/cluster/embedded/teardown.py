"""Removes what `up` made, and nothing else, also after the commands or the cluster's programs were killed."""

import fcntl
import os
import shutil
import socket
from pathlib import Path

from . import cgroups, network, processes, state
from .errors import ClusterError
from .layout import Layout
from .state import State

END_SECONDS = 15


def cgroup_name(identity: str) -> str:
    return f"netcheck-{identity}"


def remove(layout: Layout) -> None:
    """Ends the cluster of this folder, whatever is left of it. Its logs stay until the next `up`."""
    record = state.load(layout)
    if record is not None:
        for host in record.hosts.values():
            host.kill()
        for keeper in record.keepers.values():
            keeper.kill()
        network.disconnect_machine(record.identity)
        cgroups.remove(cgroup_name(record.identity))
    if layout.alive_file.exists():
        _wait_until_released(layout)
    mounts = mounts_below(layout.folder)
    if mounts:
        raise ClusterError(f"mounts that no cluster makes are below {layout.folder}: {', '.join(mounts)}")
    for folder in (layout.folder / "hosts", layout.certificates, layout.kubectl_cache):
        if folder.exists():
            shutil.rmtree(folder)
    for file in (layout.kubeconfig, layout.programs, layout.alive_file, layout.state_file):
        file.unlink(missing_ok=True)


def _wait_until_released(layout: Layout) -> None:
    """Killed hosts give the lock back at once; one that wasn't found never does."""

    def released() -> bool:
        with layout.alive_file.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    processes.wait_until(
        released,
        END_SECONDS,
        f"the cluster in {layout.folder} is alive but its processes can't be seen from here; "
        "stop it where it was started",
    )


def mounts_below(folder: Path) -> list[str]:
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [point for point in points if Path(point).is_relative_to(folder)]


def leftovers(record: State, layout: Layout) -> list[str]:
    """What of a cluster the machine still shows after its removal: nothing, if the removal works."""
    found = []
    for host in record.hosts.values():
        if host.init.alive() or host.keeper.alive():
            found.append(f"process {host.init.pid} of {host.name}")
    for pid in processes.all_pids():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(os.fsencode(layout.folder) in word for word in words) and pid != os.getpid():
            found.append(f"process {pid}: {b' '.join(words).decode(errors='replace')}")
    found += [f"cgroup {group}" for group in cgroups.present(cgroup_name(record.identity))]
    found += [f"mount {point}" for point in mounts_below(layout.folder)]
    interface = network.machine_interface(record.identity)
    if interface in (name for _, name in socket.if_nameindex()):
        found.append(f"interface {interface}")
    return found
