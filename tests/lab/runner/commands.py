"""Running programs, and ending those that were started."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

READY_SECONDS = 60  # An emulated processor starts Python in seconds.
COMMAND_SECONDS = 60


class CommandError(Exception):
    """A command of the lab did not do what it was for."""


def run(
    *command: str | Path, stdin: str | None = None, env: Mapping[str, str] | None = None, seconds: float = COMMAND_SECONDS
) -> str:
    words = list(map(str, command))
    try:
        done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False, env=env, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{' '.join(words)}: not done after {seconds:g} s") from error
    if done.returncode:
        raise CommandError(f"{' '.join(words)}: exit code {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


class Process:
    """A program in the background; it is ready when it has written a line."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None, stdin: bool = False) -> None:
        self.words = list(map(str, command))
        self.output = b""
        self._drainer: threading.Thread | None = None
        self.process = subprocess.Popen(
            self.words,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def child(self) -> int:
        """The first child of the process, when it has one."""
        file = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if children := file.read_text(encoding="ascii").split():
                return int(children[0])
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise CommandError(f"{' '.join(self.words)}: did not start: {self.output.decode(errors='replace')}")

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_ready(self, lines: int = 1) -> None:
        stream = self.process.stdout
        assert stream is not None
        deadline = time.monotonic() + READY_SECONDS
        while self.output.count(b"\n") < lines:
            read = _read(stream, deadline - time.monotonic())
            if not read:
                raise CommandError(
                    f"{' '.join(self.words)}: not ready: {self.output.decode(errors='replace').strip() or 'no output'}"
                )
            self.output += read
        # A program whose pipe is full stands still.
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()

    def _drain(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while os.read(stream.fileno(), 65536):
            pass

    def stop(self) -> None:
        """Ends it and what it started in its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._drainer:
            self._drainer.join(READY_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.wait()


def _read(stream: IO[bytes], seconds: float) -> bytes:
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return os.read(stream.fileno(), 65536) if selector.select(max(seconds, 0)) else b""
