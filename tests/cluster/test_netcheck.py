"""kubectl netcheck on the embedded cluster: the plugin and the probe that ship, run as a user runs them."""

import json
import signal
import subprocess
import threading
import time
import unittest
from typing import Any

import harness
import patients

PROBE_NAMESPACE = "netcheck"
PROBE_PODS = "app.kubernetes.io/name=netcheck-probe"


def environment() -> dict[str, str]:
    found = harness.environment()
    return {**found, "PATH": f"{patients.TOP / 'build/bin'}:{found['PATH']}"}


def command(*arguments: str) -> list[str]:
    return ["kubectl", "netcheck", *arguments]


def netcheck(*arguments: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def examine(pod: str, namespace: str, *arguments: str, seconds: float = 120) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report."""
    done = netcheck("pod", pod, "--namespace", namespace, "--output", "json", *arguments, seconds=seconds)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        raise AssertionError(f"exit code {done.returncode}, not JSON: {done.stdout!r}; stderr: {done.stderr}") from None


def codes(report: dict[str, Any]) -> list[str]:
    return sorted({finding["code"] for finding in report["findings"]})


def probe_pods() -> list[str]:
    found = harness.kubectl("get", "pods", "--namespace", PROBE_NAMESPACE, "--selector", PROBE_PODS, "--output=name")
    return found.split()


def wait_until(condition: Any, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f}s: {what}")
        time.sleep(0.1)


class NetcheckTest(unittest.TestCase):
    namespace: str

    @classmethod
    def setUpClass(cls) -> None:
        harness.cluster()
        patients.admit_probe()
        cls.namespace = cls.enterClassContext(harness.namespace("netcheck-test"))
        cls.addClassCleanup(netcheck, "cleanup")

    def deploy(self, name: str, *arguments: str, container: dict[str, Any] | None = None, **spec: Any) -> str:
        harness.apply(harness.testserver_pod(name, *arguments, container=container, **spec), self.namespace)
        return name


class Verdicts(NetcheckTest):
    """Each patient gets its cause, and only that one."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for patient in patients.PATIENTS:
            patients.deploy(patient, cls.namespace)

    def test_every_patient(self) -> None:
        for patient in patients.PATIENTS:
            with self.subTest(patient=patient.name):
                patients.wait_for_kubelet(patient, self.namespace)
                exit_code, report = examine(patient.name, self.namespace)
                self.assertEqual(codes(report), [patient.code] if patient.code else [], report["summary"])
                self.assertEqual(exit_code, patient.exit_code)
                self.assertEqual(report["verdict"], "unhealthy" if patient.code else "healthy")
                for finding in report["findings"]:
                    self.assertEqual(finding["certainty"], "proven")
                    self.assertTrue(finding["evidence"] and finding["fix"])
        self.assertEqual(probe_pods(), [])

    def test_kubelets_own_words_are_shown(self) -> None:
        patient = next(p for p in patients.PATIENTS if p.name == "status-500")
        patients.wait_for_kubelet(patient, self.namespace)
        _, report = examine(patient.name, self.namespace)
        self.assertIn("HTTP probe failed with statuscode: 500", [a["detail"] for c in report["checks"] for a in c["attempts"] if "detail" in a])
        self.assertTrue(any("statuscode: 500" in event["message"] for event in report["kubeletEvents"]))

    def test_a_sweep_reports_every_port(self) -> None:
        harness.wait_ready("healthy", self.namespace)
        low, high = (int(word) for word in harness.node_netns_exec("node-a", ["cat", "/proc/sys/net/ipv4/ip_local_port_range"]).stdout.split())
        exit_code, report = examine("healthy", self.namespace, "--ports", "sweep", "--rate", "20000")
        attempts = [a for check in report["checks"] if check["ports"] == "sweep" for a in check["attempts"]]
        self.assertEqual(sorted(a["sourcePort"] for a in attempts), list(range(low, high + 1)))
        self.assertEqual(exit_code, 0, report["summary"])
        tried = [a for a in attempts if a["outcome"] == "success"]
        self.assertGreater(len(tried), 0.99 * len(attempts))

    def test_only_what_is_asked_for(self) -> None:
        harness.wait_ready("healthy", self.namespace)
        _, report = examine("healthy", self.namespace, "--ports", "40001,40005-40007", "--probe", "readiness", "-c", "server")
        attempts = [a for check in report["checks"] if check["ports"] == "list" for a in check["attempts"]]
        self.assertEqual([a["sourcePort"] for a in attempts], [40001, 40005, 40006, 40007])


class OtherPods(NetcheckTest):
    def test_tcp_liveness_and_declared_ports(self) -> None:
        probe = {"livenessProbe": {"tcpSocket": {"port": 8080}}}
        self.deploy("tcp", container=probe)
        self.deploy("bare", container={"ports": [{"containerPort": 8080}]})
        for name, wanted in (("tcp", "liveness"), ("bare", "none")):
            harness.wait_ready(name, self.namespace)
            exit_code, report = examine(name, self.namespace)
            self.assertEqual((exit_code, report["verdict"]), (0, "healthy"), report["summary"])
            self.assertEqual({check["probe"] for check in report["checks"]}, {wanted})

    def test_host_network_pod(self) -> None:
        with harness.namespace("netcheck-host", {"pod-security.kubernetes.io/enforce": "privileged"}) as namespace:
            for name, port, code in (("host-well", 18080, ""), ("host-sick", 18089, "NC-LISTEN-001")):
                listen = 18080 if not code else 18082
                pod = harness.testserver_pod(name, f"-listen=:{listen}", container=patients.http_probe(port=port), hostNetwork=True)
                harness.apply(pod, namespace)
                harness.kubectl("wait", "--for=jsonpath={.status.phase}=Running", f"pod/{name}", "--namespace", namespace, "--timeout=60s")
                exit_code, report = examine(name, namespace)
                self.assertEqual(codes(report), [code] if code else [], report)
                self.assertEqual(exit_code, 1 if code else 0)

    def test_a_crash_loop_yields_no_finding(self) -> None:
        self.deploy("crashing", "-exit-after=1s", container=patients.http_probe())
        harness.wait_for_event(self.namespace, "crashing", "BackOff", seconds=90)
        exit_code, report = examine("crashing", self.namespace)
        self.assertEqual(codes(report), [])
        self.assertNotEqual(report["verdict"], "healthy")
        self.assertNotEqual(exit_code, 0)

    def test_a_restart_in_mid_plan_yields_no_finding(self) -> None:
        self.deploy("restarting", "-exit-after=12s", container=patients.http_probe())
        harness.wait_ready("restarting", self.namespace)
        exit_code, report = examine("restarting", self.namespace, "--ports", "sweep", "--rate", "1500")
        after = harness.get("pod", "restarting", self.namespace)["status"]["containerStatuses"][0]
        self.assertGreater(after["restartCount"], 0, "the plan ended before the restart")
        self.assertEqual(codes(report), [])
        self.assertNotEqual(exit_code, 0)


class Services(NetcheckTest):
    """A real Service, translated by the cluster's own kube-proxy."""

    def service(self, name: str, **spec: Any) -> None:
        specification = {"type": "NodePort", "selector": {"app": name}, "ipFamilyPolicy": "PreferDualStack",
                         "ports": [{"name": "http", "port": 80, "targetPort": 8080}], **spec}
        harness.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": specification},
                      self.namespace)

    def look(self, name: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = netcheck("service", name, "--namespace", self.namespace, "--output", "json", *arguments)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode, json.loads(done.stdout)

    def test_every_way_to_a_service_answers(self) -> None:
        self.service("reached")
        self.deploy("reached")
        harness.wait_ready("reached", self.namespace)

        def answers() -> bool:
            self.seen = self.look("reached")
            return bool(self.seen[1]["target"]["endpoints"]) and self.seen[0] == 0

        wait_until(answers, "the Service and its endpoints answer")
        _, report = self.seen
        self.assertEqual(report["verdict"], "healthy")
        self.assertEqual(report["findings"] + report["risks"], [])
        self.assertEqual({check["way"] for check in report["checks"]}, {"cluster IP", "NodePort", "endpoint"})
        self.assertEqual({check["failed"] for check in report["checks"]}, {0})
        self.assertEqual(probe_pods(), [])

    def test_a_service_without_endpoints(self) -> None:
        self.service("deserted")

        def rejected() -> bool:
            self.seen = self.look("deserted", "--node", "node-a")
            return codes(self.seen[1]) == ["NC-SERVICE-001"]

        wait_until(rejected, "the Service is named as one without endpoints")
        self.assertEqual(self.seen[0], 1)


class LeavesNothing(NetcheckTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        harness.apply(harness.testserver_pod("calm", container=patients.http_probe()), cls.namespace)
        harness.wait_ready("calm", cls.namespace)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            command("pod", "calm", "--namespace", self.namespace, *arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        return process

    def test_interrupts_in_every_phase(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for delay in (0.0, 0.1, 0.3, 0.8, 1.5, 2.5):
                with self.subTest(signal=number.name, delay=delay):
                    process = self.start("--ports", "spread", "--rate", "20")
                    time.sleep(delay)
                    process.send_signal(number)
                    self.assertIsNotNone(process.wait(timeout=20))
                    wait_until(lambda: not probe_pods(), "no probe pod")

    def test_a_killed_plugin_leaves_no_process_and_the_next_run_removes_the_pod(self) -> None:
        process = self.start("--ports", "spread", "--rate", "20")
        wait_until(probe_pods, "a probe pod")
        process.kill()
        process.wait()
        phases = ["get", "pods", "--namespace", PROBE_NAMESPACE, "--selector", PROBE_PODS, "--output=jsonpath={.items[*].status.phase}"]
        wait_until(lambda: harness.kubectl(*phases) in ("Succeeded", "Failed"), "the probe ends by itself", seconds=120)
        exit_code, _ = examine("calm", self.namespace)
        self.assertEqual(exit_code, 0)
        self.assertEqual(probe_pods(), [])

    def test_cleanup_removes_what_a_killed_plugin_left(self) -> None:
        process = self.start("--ports", "spread", "--rate", "20")
        wait_until(probe_pods, "a probe pod")
        process.kill()
        process.wait()
        done = netcheck("cleanup")
        self.assertEqual(done.returncode, 0, done.stderr)
        wait_until(lambda: not probe_pods(), "no probe pod")

    def test_the_node_is_as_before(self) -> None:
        before = self.node_picture()
        exit_code, _ = examine("calm", self.namespace)
        self.assertEqual(exit_code, 0)
        wait_until(lambda: not probe_pods(), "no probe pod")
        after = self.node_picture()
        for what, text in before.items():
            self.assertEqual(after[what], text, what)

    def node_picture(self) -> dict[str, str]:
        commands = {
            "sysctls": "find /proc/sys/net -type f -readable ! -name nf_conntrack_count -exec grep -H . {} + 2>/dev/null | sort",
            "nftables": "nft --stateless list ruleset",
            "legacy tables": "cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null; true",
            "links": "ip -oneline link | sed 's/@.*//'",
            "modules": "cat /proc/modules 2>/dev/null; true",
            "mounts": "cat /proc/mounts",
        }
        return {
            what: harness.node_netns_exec("node-a", ["sh", "-c", text]).stdout for what, text in commands.items()
        }

    def test_a_sweep_takes_no_port_away_from_others(self) -> None:
        address = harness.get("pod", "calm", self.namespace)["status"]["podIP"]
        script = (
            "import socket,sys,time\n"
            "end=time.monotonic()+12\nerrors=tries=0\n"
            "print('ready',flush=True)\n"
            "while time.monotonic()<end and tries<2400:\n"
            "  s=socket.socket(); tries+=1\n"
            f"  errors+=s.connect_ex(('{address}',8080))!=0\n"
            "  s.close(); time.sleep(0.005)\n"
            "print(tries,errors)\n"
        )
        result: list[str] = []
        runner = threading.Thread(
            target=lambda: result.append(harness.node_netns_exec("node-a", ["python3", "-c", script]).stdout)
        )
        runner.start()
        exit_code, report = examine("calm", self.namespace, "--ports", "sweep", "--rate", "20000")
        runner.join()
        self.assertEqual(exit_code, 0, report["summary"])
        tries, errors = (int(word) for word in result[0].split()[1:])
        self.assertGreater(tries, 500)
        self.assertEqual(errors, 0)


if __name__ == "__main__":
    unittest.main()
