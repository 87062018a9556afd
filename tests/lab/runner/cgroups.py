"""Control groups of the lab's pods, named as kubelet's cgroupfs driver names them."""

import contextlib
import time
from pathlib import Path

_CONTROLLERS = ("cpu", "io", "memory", "pids")
_PERIOD_US = 100_000


def _mounts() -> tuple[list[Path], Path | None]:
    """Hierarchies of cgroup v1 that have a controller we want, and the mount of v2."""
    v1: list[Path] = []
    v2 = None
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        left, right = (part.split() for part in line.split(" - ", 1))
        if right[0] == "cgroup" and set(right[2].split(",")) & set(_CONTROLLERS):
            v1.append(Path(left[4]))
        elif right[0] == "cgroup2":
            v2 = Path(left[4])
    return v1, v2


class Cgroups:
    """Everything below one folder of each hierarchy."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._v1, self._v2 = _mounts()
        if not self._v1 and not self._v2:
            raise OSError("no cgroup hierarchy is mounted")

    def _hierarchies(self) -> list[Path]:
        return self._v1 or ([self._v2] if self._v2 else [])

    def _make(self, path: Path, hierarchy: Path) -> None:
        if path.exists():
            return
        self._make(path.parent, hierarchy)
        path.mkdir(exist_ok=True)
        if not self._v1:
            for controller in _CONTROLLERS:
                with contextlib.suppress(OSError):  # One that this machine lacks.
                    (path.parent / "cgroup.subtree_control").write_text(f"+{controller}", encoding="ascii")

    def add(self, pod_uid: str, container_id: str, pid: int, cpu_limit: float | None = None) -> None:
        """Puts a process into a container's group. `cpu_limit` is in CPUs."""
        for hierarchy in self._hierarchies():
            folder = hierarchy / self._root / "kubepods" / "burstable" / f"pod{pod_uid}" / container_id
            self._make(folder, hierarchy)
            if cpu_limit:
                quota = int(cpu_limit * _PERIOD_US)
                if (folder / "cpu.cfs_quota_us").exists():
                    (folder / "cpu.cfs_quota_us").write_text(str(quota), encoding="ascii")
                elif not self._v1:
                    (folder / "cpu.max").write_text(f"{quota} {_PERIOD_US}", encoding="ascii")
            (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def remove(self) -> None:
        """When all processes are gone; ended ones leave their groups a moment later."""
        for hierarchy in self._hierarchies():
            top = hierarchy / self._root
            folders = sorted((path for path in top.glob("**/") if path.is_dir()), key=lambda path: -len(path.parts))
            deadline = time.monotonic() + 5
            for folder in folders:
                while folder.exists():
                    try:
                        folder.rmdir()
                    except OSError:
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.01)


def cpu_quantity(text: str | int | float) -> float:
    """A Kubernetes quantity of CPUs: "250m", "2"."""
    text = str(text)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
