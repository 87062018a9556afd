"""What virtual machines showed, replayed: each scenario for one has evidence in recorded/, saved by the plugin there.

Its findings must still be what the scenario expects. A machine takes minutes, this takes none. New evidence, where the
format changes or a scenario is new:

    tests/lab/run --ground vm --family ipv4 --evidence DIR && gzip -9n DIR/*.json && mv DIR/*.json.gz tests/lab/recorded
"""

import dataclasses
import gzip
import json
import os
import subprocess
import unittest
from pathlib import Path

from runner.examine import compare
from runner.scenario import expectation, load_all

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded"


class Recorded(unittest.TestCase):
    def test_every_scenario_of_a_virtual_machine(self) -> None:
        for scenario in load_all(HERE / "scenarios"):
            if scenario.ground != "vm":
                continue
            with self.subTest(scenario.name):
                evidence = gzip.decompress((RECORDED / f"{scenario.name}-ipv4-1.json.gz").read_bytes())
                done = subprocess.run(
                    [os.environ["NETCHECK_PLUGIN"], "replay", "-", "--output", "json"],
                    input=evidence,
                    capture_output=True,
                    check=False,
                )
                self.assertTrue(done.stdout, done.stderr.decode(errors="replace"))
                # What it says has the names of that run in it.
                wanted = dataclasses.replace(expectation(scenario.document.get("expect")), says=())
                self.assertEqual(compare(wanted, json.loads(done.stdout), done.returncode), [])

    def test_there_is_no_other_evidence(self) -> None:
        machines = {f"{one.name}-ipv4-1.json.gz" for one in load_all(HERE / "scenarios") if one.ground == "vm"}
        self.assertEqual({file.name for file in RECORDED.iterdir()}, machines)


if __name__ == "__main__":
    unittest.main()
