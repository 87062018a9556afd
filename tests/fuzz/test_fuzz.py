"""Each fuzzer runs from its seeds, with a fixed number of inputs and a fixed seed of chance; much longer with
NETCHECK_ALL_TESTS. What one finds is kept in build/dev/findings."""

import concurrent.futures
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import seeds

BUILD = Path(os.environ.get("NETCHECK_FUZZERS") or seeds.FOLDER.parents[1] / "build/dev")
FINDINGS = BUILD / "findings"
TARGETS = sorted(path.stem for path in (seeds.FOLDER / "targets").glob("*.cc"))
LONG = bool(os.environ.get("NETCHECK_ALL_TESTS"))
SEED = os.environ.get("NETCHECK_SEED", "1")
RUNS = os.environ.get("NETCHECK_FUZZ_RUNS") or (-1 if LONG else 2_000)
SECONDS = 60 if LONG else 20
"""Ends a target that has not made its runs by then; on a busy machine that is no fault of it."""


def fuzz(target: str) -> "subprocess.CompletedProcess[str]":
    with tempfile.TemporaryDirectory() as found, tempfile.TemporaryDirectory() as given:
        seeds.write(target, Path(given))
        options = {
            "runs": RUNS,
            "max_total_time": SECONDS,
            "seed": SEED,
            "max_len": 4096,
            "timeout": 10,
            "rss_limit_mb": 2048,
            "artifact_prefix": f"{FINDINGS}/{target}-",
            "print_final_stats": 1,
            "verbosity": 0,
        }
        return subprocess.run(
            [BUILD / f"bin/fuzz-{target}", *(f"-{name}={value}" for name, value in options.items()), found, given],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )


class Fuzz(unittest.TestCase):
    pool: concurrent.futures.Executor
    running: "dict[str, concurrent.futures.Future[subprocess.CompletedProcess[str]]]"

    @classmethod
    def setUpClass(cls) -> None:
        FINDINGS.mkdir(parents=True, exist_ok=True)
        cls.pool = concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        cls.running = {target: cls.pool.submit(fuzz, target) for target in TARGETS}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.pool.shutdown()

    def check(self, target: str) -> None:
        done = self.running[target].result()
        self.assertEqual(done.returncode, 0, f"fuzz-{target}:\n{done.stdout}")
        self.assertIn("stat::number_of_executed_units", done.stdout)


for _target in TARGETS:
    setattr(Fuzz, f"test_{_target}", lambda self, target=_target: self.check(target))


class Seeds(unittest.TestCase):
    def test_each_target_has_some(self) -> None:
        for target in TARGETS:
            with self.subTest(target), tempfile.TemporaryDirectory() as folder:
                seeds.write(target, Path(folder))
                self.assertTrue(os.listdir(folder))


if __name__ == "__main__":
    unittest.main()
