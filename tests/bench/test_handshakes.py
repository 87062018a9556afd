"""The benchmark runs and prints its lines. What they say depends on the machine."""

import os
import subprocess
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "handshakes"


class Handshakes(unittest.TestCase):
    def run_bench(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([SCRIPT, "--pairs", "1", *options], capture_output=True, text=True, check=False)

    def test_every_handshake_of_the_sweep_is_classified(self) -> None:
        done = self.run_bench("--first", "40000", "--last", "40999", "--probe", os.environ["NETCHECK_PROBE"])
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = {line.split("  ")[0].strip(): line for line in done.stdout.splitlines()}
        self.assertIn("bare loop", lines)
        self.assertRegex(lines["netcheck"], r"1000 established, 0 failed, 0 not tried, 1000 classified, 0 packets not seen")
        self.assertRegex(done.stdout, r"default plan: \d+ ms CPU")

    def test_a_program_that_fails_is_no_result(self) -> None:
        done = self.run_bench("--first", "40000", "--last", "40999", "--probe", "/bin/false")
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
