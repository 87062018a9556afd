"""The release archive, installed by the real krew and run under exactly the rights of manifests/rbac.yaml."""

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import harness
import patients
from embedded import go_toolchain, layout

HOMEPAGE = "https://example.invalid/kubectl-netcheck"
VERSION = "v0.1.0"


class Krew(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        harness.cluster()
        patients.admit_probe()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        caches = layout.cache_folder() / "go"
        cls.go = {
            **go_toolchain.environment(caches / "krew-build", caches / "krew-modules"),
            "NETCHECK_GO": str(go_toolchain.find()),
        }
        cls.package(cls.folder)

    @classmethod
    def package(cls, out: Path) -> None:
        """Runs krew/package, which has krew's own validator look at the manifest."""
        binary = patients.TOP / "build/bin/kubectl-netcheck"
        command = [patients.TOP / "krew/package", "--binary", binary, "--version", VERSION]
        command += ["--homepage", HOMEPAGE, "--out", out]
        done = subprocess.run(command, env=cls.go, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"krew/package: {done.stdout}{done.stderr}")

    @property
    def archive(self) -> Path:
        return self.folder / "netcheck_linux_amd64.tar.gz"

    def test_archive_holds_the_program_and_its_licences(self) -> None:
        with tarfile.open(self.archive) as archive:
            names = set(archive.getnames())
        self.assertEqual(names, {"kubectl-netcheck", "LICENSE", "THIRD-PARTY-NOTICES"})

    def test_archive_is_reproducible(self) -> None:
        with tempfile.TemporaryDirectory() as again:
            self.package(Path(again))
            digests = {
                hashlib.sha256((folder / self.archive.name).read_bytes()).hexdigest() for folder in (self.folder, Path(again))
            }
        self.assertEqual(len(digests), 1)

    def test_installed_by_krew_and_run_with_the_smallest_rights(self) -> None:
        root = self.folder / "krew"
        tools = subprocess.run(
            [patients.TOP / "krew/build-krew"], env=self.go, capture_output=True, text=True, check=True
        ).stdout.strip()
        krew = {**harness.environment(), "KREW_ROOT": str(root), "KREW_NO_UPGRADE_CHECK": "1"}
        command = [f"{tools}/krew", "install", f"--manifest={self.folder}/netcheck.yaml", f"--archive={self.archive}"]
        done = subprocess.run(command, env=krew, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with harness.namespace("netcheck-krew") as namespace:
            patient = next(p for p in patients.PATIENTS if p.name == "wrong-port")
            patients.deploy(patient, namespace)
            kubeconfig = self.developer(namespace)
            environment = {**krew, "KUBECONFIG": kubeconfig, "PATH": f"{root}/bin:{krew['PATH']}"}
            command = ["kubectl", "netcheck", "pod", patient.name, "--namespace", namespace, "--output=json"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, patient.exit_code, done.stderr)
            report = json.loads(done.stdout)
            self.assertEqual([finding["code"] for finding in report["findings"]], [patient.code])
            self.assertEqual(report["notSeen"], [])

    def developer(self, namespace: str) -> str:
        """A kubeconfig of somebody who has the rights of manifests/rbac.yaml and no other."""
        user = f"system:serviceaccount:{namespace}:developer"
        harness.kubectl("create", "serviceaccount", "developer", "--namespace", namespace)
        binding = ("rolebinding", f"{namespace}-act", "--namespace=netcheck", "--role=netcheck-act")
        harness.kubectl("create", *binding, f"--user={user}")
        self.addCleanup(harness.kubectl, "delete", "rolebinding", f"{namespace}-act", "--namespace=netcheck")
        binding = ("clusterrolebinding", f"{namespace}-read", "--clusterrole=netcheck-read")
        harness.kubectl("create", *binding, f"--user={user}")
        self.addCleanup(harness.kubectl, "delete", "clusterrolebinding", f"{namespace}-read")
        token = harness.kubectl("create", "token", "developer", "--namespace", namespace).strip()
        file = self.folder / "developer.kubeconfig"
        file.write_text(harness.layout().kubeconfig.read_text())
        os.chmod(file, 0o600)
        for arguments in (
            ("set-credentials", "developer", f"--token={token}"),
            ("set-context", "--current", "--user=developer"),
        ):
            harness.kubectl("config", f"--kubeconfig={file}", *arguments)
        return str(file)


if __name__ == "__main__":
    unittest.main()
