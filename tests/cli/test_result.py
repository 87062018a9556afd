"""What a run says: verdicts, exit codes, the two forms of output, and which stream carries what."""

import json
import unittest

import fake_api
import probe_log
from support import POD, CliTest, web_pod


class ResultTest(CliTest):
    def test_healthy_pod(self):
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("healthy", result.stdout.lower())
        self.assertNotIn("error", result.stderr)
        self.assert_nothing_left()

    def test_failing_status(self):
        self.api.life.log = probe_log.log(http_status=500)
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("500", result.stdout)
        self.assert_nothing_left()

    def test_json(self):
        self.api.life.log = probe_log.log(http_status=500)
        result = self.run_plugin("pod", "web", "-o", "json")
        self.assertEqual(result.returncode, 1, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(report["schemaVersion"], 1)
        self.assertEqual(report["target"]["pod"], "web")
        self.assertEqual(report["target"]["node"], "node-a")
        self.assertEqual(report["verdict"], "unhealthy")
        for finding in report["findings"]:
            self.assertLessEqual({"code", "certainty", "title", "evidence", "fix"}, finding.keys())
        self.assertGreaterEqual(len(report["findings"]), 1)
        http = [c for c in report["checks"] if c["kind"] == "http"]
        self.assertEqual([(c["container"], c["probe"]) for c in http], [("app", "readiness")])
        self.assertEqual(len(http[0]["attempts"]), 10)
        for attempt in http[0]["attempts"]:
            self.assertLessEqual({"sourcePort", "outcome", "stage", "durations"}, attempt.keys())
        self.assertIsInstance(report["notSeen"], list)

    def test_progress_is_on_stderr_without_control_characters(self):
        result = self.run_plugin("pod", "web", "-o", "json")
        json.loads(result.stdout)
        self.assertIn("node-a", result.stderr)
        self.assertNotIn("\033", result.stderr + result.stdout)
        self.assertNotIn("\r", result.stderr)

    def test_verbose_shows_requests_and_facts(self):
        for flag in ("-v", "--v=6"):
            result = self.run_plugin("pod", "web", flag)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("GET /api/v1/namespaces/default/pods/web", result.stderr)
            self.assertIn('"kind": "hello"', result.stderr)

    def test_flags_before_the_command_and_other_spellings(self):
        for arguments in (["-n", "default", "pod", "web"], ["pod", "pod/web"],
                          ["pod", "--namespace=default", "web", "-ojson"]):
            result = self.run_plugin(*arguments)
            self.assertEqual(result.returncode, 0, f"{arguments}: {result.stderr}")

    def test_no_probes_means_declared_ports(self):
        pod = web_pod()
        del pod["spec"]["containers"][0]["readinessProbe"]
        self.api.put(POD, pod)
        result = self.run_plugin("pod", "web", "-o", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertIn("defines no probes", json.dumps(report["notSeen"]))
        self.assertEqual({c["target"] for c in report["checks"]}, {"10.0.0.5:8080"})

    def test_missing_optional_rights_are_named_and_end_nothing(self):
        self.api.denied = {"list services *", "list services default", "list events default",
                           "get nodes *"}
        result = self.run_plugin("pod", "web", "-o", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        not_seen = json.loads(result.stdout)["notSeen"]
        for right in ("list on services", "list on events", "get on nodes"):
            self.assertTrue(any(right in entry["why"] for entry in not_seen), right)
        self.assertTrue(all(entry["cost"] for entry in not_seen))

    def test_credentials_stay_out_of_the_probe_pod(self):
        pod = web_pod()
        pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["httpHeaders"] = [
            {"name": "Authorization", "value": "Bearer s3cret"}, {"name": "X-Probe", "value": "1"}]
        self.api.put(POD, pod)
        result = self.run_plugin("pod", "web", "-o", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("s3cret", json.dumps([r[3] for r in self.api.requests]) + result.stdout)
        self.assertIn("Authorization", result.stdout)

    def test_the_plan_of_the_flags_reaches_the_probe(self):
        plans = []
        self.api.life.log = lambda plan: plans.append(plan) or b"".join(probe_log.lines(plan))
        result = self.run_plugin("pod", "web", "--ports", "40000,40010-40012", "--rate", "50")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(plans[0]["batches"][0]["ports"]["ports"], [40000, 40010, 40011, 40012])
        self.assertEqual(plans[0]["limits"]["connections_per_second"], 50)
        self.assertEqual(plans[0]["checks"][0]["http"]["user_agent"], "kube-probe/1.34")

    def test_container_killed_in_between_is_no_finding(self):
        def restart(handler):
            if not any(r[1].endswith("/log") for r in self.api.requests):
                return False
            pod = web_pod()
            pod["status"]["containerStatuses"][0]["restartCount"] = 1
            return handler.reply(200, pod)
        self.api.life.log = probe_log.log(http_status=500)
        self.api.fault("GET", "/default/pods/web$", restart)
        result = self.run_plugin("pod", "web", "-o", "json")
        self.assertEqual(json.loads(result.stdout)["findings"], [])
        self.assertNotEqual(result.returncode, 0)

    def test_pod_deleted_in_between(self):
        def gone(handler):
            return any(r[1].endswith("/log") for r in self.api.requests) and handler.reply(
                404, fake_api.status(404, "NotFound", 'pods "web" not found'))
        self.api.fault("GET", "/default/pods/web$", gone)
        result = self.run_plugin("pod", "web")
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
