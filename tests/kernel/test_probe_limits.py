"""The probe under constraints: a sweep, old kernels, no capabilities, signals, deadlines, and what
it leaves behind."""

import errno
import platform
import signal
import subprocess
import time
import unittest

from probe_lab import NODE_SYN, POD4, PORT, LabTest, Report, batch, http_check, plan

SWEEP_LIMITS = {"connections_per_second": 20000, "max_in_flight": 1000, "deadline_ms": 120000, "conntrack_percent": 100}


class Sweep(LabTest):
    def sweep(self) -> Report:
        report = self.lab.probe(
            plan(self.lab.idle.pid, limits=SWEEP_LIMITS, batches=[batch("sweep")]), seconds=150
        )
        self.check_complete(report)
        attempts = report.attempts("b")
        self.assertEqual(sorted(a["port"] for a in attempts), list(range(32768, 61000)))
        end, batch_end = report.one("end"), report.one("batch-end")
        took = (batch_end["end_us"] - batch_end["start_us"]) / 1e6
        print(
            f"sweep: {len(attempts)} ports in {took:.1f} s, {end['max_rss_kib']} KiB, {len(report.stdout)} bytes",
            flush=True,
        )
        return report

    def test_every_port_is_reported(self) -> None:
        with self.lab.serving(POD4, str(PORT), program="accept_server.py"):
            report = self.sweep()
        tried = [a for a in report.attempts("b") if a["result"] != -2]
        self.assertGreater(len(tried), 28000)
        self.assertEqual({a["result"] for a in tried}, {0})

    def test_every_port_is_reported_when_all_fail(self) -> None:
        report = self.sweep()
        self.assertGreater(len(report.of("handshake-detail")), 500)
        failed = report.one("batch-end")["failed"]
        self.assertGreater(failed, 28000)
        self.assertEqual(
            len(report.of("handshake-detail")) + report.one("batch-end")["details_omitted"], failed
        )

    def test_one_percent_fails(self) -> None:
        syn = f"tcp dport {PORT} tcp flags & (syn|ack) == syn"
        reject = f"type filter hook input priority 0; {syn} numgen inc mod 100 0 reject with tcp reset;"
        with self.lab.serving(POD4, str(PORT), program="accept_server.py"), self.lab.rules(self.lab.pod, reject):
            report = self.sweep()
        refused = [a for a in report.attempts("b") if a["result"] == errno.ECONNREFUSED]
        self.assertIn(len(refused), range(270, 300))
        details = {d["source_port"] for d in report.of("handshake-detail")}
        self.assertEqual(details, {a["port"] for a in report.attempts("b") if a["result"] not in (0, -2)})


class Confined(LabTest):
    WORK = {"batches": [batch()], "checks": [http_check()]}

    def test_kernel_without_newer_system_calls(self) -> None:
        if platform.machine() != "x86_64":
            print("skipped: the list of newer system calls is that of x86-64", flush=True)
            self.skipTest("the list of newer system calls is that of x86-64")
        with self.lab.serving():
            report = self.lab.probe(plan(self.lab.idle.pid, **self.WORK), confined="old-kernel")
        self.check_complete(report)
        self.assertEqual(report.one("batch-end")["established"], 20)
        self.assertTrue(report.one("batch-end")["pod_tap"]["open"])
        self.assertEqual(report.one("check-attempt")["result"], "success")

    def test_no_capabilities(self) -> None:
        with self.lab.serving():
            report = self.lab.probe(plan(self.lab.idle.pid, **self.WORK), confined="no-capabilities")
        self.check_complete(report)
        self.assertEqual(report.one("batch-end")["established"], 20)
        self.assertEqual(report.one("check-attempt")["result"], "success")
        node_tap = report.one("tap", where="node")
        self.assertFalse(node_tap["open"])
        self.assertNotEqual(node_tap["reason"], "")
        missing = report.of("unavailable", where="pod", what="snapshot")
        self.assertEqual([m["moment"] for m in missing], ["idle", "before", "after"])
        self.assertNotEqual(missing[0]["reason"], "")

    def test_target_that_is_gone(self) -> None:
        gone = subprocess.Popen(["true"])
        gone.wait()
        report = self.lab.probe(plan(gone.pid, **self.WORK))
        self.check_complete(report)
        target = report.one("target", moment="before")
        self.assertFalse(target["found"])
        self.assertNotEqual(target["reason"], "")
        self.assertEqual(report.one("batch-end")["failed"], 20)
        self.assertTrue(all(a["seen"] & NODE_SYN for a in report.attempts("b")))

    def test_few_open_files(self) -> None:
        limits = {"max_in_flight": 500, "deadline_ms": 30000}
        wanted = plan(self.lab.idle.pid, batches=[batch()], limits=limits, idle_window_ms=1000)
        with self.lab.serving(POD4, str(PORT), program="accept_server.py"):
            report = self._with_open_files(wanted, 64)
        self.check_complete(report)
        self.assertEqual(report.one("batch-end")["established"], 20)
        self.assertEqual(len(report.of("unavailable", what="limits.max_in_flight")), 1)

    def _with_open_files(self, wanted: dict, files: int) -> Report:
        import resource  # pylint: disable=import-outside-toplevel

        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        process = self.lab.start_probe(wanted)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (files, files))
        out, err = process.communicate(timeout=60)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), before)
        return Report(out, err.decode(), process.returncode, 0)


