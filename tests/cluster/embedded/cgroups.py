"""The cgroups of one cluster: one group in every hierarchy of the machine, with the nodes' pods below it."""

import os
from pathlib import Path

from .errors import ClusterError
from . import processes


def hierarchies() -> list[tuple[Path, str]]:
    """(mount point, file system type) of the cgroup hierarchies that the machine uses for resources."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind = after.split()[0]
        if kind in ("cgroup", "cgroup2"):
            found.append((Path(before.split()[4]), kind))
    return found


def _enable_controllers(parent: Path) -> None:
    """cgroup v2: a child has only the controllers that its parent passes on."""
    available = (parent / "cgroup.controllers").read_text().split()
    try:
        (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in available))
    except OSError as error:
        raise ClusterError(f"can't pass the controllers {available} on below {parent}: {error}") from error


def create(name: str, children: list[str]) -> None:
    for mount, kind in hierarchies():
        for child in children:
            (mount / name / child).mkdir(parents=True, exist_ok=True)
        if kind == "cgroup2":
            for parent in [mount, mount / name, *(mount / name / child for child in children)]:
                _enable_controllers(parent)


def present(name: str) -> list[Path]:
    return [mount / name for mount, _ in hierarchies() if (mount / name).is_dir()]


def _remove(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def remove(name: str) -> None:
    """Removes the cluster's groups. The kernel refuses until the last process in them is gone."""
    for group in present(name):
        processes.wait_until(lambda: _remove(group), 10, f"can't remove the cgroup {group}")
