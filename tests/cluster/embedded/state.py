"""What a cluster's folder remembers, so that every later command finds exactly what `up` started."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import ClusterError
from .host import Host
from .layout import Layout
from .processes import Process


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass
class State:
    identity: str
    """Six hexadecimal digits that tell this cluster's interface and cgroups from another's."""
    network: int
    """Index of the link network, see addresses.py."""
    nodes: list[str]
    kubernetes: str
    """Key of the programs' build."""
    started: float
    """Seconds since the epoch."""
    complete: bool = False
    """False until `up` has seen every node Ready."""
    hosts: dict[str, Host] = field(default_factory=dict)
    keepers: dict[str, Process] = field(default_factory=dict)
    """Hosts that were being started."""
    boot: str = field(default_factory=_boot)

    def save(self, layout: Layout) -> None:
        unfinished = layout.state_file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(self), indent=1) + "\n")
        unfinished.replace(layout.state_file)


def load(layout: Layout) -> State | None:
    """What the folder remembers; None when there is no cluster. Processes of an earlier boot are forgotten."""
    try:
        record = json.loads(layout.state_file.read_text())
        record["hosts"] = {
            name: Host(name, Process(**host["keeper"]), Process(**host["init"]))
            for name, host in record["hosts"].items()
        }
        record["keepers"] = {name: Process(**keeper) for name, keeper in record["keepers"].items()}
        state = State(**record)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{layout.state_file} is damaged: {error}") from error
    if state.boot != _boot():
        state.hosts, state.keepers = {}, {}
    return state


def hold_alive_lock(layout: Layout) -> int:
    """A descriptor whose lock every host of the cluster inherits, and which is free when the last one has ended.

    It shows a cluster whose processes can't be seen: one that was started from another PID namespace.
    """
    descriptor = os.open(layout.alive_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ClusterError(
            f"a cluster in {layout.folder} is alive but its processes can't be seen from here: "
            "stop it where it was started"
        ) from None
    return descriptor
