"""Commands of exec probes: where they run, as whom, and what is told of them. ("$$" is "$" to kubelet.)"""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from probe_lab import PROBE, Report, cgroup_hierarchy, plan

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "uts")


class Container:
    """Namespaces and a cgroup of its own, as a runtime makes them; its parent works in the runtime's folder."""

    def __init__(self, process: dict[str, Any] | None) -> None:
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.folder = Path(tempfile.mkdtemp(prefix="netcheck-exec-"))
        bundle = self.folder / self.id
        bundle.mkdir()
        if process is not None:
            (bundle / "config.json").write_text(json.dumps({"process": process}))
        self.cgroup = cgroup_hierarchy() / f"netcheck-exec-{self.id[:8]}" / self.id
        self.cgroup.mkdir(parents=True)
        program = "echo ready; while true; do read line || sleep 1000; done"
        self.parent = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--mount-proc",
             "--kill-child", "sh", "-c", f"cd /usr; {program}"],
            cwd=bundle, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.parent.stdout and self.parent.stdout.readline() == "ready\n"
        self.pid = int(Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()[0])
        (self.cgroup / "cgroup.procs").write_text(str(self.pid))

    def namespaces(self) -> list[str]:
        return [os.readlink(f"/proc/{self.pid}/ns/{name}") for name in NAMESPACES]

    def processes(self) -> set[int]:
        return set(map(int, (self.cgroup / "cgroup.procs").read_text().split()))

    def await_command(self, name: str) -> None:
        """Waits until this command alone runs here besides the first process: what starts it enters the cgroup, too."""
        deadline = time.monotonic() + 5
        names: list[str] = []
        while names != [name]:
            assert time.monotonic() < deadline, names
            time.sleep(0.01)
            names = []
            for pid in self.processes() - {self.pid}:
                with contextlib.suppress(OSError):  # It has ended meanwhile.
                    names.append(Path(f"/proc/{pid}/comm").read_text().strip())

    def remove(self) -> None:
        self.parent.kill()
        self.parent.communicate()
        deadline = time.monotonic() + 5
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.cgroup.rmdir()
        self.cgroup.parent.rmdir()
        shutil.rmtree(self.folder)


RUNTIME = {
    "cwd": "/etc",
    "env": ["PATH=/usr/bin:/bin", "A=first", "B=x y", "A=second"],
    "user": {"uid": 1234, "gid": 5, "additionalGids": [7, 4000], "umask": 0o27},
    "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}],
    "noNewPrivileges": True,
    "oomScoreAdj": 321,
}
ROOT = {"cwd": "/", "env": ["PATH=/usr/bin:/bin"]}


