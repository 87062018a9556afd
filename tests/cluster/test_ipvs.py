"""The first founding case with everything real: kubelet's own health checks of a pod fail, now and then, because a
NodePort of kube-proxy in IPVS mode is also a source port that the kernel chooses.

The node is a virtual machine. A good part of its few source ports are NodePorts, so that nobody has to wait for the
coincidence. It takes minutes, and is chosen by NETCHECK_ALL_TESTS.
"""

import math
import os
import re
import unittest
from typing import Any

import harness
import patients
from test_netcheck import codes, examine
from vm_node import NAME, VmNode

SOURCE_PORTS = "31001 31201"
"""connect() takes ports of the parity of the range's first one before the others."""
NODE_PORTS = range(31011, 31201, 20)
"""One in ten of them."""
SETTINGS = {
    "net.ipv4.ip_local_port_range": SOURCE_PORTS,
    # Of so few ports none may be held for minutes by a handshake that can't succeed.
    "net.ipv4.tcp_syn_retries": "1",
    # Nor by connections that were closed a minute ago: most of them would be.
    "net.ipv4.tcp_tw_reuse": "1",
}
WATCH_SECONDS = 45
"""At a check a second, four checks come from one of NODE_PORTS unless they are reserved."""
COUNT_SECONDS = 240
"""Long enough for twenty such checks."""
DEVIATIONS = 3


def service(name: str) -> dict[str, Any]:
    ports = [{"name": f"p{port}", "port": port, "targetPort": 8080, "nodePort": port} for port in NODE_PORTS]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"type": "NodePort", "selector": {"app": name}, "ports": ports},
    }


def load_tests(loader: unittest.TestLoader, _: unittest.TestSuite, __: str | None) -> unittest.TestSuite:
    chosen = [Ipvs] if os.environ.get("NETCHECK_ALL_TESTS") else []
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in chosen)


