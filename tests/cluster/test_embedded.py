"""The embedded cluster itself: what it offers to tests, and that it leaves nothing behind.

It runs in folders of its own, so that a cluster that is already up isn't touched. The folders' places are fixed: when a
run was killed, the next one cleans up after it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Iterator
from unittest import mock

COMMANDS = Path(__file__).resolve().parent
sys.path.insert(0, str(COMMANDS))

import harness
import machine
from embedded import cluster as embedded_cluster
from embedded import go_toolchain, kubernetes, processes, state, workloads
from embedded.addresses import LinkNetwork
from embedded.errors import ClusterError
from embedded.layout import cache_folder


@contextlib.contextmanager
def cluster_folder(name: str) -> Iterator[None]:
    """Makes every command and the harness use this folder below the cache."""
    with mock.patch.dict(os.environ, {"NETCHECK_CLUSTER_DIR": str(cache_folder() / name)}):
        yield


def command(name: str, *arguments: str, exit_code: int = 0) -> str:
    done = subprocess.run(
        [COMMANDS / name, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != exit_code:
        raise AssertionError(f"{name}: exit code {done.returncode} instead of {exit_code}:\n{done.stdout}")
    return done.stdout


def fetch(host: str, port: int) -> str:
    """A Python program's text that prints what an HTTP server answers; the hosts need no client of their own."""
    shown = f"[{host}]" if ":" in host else host
    return f"import urllib.request as r; print(r.urlopen('http://{shown}:{port}', timeout=5).read().decode())"


