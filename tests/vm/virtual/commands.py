"""The command line of tests/vm/run."""

import argparse
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO

from embedded.errors import ClusterError

from .channel import Sink
from .image import KERNELS
from .vm import Vm


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tests/vm/run",
        description="Boots a virtual machine, runs a command in it as root, and ends with the command's exit code.",
    )
    parser.add_argument("--kernel", choices=KERNELS, default="6.1")
    parser.add_argument("--memory", type=int, default=768, metavar="MIB")
    parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="for the command (an hour)")
    parser.add_argument(
        "--put",
        action="append",
        default=[],
        metavar="SOURCE:FOLDER",
        help="copies a folder's content, or a file, into a folder of the machine first",
    )
    parser.add_argument("command", nargs="+")
    return parser


def _show(stream: TextIO) -> Sink:
    def show(line: bytes) -> None:
        stream.buffer.write(line + b"\n")
        stream.flush()

    return show


def run() -> int:
    wanted = _parser().parse_args()
    copies = [put.rpartition(":") for put in wanted.put]
    for source, _, folder in copies:
        if not Path(source).exists() or not folder.startswith("/"):
            print(f"tests/vm/run: --put wants SOURCE:/FOLDER, and {source or folder!r} is none", file=sys.stderr)
            return 2
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    try:
        with Vm(wanted.kernel, memory_mib=wanted.memory) as vm:
            for source, _, folder in copies:
                vm.put(Path(source), folder)
            done = vm.run(wanted.command, wanted.timeout, on_line=_show(sys.stdout), on_error_line=_show(sys.stderr))
            return done.exit_code if done.exit_code >= 0 else 128 - done.exit_code
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.TimeoutExpired as error:
        print(error, file=sys.stderr)
        return 124
    except KeyboardInterrupt:
        return 130
