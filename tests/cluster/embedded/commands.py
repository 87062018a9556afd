"""The command lines of tests/cluster/: build, up, down, status, import."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Callable

from . import cluster, kubernetes, layout, report, state
from .errors import ClusterError


def _run(work: Callable[[], int | None]) -> int:
    # Whatever asks this command to end lets it remove what it has started.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    try:
        return work() or 0
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser(program: str, description: str) -> argparse.ArgumentParser:
    where = "The cluster's folder is $NETCHECK_CLUSTER_DIR, or netcheck/cluster below $XDG_STATE_HOME or the cache."
    return argparse.ArgumentParser(prog=program, description=description, epilog=where)


def _layout() -> layout.Layout:
    return layout.Layout(layout.default_cluster_folder())


def build() -> int:
    description = "Builds the Kubernetes programs and the oracle of the differential tests, once."
    argparse.ArgumentParser(prog="build", description=description).parse_args()

    def work() -> None:
        kubernetes.build()
        kubernetes.build_oracle()

    return _run(work)


def up() -> int:
    parser = _parser("up", "Starts the embedded Kubernetes; keeps one that is healthy.")
    parser.add_argument("--nodes", type=int, metavar="N", help="number of nodes (1, or what a running cluster has)")
    wanted = parser.parse_args()
    return _run(lambda: cluster.up(_layout(), wanted.nodes))


def down() -> int:
    _parser("down", "Stops the embedded Kubernetes and removes it.").parse_args()
    return _run(lambda: cluster.down(_layout()))


def status() -> int:
    _parser("status", "Says how the embedded Kubernetes is; exit code 0 only if it is healthy.").parse_args()
    return _run(lambda: report.show(_layout()))


def image() -> int:
    parser = _parser("import", "Gives every node an image made of one static binary.")
    parser.add_argument("reference", metavar="NAME:TAG")
    parser.add_argument("binary", type=Path, help="becomes the image's only file and its entry point")
    parser.add_argument("argument", nargs=argparse.REMAINDER, help="fixed first arguments of the entry point")
    wanted = parser.parse_args()

    def work() -> None:
        record = state.load(_layout())
        if record is None:
            raise ClusterError("no cluster is up; start one with tests/cluster/up")
        if not wanted.binary.is_file():
            raise ClusterError(f"{wanted.binary} is not a file")
        cluster.load_image(record, wanted.reference, wanted.binary, wanted.argument)

    return _run(work)