class Ipvs(unittest.TestCase):
    node: VmNode
    namespace: str

    @classmethod
    def setUpClass(cls) -> None:
        harness.cluster()
        patients.admit_probe()
        cls.namespace = cls.enterClassContext(harness.namespace("ipvs-test"))
        cls.node = cls.enterClassContext(VmNode(patients.PROBE_IMAGE, patients.TOP / "build/bin/netcheck-probe"))
        harness.apply(service("backend"), cls.namespace)
        harness.apply(cls._pod("backend"), cls.namespace)
        harness.wait_ready("backend", cls.namespace, seconds=180)
        cls._wait_for_node_port_on_the_pods_bridge()
        # Only now: until then kubelet's and kube-proxy's own connections would meet the NodePort, too.
        for name, value in SETTINGS.items():
            cls.node.run(f"sysctl -qw '{name}={value}'")

    @classmethod
    def _pod(cls, name: str, check: str = "httpGet", timeout: int = 2) -> dict[str, Any]:
        # The timeout is one that a slow machine keeps, and shorter than the handshake is tried.
        times = {"periodSeconds": 1, "timeoutSeconds": timeout, "failureThreshold": 99}
        probe = {check: {"port": 8080}, **times}
        return harness.testserver_pod(name, container={"readinessProbe": probe}, nodeName=NAME)

    @classmethod
    def _wait_for_node_port_on_the_pods_bridge(cls) -> None:
        """The address that kubelet's connections to pods come from. kube-proxy serves NodePorts on all local ones."""
        script = f"""
            address=$(ip -4 -o address show dev cni0 | awk '{{print $4}}')
            timeout 90 bash -c 'until ipvsadm -Ln | grep -F "'${{address%/*}}:{NODE_PORTS[-1]}'"; do sleep 0.5; done'
            """
        cls.node.run(script, 120)

    def test_the_swallowed_handshake_is_named_and_its_fix_helps(self) -> None:
        self._wait_for_a_swallowed_check("backend")
        harness.wait_for_event(self.namespace, "backend", "Unhealthy", "context deadline exceeded")
        exit_code, report = self._examine("backend")
        self.assertEqual(codes(report), ["NC-IPVS-001"], report["summary"])
        self.assertEqual([finding["certainty"] for finding in report["findings"]], ["proven"])
        self.assertEqual((exit_code, report["verdict"]), (1, "unhealthy"))

        setting = f"net.ipv4.ip_local_reserved_ports={','.join(map(str, NODE_PORTS))}"
        fix = " ".join(line for finding in report["findings"] for line in finding["fix"])
        self.assertIn(setting, fix.replace(" = ", "="))
        self.node.run(f"sysctl -qw {setting}")
        self.addCleanup(self.node.run, "sysctl -qw net.ipv4.ip_local_reserved_ports=")
        harness.apply(self._pod("cured"), self.namespace)
        harness.wait_ready("cured", self.namespace, seconds=180)
        exit_code, report = self._examine("cured")
        self.assertEqual((codes(report), exit_code, report["verdict"]), ([], 0, "healthy"), report["summary"])
        # Not by kubelet's complaints: an emulated machine makes a check late now and then.
        watch = f"for _ in {{1..{WATCH_SECONDS}}}; do if {self._taken('cured')}; then exit 1; fi; sleep 1; done"
        self.node.run(watch, 5 * WATCH_SECONDS)

    def test_as_many_checks_are_swallowed_as_the_report_predicts(self) -> None:
        predicted: dict[str, float] = {}
        for pod, check in {"steady-http": "httpGet", "steady-tcp": "tcpSocket"}.items():
            # One that fails must not hold up the next, or there are fewer than the periods say.
            harness.apply(self._pod(pod, check, timeout=1), self.namespace)
            harness.wait_ready(pod, self.namespace, seconds=180)
            _, report = self._examine(pod)
            evidence = " ".join(line for finding in report["findings"] for line in finding["evidence"])
            said = re.search(r"about one failure in (\d+) s", evidence)
            assert said, report["summary"]
            predicted[pod] = float(said[1])
        # Not by kubelet's complaints here, either.
        only_syns = "tcp dst port 8080 and tcp[tcpflags] & (tcp-syn | tcp-ack) == tcp-syn"
        watch = f"timeout {COUNT_SECONDS} tcpdump -i cni0 -nn -t '{only_syns}' || test $? = 124"
        syns = self.node.run(watch, 5 * COUNT_SECONDS)
        for pod, seconds in predicted.items():
            address = harness.get("pod", pod, self.namespace)["status"]["podIP"]
            # One that is sent again has the same sequence number.
            seen = set(re.findall(rf"\.(\d+) > {re.escape(address)}\.8080: .* seq (\d+),", syns))
            swallowed = sum(int(port) in NODE_PORTS for port, _ in seen)
            expected = COUNT_SECONDS / seconds
            print(f"{pod}: {swallowed} of {len(seen)} checks in {COUNT_SECONDS} s, {expected:.1f} predicted", flush=True)
            self.assertGreaterEqual(expected, 20)
            self.assertGreater(len(seen), 0.9 * COUNT_SECONDS)
            self.assertLessEqual(abs(swallowed - expected), DEVIATIONS * math.sqrt(expected))

    def _wait_for_a_swallowed_check(self, pod: str) -> None:
        """Until IPVS has taken an answer to kubelet for a client of its own: netcheck hasn't looked yet."""
        self.node.run(f"timeout 150 bash -c 'until {self._taken(pod)}; do sleep 0.5; done'", 180)

    def _taken(self, pod: str) -> str:
        """A shell command that succeeds if IPVS has taken the pod for a client of a NodePort."""
        address = harness.get("pod", pod, self.namespace)["status"]["podIP"]
        return f'ipvsadm -Lnc | grep -E "{address}:8080 .*:({"|".join(map(str, NODE_PORTS))}) "'

    def _examine(self, pod: str) -> tuple[int, dict[str, Any]]:
        return examine(pod, self.namespace, "--timeout", "5m", seconds=400)


if __name__ == "__main__":
    unittest.main()
