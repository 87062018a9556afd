"""Progress for whoever waits: what is being done, since when, how far it is, and why it failed."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Sequence

from .errors import ClusterError

INTERVAL_SECONDS = 10.0
TAIL_LINES = 20


def say(text: str) -> None:
    print(text, flush=True)


def last_lines(log: Path, count: int = TAIL_LINES) -> list[str]:
    """The last non-empty lines of a log that may be missing, large, or not quite UTF-8."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16384))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.replace("\r", "\n").split("\n") if line.strip()][-count:]


def failure(title: str, reason: str, log: Path) -> ClusterError:
    quoted = "".join(f"    | {line}\n" for line in last_lines(log))
    return ClusterError(f"FAILED: {title}: {reason}\n{quoted}    log: {log}")


class Step:
    """A named piece of work with a ticker: `with Step("Building …", progress): …`."""

    def __init__(self, title: str, progress: Callable[[], str] = lambda: "") -> None:
        self._title = title
        self._progress = progress
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._started = time.monotonic()

    def __enter__(self) -> "Step":
        say(f"==> {self._title}")
        self._ticker.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._ended.set()
        self._ticker.join()
        if sys.stdout.isatty():
            print("\r\033[K", end="")
        if kind is None:
            say(f"    done in {time.monotonic() - self._started:.1f}s")

    def _tick(self) -> None:
        terminal = sys.stdout.isatty()
        while not self._ended.wait(1.0 if terminal else INTERVAL_SECONDS):
            line = f"    {time.monotonic() - self._started:4.0f}s  {self._progress()[:100]}"
            print(f"\r\033[K{line}" if terminal else line, end="" if terminal else "\n", flush=True)


def run_logged(
    title: str,
    command: Sequence[str | Path],
    log: Path,
    progress: Callable[[], str] | None = None,
    **options: object,
) -> None:
    """Runs one long command as a step; raises ClusterError with the end of its log when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, Step(title, progress or (lambda: "".join(last_lines(log, 1)))):
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False, **options
            )
        except OSError as error:
            raise failure(title, str(error), log) from error
    if done.returncode != 0:
        raise failure(title, f"exit code {done.returncode}", log)