class Ends(LabTest):
    SLOW = {
        "batches": [batch(count=2000, timeout_ms=500)],
        "limits": {"connections_per_second": 50, "max_in_flight": 10, "deadline_ms": 60000},
    }

    def test_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), self.lab.serving():
                process = self.lab.start_probe(plan(self.lab.idle.pid, **self.SLOW))
                assert process.stdout is not None
                head = b""
                while b'"heartbeat"' not in head:
                    head += process.stdout.readline()
                process.send_signal(number)
                start = time.monotonic()
                out, err = process.communicate(timeout=30)
                report = Report(head + out, err.decode(), process.returncode, 0)
                self.check_complete(report, "signal")
                self.assertLess(time.monotonic() - start, 5)
                end = report.one("batch-end")
                self.assertGreater(end["tried"], 0)
                self.assertGreater(end["not_tried"], 0)
                self.assertEqual(len(report.attempts("b")), 2000)
                self.assertEqual(len(report.of("target")), 2)

    def test_deadline(self) -> None:
        limits = {**self.SLOW["limits"], "deadline_ms": 3000}
        with self.lab.serving():
            report = self.lab.probe(plan(self.lab.idle.pid, **{**self.SLOW, "limits": limits}))
        self.check_complete(report, "deadline")
        self.assertLess(report.seconds, 4.5)
        self.assertGreater(report.one("batch-end")["not_tried"], 0)

    def test_reader_that_goes_away(self) -> None:
        with self.lab.serving():
            process = self.lab.start_probe(plan(self.lab.idle.pid, **self.SLOW))
            assert process.stdout is not None and process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(timeout=30), 2)
            self.assertIn(b"standard output was closed", process.stderr.read())
            process.stderr.close()

    def test_heartbeats(self) -> None:
        work = {**self.SLOW, "batches": [batch(count=150, timeout_ms=500)]}
        with self.lab.serving():
            report = self.lab.probe(plan(self.lab.idle.pid, **work))
        self.check_complete(report)
        tried = [beat["tried"] for beat in report.of("heartbeat")]
        self.assertGreaterEqual(len(tried), 2)
        self.assertEqual(tried, sorted(tried))
        self.assertEqual({beat["planned"] for beat in report.of("heartbeat")}, {150})

    def test_nothing_is_changed_on_the_node(self) -> None:
        rule = "type filter hook output priority 0; ct state new counter;"
        with self.lab.serving(), self.lab.rules(self.lab.node, rule.replace("counter", "accept")):
            before = self.lab.node.state(), self.lab.pod.state()
            report = self.lab.probe(plan(self.lab.idle.pid, batches=[batch()], checks=[http_check()]))
            after = self.lab.node.state(), self.lab.pod.state()
        self.check_complete(report)
        self.maxDiff = None
        for earlier, later in zip(before, after, strict=True):
            for part, value in earlier.items():
                self.assertEqual(later[part], value, part)


if __name__ == "__main__":
    unittest.main()
