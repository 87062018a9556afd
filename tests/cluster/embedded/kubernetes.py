"""Builds the Kubernetes programs once, from the pinned module, into the cache.

And kubelet's prober alone, which the differential tests ask (see kubernetes/proberoracle).
"""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

from . import go_toolchain, layout, steps
from .errors import ClusterError

MODULE = layout.SOURCES / "kubernetes"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet")
VERSION_PACKAGES = ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version")
"""Where the programs keep the version they report; without it a kubelet calls itself v0.0.0-master."""
ORACLE_PACKAGE = "proberoracle"


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
    """Names what the programs are built from: sources, checksums, flags and the compiler."""
    digest = hashlib.sha256()
    flags = f"{_linker_flags()} go{go_toolchain.VERSION}"
    for part in ((MODULE / "go.mod").read_bytes(), (MODULE / "go.sum").read_bytes(), flags.encode()):
        digest.update(hashlib.sha256(part).digest())
    return f"{version()}-{digest.hexdigest()[:12]}"


def folder() -> Path:
    return layout.cache_folder() / "kubernetes" / key()


def is_built() -> bool:
    return all((folder() / program).is_file() for program in PROGRAMS)


def oracle() -> Path:
    """The oracle in the cache. Its sources are part of its own key only: a change of them compiles it alone."""
    digest = hashlib.sha256(key().encode())
    for source in sorted((MODULE / ORACLE_PACKAGE).glob("*.go")):
        digest.update(f"{source.name}\n".encode() + hashlib.sha256(source.read_bytes()).digest())
    return layout.cache_folder() / "prober-oracle" / f"{version()}-{digest.hexdigest()[:12]}" / ORACLE_PACKAGE


def _workshop() -> Path:
    """The compiler's caches, several gigabytes. They stay after a failure, so that the next run carries on there."""
    return layout.cache_folder() / "go" / f"kubernetes-{key()}"


def _environment() -> dict[str, str]:
    return go_toolchain.environment(_workshop() / "build", _workshop() / "modules")


def check_go(sources: Path) -> None:
    """Refuses to build Kubernetes' sources with another Go than their release was built with."""
    theirs = (sources / ".go-version").read_text().strip()
    if theirs != go_toolchain.VERSION:
        raise ClusterError(f"Kubernetes {version()} is built with Go {theirs}: go_toolchain.VERSION must name it")


def _compile(title: str, packages: str, output: Path, log: Path, progress: Callable[[], str] | None = None) -> None:
    go = go_toolchain.find()
    output.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [go, "build", "-v", "-ldflags", _linker_flags(), "-o", f"{output}/", packages]
    steps.run_logged(title, command, log, progress, cwd=MODULE, env=_environment())


def _keep(made: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    made.rename(kept)


def build() -> Path:
    """Returns the folder of the programs, after building them if they aren't in the cache."""
    if is_built():
        return folder()
    output = _workshop() / "bin"
    logs = layout.cache_folder() / "logs"

    listing, log = logs / "kubernetes-packages.log", logs / "kubernetes-build.log"
    _workshop().mkdir(parents=True, exist_ok=True)
    fetch: list[str | Path] = [go_toolchain.find(), "list", "-deps", "tool"]
    title = f"Fetching the Go modules of Kubernetes {version()}"
    steps.run_logged(title, fetch, listing, cwd=MODULE, env=_environment())
    check_go(_workshop() / "modules" / f"k8s.io/kubernetes@{version()}")
    packages = len(listing.read_text(errors="replace").splitlines())

    def progress() -> str:
        compiled = len(log.read_text(errors="replace").splitlines())
        return f"{compiled} of at most {packages} packages, {len(list(output.iterdir()))} of {len(PROGRAMS)} programs"

    _compile(f"Building Kubernetes {version()} (once; about ten minutes on two cores)", "tool", output, log, progress)
    _check(output)
    _keep(output, folder())
    build_oracle()  # Of seconds here, where its packages are compiled already.
    shutil.rmtree(_workshop(), ignore_errors=True)
    return folder()


def build_oracle() -> Path:
    """Returns the oracle, after building it if it isn't in the cache: alone that takes minutes."""
    if not oracle().is_file():
        log = layout.cache_folder() / "logs" / "prober-oracle.log"
        output = _workshop() / "oracle"
        _compile("Building the oracle of the differential tests", f"./{ORACLE_PACKAGE}", output, log)
        _keep(output, oracle().parent)
        shutil.rmtree(_workshop(), ignore_errors=True)
    return oracle()


def _check(programs: Path) -> None:
    for program in PROGRAMS:
        option = ["version", "--client"] if program == "kubectl" else ["--version"]
        shown = subprocess.run([programs / program, *option], capture_output=True, text=True, check=False).stdout
        if version() not in shown:
            raise ClusterError(f"{programs / program} reports another version than {version()}: {shown.strip()!r}")
