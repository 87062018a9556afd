"""Every written case: netcheck's prober answers and sends what kubelet's does, unless DIFFERENCES.md says otherwise."""

import os
import unittest

import differences
import written
from comparison import Comparison, Verdict
from scripts import Case


def _chosen() -> list[Case]:
    """All of them, or those whose names contain $NETCHECK_CASES."""
    return [case for case in written.every_case() if os.environ.get("NETCHECK_CASES", "") in case.name]


class Written(unittest.TestCase):
    verdicts: dict[str, Verdict]
    accepted = differences.accepted(differences.FILE.read_text())
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        with Comparison() as comparison:
            cls.verdicts = comparison.all(_chosen(), cls.accepted)

    def check(self, name: str) -> None:
        verdict, allowed = self.verdicts[name], self.accepted.get(name, frozenset())
        if set(verdict.fields) - allowed:
            self.fail(str(verdict))
        self.assertEqual(set(verdict.fields), allowed, "DIFFERENCES.md lists what no longer differs")

    def test_accepted_differences_are_cases(self) -> None:
        self.assertEqual(set(self.accepted) - {case.name for case in written.every_case()}, set())

    def test_names_are_unique(self) -> None:
        names = [case.name for case in written.every_case()]
        self.assertEqual(sorted(names), sorted(set(names)))


def _add(case: Case) -> None:
    setattr(Written, "test_" + case.name.replace("-", "_"), lambda self: self.check(case.name))


for _case in _chosen():
    _add(_case)

if __name__ == "__main__":
    unittest.main()