class TwoNodes(unittest.TestCase):
    """A cluster of two nodes, started once."""

    record: state.State
    link: LinkNetwork

    @classmethod
    def setUpClass(cls) -> None:
        cls.enterClassContext(cluster_folder("cluster-test-two-nodes"))
        command("down")
        cls.addClassCleanup(command, "down")
        command("up", "--nodes", "2")
        cls.record = harness.cluster(2)
        cls.link = LinkNetwork(cls.record.network)

    def fetch_from_node(self, node: str, host: str, port: int) -> str:
        done = harness.node_netns_exec(node, [sys.executable, "-c", fetch(host, port)])
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def pod_addresses(self, pod: dict) -> list[str]:
        addresses = [entry["ip"] for entry in pod["status"]["podIPs"]]
        self.assertEqual([":" in address for address in addresses], [False, True], addresses)
        return addresses

    def test_nodes_are_ready_with_both_families(self) -> None:
        self.assertEqual(self.record.nodes, ["node-a", "node-b"])
        for position, name in enumerate(self.record.nodes):
            node = harness.get("node", name)
            self.assertTrue(embedded_cluster.is_ready(node))
            addresses = [item["address"] for item in node["status"]["addresses"] if item["type"] == "InternalIP"]
            self.assertEqual(addresses, list(self.link.node(position)))
            self.assertEqual([":" in network for network in node["spec"]["podCIDRs"]], [False, True])

    def test_status_is_healthy(self) -> None:
        shown = command("status")
        for text in ("kube-apiserver", "node-a", "node-b", "Ready", "containerd://"):
            self.assertIn(text, shown)
        self.assertNotIn("problem", shown)

    def test_command_in_another_pid_namespace_leaves_the_cluster_alone(self) -> None:
        for name in ("up", "down"):
            done = subprocess.run(
                ["unshare", "--pid", "--fork", "--mount-proc", COMMANDS / name], capture_output=True, text=True
            )
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("stop it where it was started", done.stderr)
        command("status")

    def test_pod_answers_its_node_and_its_neighbours_on_both_families(self) -> None:
        with harness.namespace("pods") as namespace:
            for name, node in (("near", "node-a"), ("far", "node-b")):
                harness.apply(harness.testserver_pod(name, nodeName=node), namespace)
            near = self.pod_addresses(harness.wait_ready("near", namespace))
            far = self.pod_addresses(harness.wait_ready("far", namespace))
            for address in near:
                self.assertIn("200 from", self.fetch_from_node("node-a", address, 8080))
            for address in far:
                done = harness.pod_netns_exec(namespace, "near", [sys.executable, "-c", fetch(address, 8080)])
                self.assertIn("200 from", done.stdout, done.stderr)
            shown = harness.pod_netns_exec(namespace, "near", ["ip", "-brief", "address", "show", "dev", "eth0"])
            self.assertIn(near[1], shown.stdout)

    def test_node_port_and_cluster_addresses_answer_on_both_families(self) -> None:
        with harness.namespace("services") as namespace:
            harness.apply(harness.testserver_pod("web", nodeName="node-b"), namespace)
            harness.wait_ready("web", namespace)
            specification = {
                "type": "NodePort",
                "ipFamilyPolicy": "RequireDualStack",
                "selector": {"app": "web"},
                "ports": [{"port": 80, "targetPort": 8080}],
            }
            service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": specification}
            harness.apply(service, namespace)
            given = harness.get("service", "web", namespace)["spec"]
            targets = [(address, given["ports"][0]["nodePort"]) for address in self.link.node(0)]
            targets += [(address, 80) for address in given["clusterIPs"]]
            for host, port in targets:
                request = [sys.executable, "-c", fetch(host, port)]
                answered = lambda: harness.node_netns_exec("node-a", request).returncode == 0
                processes.wait_until(answered, 20, f"kube-proxy does not serve {host} port {port}")

    def test_logs_and_exec_reach_the_kubelet(self) -> None:
        with harness.namespace("logs") as namespace:
            harness.apply(harness.testserver_pod("web"), namespace)
            harness.wait_ready("web", namespace)
            self.assertIn("listening on", harness.kubectl("logs", "web", "--namespace", namespace))
            inside = ["/testserver", "-listen=:9", "-exit-after=10ms"]
            with self.assertRaisesRegex(AssertionError, "exiting after 10ms"):
                harness.kubectl("exec", "web", "--namespace", namespace, "--", *inside)

    def test_failing_probe_becomes_an_event(self) -> None:
        probe = {"httpGet": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
        with harness.namespace("probes") as namespace:
            pod = harness.testserver_pod("sick", "-status=503", container={"livenessProbe": probe})
            harness.apply(pod, namespace)
            event = harness.wait_for_event(namespace, "sick", "Unhealthy", "statuscode: 503")
            self.assertEqual(event["type"], "Warning")

    def test_privileged_pod_sees_its_node_as_a_machine(self) -> None:
        """Process 1 of a hostPID pod is the node's, in the network namespace of a hostNetwork pod."""
        with harness.namespace("privileged") as namespace:
            pod = harness.testserver_pod(
                "agent",
                "-listen=127.0.0.1:18080",
                container={"securityContext": {"privileged": True}},
                nodeName="node-b",
                hostNetwork=True,
                hostPID=True,
            )
            harness.apply(pod, namespace)
            harness.wait_ready("agent", namespace)
            inside, init = harness.pod_pid(namespace, "agent"), harness.host("node-b").init.pid
            for kind in ("net", "pid"):
                self.assertEqual(processes.namespace(inside, kind), processes.namespace(init, kind))
            self.assertNotEqual(processes.namespace(init, "net"), processes.namespace(os.getpid(), "net"))

    def test_imported_image_runs(self) -> None:
        command("import", "own-image:7", str(workloads.folder() / "testserver"), "-listen=:9000")
        with harness.namespace("images") as namespace:
            harness.apply(harness.testserver_pod("own", container={"image": "own-image:7"}), namespace)
            pod = harness.wait_ready("own", namespace)
            node = pod["spec"]["nodeName"]
            self.assertIn("200 from", self.fetch_from_node(node, pod["status"]["podIP"], 9000))


class LifeCycle(unittest.TestCase):
    """Start, crash and end of a cluster of one node; every test begins and ends without one."""

    def setUp(self) -> None:
        self.enterContext(cluster_folder("cluster-test-life-cycle"))
        command("down")
        self.before = machine.picture()
        self.addCleanup(command, "down")

    def assert_nothing_left(self) -> None:
        self.assertEqual(machine.added(self.before, machine.picture()), {})
        self.assertEqual({path.name for path in harness.layout().folder.iterdir()} - {"lock", "logs"}, set())

    def running_record(self) -> state.State:
        record = state.load(harness.layout())
        assert record is not None
        return record

    def kill_everything(self) -> None:
        for host in self.running_record().hosts.values():
            for pid in [*host.programs().values(), host.keeper.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        hosts = self.running_record().hosts.values()
        processes.wait_until(lambda: not any(host.alive() for host in hosts), 10, "a host survives")

    def interrupt_start(self, number: signal.Signals, condition: str) -> int:
        """Sends a signal to an `up` that has got as far as a file in the cluster's folder."""
        log = tempfile.TemporaryFile()
        self.addCleanup(log.close)
        starting = subprocess.Popen([COMMANDS / "up"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        reached = harness.layout().folder / condition
        processes.wait_until(lambda: reached.exists() or starting.poll() is not None, 60, f"{reached} never appears")
        self.assertIsNone(starting.poll(), "up has ended before it could be interrupted")
        starting.send_signal(number)
        return starting.wait(60)

    def test_up_twice_and_down_twice(self) -> None:
        command("up")
        first = self.running_record()
        started = time.monotonic()
        self.assertIn("up already", command("up"))
        self.assertLess(time.monotonic() - started, 10)
        self.assertEqual(self.running_record().identity, first.identity)
        harness.apply(harness.testserver_pod("web"))
        harness.wait_ready("web")
        self.assertIn("Stopping", command("down"))
        self.assertIn("No cluster is up", command("down"))
        self.assert_nothing_left()

    def test_after_everything_was_killed(self) -> None:
        command("up")
        self.kill_everything()
        self.assertIn("is not running", command("status", exit_code=1))
        shown = command("up")
        self.assertIn("is replaced", shown)
        command("status")
        self.kill_everything()
        command("down")
        self.assert_nothing_left()

    def test_after_kubelet_was_killed(self) -> None:
        command("up")
        kubelet = harness.host("node-a").program("kubelet")
        assert kubelet is not None
        os.kill(kubelet, signal.SIGKILL)
        processes.wait_until(lambda: not harness.host("node-a").program("kubelet"), 10, "kubelet survives")
        self.assertIn("kubelet on node-a is not running", command("status", exit_code=1))
        self.assertIn("is replaced", command("up"))
        command("down")
        self.assert_nothing_left()

    def test_killed_start_is_cleaned_up(self) -> None:
        for condition in ("hosts", "pki", "hosts/node-a/kubelet.json"):
            with self.subTest(condition):
                self.assertEqual(self.interrupt_start(signal.SIGKILL, condition), -signal.SIGKILL)
                command("down")
                self.assert_nothing_left()

    def test_interrupted_start_cleans_up_itself(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name):
                self.assertEqual(self.interrupt_start(number, "pki"), 130)
                self.assert_nothing_left()

    def test_cluster_of_another_version_is_removed(self) -> None:
        command("up")
        text = json.loads(harness.layout().state_file.read_text())
        del text["hosts"]
        harness.layout().state_file.write_text(json.dumps(text))
        command("status", exit_code=1)
        command("down")
        self.assert_nothing_left()

    def test_recorded_process_that_is_another_one_now_survives(self) -> None:
        command("up")
        self.kill_everything()
        stranger = subprocess.Popen(["sleep", "600"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        text = json.loads(harness.layout().state_file.read_text())
        text["hosts"]["node-a"]["init"]["pid"] = stranger.pid
        harness.layout().state_file.write_text(json.dumps(text))
        command("down")
        self.assertIsNone(stranger.poll())
        self.assert_nothing_left()


class Refusals(unittest.TestCase):
    """What `up` does not do."""

    def test_folder_with_other_files_is_left_alone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder, "hosts")
            kept.touch()
            with mock.patch.dict(os.environ, {"NETCHECK_CLUSTER_DIR": folder}):
                for name in ("up", "down"):
                    self.assertIn("not a cluster's", command(name, exit_code=1))
            self.assertEqual(list(Path(folder).iterdir()), [kept])

    def test_folder_that_nodes_hide(self) -> None:
        with mock.patch.dict(os.environ, {"NETCHECK_CLUSTER_DIR": "/run/netcheck-test"}):
            self.assertIn("choose another folder", command("up", exit_code=1))
        self.assertFalse(Path("/run/netcheck-test").exists())

    def test_number_of_nodes(self) -> None:
        with cluster_folder("cluster-test-refusals"):
            for wanted in ("0", "100"):
                self.assertIn("nodes are possible", command("up", "--nodes", wanted, exit_code=1))

    def test_import_without_a_cluster(self) -> None:
        with cluster_folder("cluster-test-refusals"):
            self.assertIn("no cluster is up", command("import", "name:tag", "/bin/true", exit_code=1))

    def test_a_kubernetes_of_another_go(self) -> None:
        with tempfile.TemporaryDirectory() as sources:
            named = Path(sources, ".go-version")
            named.write_text(f"{go_toolchain.VERSION}\n")
            kubernetes.check_go(Path(sources))
            named.write_text("1.99.1\n")
            with self.assertRaisesRegex(ClusterError, "is built with Go 1.99.1"):
                kubernetes.check_go(Path(sources))


if __name__ == "__main__":
    unittest.main()
