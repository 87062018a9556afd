"""HTTP, HTTPS and TCP checks of a pod, as kubelet makes them."""

import unittest

from probe_lab import DEADLINE, POD4, POD6, PORT, Fact, LabTest, http_check, plan


class Checks(LabTest):
    def attempt(self, check: dict) -> Fact:
        report = self.lab.probe(plan(self.lab.idle.pid, checks=[check]))
        self.check_complete(report)
        return report.one("check-attempt")

    def test_healthy(self) -> None:
        with self.lab.serving():
            attempt = self.attempt(http_check())
        self.assertEqual((attempt["result"], attempt["http_status"]), ("success", 200))
        self.assertEqual(attempt["output"], "hello from /healthz")
        self.assertEqual(attempt["server"], "pod-server")
        self.assertEqual(attempt["phase"], "done")
        self.assertLessEqual(attempt["connect_us"], attempt["first_byte_us"])
        self.assertEqual(attempt["seen"] & 15, 15)

    def test_ipv6(self) -> None:
        with self.lab.serving("--address", "::"):
            attempt = self.attempt(http_check(address=POD6))
        self.assertEqual(attempt["result"], "success")
        self.assertEqual(attempt["source_address"], "fd00:199::1")

    def test_status_500(self) -> None:
        with self.lab.serving("--status", "500"):
            attempt = self.attempt(http_check())
        self.assertEqual(attempt["result"], "failure")
        self.assertEqual(attempt["output"], "HTTP probe failed with statuscode: 500")

    def test_slow_answer_is_waited_for(self) -> None:
        with self.lab.serving("--delay", "1.5"):
            attempt = self.attempt(http_check(timeout_ms=1000, patience_ms=4000))
        self.assertEqual(attempt["result"], "success")
        self.assertGreater(attempt["first_byte_us"], 1_500_000)
        self.assertLess(attempt["connect_us"], 1_000_000)

    def test_slow_answer_beyond_patience(self) -> None:
        with self.lab.serving("--delay", "3"):
            attempt = self.attempt(http_check(timeout_ms=500, patience_ms=500))
        self.assertEqual(attempt["result"], "failure")
        self.assertEqual(attempt["phase"], "headers")
        self.assertEqual(
            attempt["output"],
            f'Get "http://{POD4}:{PORT}/healthz": context deadline exceeded '
            "(Client.Timeout exceeded while awaiting headers)",
        )
        # The request got as far as the application, which has not answered.
        self.check_silence(attempt["server_socket"])

    def check_silence(self, socket: Fact) -> None:
        self.assertEqual((socket["tcp_state"], socket["accepted"]), ("ESTABLISHED", True))
        self.assertEqual((socket["unread"], socket["unacknowledged"]), (0, 0))
        self.assertEqual(socket["bytes_received"], socket["probe_sent"])
        self.assertGreater(socket["probe_sent"], 50)
        self.assertEqual((socket["bytes_acknowledged"], socket["probe_received"]), (0, 0))
        self.assertEqual(socket["probe_unacknowledged"], 0)
        self.assertIn(socket["quiet_ms"], range(400, 600))

    def test_silence_ipv6(self) -> None:
        with self.lab.serving("--address", "::", "--delay", "3"):
            attempt = self.attempt(http_check(address=POD6, timeout_ms=500, patience_ms=500))
        self.check_silence(attempt["server_socket"])

    def test_answer_that_is_lost(self) -> None:
        drop = f"type filter hook output priority 0; tcp sport {PORT} tcp flags & psh != 0 drop;"
        with self.lab.serving(), self.lab.rules(self.lab.pod, drop):
            attempt = self.attempt(http_check(timeout_ms=500, patience_ms=7000))
        socket = attempt["server_socket"]
        self.assertIn(socket["tcp_state"], ("ESTABLISHED", "FIN_WAIT1"))
        self.assertGreater(socket["unacknowledged"], 50)
        self.assertGreaterEqual(socket["retransmits"], 3)
        self.assertEqual(socket["bytes_received"], socket["probe_sent"])
        self.assertEqual((socket["probe_received"], socket["probe_unacknowledged"]), (0, 0))
        self.assertGreater(socket["segment_size"], 500)

    def test_nobody_waited_for_an_answer(self) -> None:
        with self.lab.serving():
            self.assertIsNone(self.attempt(http_check())["server_socket"])

    def test_https_with_a_strangers_certificate(self) -> None:
        with self.lab.certificate() as file, self.lab.serving("--certificate", file):
            attempt = self.attempt(http_check(http={"scheme": "HTTPS"}))
        self.assertEqual((attempt["result"], attempt["http_status"]), ("success", 200))
        self.assertLessEqual(attempt["connect_us"], attempt["tls_us"])

    def test_https_to_http(self) -> None:
        with self.lab.serving():  # It answers what it does not understand without a status line.
            attempt = self.attempt(http_check(http={"scheme": "HTTPS"}))
        self.assertEqual((attempt["result"], attempt["phase"]), ("failure", "tls"))
        self.assertTrue(attempt["output"].endswith("tls: first record does not look like a TLS handshake"), attempt)

    def test_nothing_listens(self) -> None:
        attempt = self.attempt(http_check())
        self.assertEqual(attempt["phase"], "connect")
        self.assertTrue(attempt["output"].endswith("connect: connection refused"), attempt)

    def test_tcp(self) -> None:
        check = {"id": "c", "kind": "tcp", "address": POD4, "port": PORT}
        with self.lab.serving():
            self.assertEqual(self.attempt(check)["result"], "success")
        refused = self.attempt(check)
        self.assertEqual(refused["output"], f"dial tcp {POD4}:{PORT}: connect: connection refused")

    def test_tcp_without_an_answer(self) -> None:
        check = {"id": "c", "kind": "tcp", "address": POD4, "port": PORT, "timeout_ms": 600, "patience_ms": 600}
        drop = f"type filter hook input priority 0; tcp dport {PORT} drop;"
        with self.lab.rules(self.lab.pod, drop):
            attempt = self.attempt(check)
        self.assertEqual(attempt["connect_result"], DEADLINE)
        self.assertEqual(attempt["output"], f"dial tcp {POD4}:{PORT}: i/o timeout")
        self.assertEqual(attempt["seen"] & 7, 3)

    def test_attempts_stop_with_the_budget(self) -> None:
        with self.lab.serving():
            check = http_check(attempts=1000, interval_ms=100, budget_ms=600)
            report = self.lab.probe(plan(self.lab.idle.pid, checks=[check]))
        self.check_complete(report)
        attempts = report.of("check-attempt")
        self.assertEqual([a["index"] for a in attempts], list(range(len(attempts))))
        self.assertIn(len(attempts), range(2, 8))


if __name__ == "__main__":
    unittest.main()
