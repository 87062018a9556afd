"""What the runner makes of the output of test programs: above all, that nothing is taken for a success."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

from runners import Count, Runner, count_doctest, count_summary, count_unittest, what_failed

DOCTEST = "[doctest] test cases:  43 |  42 passed | 1 failed | 2 skipped\n[doctest] assertions: 123 | 122 passed | 1 failed |\n"


class Doctest(unittest.TestCase):
    def test_summary(self) -> None:
        self.assertEqual(count_doctest(DOCTEST, 1), Count(42, 1, 2))

    def test_no_summary_is_a_failure(self) -> None:
        self.assertEqual(count_doctest("Segmentation fault", -11), Count(0, 1, 0))
        self.assertEqual(count_doctest("", 0), Count(0, 1, 0))

    def test_a_sanitizer_s_exit_code_is_a_failure_although_all_cases_passed(self) -> None:
        passed = "[doctest] test cases: 3 | 3 passed | 0 failed | 0 skipped\n"
        self.assertEqual(count_doctest(passed, 0), Count(3, 0, 0))
        self.assertEqual(count_doctest(passed, 1), Count(3, 1, 0))


class Unittest(unittest.TestCase):
    def test_all_passed(self) -> None:
        self.assertEqual(count_unittest("...\nRan 3 tests in 0.1s\n\nOK\n", 0), Count(3, 0, 0))

    def test_failures_errors_and_skips(self) -> None:
        output = "Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n"
        self.assertEqual(count_unittest(output, 1), Count(3, 3, 3))

    def test_subtests_can_fail_more_often_than_there_are_tests(self) -> None:
        self.assertEqual(count_unittest("Ran 1 test in 1s\n\nFAILED (failures=4)\n", 1), Count(0, 4, 0))

    def test_skips_alone(self) -> None:
        self.assertEqual(count_unittest("Ran 2 tests in 0s\n\nOK (skipped=2)\n", 0), Count(0, 0, 2))

    def test_no_result_is_a_failure(self) -> None:
        self.assertEqual(count_unittest("ImportError: no module", 1), Count(0, 1, 0))
        self.assertEqual(count_unittest("Ran 2 tests in 0s\n", 0), Count(0, 1, 0))

    def test_an_exit_code_is_a_failure_although_the_words_are_fine(self) -> None:
        self.assertEqual(count_unittest("Ran 2 tests in 0s\n\nOK\n", 1), Count(2, 1, 0))


class Summary(unittest.TestCase):
    def test_the_last_line_counts(self) -> None:
        self.assertEqual(count_summary("1 passed, 0 failed, 0 skipped\nx\n5 passed, 2 failed, 1 skipped\n", 1), Count(5, 2, 1))

    def test_an_exit_code_is_a_failure_although_the_words_are_fine(self) -> None:
        self.assertEqual(count_summary("5 passed, 0 failed, 0 skipped\n", 1), Count(5, 1, 0))

    def test_no_last_line_is_a_failure(self) -> None:
        self.assertEqual(count_summary("5 passed, 0 failed, 0 skipped\nTraceback\n", 0), Count(0, 1, 0))


class WhatFailed(unittest.TestCase):
    def test_unittest_s_first_report_without_the_cases_that_passed(self) -> None:
        report = "=" * 70 + "\nFAIL: test_x\nTraceback\n" + "-" * 70 + "\nRan 2 tests in 1s\n\nFAILED (failures=1)"
        self.assertEqual(what_failed(f"test_y ... ok\ntest_x ... FAIL\n\n{report}\n"), report)

    def test_otherwise_the_end(self) -> None:
        self.assertEqual(what_failed("".join(f"line {k}\n" for k in range(200))).splitlines()[0], "line 120")

    def test_kept_of_the_programs_that_failed_alone(self) -> None:
        runner = Runner(everything=False)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            for name, claim in (("test_good", "True"), ("test_bad", "False")):
                file = Path(folder) / f"{name}.py"
                file.write_text(
                    "import unittest\nclass C(unittest.TestCase):\n"
                    f"    def test_it(self): self.assertTrue({claim})\n"
                )
                runner.unittest(file)
            runner.command("true", ["true"])
            runner.summarised([sys.executable, "-c", "print('1 passed, 0 failed, 0 skipped')"])
            runner.summarised([sys.executable, "-c", "print('why'); print('0 passed, 1 failed, 0 skipped')"])
        self.assertEqual([name for name, _ in runner.failures], ["test_bad.py", Path(sys.executable).name])
        self.assertIn("AssertionError: False is not true", runner.failures[0][1])
        self.assertIn("why", runner.failures[1][1])


if __name__ == "__main__":
    unittest.main()
