"""Generated cases: 300 from a fixed seed, 5000 with NETCHECK_ALL_TESTS=1. $NETCHECK_SEED chooses another seed,
$NETCHECK_PROTOCOL (http1, http2 or grpc) one protocol.
"""

import os
import time
import unittest
from typing import Iterable, TypeVar

import generator
import generator_http2
from comparison import Comparison, Verdict
from scripts import Case

SEED = int(os.environ.get("NETCHECK_SEED", "1"))
COUNT = int(os.environ.get("NETCHECK_CASES_COUNT", "5000" if os.environ.get("NETCHECK_ALL_TESTS") else "300"))
PROTOCOL = os.environ.get("NETCHECK_PROTOCOL", "")
SHOWN = int(os.environ.get("NETCHECK_SHOWN", "10"))
SHRINK_SECONDS = 30.0

Recipe = generator.Recipe | generator_http2.Recipe
Candidate = TypeVar("Candidate", generator.Recipe, generator_http2.Recipe, Case)


class _Shrinker:
    """Looks for the smallest case in which the two still differ in the same way, for a while."""

    def __init__(self, comparison: Comparison, verdict: Verdict) -> None:
        self._comparison = comparison
        self._until = time.monotonic() + SHRINK_SECONDS
        self.verdict = verdict

    def _differs(self, case: Case) -> bool:
        verdict = self._comparison.one(case)
        if verdict.kind != self.verdict.kind:
            return False
        self.verdict = verdict
        return True

    def _first(self, candidates: Iterable[Candidate]) -> Candidate | None:
        for candidate in candidates:
            if time.monotonic() > self._until:
                return None
            if self._differs(candidate if isinstance(candidate, Case) else candidate.case()):
                return candidate
        return None

    def shrink(self, recipe: Recipe) -> Verdict:
        while smaller := self._first(recipe.smaller()):
            recipe = smaller
        if isinstance(recipe, generator_http2.Recipe):
            return self.verdict  # Whose frames would not be sound any more.
        case = recipe.case()
        while simpler := self._first(generator.simpler(case)):
            case = simpler
        return self.verdict


class Generated(unittest.TestCase):
    maxDiff = None

    def test_generated(self) -> None:
        recipes = {recipe.name: recipe for recipe in generator.recipes(SEED, COUNT, PROTOCOL)}
        with Comparison() as comparison:
            verdicts = comparison.all([recipe.case() for recipe in recipes.values()])
            failed = [verdict for verdict in verdicts.values() if verdict.fields]
            kinds = {verdict.kind: verdict for verdict in reversed(failed)}
            shown = list(kinds.values())[:SHOWN]
            shrunk = [_Shrinker(comparison, verdict).shrink(recipes[verdict.case.name]) for verdict in shown]
        if failed:
            words = (
                f"{len(failed)} of {len(recipes)} cases of seed {SEED} differ, in {len(kinds)} ways; made smaller:\n"
            )
            names = ", ".join(verdict.case.name for verdict in failed)
            self.fail(words + "\n".join(map(str, shrunk)) + f"\nall that differ: {names}")


if __name__ == "__main__":
    unittest.main()
