"""What the probe does to a target that accepts slowly, or not at all: it never fills more than half of its queue."""

import threading
import time
import unittest

from probe_lab import POD4, PORT, LabTest, Report, batch, plan, run

BACKLOG = 64
LIMITS = {"connections_per_second": 20000, "max_in_flight": 500, "deadline_ms": 60000}


class Backpressure(LabTest):
    def run_beside(self, rate: int, wanted: dict) -> tuple[Report, int]:
        """The report, and the longest that the queue became."""
        longest = 0
        over = threading.Event()

        def watch() -> None:
            nonlocal longest
            while not over.is_set():
                line = run(*self.lab.pod.enter("ss", "-Htln", f"sport = {PORT}"))
                longest = max(longest, int(line.split()[1]))
                time.sleep(0.01)

        with self.lab.serving(POD4, str(PORT), f"--backlog={BACKLOG}", f"--rate={rate}", program="accept_server.py"):
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                report = self.lab.probe(plan(self.lab.idle.pid, limits=LIMITS, batches=[wanted]))
            finally:
                over.set()
                watcher.join()
        self.check_complete(report)
        return report, longest

    @staticmethod
    def rise(report: Report, counter: str) -> int:
        moments = [
            sum(fact["values"].get(counter, 0) for fact in report.of("counters", where="pod", moment=moment))
            for moment in ("before", "after")
        ]
        return moments[1] - moments[0]

    def test_slow_target_loses_no_handshake(self) -> None:
        report, longest = self.run_beside(100, batch(count=300))
        self.assertEqual(report.one("batch-end")["established"], 300)
        self.assertEqual(self.rise(report, "TcpExt.ListenOverflows"), 0)
        # More wait than those of 20 ms: the server was slower than the probe's pace for this backlog.
        self.assertGreater(longest, BACKLOG // 4)
        self.assertLessEqual(longest, BACKLOG // 2 + 1)

    def test_target_that_does_not_accept(self) -> None:
        report, longest = self.run_beside(0, batch(count=500))
        end = report.one("batch-end")
        self.assertIn("the target's accept queue stays more than half full", end["not_tried_reason"])
        self.assertIn(end["tried"], range(BACKLOG // 2, BACKLOG // 2 + 11))
        self.assertLessEqual(longest, BACKLOG // 2 + 10)

    def test_full_queue_is_shown(self) -> None:
        with self.lab.serving(POD4, str(PORT), "--backlog=3", "--rate=0", program="accept_server.py"):
            report = self.lab.probe(plan(self.lab.idle.pid, batches=[batch(count=40)]))
        self.check_complete(report)
        self.assertEqual(report.one("batch-end")["established"], 4)
        self.assertGreaterEqual(report.one("batch-end")["failed"], 5)
        self.assertGreater(self.rise(report, "TcpExt.ListenOverflows"), 0)
        listener = report.one("listeners", where="pod", moment="after")["listeners"][0]
        self.assertEqual((listener["queue"], listener["backlog"]), (4, 3))


if __name__ == "__main__":
    unittest.main()
