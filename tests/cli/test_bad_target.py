"""Pods that can't be checked, and what the user asked for that isn't there."""

import unittest

from support import NODE, POD, CliTest, node, web_pod


class BadTargetTest(CliTest):
    def fails(self, *parts, arguments=("pod", "web")):
        self.assert_fails(self.run_plugin(*arguments), *parts)
        self.assert_no_probe_created()

    def test_no_such_pod(self):
        self.fails('pod "wep" not found in namespace "default"', "did you mean web?",
                   arguments=("pod", "wep"))

    def test_no_such_namespace(self):
        self.fails('namespace "defualt" not found', "did you mean default?",
                   arguments=("pod", "web", "-n", "defualt"))

    def test_pending_without_node(self):
        pod = web_pod()
        del pod["spec"]["nodeName"]
        pod["status"] = {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
             "message": "0/1 nodes are available"}]}
        self.api.put(POD, pod)
        self.fails("Pending", "0/1 nodes are available")

    def test_pending_on_its_node(self):
        pod = web_pod()
        pod["status"].update(phase="Pending", containerStatuses=[
            {"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}])
        self.api.put(POD, pod)
        self.fails("Pending", "ImagePullBackOff")

    def test_succeeded(self):
        pod = web_pod()
        pod["status"]["phase"] = "Succeeded"
        self.api.put(POD, pod)
        self.fails("has ended (Succeeded)")

    def test_without_ip(self):
        pod = web_pod()
        del pod["status"]["podIP"], pod["status"]["podIPs"]
        self.api.put(POD, pod)
        self.fails("no IP address")

    def test_node_not_ready(self):
        self.api.put(NODE, node(ready="False", message="container runtime is down"))
        self.fails("node-a is NotReady", "container runtime is down")

    def test_node_unknown(self):
        self.api.put(NODE, node(ready="Unknown", message="Kubelet stopped posting node status."))
        self.fails("node-a is NotReady", "stopped posting")

    def test_node_gone(self):
        del self.api.objects[NODE]
        self.fails("node node-a", "does not exist any more")

    def test_node_not_linux(self):
        self.api.put(NODE, node(system="windows"))
        self.fails("runs windows")

    def test_nothing_to_check(self):
        pod = web_pod()
        pod["spec"]["containers"][0] = {"name": "app"}
        self.api.put(POD, pod)
        self.fails("defines no probes", "declares no TCP ports")

    def test_no_such_container(self):
        self.fails('no container "db"', "app", arguments=("pod", "web", "-c", "db"))

    def test_no_such_probe(self):
        self.fails("no startup probe", arguments=("pod", "web", "--probe", "startup"))

    def test_usage(self):
        for arguments, part in ((["pod"], "pod"),
                                (["pod", ""], "missing"),
                                (["pod", "a", "b"], "one pod"),
                                (["pod", "../secrets/x"], "can't be the name"),
                                (["pod", "web", "--probe", "ready"], "--probe"),
                                (["pod", "web", "--ports", "70000"], "--ports"),
                                (["pod", "web", "--rate", "0"], "--rate"),
                                (["pod", "web", "--rate", "fast"], "--rate"),
                                (["pod", "web", "--timeout", "soon"], "--timeout"),
                                (["pod", "web", "-o", "yaml"], "--output"),
                                (["pod", "web", "--image", ""], "--image"),
                                (["pod", "web", "--colour"], "--colour"),
                                (["pods", "web"], "pods")):
            with self.subTest(arguments):
                self.fails(part, arguments=arguments)
        self.assertEqual(self.api.requests, [])


if __name__ == "__main__":
    unittest.main()
