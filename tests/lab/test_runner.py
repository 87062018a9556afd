"""The lab itself: what it takes for a scenario, and that nothing is taken for a success."""

import tempfile
import unittest
from pathlib import Path
from typing import Any

from runner.cluster import make_credentials
from runner.examine import Outcome, Programs, Run, compare, run_one
from runner.matrix import matrix
from runner.scenario import Draw, Expectation, ScenarioError, Variables, expectation, load, load_all

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


def report(*findings: str, risks: tuple[str, ...] = (), stages: str = "") -> dict[str, Any]:
    """What the plugin says, as far as the lab looks at it."""
    parts = [finding.split() for finding in findings]
    return {
        "findings": [{"code": code, "certainty": sure, "evidence": ["seen 7 times"], "fix": []} for code, sure in parts],
        "risks": [{"code": code, "certainty": "possible", "evidence": [], "fix": []} for code in risks],
        "undetermined": [{"stage": stage, "attempts": 1, "observations": []} for stage in stages],
    }


class Format(unittest.TestCase):
    def scenario(self, text: str) -> Path:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()), "name")
        folder.mkdir()
        (folder / "scenario.yaml").write_text(text, encoding="utf-8")
        return folder

    def test_the_smallest(self) -> None:
        scenario = load(self.scenario("title: x\nmechanism: healthy\npods: {web: {}}\n"))
        self.assertEqual((scenario.name, scenario.ground, scenario.families), ("name", "netns", ("ipv4", "ipv6")))

    def test_what_is_no_scenario_is_refused_with_its_place(self) -> None:
        for text, why in (
            ("title: x\n", "missing: mechanism, pods"),
            ("title: x\nmechanism: y\npods: {web: {}}\nexpekt: {}\n", "unknown: expekt"),
            ("title: x\nmechanism: y\npods: {web: {}}\nexpect: {finding: []}\n", "unknown: finding"),
            ("title: x\nmechanism: y\npods: {web: {}}\nexpect: {findings: [NC-A-001]}\n", "is not CODE proven or CODE likely"),
            ("title: x\nmechanism: y\npods: {web: {}}\nground: mars\n", "ground is one of netns, vm"),
            ("title: x\nmechanism: y\npods: {web: {}}\nmachine_is_node: true\n", "machine_is_node is for a virtual machine"),
            ("title: x\nmechanism: y\npods: {}\n", "pods: there must be one"),
            ("- a list\n", "not a mapping"),
            ("title: [\n", "scenario.yaml"),
        ):
            with self.subTest(why), self.assertRaisesRegex(ScenarioError, why):
                load(self.scenario(text))

    def test_a_run_that_goes_wrong_says_why_and_does_not_end_the_others(self) -> None:
        def outcome(more: str) -> Outcome:
            scenario = load(self.scenario(f"title: x\nmechanism: y\npods: {{web: {{}}}}\n{more}"))
            nowhere = Path("/nowhere")
            return run_one(Run(scenario, "ipv4", 1), Programs(nowhere, nowhere, nowhere / "testserver", self.credentials()))

        for more, why in (
            ("setup: [{run: echo $(date)}]\n", "is a dollar sign"),
            ("setup: [{on: node, run: 'true'}]\n", "a step is"),
            ("setup: [{host: nobody, run: 'true'}]\n", "there is no host 'nobody'"),
            ("setup: [{run: 'false'}]\n", "exit code 1"),
            ("objects: [{kind: Secret, metadata: {name: x}}]\n", "Secret is none of"),
            ("", "/nowhere"),
        ):
            with self.subTest(why):
                self.assertIn(why, "\n".join(outcome(more).problems))
        skipped = outcome("needs: echo too old; exit 1\n")
        self.assertEqual((skipped.result, skipped.problems), ("skipped", []))
        self.assertIn("too old", skipped.skipped)

    def credentials(self) -> Path:
        return make_credentials(Path(self.enterContext(tempfile.TemporaryDirectory())))

    def test_every_scenario_of_the_tree_can_be_read(self) -> None:
        scenarios = load_all(SCENARIOS)
        self.assertEqual(len({scenario.name for scenario in scenarios}), len(scenarios))
        names = {scenario.name for scenario in scenarios}
        for scenario in scenarios:
            pair = scenario.document.get("pair")
            self.assertTrue(pair is None or pair in names, f"{scenario.name}: there is no {pair}")


class Shuffled(unittest.TestCase):
    def test_a_seed_draws_the_same_again_and_others_draw_others(self) -> None:
        def drawn(seed: int, family: str = "ipv4") -> list[str]:
            variables = Variables(Draw(seed, "name", family))
            return [variables.fill("$name_a"), *(str(variables.fill(f"${name}")) for name in ("port", "port_b", "nodeport"))]

        self.assertEqual(drawn(1), drawn(1))
        self.assertNotEqual(drawn(1), drawn(2))
        self.assertNotEqual(drawn(1), drawn(1, "ipv6"))
        self.assertEqual(len(set(drawn(3))), 4)

    def test_numbers_stay_numbers_and_unknown_names_are_refused(self) -> None:
        variables = Variables(Draw(1, "name", "ipv4"))
        self.assertEqual(variables.fill({"port": "$port"}), {"port": int(variables["port"])})
        self.assertEqual(variables.fill("for i in $$x"), "for i in $x")
        with self.assertRaisesRegex(ScenarioError, r"\$nothing is not a variable"):
            variables.fill("$nothing")


class Compared(unittest.TestCase):
    def test_what_is_expected_and_nothing_else(self) -> None:
        wanted = expectation({"findings": ["NC-A-001 proven"], "says": ["7 times"]})
        self.assertEqual(compare(wanted, report("NC-A-001 proven"), 1), [])

    def test_every_difference_is_a_problem(self) -> None:
        wanted = expectation({"findings": ["NC-A-001 proven"]})
        for got, exit_code in (
            (report(), 0),
            (report("NC-A-001 likely"), 1),
            (report("NC-A-001 proven", "NC-B-001 likely"), 1),
            (report("NC-A-001 proven", risks=("NC-B-001",)), 1),
            (report("NC-A-001 proven", stages="C"), 1),
            (report("NC-A-001 proven"), 0),
        ):
            self.assertNotEqual(compare(wanted, got, exit_code), [])
        self.assertNotEqual(compare(Expectation(), report(stages="?"), 1), [])
        self.assertNotEqual(compare(Expectation(), report(risks=("NC-B-001",)), 0), [])
        self.assertNotEqual(compare(expectation({"says": ["8 times"]}), report(), 0), [])

    def test_the_matrix_marks_what_is_off_the_diagonal(self) -> None:
        outcomes = [
            Outcome("a", "full", "ipv4", 1, "NC-A-001 proven", "NC-A-001 proven"),
            Outcome("b", "full", "ipv4", 1, "NC-A-001 proven", "healthy"),
            Outcome("c", "full", "ipv4", 1, skipped="no kernel"),
        ]
        line = matrix(outcomes)[1]
        self.assertIn("NC-A-001 proven (1)", line)
        self.assertIn("!! healthy (1)", line)


if __name__ == "__main__":
    unittest.main()
