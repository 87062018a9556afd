"""Where everything is kept: the cluster's own folder, and the caches that outlive it."""

import os
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError

SOURCES = Path(__file__).resolve().parent.parent
"""tests/cluster/ of the tree."""

# A node hides these folders of the machine behind its own (see host.py); what it must still see can't be there.
HIDDEN_IN_NODES = ("/run", "/var/run", "/var/lib", "/var/log")


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "netcheck"


def default_cluster_folder() -> Path:
    chosen = os.environ.get("NETCHECK_CLUSTER_DIR")
    if chosen:
        return Path(chosen).absolute()
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) / "netcheck" if state else cache_folder()) / "cluster"


@dataclass(frozen=True)
class Layout:
    """The paths below one cluster's folder."""

    folder: Path

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    @property
    def lock_file(self) -> Path:
        return self.folder / "lock"

    @property
    def alive_file(self) -> Path:
        return self.folder / "alive"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def programs(self) -> Path:
        """A link to the Kubernetes programs in the cache, kubectl among them."""
        return self.folder / "bin"

    @property
    def kubectl_cache(self) -> Path:
        """Of the cluster's own scripts and tests, which leave the user's ~/.kube alone."""
        return self.folder / "kubectl-cache"

    @property
    def certificates(self) -> Path:
        return self.folder / "pki"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def host(self, name: str) -> Path:
        """The folder of a node or of the control plane."""
        return self.folder / "hosts" / name

    def log(self, host: str, program: str) -> Path:
        return self.logs / f"{host}-{program}.log"

    def check(self) -> None:
        """Raises ClusterError when the cluster can't live in this folder."""
        for needed in (self.folder, cache_folder(), SOURCES):
            for hidden in HIDDEN_IN_NODES:
                if needed.resolve().is_relative_to(hidden):
                    raise ClusterError(
                        f"{needed} is below {hidden}, which nodes don't share with the machine; "
                        "choose another folder with NETCHECK_CLUSTER_DIR or XDG_CACHE_HOME"
                    )
        if self.folder.is_dir() and any(self.folder.iterdir()) and not self.lock_file.exists():
            raise ClusterError(f"{self.folder} holds files that are not a cluster's; choose an empty folder")
