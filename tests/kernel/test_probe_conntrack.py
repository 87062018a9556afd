"""Who fills a conntrack table: entries by address, and sockets inside the pods' namespaces."""

import contextlib
import sys
import unittest
import uuid
from collections.abc import Iterator
from pathlib import Path

from probe_lab import DEADLINE, HERE, NODE4, POD4, LabTest, Report, batch, cgroup_hierarchy, plan, run

LEAKED = 3000
SERVER_PORT = 9000
TRIES = 3
BUDGET_US = 4_000_000  # What the probe gives a dump.
MAX = int(Path("/proc/sys/net/netfilter/nf_conntrack_max").read_text(encoding="ascii")) if Path(
    "/proc/sys/net/netfilter/nf_conntrack_max").exists() else 0
TRACK = "type filter hook {} priority 0; ct state new accept;"


class Conntrack(LabTest):
    """The node's own namespace of the lab has a table of its own, with the machine's limit."""

    @classmethod
    def setUpClass(cls) -> None:
        if not 0 < MAX <= 1 << 20:
            print(f"skipped: a conntrack table of {MAX} entries is not filled here", flush=True)
            raise unittest.SkipTest("no conntrack table that could be filled")
        super().setUpClass()

    @contextlib.contextmanager
    def leak(self) -> Iterator[str]:
        """A process in the pod that holds connections to the node; yields the pod's UID."""
        uid = str(uuid.uuid4())
        cgroup = cgroup_hierarchy() / f"netcheck-{uid[:8]}" / f"pod{uid}" / (uuid.uuid4().hex * 2)
        accept = self.lab.node.enter(sys.executable, HERE / "hold_connections.py", "accept", NODE4, str(SERVER_PORT))
        leak = self.lab.pod.enter(
            sys.executable, HERE / "hold_connections.py", "open", NODE4, str(SERVER_PORT), str(LEAKED))
        cgroup.mkdir(parents=True)
        try:
            with self.lab.process(accept) as server:
                assert server.stdout is not None
                server.stdout.readline()
                with self.lab.process(leak) as leaker:
                    assert leaker.stdout is not None
                    self.assertEqual(leaker.stdout.readline(), f"ready {LEAKED}\n")
                    (cgroup / "cgroup.procs").write_text(str(leaker.pid), encoding="ascii")
                    yield uid
        finally:
            for folder in (cgroup, cgroup.parent, cgroup.parent.parent):
                folder.rmdir()

    def fill(self, count: int) -> int:
        return int(run(*self.lab.node.enter(sys.executable, HERE / "fill_conntrack.py", str(count))))

    def test_a_table_with_room_is_not_dumped(self) -> None:
        with self.lab.rules(self.lab.node, TRACK.format("output")), self.lab.serving():
            report = self.lab.probe(plan(self.lab.idle.pid, batches=[batch()]))
        self.check_complete(report)
        self.assertGreater(report.one("conntrack-table", where="node", moment="after")["count"], 0)
        self.assertEqual(report.of("conntrack-usage") + report.of("pod-sockets"), [])

    def test_full_table_and_who_holds_it(self) -> None:
        with self.lab.rules(self.lab.node, TRACK.format("output")), self.lab.serving(), self.leak() as uid:
            # On a machine that has much else to do a dump may be cut off, as it should be then.
            for _ in range(TRIES):
                self.assertEqual(self.fill(MAX), MAX)
                report = self.lab.probe(plan(self.lab.idle.pid, batches=[batch(count=5)]))
                if report.one("conntrack-usage", where="node", address="")["cut_off"] == "":
                    break
        self.check_complete(report)
        self.assertEqual({a["result"] for a in report.attempts("b")}, {DEADLINE})
        self.assertEqual({a["seen"] for a in report.attempts("b")}, {0})
        before, after = (report.one("conntrack-table", where="node", moment=m) for m in ("before", "after"))
        self.assertEqual((before["count"], after["count"]), (MAX, MAX))
        self.assertGreaterEqual(after["stats"]["drop"] - before["stats"]["drop"], 5)
        self.assertEqual(after["stats"]["insert_failed"], before["stats"]["insert_failed"])
        self.assertGreater(after["at_us"], before["at_us"])

        self.check_usage(report)
        sockets = report.one("pod-sockets", pod_uid=uid)
        self.assertTrue(sockets["counted"])
        self.assertEqual(sockets["states"].get("ESTABLISHED"), LEAKED)
        self.assertGreaterEqual(sockets["in_use"], LEAKED)
        self.assertIn(POD4, sockets["addresses"])
        self.assertEqual(sockets["netns"], report.one("target", moment="before")["pod_netns"])

    def check_usage(self, report: Report) -> None:
        usage = report.one("conntrack-usage", where="node", address="")
        print(f"conntrack: {usage['opened']} entries dumped in {usage['took_us'] / 1000:.0f} ms, run of "
              f"{report.seconds:.1f} s, {report.one('end')['max_rss_kib']} KiB {usage['cut_off']}", flush=True)
        self.assertLessEqual(usage["opened"], MAX)
        if usage["cut_off"]:
            self.assertGreaterEqual(usage["took_us"], BUDGET_US)
            return
        self.assertGreater(usage["opened"], MAX * 0.999)  # Expired entries are counted, but not dumped.
        self.assertGreater(usage["assured"], MAX * 0.99)
        holder = report.one("conntrack-usage", where="node", address=POD4)
        self.assertEqual(holder["opened"], LEAKED)
        self.assertEqual(holder["states"]["TCP ESTABLISHED"], LEAKED)
        self.assertEqual(holder["destinations"][f"{NODE4}:{SERVER_PORT}"], LEAKED)


if __name__ == "__main__":
    unittest.main()
