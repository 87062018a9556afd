"""Builds the Kubernetes programs once, from the pinned module, into the cache."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from . import go_toolchain, layout, steps
from .errors import ClusterError

MODULE = layout.SOURCES / "kubernetes"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet")
VERSION_PACKAGES = ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version")
"""Where the programs keep the version they report; without it a kubelet calls itself v0.0.0-master."""


def version() -> str:
    """The Kubernetes version that go.mod names, as in v1.34.4."""
    found = re.search(r"^(?:require)?\s*k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise ClusterError(f"{MODULE}/go.mod requires no k8s.io/kubernetes")
    return found[1]


def _linker_flags() -> str:
    major, minor, _ = version().removeprefix("v").split(".", 2)
    values = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor, "gitTreeState": "archive"}
    stamps = [f"-X {package}.{name}={value}" for package in VERSION_PACKAGES for name, value in values.items()]
    return " ".join(["-s -w", *stamps])


def key() -> str:
    """Names what the programs are built from: sources, checksums and flags."""
    digest = hashlib.sha256()
    for part in ((MODULE / "go.mod").read_bytes(), (MODULE / "go.sum").read_bytes(), _linker_flags().encode()):
        digest.update(hashlib.sha256(part).digest())
    return f"{version()}-{digest.hexdigest()[:12]}"


def folder() -> Path:
    return layout.cache_folder() / "kubernetes" / key()


def is_built() -> bool:
    return all((folder() / program).is_file() for program in PROGRAMS)


def build() -> Path:
    """Returns the folder of the programs, after building them if they aren't in the cache."""
    if is_built():
        return folder()
    # The compiler's caches are several gigabytes. They stay after a failure, so that the next run carries on there.
    workshop = layout.cache_folder() / "go" / f"kubernetes-{key()}"
    output = workshop / "bin"
    output.mkdir(parents=True, exist_ok=True)
    environment = go_toolchain.environment(workshop / "build", workshop / "modules")
    go = go_toolchain.find()
    logs = layout.cache_folder() / "logs"

    listing, log = logs / "kubernetes-packages.log", logs / "kubernetes-build.log"
    fetch = [go, "list", "-deps", "tool"]
    steps.run_logged(f"Fetching the Go modules of Kubernetes {version()}", fetch, listing, cwd=MODULE, env=environment)
    packages = len(listing.read_text(errors="replace").splitlines())

    def progress() -> str:
        compiled = len(log.read_text(errors="replace").splitlines())
        return f"{compiled} of at most {packages} packages, {len(list(output.iterdir()))} of {len(PROGRAMS)} programs"

    command = [go, "build", "-v", "-ldflags", _linker_flags(), "-o", f"{output}/", "tool"]
    title = f"Building Kubernetes {version()} (once; about ten minutes on two cores)"
    steps.run_logged(title, command, log, progress, cwd=MODULE, env=environment)
    _check(output)
    folder().parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder(), ignore_errors=True)
    output.rename(folder())
    shutil.rmtree(workshop, ignore_errors=True)
    return folder()


def _check(programs: Path) -> None:
    for program in PROGRAMS:
        option = ["version", "--client"] if program == "kubectl" else ["--version"]
        shown = subprocess.run([programs / program, *option], capture_output=True, text=True, check=False).stdout
        if version() not in shown:
            raise ClusterError(f"{programs / program} reports another version than {version()}: {shown.strip()!r}")
