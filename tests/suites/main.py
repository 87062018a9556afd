"""Builds what the chosen suites need, runs them one after the other and adds up what they counted."""

import argparse
import signal
import subprocess
import sys
import time

from runners import Count, Runner
from suites import SUITES, TOP


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--all", action="store_true", help="also the cases that take long")
    parser.add_argument("suite", nargs="*", help=f"of {', '.join(SUITES)}; all unless named")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.suite if name not in SUITES]
    if unknown:
        parser.error(f"no suite {unknown[0]!r}; there are {', '.join(SUITES)}")
    return options


def build(names: list[str]) -> bool:
    needed = {kind for name in names for kind in SUITES[name].builds}
    ordered = [kind for kind in ("ship", "dev", "kubernetes") if kind in needed]
    return not ordered or subprocess.run([TOP / "tests/setup/build", *ordered], check=False).returncode == 0


def run(names: list[str], runner: Runner) -> Count:
    if not build(names):
        return Count(failed=1)
    total = Count()
    for name in names:
        started = time.monotonic()
        print(f"==> {name}: {SUITES[name].title}", flush=True)
        counted = SUITES[name].run(runner)
        print(f"    {counted} in {time.monotonic() - started:.0f}s", flush=True)
        total += counted
    return total


def main() -> int:
    # Started by nohup or behind a script's "&", everything below would inherit an ignored SIGHUP or SIGINT, and what
    # they do to the plugin and the tests' cluster is tested.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = parse(sys.argv[1:])
    runner = Runner(options.all)
    total = run(options.suite or list(SUITES), runner)
    # Once more, and last: nobody should have to look for it in an hour's output.
    for name, why in runner.failures:
        print(f"==> failed: {name}\n{why}")
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
