"""The benchmark runs and prints its lines. What they say depends on the machine."""

import os
import subprocess
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "checks"


class Checks(unittest.TestCase):
    def test_each_kind_has_a_line_for_each_program_and_one_for_the_ratio(self) -> None:
        command = [SCRIPT, "--checks", "20", "--pairs", "1", "--probe", os.environ["NETCHECK_PROBE"]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split()[:2] for line in done.stdout.splitlines()[1:]]
        kinds, names = ("http", "https", "tcp", "grpc"), ("netcheck", "kubelet", "ratio")
        self.assertEqual(lines, [[kind, name] for kind in kinds for name in names])

    def test_a_program_that_fails_is_no_result(self) -> None:
        command = [SCRIPT, "--checks", "2", "--pairs", "1", "--probe", "/bin/false", "tcp"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/bin/false: status", done.stderr)


if __name__ == "__main__":
    unittest.main()
