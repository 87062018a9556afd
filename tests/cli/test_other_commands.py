"""cleanup, version, manifests, explain, help."""

import json
import pathlib
import unittest

import fake_api
import probe_log
from support import CliTest

LABELS = {"app.kubernetes.io/name": "netcheck-probe",
          "app.kubernetes.io/managed-by": "kubectl-netcheck"}


class CleanupTest(CliTest):
    def leave(self, namespace, name, phase):
        self.api.put(f"/api/v1/namespaces/{namespace}/pods/{name}", {
            "metadata": {"name": name, "namespace": namespace, "labels": LABELS,
                         "resourceVersion": "1"},
            "spec": {"nodeName": "node-a"}, "status": {"phase": phase}})

    def setUp(self):
        super().setUp()
        self.leave("netcheck", "a", "Succeeded")
        self.leave("netcheck", "b", "Running")
        self.leave("default", "c", "Failed")
        self.leave("other", "d", "Failed")

    def test_everywhere(self):
        result = self.run_plugin("cleanup")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_nothing_left()
        for name in "abcd":
            self.assertIn(f'pod "{name}"', result.stdout)
        self.assertNotIn("web", result.stdout)
        self.assertEqual(self.run_plugin("cleanup").stdout, "no probe pods found\n")

    def test_one_namespace(self):
        self.assertEqual(self.run_plugin("cleanup", "--namespace-for-probe", "other").returncode, 0)
        self.assertEqual(len(self.api.probe_pods()), 3)

    def test_where_the_user_may_look(self):
        self.api.denied = {"list pods *"}
        result = self.run_plugin("cleanup")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.api.probe_pods(), ["/api/v1/namespaces/other/pods/d"])

    def test_forbidden(self):
        self.api.denied = {"list pods *", "list pods netcheck", "list pods default"}
        result = self.run_plugin("cleanup")
        self.assertEqual(result.returncode, 2)
        self.assertIn("error: ", result.stderr)

    def test_one_that_can_not_be_deleted(self):
        self.api.fault("DELETE", "/pods/b", fake_api.status(403, "Forbidden", "not yours"))
        result = self.run_plugin("cleanup")
        self.assertEqual(result.returncode, 2)
        self.assertIn("not yours", result.stderr)
        self.assertEqual(self.api.probe_pods(), ["/api/v1/namespaces/netcheck/pods/b"])


class VersionTest(CliTest):
    def test_client(self):
        self.kubeconfig.unlink()
        result = self.run_plugin("version", "--client")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^Client Version: v\d+\.\d+\.\d+ \(protocol \d+\)\n$")

    def test_cluster(self):
        result = self.run_plugin("version")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Server Version: v1.34.4\n", result.stdout)
        self.assertIn("Kubelet Version: v1.34.4 (1 node)\n", result.stdout)

    def test_json(self):
        report = json.loads(self.run_plugin("version", "-o", "json").stdout)
        self.assertEqual(report["serverVersion"], "v1.34.4")
        self.assertEqual(report["kubeletVersions"], {"v1.34.4": 1})
        self.assertIn("platform", report["clientVersion"])

    def test_unreachable_server_still_tells_the_client(self):
        self.write_kubeconfig(token="expired")
        self.api.fault("GET", "/version", fake_api.status(401, "Unauthorized", "Unauthorized"))
        result = self.run_plugin("version")
        self.assertEqual(result.returncode, 2)
        self.assertIn("Client Version", result.stdout)
        self.assertIn("error: ", result.stderr)


class ExplainTest(CliTest):
    PAGES = pathlib.Path(__file__).parent.parent.parent / "plugin/src/diagnosis/pages"

    def setUp(self):
        super().setUp()
        self.kubeconfig.unlink()

    def test_list(self):
        result = self.run_plugin("explain")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()],
                         sorted(page.stem for page in self.PAGES.iterdir()))

    def test_page(self):
        for code in ("NC-LISTEN-001", "nc-listen-001", "listen-1"):
            result = self.run_plugin("explain", code)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stdout, (self.PAGES / "NC-LISTEN-001.md").read_text())

    def test_what_there_is_not(self):
        self.assert_fails(self.run_plugin("explain", "LISTEN"), "did you mean NC-LISTEN-001")
        self.assert_fails(self.run_plugin("explain", "NC-LISTEM-001"), "NC-LISTEN-001")
        self.assert_fails(self.run_plugin("explain", "zebra"), "`explain` alone lists all")
        self.assert_fails(self.run_plugin("explain", "a", "b"), "one code")

    def test_every_report_with_findings_names_it_once(self):
        self.write_kubeconfig()
        self.api.life.log = probe_log.log(http_status=500)
        report = self.run_plugin("pod", "web").stdout
        self.assertEqual(report.count("kubectl netcheck explain NC-HTTP-001"), 1)
        self.api.life.log = probe_log.log()
        self.assertNotIn("explain", self.run_plugin("pod", "web").stdout)


class HelpTest(CliTest):
    def test_manifests_are_those_of_the_tree(self):
        result = self.run_plugin("manifests")
        self.assertEqual(result.returncode, 0)
        folder = pathlib.Path(__file__).parent.parent.parent / "manifests"
        self.assertEqual(result.stdout, (folder / "namespace.yaml").read_text() + "---\n" +
                         (folder / "rbac.yaml").read_text())

    def test_help_speaks_of_kubectl(self):
        for arguments in ([], ["--help"], ["-h"], ["pod", "--help"], ["pod", "-h"]):
            with self.subTest(arguments):
                result = self.run_plugin(*arguments)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("kubectl netcheck", result.stdout)
                self.assertEqual(result.stderr, "")
        self.assertIn("--namespace-for-probe", result.stdout)

    def test_no_request_is_made_for_it(self):
        self.run_plugin("pod", "--help")
        self.run_plugin("manifests")
        self.assertEqual(self.api.requests, [])


if __name__ == "__main__":
    unittest.main()
