"""What can befall the probe pod, and that none is left whatever happens."""

import signal
import threading
import unittest

import fake_api
import probe_log
from support import CliTest, finished, waiting

RUNNING = {"phase": "Running", "containerStatuses": [{"name": "probe", "state": {"running": {}}}]}
HALF = 700


class ProbePodTest(CliTest):
    def life(self, *states, **options):
        self.api.life = fake_api.ProbeLife(list(states), **{"log": probe_log.log(), **options})

    def fails(self, *parts, arguments=("pod", "web")):
        self.assert_fails(self.run_plugin(*arguments), *parts)

    def test_image_that_can_not_be_pulled(self):
        for reason in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"):
            with self.subTest(reason):
                self.life(waiting("ContainerCreating"), waiting(reason, "no such image"))
                self.fails(reason, "no such image", "--image")

    def test_rejected_by_kubelet(self):
        self.life({"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough"})
        self.fails("OutOfcpu", "didn't have enough")

    def test_never_started(self):
        self.life({"phase": "Pending"})
        self.fails("node-a did not start the probe pod within 1 s",
                   arguments=("pod", "web", "--timeout", "1s"))

    def test_deleted_before_it_starts(self):
        self.life({"phase": "Pending"})
        self.api.fault("GET", "watch=true", self.delete_probe)
        self.fails("somebody deleted it")

    def delete_probe(self, handler):
        for path in self.api.probe_pods():
            self.api.remove(path)
        return False

    def ends_early(self, state, *parts):
        self.life(RUNNING, log=probe_log.log(end=False), log_status=state)
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 2, result.stdout + result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertIn("incomplete", result.stdout)
        self.assert_nothing_left()

    def test_evicted(self):
        self.ends_early(finished("Failed", "Error", 137, "Evicted", "low on memory"), "Evicted",
                        "low on memory")

    def test_killed_for_memory(self):
        self.ends_early(finished("Failed", "OOMKilled", 137), "OOMKilled")

    def test_deadline(self):
        self.ends_early(finished("Failed", "Error", 137, "DeadlineExceeded", "was active too long"),
                        "DeadlineExceeded")

    def test_log_cut_off(self):
        self.ends_early(finished("Succeeded", "Completed"), "cut off")

    def test_deleted_while_it_runs(self):
        self.life(RUNNING, log=lambda plan: self.delete_probe(None) or
                  b"".join(probe_log.lines(plan, end=False)))
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 2)
        self.assertIn("somebody deleted it", result.stderr)
        self.assert_nothing_left()

    def test_log_that_breaks_off_is_read_again_without_loss_or_doubles(self):
        for cuts in ([1], [HALF], [HALF, 2 * HALF, 3 * HALF + 1]):
            with self.subTest(cuts):
                self.life(RUNNING, cuts=cuts)
                result = self.run_plugin("pod", "web", "-v")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stderr.count('"kind": "hello"'), 1)
                self.assertEqual(result.stderr.count('"kind": "end"'), 1)
                self.assert_nothing_left()

    def test_finished_before_it_was_seen_running(self):
        self.life(finished("Succeeded", "Completed"))
        self.assertEqual(self.run_plugin("pod", "web").returncode, 0)
        self.assert_nothing_left()

    def test_newer_probe(self):
        self.life(RUNNING, log=probe_log.log(probe_version="9.0.0", protocol_version=99))
        self.fails("9.0.0", "newer", "--image")

    def test_older_probe_refuses_the_plan(self):
        self.life(finished("Failed", "Error", 2), log=lambda plan:
                  b"plan: protocol version 1 is not understood by this probe\n")
        self.fails("protocol version 1 is not understood")

    def test_other_release_of_the_same_protocol(self):
        self.life(RUNNING, log=probe_log.log(probe_version="0.0.9"))
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("warning", result.stderr)
        self.assertIn("0.0.9", result.stderr)

    def test_pod_that_can_not_be_deleted_is_named(self):
        self.api.denied = set()
        self.api.fault("DELETE", "netcheck-probe", fake_api.status(403, "Forbidden", "not yours"))
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("kubectl delete pod -n netcheck netcheck-probe-", result.stderr)

    def test_the_pod_vanishes_at_once_when_its_work_is_done(self):
        self.run_plugin("pod", "web")
        self.assertEqual([grace for _, grace in self.api.deleted], [0])

    def test_what_killed_runs_left_is_removed(self):
        labels = {"app.kubernetes.io/name": "netcheck-probe",
                  "app.kubernetes.io/managed-by": "kubectl-netcheck"}
        for name, phase in (("old", "Succeeded"), ("at-work", "Running")):
            self.api.put(f"/api/v1/namespaces/netcheck/pods/{name}", {
                "metadata": {"name": name, "namespace": "netcheck", "labels": labels,
                             "resourceVersion": "1", "creationTimestamp": "2126-01-01T00:00:00Z"},
                "spec": {"activeDeadlineSeconds": 60}, "status": {"phase": phase}})
        self.assertEqual(self.run_plugin("pod", "web").returncode, 0)
        self.assertEqual(self.api.probe_pods(), ["/api/v1/namespaces/netcheck/pods/at-work"])


class InterruptTest(CliTest):
    """Ctrl-C and its like at each request of a run."""

    def interrupted(self, method, pattern, sent=signal.SIGINT, before_reply=None):
        self.api.hang(method, pattern, "there", before_reply)
        process = self.start_plugin("pod", "web")
        self.assertTrue(self.api.reached["there"].wait(20), "the plugin never came so far")
        process.send_signal(sent)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2, err)
        self.assertEqual(out, "")
        self.assertIn("error: interrupted", err)
        self.assert_nothing_left()

    def test_while_reading_the_pod(self):
        self.interrupted("GET", "/default/pods/web")

    def test_while_asking_for_rights(self):
        self.interrupted("POST", "selfsubjectaccessreviews")

    def test_during_the_dry_run(self):
        self.interrupted("POST", "dryRun")

    def test_while_creating_the_pod_that_the_server_has_taken(self):
        def take(handler):
            self.api.create(handler.url_path, handler.body)
        self.interrupted("POST", "/netcheck/pods$", before_reply=take)

    def test_while_waiting_for_the_start(self):
        self.interrupted("GET", "watch=true")

    def test_while_reading_the_log(self):
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(sent.name):
                self.api.faults.clear()
                self.interrupted("GET", "/log", sent)

    def test_twice(self):
        self.api.hang("GET", "/log", "there")
        process = self.start_plugin("pod", "web")
        self.assertTrue(self.api.reached["there"].wait(20))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2)
        self.assert_nothing_left()


class ServerGoneTest(CliTest):
    def test_half_way(self):
        def vanish(plan):
            self.api.reached["log"].set()
            return b"".join(probe_log.lines(plan, end=False))
        self.api.reached["log"] = threading.Event()
        self.api.life.log = vanish
        self.api.life.cuts = [HALF]
        process = self.start_plugin("pod", "web", "--request-timeout", "2s")
        self.assertTrue(self.api.reached["log"].wait(20))
        self.api.stop()
        _, err = process.communicate(timeout=50)
        self.assertEqual(process.returncode, 2)
        self.assertIn("error: ", err)
        self.assertIn("kubectl delete pod -n netcheck netcheck-probe-", err)

    def test_back_in_time(self):
        """Errors of a restarting API server are no reason to give up."""
        failures = [fake_api.status(503, "ServiceUnavailable", "starting")] * 3

        def restart(handler):
            if not failures:
                return False
            answer = failures.pop()
            return handler.reply(answer["code"], answer)
        self.api.fault("GET", "/log", restart)
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
