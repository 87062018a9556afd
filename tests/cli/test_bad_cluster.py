"""API servers that can't be reached or refuse, and kubeconfigs that don't say where they are."""

import socket
import unittest

import fake_api
from support import CliTest


class BadClusterTest(CliTest):
    def fails(self, *parts, arguments=("pod", "web")):
        self.assert_fails(self.run_plugin(*arguments), *parts)
        self.assert_no_probe_created()

    def test_wrong_context(self):
        self.fails("nowhere", arguments=("pod", "web", "--context", "nowhere"))

    def test_no_kubeconfig(self):
        self.kubeconfig.unlink()
        self.fails("kubeconfig")

    def test_malformed_kubeconfig(self):
        self.kubeconfig.write_text("apiVersion: v1\nclusters:\n- name: [\n")
        self.fails(f"{self.kubeconfig}:4:")

    def test_unreachable_server(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            self.write_kubeconfig(server=f"https://127.0.0.1:{port}")
            self.fails(str(port))

    def test_server_that_does_not_answer(self):
        self.api.hang("GET", "/pods/web", "asked")
        self.fails("did not answer within 1 s", arguments=("pod", "web", "--request-timeout", "1s"))

    def test_untrusted_server(self):
        self.write_kubeconfig(authority="somebody-else")
        self.fails("certificate")
        self.assertEqual(self.api.requests, [])

    def test_expired_token(self):
        self.write_kubeconfig(token="expired")
        self.fails("nauthorized")

    def test_no_kubernetes(self):
        self.api.fault("GET", "", lambda handler: handler.reply(404, b"404 page not found\n"))
        self.fails("Kubernetes")

    def test_forbidden_target_and_probe_at_once(self):
        self.api.denied = {"get pods default", "create pods netcheck", "delete pods netcheck",
                           "get pods/log netcheck"}
        self.fails("get on pods in namespace default", "create, delete on pods in namespace netcheck",
                   "get on pods/log in namespace netcheck")

    def test_forbidden_probe_pod(self):
        self.api.denied = {"create pods netcheck", "watch pods netcheck"}
        self.fails("create, watch on pods in namespace netcheck")

    def test_pod_security(self):
        def reject(handler):
            return handler.query.get("dryRun") and handler.reply(403, fake_api.status(
                403, "Forbidden", 'pods "x" is forbidden: violates PodSecurity '
                '"restricted:latest": host namespaces (hostNetwork=true, hostPID=true)'))
        del self.api.objects["/api/v1/namespaces/netcheck"]
        self.api.fault("POST", "/pods", reject)
        self.fails('violates PodSecurity "restricted:latest"',
                   "kubectl label namespace default pod-security.kubernetes.io/enforce=privileged",
                   "--namespace-for-probe")

    def test_webhook(self):
        self.api.fault("POST", "/pods", fake_api.status(
            403, "Forbidden", 'admission webhook "policy.example.org" denied the request: no'))
        self.fails("policy.example.org")

    def test_no_such_probe_namespace(self):
        self.fails('namespace "tools"', arguments=("pod", "web", "--namespace-for-probe", "tools"))

    def test_garbage_instead_of_json(self):
        self.api.fault("GET", "/pods/web$", lambda handler: handler.reply(200, b"<html>login</html>"))
        self.fails("")


if __name__ == "__main__":
    unittest.main()
