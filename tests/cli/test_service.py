"""kubectl netcheck service: what it connects to and from where, what it says, and what it can't look at."""

import errno
import json
import unittest

import probe_log
from support import CliTest, node

SERVICE = "/api/v1/namespaces/default/services/web"
SLICE = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web-1"
VIP, ENDPOINT_A, ENDPOINT_B = "10.96.0.10:80", "10.244.0.5:8080", "10.244.1.6:8080"


def service(**spec):
    return {"metadata": {"name": "web", "namespace": "default"},
            "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"],
                     "selector": {"app": "web"}, "internalTrafficPolicy": "Cluster",
                     "sessionAffinity": "None", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
                     **spec}}


def endpoint(address, node_name, ready=True):
    return {"addresses": [address], "nodeName": node_name, "conditions": {"ready": ready},
            "targetRef": {"kind": "Pod", "name": "pod-on-" + node_name}}


def endpoint_slice(*endpoints):
    return {"metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            "endpoints": list(endpoints)}


def named_node(name, **options):
    return {**node(**options), "metadata": {"name": name}}


def failing(address, result=-1):
    """A log in which every connection to this address and port fails."""
    def log(plan):
        facts = [json.loads(line) for line in probe_log.lines(plan)]
        for fact in facts:
            if fact.get("batch", "").startswith(address + "/"):
                if fact["kind"] == "handshakes":
                    fact["results"], fact["seen"] = [[result, fact["count"]]], [[0, fact["count"]]]
                if fact["kind"] == "batch-end":
                    fact["failed"], fact["established"] = fact["established"], 0
        return b"".join(json.dumps(fact).encode() + b"\n" for fact in facts)
    return log


class ServiceTest(CliTest):
    def setUp(self):
        super().setUp()
        self.api.put(SERVICE, service())
        self.api.put(SLICE, endpoint_slice(endpoint("10.244.1.6", "node-b"), endpoint("10.244.0.5", "node-a")))
        self.api.put("/api/v1/nodes/node-b", named_node("node-b"))

    def report(self, *arguments, code=0):
        result = self.run_plugin("service", "web", "-o", "json", *arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assert_nothing_left()
        return json.loads(result.stdout)

    def probe_pod(self):
        return next(r[3] for r in self.api.requests
                    if r[0] == "POST" and r[1].endswith("/pods") and not r[2].get("dryRun"))

    def fails(self, *parts, arguments=("service", "web")):
        self.assert_fails(self.run_plugin(*arguments), *parts)
        self.assert_no_probe_created()


class HealthyServiceTest(ServiceTest):
    def test_every_way_is_tried(self):
        report = self.report()
        self.assertEqual(report["verdict"], "healthy")
        self.assertEqual(report["target"]["service"], "web")
        self.assertEqual(report["target"]["node"], "node-a")
        self.assertEqual([e["address"] for e in report["target"]["endpoints"]], ["10.244.0.5", "10.244.1.6"])
        self.assertEqual({(c["way"], c["target"]) for c in report["checks"]},
                         {("cluster IP", VIP), ("endpoint", ENDPOINT_A), ("endpoint", ENDPOINT_B)})
        self.assertEqual({c["note"] for c in report["checks"]},
                         {"", "pod pod-on-node-a on node node-a", "pod pod-on-node-b on node node-b"})
        self.assertTrue(all(c["passed"] and not c["failed"] for c in report["checks"]))

    def test_table(self):
        result = self.run_plugin("service", "svc/web")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Service default/web (ClusterIP), cluster IP 10.96.0.10, from node node-a", result.stdout)
        for word in ("HEALTHY", "WAY", VIP, ENDPOINT_B, "pod-on-node-b"):
            self.assertIn(word, result.stdout)

    def test_the_probe_runs_on_the_chosen_node_without_a_pod_as_its_target(self):
        plans = []
        self.api.life.log = lambda plan: plans.append(plan) or b"".join(probe_log.lines(plan))
        self.report("--node", "node-b", "--timeout", "20s")
        self.assertEqual(self.probe_pod()["spec"]["nodeName"], "node-b")
        self.assertTrue(plans[0]["target"]["host_network"])
        self.assertEqual(plans[0]["target"]["containers"], [])
        self.assertEqual(plans[0]["checks"], [])
        self.assertLessEqual(plans[0]["limits"]["deadline_ms"], 20000)

    def test_only_nodes_that_are_ready_are_chosen(self):
        self.api.put("/api/v1/nodes/node-a", named_node("node-a", ready="False"))
        self.assertEqual(self.report()["target"]["node"], "node-b")

    def test_node_port_and_both_families(self):
        self.api.put(SERVICE, service(type="NodePort", clusterIPs=["10.96.0.10", "fd00:96::a"],
                                      ports=[{"name": "http", "port": 80, "nodePort": 30080}]))
        with_addresses = named_node("node-a")
        with_addresses["status"]["addresses"] = [{"type": "InternalIP", "address": "192.0.2.1"},
                                                 {"type": "InternalIP", "address": "2001:db8::1"}]
        self.api.put("/api/v1/nodes/node-a", with_addresses)
        targets = {(c["way"], c["target"]) for c in self.report()["checks"]}
        self.assertLessEqual({("cluster IP", "[fd00:96::a]:80"), ("NodePort", "192.0.2.1:30080"),
                              ("NodePort", "[2001:db8::1]:30080")}, targets)

    def test_other_ports_are_named(self):
        self.api.put(SERVICE, service(ports=[{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]))
        self.assertIn("port 53/UDP", [entry["what"] for entry in self.report()["notSeen"]])
        self.assertEqual(self.report("--port", "http")["notSeen"], [])

    def test_headless(self):
        self.api.put(SERVICE, service(clusterIP="None", clusterIPs=["None"]))
        report = self.report()
        self.assertEqual({c["way"] for c in report["checks"]}, {"endpoint"})
        self.assertIn("headless", json.dumps(report["notSeen"]))

    def test_missing_optional_rights_are_named_and_end_nothing(self):
        self.api.denied = {"get nodes *"}
        report = self.report()
        self.assertTrue(any("get on nodes" in entry["why"] for entry in report["notSeen"]))
        self.api.denied = {"list endpointslices default"}
        report = self.report("--node", "node-a")
        self.assertTrue(any("list on endpointslices" in entry["why"] for entry in report["notSeen"]))
        self.assertEqual({c["way"] for c in report["checks"]}, {"cluster IP"})


class SickServiceTest(ServiceTest):
    def test_cluster_ip_fails_and_endpoints_answer(self):
        self.api.life.log = failing(VIP)
        report = self.report(code=1)
        self.assertEqual(report["verdict"], "undetermined")
        self.assertEqual(report["findings"], [])
        (entry,) = report["undetermined"]
        self.assertIn(VIP, entry["subject"])
        self.assertIn("2 answered and 0 did not", json.dumps(entry["observations"]))

    def test_the_saved_evidence_gives_the_same_report(self):
        self.api.life.log = failing(VIP)
        path = str(self.folder / "evidence.json")
        live = self.report("--save", path, code=1)
        replayed = self.run_plugin("replay", path, "-o", "json")
        self.assertEqual(replayed.returncode, 1, replayed.stderr)
        self.assertEqual(json.loads(replayed.stdout), live)

    def test_no_ready_endpoint(self):
        self.api.put(SLICE, endpoint_slice(endpoint("10.244.1.6", "node-b", ready=False)))
        self.api.life.log = failing(VIP, errno.ECONNREFUSED)
        report = self.report(code=1)
        self.assertEqual([f["code"] for f in report["findings"]], ["NC-SERVICE-001"])

    def test_policy_local_without_a_local_endpoint(self):
        self.api.put(SERVICE, service(internalTrafficPolicy="Local"))
        self.api.put("/api/v1/nodes/node-c", named_node("node-c"))
        self.api.life.log = failing(VIP)
        report = self.report("--node", "node-c", code=1)
        self.assertEqual([f["code"] for f in report["findings"]], ["NC-SERVICE-002"])

    def test_endpoints_that_change_meanwhile_support_no_finding(self):
        def changed(handler):
            return any(r[1].endswith("/log") for r in self.api.requests) and handler.reply(
                200, {"items": [endpoint_slice(endpoint("10.244.1.9", "node-b"))]})
        self.api.fault("GET", "endpointslices", changed)
        self.api.put(SLICE, endpoint_slice(endpoint("10.244.1.6", "node-b", ready=False)))
        self.api.life.log = failing(VIP, errno.ECONNREFUSED)
        report = self.report("--node", "node-a", code=1)
        self.assertEqual(report["findings"], [])


class NoServiceTest(ServiceTest):
    def test_no_such_service(self):
        self.fails('service "wep" not found in namespace "default"', "did you mean web?", arguments=("service", "wep"))

    def test_no_such_namespace(self):
        self.fails('namespace "defualt" not found', arguments=("service", "web", "-n", "defualt"))

    def test_no_such_node(self):
        self.fails('node "node-x" not found', "did you mean", arguments=("service", "web", "--node", "node-x"))

    def test_node_not_ready(self):
        self.api.put("/api/v1/nodes/node-b", named_node("node-b", ready="False", message="kubelet is down"))
        self.fails("node-b is NotReady", "kubelet is down", arguments=("service", "web", "--node", "node-b"))

    def test_no_such_port(self):
        self.fails('has no port "81"', "80/TCP http", arguments=("service", "web", "--port", "81"))

    def test_external_name(self):
        self.api.put(SERVICE, service(type="ExternalName", externalName="example.com"))
        self.fails("ExternalName", "example.com")

    def test_udp_only(self):
        self.api.put(SERVICE, service(ports=[{"port": 53, "protocol": "UDP"}]))
        self.fails("no TCP port", "53/UDP")

    def test_headless_without_endpoints(self):
        self.api.put(SERVICE, service(clusterIPs=["None"]))
        self.api.put(SLICE, endpoint_slice())
        self.fails("headless", "nothing to connect to")

    def test_missing_rights_at_once(self):
        self.api.denied = {"get services default", "create pods netcheck"}
        self.fails("get on services in namespace default", "create on pods in namespace netcheck")

    def test_usage(self):
        for arguments, part in ((["service"], "service"),
                                (["service", "a", "b"], "one service"),
                                (["service", "../x"], "can't be the name"),
                                (["service", "web", "--node", "a b"], "--node"),
                                (["service", "web", "--timeout", "soon"], "--timeout"),
                                (["service", "web", "-o", "yaml"], "--output"),
                                (["service", "web", "--probe", "liveness"], "--probe")):
            with self.subTest(arguments):
                self.fails(part, arguments=arguments)
        self.assertEqual(self.api.requests, [])

    def test_help_says_which_node_is_taken(self):
        result = self.run_plugin("service", "--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--node", result.stdout)
        self.assertIn("first ready", " ".join(result.stdout.split()))


if __name__ == "__main__":
    unittest.main()
