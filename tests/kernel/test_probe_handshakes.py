"""What the probe reports of handshakes with a pod, healthy and with each fault."""

import errno
import unittest

from probe_lab import (
    DEADLINE,
    NODE_OTHER,
    NODE_RST,
    NODE_SYN,
    NODE_SYN_ACK,
    POD4,
    POD6,
    POD_OTHER,
    POD_RST,
    POD_SYN,
    POD_SYN_ACK,
    PORT,
    LabTest,
    Report,
    batch,
    plan,
)

ALL = NODE_SYN | POD_SYN | POD_SYN_ACK | NODE_SYN_ACK


class Handshakes(LabTest):
    def batch_of(self, wanted: dict, count: int = 20) -> Report:
        """Runs one batch and checks what holds for every one."""
        report = self.lab.probe(plan(self.lab.idle.pid, batches=[wanted]))
        self.check_complete(report)
        end = report.one("batch-end")
        self.assertEqual(end["planned"], count)
        self.assertEqual(end["tried"] + end["not_tried"], count)
        self.assertEqual(len(report.attempts("b")), count)
        for tap in ("node_tap", "pod_tap"):
            self.assertTrue(end[tap]["open"], report.of("tap"))
            self.assertEqual(end[tap]["dropped"], 0)
            self.assertGreater(end[tap]["packets_in"], 0)
            self.assertGreater(end[tap]["packets_out"], 0)
        return report

    def check_all(self, report: Report, result: int, seen: int, never: int = 0) -> None:
        for attempt in report.attempts("b"):
            self.assertEqual(attempt["result"], result, attempt)
            self.assertEqual(attempt["seen"] & seen, seen, attempt)
            self.assertEqual(attempt["seen"] & never, 0, attempt)

    def test_healthy(self) -> None:
        with self.lab.serving():
            report = self.batch_of(batch())
        self.check_all(report, 0, ALL)
        self.assertEqual(report.one("batch-end")["established"], 20)
        self.assertEqual(report.of("handshake-detail"), [])
        self.assertEqual(len({a["port"] for a in report.attempts("b")}), 20)

    def test_order_of_facts(self) -> None:
        with self.lab.serving():
            report = self.batch_of(batch())
        kinds = [f["kind"] for f in report.facts]
        self.assertEqual(kinds[0], "hello")
        self.assertEqual([f["moment"] for f in report.of("target")], ["before", "after"])
        self.assertGreaterEqual(len(report.of("clock")), 2)
        for where in ("node", "pod"):
            moments = [f["moment"] for f in report.of("listeners", where=where)]
            self.assertEqual(moments, ["idle", "before", "after"])
        first_handshake = kinds.index("handshakes")
        last_before = max(i for i, f in enumerate(report.facts) if f.get("moment") == "before")
        self.assertLess(last_before, first_handshake)
        listeners = report.one("listeners", where="pod", moment="before")["listeners"]
        self.assertEqual([(x["address"], x["port"]) for x in listeners], [("0.0.0.0", PORT)])
        target = report.one("target", moment="before")
        self.assertTrue(target["found"])
        self.assertNotEqual(target["pod_netns"], target["node_netns"])

    def test_ipv6(self) -> None:
        with self.lab.serving("--address", "::"):
            report = self.batch_of(batch(address=POD6))
        self.check_all(report, 0, ALL)

    def test_kernel_chosen_ports(self) -> None:
        with self.lab.serving():
            report = self.batch_of(batch("kubelet"))
        self.check_all(report, 0, ALL)
        self.assertNotIn(0, [a["port"] for a in report.attempts("b")])

    def test_nothing_listens(self) -> None:
        report = self.batch_of(batch())
        self.check_all(report, errno.ECONNREFUSED, NODE_SYN | POD_SYN | POD_RST | NODE_RST, POD_SYN_ACK)
        details = report.of("handshake-detail")
        self.assertEqual(len(details), 20)
        self.assertEqual(details[0]["error"], f"dial tcp {POD4}:{PORT}: connect: connection refused")
        self.assertEqual(report.one("listeners", where="pod", moment="before")["listeners"], [])

    def test_syn_dropped_in_the_pod(self) -> None:
        drop = f"type filter hook input priority 0; tcp dport {PORT} tcp flags & (syn|ack) == syn drop;"
        with self.lab.serving(), self.lab.rules(self.lab.pod, drop):
            report = self.batch_of(batch())
        self.check_all(report, DEADLINE, NODE_SYN | POD_SYN, POD_SYN_ACK | NODE_SYN_ACK)
        detail = report.of("handshake-detail")[0]
        self.assertEqual(detail["error"], f"dial tcp {POD4}:{PORT}: i/o timeout")
        self.assertEqual(detail["tcp_state"], "SYN_SENT")
        self.assertEqual({p["where"] for p in detail["packets"]}, {"node", "pod"})

    def test_syn_ack_dropped_on_the_node(self) -> None:
        drop = f"type filter hook input priority 0; tcp sport {PORT} tcp flags & (syn|ack) == (syn|ack) drop;"
        with self.lab.serving(), self.lab.rules(self.lab.node, drop):
            report = self.batch_of(batch())
        self.check_all(report, DEADLINE, ALL)

    def test_syn_dropped_before_the_pod(self) -> None:
        drop = f"type filter hook output priority 0; tcp dport {PORT} drop;"
        with self.lab.serving(), self.lab.rules(self.lab.node, drop):
            report = self.lab.probe(plan(self.lab.idle.pid, batches=[batch()]))
        self.check_complete(report)
        self.check_all(report, DEADLINE, 0, POD_SYN)

    def test_gives_up_when_nothing_answers(self) -> None:
        drop = f"type filter hook input priority 0; tcp dport {PORT} drop;"
        with self.lab.serving(), self.lab.rules(self.lab.pod, drop):
            report = self.batch_of(batch(count=200, timeout_ms=300, give_up_after=15), count=200)
        end = report.one("batch-end")
        self.assertIn(end["failed"], range(15, 40))
        self.assertIn("none of the first attempts got an answer", end["not_tried_reason"])

    def test_does_not_give_up_on_refusals(self) -> None:
        report = self.batch_of(batch(give_up_after=5))
        self.assertEqual(report.one("batch-end")["failed"], 20)

    def test_one_source_port_fails(self) -> None:
        ports = [40000, 40001, 40002, 40003]
        drop = f"type filter hook input priority 0; tcp dport {PORT} tcp sport 40001 drop;"
        with self.lab.serving(), self.lab.rules(self.lab.pod, drop):
            report = self.batch_of(batch("list", source_ports=ports), count=4)
        results = {a["port"]: a["result"] for a in report.attempts("b")}
        self.assertEqual(results, {40000: 0, 40001: DEADLINE, 40002: 0, 40003: 0})

    def test_challenge_ack_of_an_older_connection(self) -> None:
        # The challenge ACK is answered with a reset, which would end the older connection.
        drop = f"type filter hook input priority 0; tcp dport {PORT} tcp flags rst drop;"
        with self.lab.serving(), self.lab.rules(self.lab.pod, drop):
            self.lab.forget_connection(45000)
            report = self.batch_of(batch("list", source_ports=[45000]), count=1)
        self.check_all(report, DEADLINE, NODE_SYN | POD_SYN | POD_OTHER | NODE_OTHER, POD_SYN_ACK)
        kinds = [p["kind"] for p in report.one("handshake-detail")["packets"] if p["where"] == "pod"]
        self.assertEqual(kinds[:2], ["SYN", "ACK"])

    def test_conntrack_entries_of_failures(self) -> None:
        drop = f"type filter hook input priority 0; tcp dport {PORT} drop;"
        track = "type filter hook output priority 0; ct state new counter;"
        with self.lab.serving(), self.lab.rules(self.lab.pod, drop), self.lab.rules(self.lab.node, track):
            report = self.batch_of(batch(), count=20)
        entries = report.of("conntrack-entry")
        if not entries:
            self.assertEqual(len(report.of("unavailable", what="conntrack.entries")), 1)
            return
        self.assertEqual(len(entries), 20)
        for entry in entries:
            self.assertTrue(entry["found"], entry)
            self.assertEqual(entry["tcp_state"], "SYN_SENT")


if __name__ == "__main__":
    unittest.main()
