"""What the runner makes of the output of test programs: above all, that nothing is taken for a success."""

import unittest

from runners import Count, count_doctest, count_summary, count_unittest

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


if __name__ == "__main__":
    unittest.main()
