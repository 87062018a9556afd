"""The scripts that set the machine up: steps.sh and packages."""

import subprocess
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def run_step(interval: str, command: str) -> "tuple[subprocess.CompletedProcess[str], str]":
    """Runs a shell command as a step, and returns what was shown and what was logged."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "logs", "step.log")
        script = f'set -euo pipefail; . "{FOLDER}/steps.sh"; step "the title" "{log}" bash -c \'{command}\''
        done = subprocess.run(
            ["bash", "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "STEP_INTERVAL": interval},
        )
        return done, log.read_text()


class Steps(unittest.TestCase):
    def test_success_keeps_the_output_in_the_log(self) -> None:
        done, log = run_step("10", "echo made; echo warned >&2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^==> the title\n    done in \d+s\n$")
        self.assertEqual(log, "made\nwarned\n")

    def test_failure_says_which_why_and_where(self) -> None:
        done, _ = run_step("10", "seq 100; echo broken; exit 7")
        self.assertEqual(done.returncode, 7)
        self.assertIn("FAILED after", done.stderr)
        self.assertIn("the title (exit code 7)", done.stderr)
        self.assertIn("    | broken\n", done.stderr)
        self.assertNotIn("| 50\n", done.stderr)
        self.assertRegex(done.stderr, r"    log: /.*/logs/step\.log\n$")

    def test_command_killed_by_a_signal_is_a_failure(self) -> None:
        done, _ = run_step("10", "kill -9 $$")
        self.assertEqual(done.returncode, 137)
        self.assertIn("FAILED", done.stderr)

    def test_progress_shows_the_last_line(self) -> None:
        done, _ = run_step("0.2", "echo early; echo [17/99] late; sleep 1")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\n +\d+s  \[17/99\] late\n")


class Packages(unittest.TestCase):
    def test_every_line_of_the_list_names_group_package_and_reason(self) -> None:
        lines = (FOLDER / "packages.txt").read_text().splitlines()
        listed = [line for line in lines if line and not line.startswith("#")]
        self.assertGreater(len(listed), 20)
        for line in listed:
            self.assertRegex(line, r"^(build|cluster|bench|vm)  [a-z0-9.+-]+ +# \S.*$")

    def test_unknown_group(self) -> None:
        done = subprocess.run([FOLDER / "packages", "nonsense"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no group 'nonsense'", done.stderr)


if __name__ == "__main__":
    unittest.main()
