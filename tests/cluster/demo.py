"""The demo: kubectl netcheck on a healthy pod and on sick ones, each verdict compared with what was made to be."""

import subprocess
import sys

import harness
import patients

NAMESPACE = "netcheck-demo"
PLUGIN_FOLDER = patients.TOP / "build/bin"


def environment() -> dict[str, str]:
    """kubectl finds its plugins in PATH."""
    found = harness.environment()
    return {**found, "PATH": f"{PLUGIN_FOLDER}:{found['PATH']}"}


def start() -> None:
    harness.cluster()
    print("==> Probe image, namespace and rights", flush=True)
    patients.admit_probe()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    harness.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")
    harness.apply(namespace)
    harness.kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", NAMESPACE, "--timeout=30s")
    print(f"==> {len(patients.PATIENTS)} pods in namespace {NAMESPACE}", flush=True)
    for patient in patients.PATIENTS:
        patients.deploy(patient, NAMESPACE)
        print(f"    {patient.name}: {patient.story}", flush=True)


def examine(patient: patients.Patient) -> bool:
    """Runs the plugin as a user would; whether its verdict is the right one."""
    print(f"\n{'-' * 100}\n{patient.name}: {patient.story}", flush=True)
    patients.wait_for_kubelet(patient, NAMESPACE)
    if patient.event:
        print(f"kubelet complains: ...{patient.event}...")
    command = ["kubectl", "netcheck", "pod", patient.name, "--namespace", NAMESPACE]
    print(f"$ {' '.join(command)}\n", flush=True)
    done = subprocess.run(
        command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout, end="", flush=True)
    named = f"({patient.code}," in done.stdout if patient.code else "CAUSE:" not in done.stdout
    right = named and done.returncode == patient.exit_code
    print(f"\nexit code {done.returncode}: {'as it should be' if right else 'WRONG'}", flush=True)
    return right


def explain_what_stays() -> None:
    print(
        f"""
{'-' * 100}
The cluster stays up. To use it:
  export KUBECONFIG={harness.layout().kubeconfig}
  export PATH={PLUGIN_FOLDER}:{harness.layout().programs}:$PATH
  kubectl get pods --namespace {NAMESPACE}
  kubectl netcheck pod slow --namespace {NAMESPACE}
To see its state: tests/cluster/status. To stop it and remove all of it: tests/cluster/down"""
    )


def main() -> int:
    start()
    wrong = [patient.name for patient in patients.PATIENTS if not examine(patient)]
    explain_what_stays()
    if wrong:
        print(f"\nWrong verdict for: {', '.join(wrong)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