class Exec(unittest.TestCase):
    @contextlib.contextmanager
    def container(self, process: dict[str, Any] | None = None) -> Iterator[Container]:
        made = Container(process)
        try:
            yield made
        finally:
            made.remove()

    def command(self, container: Container, *words: str, timeout: int = 5) -> list[str]:
        probe = {"exec": {"command": words}, "timeoutSeconds": timeout}
        return [str(PROBE), "check", "--pid", str(container.pid), "--probe", json.dumps(probe)]

    def attempt(self, container: Container, *words: str, timeout: int = 5) -> dict[str, Any]:
        done = subprocess.run(self.command(container, *words, timeout=timeout), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def output(self, container: Container, *words: str) -> str:
        attempt = self.attempt(container, *words)
        self.assertEqual((attempt["result"], attempt["error"]), ("success", ""), attempt)
        return attempt["output"]

    def test_in_the_containers_namespaces_and_cgroup(self) -> None:
        with self.container(ROOT) as container:
            links = " ".join(f"/proc/self/ns/{name}" for name in NAMESPACES)
            self.assertEqual(self.output(container, "sh", "-c", f"readlink {links}").split(), container.namespaces())
            seen = self.output(container, "sh", "-c", "echo $$$$; cat /proc/self/status").splitlines()
            self.assertLess(int(seen[0]), 100)
            attempt = self.attempt(container, "sleep", "0.3")
            self.assertEqual(attempt["result"], "success")
            with subprocess.Popen(self.command(container, "sleep", "1"), stdout=subprocess.DEVNULL):
                container.await_command("sleep")

    def test_as_the_runtime_starts_commands(self) -> None:
        with self.container(RUNTIME) as container:
            attempt = self.attempt(container, "sh", "-c", "id; pwd; umask; ulimit -n; ulimit -Hn; echo $A-$B-$HOME")
            self.assertEqual(attempt["command"]["specFrom"], "runtime")
            identity, *rest = attempt["output"].splitlines()
            self.assertRegex(identity, r"^uid=1234 gid=5.* groups=5.*,7.*,4000")
            self.assertEqual(rest, ["/etc", "0027", "100", "200", "second-x y-/"])
            status = self.output(container, "cat", "/proc/self/status", "/proc/self/oom_score_adj")
            for line in ("CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000021",
                         "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"):  # fmt: skip
                self.assertIn(line, status)
            self.assertTrue(status.endswith("\n321\n"))

    def test_as_the_first_process_is_where_the_runtime_tells_nothing(self) -> None:
        with self.container() as container:
            attempt = self.attempt(container, "sh", "-c", "pwd; id -u")
            self.assertEqual(attempt["command"]["specFrom"], "process")
            self.assertEqual(attempt["output"], "/usr\n0\n")

    def test_home_of_the_containers_user(self) -> None:
        with self.container({**ROOT, "user": {"uid": 2}}) as container:
            home = next(line.split(":")[5] for line in Path("/etc/passwd").read_text().splitlines() if ":2:" in line)
            self.assertEqual(self.output(container, "sh", "-c", "echo $HOME"), f"{home}\n")

    def test_no_descriptor_of_the_probe_is_open(self) -> None:
        with self.container(ROOT) as container:
            open_files = self.output(container, "sh", "-c", "ls /proc/$$$$/fd; readlink /proc/$$$$/fd/0").split()
            self.assertEqual(open_files, ["0", "1", "2", "/dev/null"])

    def test_a_working_directory_that_is_a_way_out_is_refused(self) -> None:
        with self.container({**ROOT, "cwd": "/proc/1/root/../no/such"}) as container:
            done = subprocess.run(self.command(container, "true"), capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("chdir to /proc/1/root/../no/such: No such file or directory", done.stderr)

    def test_output_is_cut_as_kubelet_cuts_it(self) -> None:
        with self.container(ROOT) as container:
            script = "head -c 10239 /dev/zero | tr '\\0' o; echo -n err >&2; exit 3"
            attempt = self.attempt(container, "sh", "-c", script)
            self.assertEqual(attempt["result"], "failure")
            self.assertEqual(attempt["output"], "o" * 10239 + "e")
            self.assertEqual(attempt["command"]["exitCode"], 3)

    def test_all_of_the_output_before_all_of_the_errors(self) -> None:
        with self.container(ROOT) as container:
            script = "echo 1 >&2; echo 2; echo 3 >&2; echo 4; exit 1"
            self.assertEqual(self.attempt(container, "sh", "-c", script)["output"], "2\n4\n1\n3\n")

    def test_signal(self) -> None:
        with self.container(ROOT) as container:
            attempt = self.attempt(container, "sh", "-c", "echo x; kill -9 $$$$")
            self.assertEqual((attempt["result"], attempt["output"], attempt["command"]["exitCode"]), ("failure", "x\n", 137))

    def test_not_executed(self) -> None:
        with self.container(ROOT) as container:
            for command, why in (
                ("/no/such", 'exec: "/no/such": stat /no/such: no such file or directory'),
                ("no-such", 'exec: "no-such": executable file not found in $PATH'),
                ("/etc/passwd", 'exec: "/etc/passwd": permission denied'),
            ):
                attempt = self.attempt(container, command)
                self.assertEqual((attempt["result"], attempt["output"]), ("unknown", ""))
                self.assertTrue(attempt["error"].endswith(f"unable to start container process: {why}: unknown"), attempt)
                self.assertNotIn("exitCode", attempt["command"])

    def test_a_slow_command_is_killed_with_what_it_started(self) -> None:
        with self.container(ROOT) as container:
            attempt = self.attempt(container, "sh", "-c", "echo x; sleep 987 & sleep 987", timeout=1)
            self.assertEqual(attempt["result"], "failure")
            self.assertEqual(
                attempt["output"],
                'command timed out: "sh -c echo x; sleep 987 & sleep 987" timed out after 1s',
            )
            self.assertTrue(attempt["command"]["killed"])
            self.assertTrue(attempt["command"]["outputHeldOpen"])
            self.assertEqual(attempt["command"]["leftRunning"], ["sleep", "sleep"])
            self.assertLess(attempt["ms"], 4000)
            deadline = time.monotonic() + 3
            while len(container.processes()) > 1 and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(container.processes(), {container.pid})

    def test_output_that_is_held_open(self) -> None:
        with self.container(ROOT) as container:
            attempt = self.attempt(container, "sh", "-c", "sleep 987 & echo p", timeout=1)
            self.assertEqual((attempt["result"], attempt["output"]), ("success", "p\n"))
            self.assertTrue(attempt["command"]["outputHeldOpen"])
            self.assertFalse(attempt["command"]["killed"])
            self.assertLess(attempt["command"]["exitedMs"], 900)
            self.assertGreater(attempt["ms"], 990)

    def test_quiet_child_is_not_waited_for(self) -> None:
        with self.container(ROOT) as container:
            attempt = self.attempt(container, "sh", "-c", "sleep 987 >/dev/null 2>&1 & echo p", timeout=3)
            self.assertFalse(attempt["command"]["outputHeldOpen"])
            self.assertEqual(attempt["command"]["leftRunning"], ["sleep"])
            self.assertLess(attempt["ms"], 2000)

    def test_the_command_dies_with_the_probe(self) -> None:
        with self.container(ROOT) as container:
            with subprocess.Popen(self.command(container, "sleep", "987", timeout=60)) as probe:
                container.await_command("sleep")  # Before execve(2) the process would end by itself.
                probe.send_signal(signal.SIGKILL)
            deadline = time.monotonic() + 5
            while len(container.processes()) > 1 and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(container.processes(), {container.pid})

    def test_endless_output_costs_no_more_than_its_time(self) -> None:
        with self.container(ROOT) as container:
            attempt = self.attempt(container, "cat", "/dev/zero", timeout=1)
            self.assertEqual(attempt["result"], "failure")
            self.assertLess(attempt["ms"], 3000)

    def test_no_process(self) -> None:
        done = subprocess.run(
            [str(PROBE), "check", "--pid", "4194304", "--probe", '{"exec": {"command": ["true"]}}'],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 2)
        self.assertIn("--pid: there is no process 4194304", done.stderr)

    def test_in_a_plan(self) -> None:
        with self.container(ROOT) as container:
            check = {"id": "c", "kind": "exec", "exec": {"container": "web", "command": ["sh", "-c", "echo hi; exit 2"]},
                     "timeout_ms": 1000, "patience_ms": 1000, "attempts": 2}  # fmt: skip
            elsewhere = {**check, "id": "d", "exec": {"container": "other", "command": ["true"]}}
            argument = base64.b64encode(json.dumps(plan(container.pid, checks=[check, elsewhere])).encode()).decode()
            done = subprocess.run([str(PROBE), "run", argument], capture_output=True, check=True)
            report = Report(done.stdout, done.stderr.decode(), done.returncode, 0)
            attempts = report.of("check-attempt")
            self.assertEqual([fact["check"] for fact in attempts], ["c", "c"])
            self.assertEqual((attempts[0]["result"], attempts[0]["output"], attempts[0]["phase"]), ("failure", "hi\n", "done"))
            self.assertEqual(attempts[0]["exec"]["exit_code"], 2)
            self.assertIn("check d", [fact["what"] for fact in report.of("unavailable")])


if __name__ == "__main__":
    unittest.main()
