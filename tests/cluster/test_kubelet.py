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

# Most of an examination is waiting.
EXAMINATIONS_AT_ONCE = 6
# Pods that kubelet probes all the time; to start a command takes the runtime much longer than a connection.
PROBED_AT_ONCE = 24
COMMANDS_AT_ONCE = 6
SETTLE_SECONDS = 120
# A few source ports are enough: handshakes are the subject of other tests.
PORTS = "40001-40003"


def wanted_rows() -> list[Row]:
    parts = os.environ.get("NETCHECK_ROWS", "").split(",")
    return [row for row in ROWS if any(part in row.name for part in parts)]


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
        self._deadline = time.monotonic() + SETTLE_SECONDS

    def is_overdue(self) -> bool:
        return time.monotonic() > self._deadline

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
        self.addCleanup(self.remove, "--all")
        for examination in self.examine(wanted_rows()):
            with self.subTest(row=examination.row.name):
                self.assertEqual(examination.wrong, [])

    def remove(self, *pods: str) -> None:
        if pods:
            flags = ("--namespace", self.namespace, "--wait=false", "--grace-period=1", "--ignore-not-found")
            harness.kubectl("delete", "pods", *pods, *flags)

    def deploy(self, waiting: list[Row], present: list[Examination]) -> list[Examination]:
        """As many of those that wait as the node can take beside those that are there."""
        chosen: list[Row] = []
        commands = sum(one.row.exec for one in present)
        for row in waiting:
            if len(present) + len(chosen) < PROBED_AT_ONCE and (not row.exec or commands < COMMANDS_AT_ONCE):
                chosen.append(row)
                commands += row.exec
        if chosen:
            manifests = [row.manifest for row in chosen]
            harness.apply({"apiVersion": "v1", "kind": "List", "items": manifests}, self.namespace)
        return [Examination(row, self.namespace) for row in chosen]

    def examine(self, rows: list[Row]) -> list[Examination]:
        """Examines every row as soon as it is settled, those first whose container is about to be restarted."""
        waiting, present, ended = list(rows), [], []
        with concurrent.futures.ThreadPoolExecutor(EXAMINATIONS_AT_ONCE) as pool:
            running: dict[concurrent.futures.Future[None], Examination] = {}
            while waiting or present:
                present += self.deploy(waiting, present)
                waiting = [row for row in waiting if all(one.row is not row for one in present)]
                seen = agreement.look(self.namespace)
                idle = [one for one in present if one not in running.values()]
                for one in idle:
                    if one.is_overdue():
                        state = self.describe(seen.get(one.row.name))
                        one.wrong = [f"not settled and examined in {SETTLE_SECONDS} s: {state}"]
                due = [one for one in idle if one.wrong is None and one.is_due(seen.get(one.row.name))]
                due.sort(key=lambda one: not one.row.restarts)
                for one in due[: EXAMINATIONS_AT_ONCE - len(running)]:
                    running[pool.submit(one.make, seen[one.row.name])] = one
                if not running:
                    time.sleep(1)
                done, _ = concurrent.futures.wait(running, 1, concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    running.pop(future)
                    future.result()
                over = [one for one in present if one.wrong is not None]
                self.remove(*(one.row.name for one in over))
                ended += over
                present = [one for one in present if one.wrong is None]
        return ended

    @staticmethod
    def describe(kubelet: Kubelet | None) -> str:
        if kubelet is None:
            return "there is no such pod"
        status = {key: kubelet.container.get(key) for key in ("ready", "started", "restartCount", "state")}
        return f"{status}, kubelet said {sorted({told.message for told in kubelet.told})}"


if __name__ == "__main__":
    unittest.main()
