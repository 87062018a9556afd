"""netcheck beside a running kubelet: every row of the table is a pod that kubelet probes, and that netcheck examines
meanwhile. What kubelet's events and the pod's status say, and what netcheck reports, must be the same.

$NETCHECK_ROWS: only the rows whose names contain one of these, with commas.
"""

import concurrent.futures
import json
import os
import time
import unittest

import agreement
import harness
import patients
from agreement import Kubelet
from probe_table import ROWS, Row
from test_netcheck import netcheck

# netcheck does not run commands in containers yet.
EXEC_IS_NOT_CHECKED_YET = True

# Most of an examination is waiting.
EXAMINATIONS_AT_ONCE = 6
SETTLE_SECONDS = 240
# A few source ports are enough: handshakes are the subject of other tests.
PORTS = "40001-40003"


def wanted_rows() -> list[Row]:
    parts = os.environ.get("NETCHECK_ROWS", "").split(",")
    named = [row for row in ROWS if any(part in row.name for part in parts)]
    return [row for row in named if not (row.exec and EXEC_IS_NOT_CHECKED_YET)]


class Examination:
    """One row, from its deployment to the comparison."""

    # A busy machine delays answers, kubelet's or netcheck's; what is wrong is wrong twice.
    CHANCES = 2

    def __init__(self, row: Row, namespace: str) -> None:
        self.row = row
        self.wrong: list[str] | None = None  # None: not compared yet.
        self._namespace = namespace
        self._chances = self.CHANCES
        self._deleted = False

    def is_due(self, kubelet: Kubelet | None) -> bool:
        if kubelet is None:
            return False
        if self.row.deleted and not self._deleted:
            if kubelet.container.get("ready"):
                harness.kubectl("delete", "pod", self.row.name, "--namespace", self._namespace, "--wait=false")
                self._deleted = True
            return False
        return agreement.is_settled(self.row, kubelet)

    def make(self, before: Kubelet) -> None:
        """Runs netcheck. A container that restarted meanwhile is looked at again."""
        done = netcheck("pod", self.row.name, "--namespace", self._namespace, "--output=json", "--ports", PORTS)
        try:
            report = json.loads(done.stdout)
        except json.JSONDecodeError:
            self.wrong = [f"netcheck made no report, exit code {done.returncode}: {done.stderr.strip()}"]
            return
        if agreement.was_disturbed(report):
            return
        after = agreement.look(self._namespace)[self.row.name]
        wrong = agreement.disagreements(self.row, before, after, report, done.returncode)
        self._chances -= 1
        if not wrong or self._chances == 0:
            self.wrong = wrong


class BesideKubelet(unittest.TestCase):
    namespace: str

    @classmethod
    def setUpClass(cls) -> None:
        harness.cluster()
        patients.admit_probe()
        privileged = {"pod-security.kubernetes.io/enforce": "privileged"}
        cls.namespace = cls.enterClassContext(harness.namespace("netcheck-kubelet", privileged))
        cls.addClassCleanup(netcheck, "cleanup")

    def test_every_row(self) -> None:
        rows = wanted_rows()
        manifests = [row.manifest for row in rows]
        harness.apply({"apiVersion": "v1", "kind": "List", "items": manifests}, self.namespace)
        remove = ("delete", "pods", "--all", "--namespace", self.namespace, "--wait=false", "--grace-period=1")
        self.addCleanup(harness.kubectl, *remove)
        for examination in self.examine(rows):
            with self.subTest(row=examination.row.name):
                self.assertEqual(examination.wrong, [])

    def examine(self, rows: list[Row]) -> list[Examination]:
        """Examines every row as soon as it is settled, those first whose container is about to be restarted."""
        examinations = [Examination(row, self.namespace) for row in rows]
        deadline = time.monotonic() + SETTLE_SECONDS
        with concurrent.futures.ThreadPoolExecutor(EXAMINATIONS_AT_ONCE) as pool:
            running: dict[concurrent.futures.Future[None], Examination] = {}
            while any(one.wrong is None for one in examinations):
                seen = agreement.look(self.namespace)
                idle = [one for one in examinations if one.wrong is None and one not in running.values()]
                if time.monotonic() > deadline:
                    for one in idle:
                        state = self.describe(seen.get(one.row.name))
                        one.wrong = [f"not settled and examined in {SETTLE_SECONDS} s: {state}"]
                    idle = []
                due = [one for one in idle if one.is_due(seen.get(one.row.name))]
                due.sort(key=lambda one: not one.row.restarts)
                for one in due[: EXAMINATIONS_AT_ONCE - len(running)]:
                    running[pool.submit(one.make, seen[one.row.name])] = one
                if not running:
                    time.sleep(1)
                done, _ = concurrent.futures.wait(running, 1, concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    running.pop(future)
                    future.result()
        return examinations

    @staticmethod
    def describe(kubelet: Kubelet | None) -> str:
        if kubelet is None:
            return "there is no such pod"
        status = {key: kubelet.container.get(key) for key in ("ready", "started", "restartCount", "state")}
        return f"{status}, kubelet said {sorted({told.message for told in kubelet.told})}"


if __name__ == "__main__":
    unittest.main()
