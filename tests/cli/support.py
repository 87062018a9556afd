"""What the tests of the command line share: a cluster that answers, and the built plugin."""

import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import fake_api
import probe_log

PLUGIN = os.environ.get("NETCHECK_PLUGIN", "build/bin/kubectl-netcheck")

NODE = "/api/v1/nodes/node-a"
POD = "/api/v1/namespaces/default/pods/web"


def web_pod():
    """A running pod with an HTTP readiness probe."""
    return {
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"},
                     "uid": "11111111-2222-3333-4444-555555555555"},
        "spec": {"nodeName": "node-a", "containers": [{
            "name": "app", "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}}}]},
        "status": {"phase": "Running", "podIP": "10.0.0.5", "podIPs": [{"ip": "10.0.0.5"}],
                   "containerStatuses": [{
                       "name": "app", "containerID": "containerd://" + "a" * 64, "ready": True,
                       "started": True, "restartCount": 0,
                       "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}}]}}


def node(ready="True", system="linux", message=""):
    return {
        "metadata": {"name": "node-a"},
        "status": {"conditions": [{"type": "Ready", "status": ready, "message": message}],
                   "nodeInfo": {"operatingSystem": system, "kubeletVersion": "v1.34.4",
                                "kernelVersion": "6.1.0"}}}


def finished(phase, reason="", exit_code=0, pod_reason="", message=""):
    """A v1.PodStatus of an ended probe pod."""
    state = {"terminated": {"exitCode": exit_code, "reason": reason}}
    result = {"phase": phase, "containerStatuses": [{"name": "probe", "state": state}]}
    if pod_reason:
        result.update(reason=pod_reason, message=message)
    return result


def waiting(reason, message=""):
    return {"phase": "Pending", "containerStatuses": [
        {"name": "probe", "state": {"waiting": {"reason": reason, "message": message}}}]}


@functools.cache
def certificate(name):
    """A self-signed certificate for 127.0.0.1 and its key, as paths."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    files = os.path.join(folder, "tls.crt"), os.path.join(folder, "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", files[1], "-out", files[0]],
                   check=True, capture_output=True)
    return files


class CliTest(unittest.TestCase):
    """A healthy pod in a cluster that has the netcheck namespace; tests spoil what they are about."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.api = fake_api.FakeApi(*certificate("server"))
        self.addCleanup(self.api.stop)
        for name in ("default", "netcheck"):
            self.api.put(f"/api/v1/namespaces/{name}", {"metadata": {"name": name}})
        self.api.put(POD, web_pod())
        self.api.put(NODE, node())
        self.api.put("/version", {"metadata": {}, "gitVersion": "v1.34.4"})
        self.api.life = fake_api.ProbeLife(log=probe_log.log())
        self.kubeconfig = self.folder / "config"
        self.write_kubeconfig()

    def write_kubeconfig(self, token=fake_api.TOKEN, server=None, authority="server"):
        cluster = {"server": server or self.api.url,
                   "certificate-authority": certificate(authority)[0]}
        lines = ["apiVersion: v1", "kind: Config", "current-context: test",
                 "contexts:", "- name: test", "  context: {cluster: fake, user: jane}",
                 "users:", "- name: jane", "  user:", f"    token: {token}",
                 "clusters:", "- name: fake", "  cluster:"]
        lines += [f"    {key}: {value}" for key, value in cluster.items()]
        self.kubeconfig.write_text("\n".join(lines) + "\n")

    def command(self, *arguments):
        return [PLUGIN, *arguments]

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder),
                "KUBECONFIG": str(self.kubeconfig),
                # A leak report would change the exit code.
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}

    def run_plugin(self, *arguments):
        return subprocess.run(self.command(*arguments), env=self.environment(), text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)

    def start_plugin(self, *arguments):
        process = subprocess.Popen(self.command(*arguments), env=self.environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def assert_nothing_left(self):
        self.assertEqual(self.api.probe_pods(), [])

    def assert_fails(self, result, *parts):
        """Exit code 2, nothing on stdout, one sentence on stderr that holds `parts`."""
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stdout, "")
        errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, result.stderr)
        for part in parts:
            self.assertIn(part, errors[0])
        self.assert_nothing_left()

    def assert_no_probe_created(self):
        created = [r for r in self.api.requests
                   if r[0] == "POST" and r[1].endswith("/pods") and not r[2].get("dryRun")]
        self.assertEqual(created, [])
