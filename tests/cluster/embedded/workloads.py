"""Builds the programs that run in the cluster's pods, from tests/cluster/workloads/, into the cache."""

import hashlib
import shutil
from pathlib import Path

from . import go_toolchain, layout, steps

MODULE = layout.SOURCES / "workloads"
PROGRAMS = ("pause", "testserver")


def key() -> str:
    digest = hashlib.sha256(go_toolchain.VERSION.encode())
    for source in sorted([*MODULE.glob("go.*"), *MODULE.glob("**/*.go")]):
        digest.update(f"{source.relative_to(MODULE)}\n".encode() + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:12]


def folder() -> Path:
    return layout.cache_folder() / "workloads" / key()


def build() -> Path:
    """Returns the folder of the static programs, after building them if they aren't in the cache."""
    if all((folder() / program).is_file() for program in PROGRAMS):
        return folder()
    caches = layout.cache_folder() / "go"
    unfinished = layout.cache_folder() / "workloads" / f"{key()}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    command: list[str | Path] = [go_toolchain.find(), "build", "-v", "-ldflags", "-s -w"]
    command += ["-o", f"{unfinished}/", "./..."]
    steps.run_logged(
        "Building the cluster's workloads",
        command,
        layout.cache_folder() / "logs" / "workloads.log",
        cwd=MODULE,
        env=go_toolchain.environment(caches / "build", caches / "modules"),
    )
    shutil.rmtree(folder(), ignore_errors=True)
    unfinished.rename(folder())
    return folder()
