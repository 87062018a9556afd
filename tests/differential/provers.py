"""The two programs that are compared, each asked over its standard input."""

import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/cluster"))

from embedded import kubernetes  # noqa: E402

PATIENCE_SECONDS = 20.0


def oracle() -> Path:
    """kubelet's own packages; tests/cluster/build makes it."""
    return kubernetes.oracle()


def probe() -> Path:
    return Path(os.environ.get("NETCHECK_PROBE") or TOP / "build/bin/netcheck-probe")


@dataclasses.dataclass(frozen=True)
class Answer:
    result: str
    output: str = ""
    error: str = ""


class Prover:
    """One process, which makes one attempt at a time. It is started again after it has broken down."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        if not self._process:
            self._process = subprocess.Popen(
                [self._program, "check", "--stdin"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        return self._process

    def _read_line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert process.stdout
        line, until = b"", time.monotonic() + seconds
        while not line.endswith(b"\n"):
            if not select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError
            part = os.read(process.stdout.fileno(), 65536)
            if not part:
                raise EOFError
            line += part
        return line

    def ask(self, probe: dict[str, Any], container: dict[str, Any], pod_address: str) -> Answer:
        """Never raises: a prover that breaks down or hangs has given a wrong answer."""
        request = json.dumps({"probe": probe, "container": container, "podIP": pod_address}).encode() + b"\n"
        process = self._start()
        assert process.stdin and process.stderr
        try:
            process.stdin.write(request)
            process.stdin.flush()
            answer = json.loads(self._read_line(process, probe.get("timeoutSeconds", 1) + PATIENCE_SECONDS))
            return Answer(answer["result"], answer["output"], answer["error"])
        except TimeoutError:
            self.close()
            return Answer("hangs")
        except (EOFError, BrokenPipeError):
            words = process.communicate()[1].decode("utf-8", "replace")
            self._process = None
            return Answer("breaks down", words, f"exit code {process.returncode}")
        except (ValueError, KeyError, TypeError) as error:
            self.close()
            return Answer("answers nonsense", str(error))
