"""Lets one command at a time work on a folder."""

import contextlib
import fcntl
import time
from pathlib import Path
from typing import Iterator

from . import steps
from .errors import ClusterError

PATIENCE_SECONDS = 3600
"""Another command may be building Kubernetes."""


@contextlib.contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Holds the lock of a file, which the kernel releases when its holder ends in whatever way."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with steps.Step(f"Waiting for another command that holds {file}"):
                _wait(descriptor.fileno(), file)
        yield


def _wait(descriptor: int, file: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ClusterError(f"another command still holds {file}") from None
            time.sleep(0.2)
