"""A node and a pod made of two network namespaces, and the probe run between them.

Everything is made by the test that uses it, under names of its own, and removed afterwards. Needs
root. Run as a program it prints the state of the namespace that it is run in.
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROBE = Path(os.environ.get("NETCHECK_PROBE") or HERE.parents[1] / "build/bin/netcheck-probe")
NODE4, POD4 = "10.199.0.1", "10.199.0.2"
NODE6, POD6 = "fd00:199::1", "fd00:199::2"
PORT = 8080

NODE_SYN, POD_SYN, POD_SYN_ACK, NODE_SYN_ACK, POD_RST, NODE_RST = (1 << bit for bit in range(6))
POD_OTHER, NODE_OTHER = 1 << 8, 1 << 9
DEADLINE, NOT_TRIED = -1, -2
MAX_LINE, MAX_STREAM = 4096, 2 << 20

Fact = dict[str, Any]


def run(*command: str | Path, stdin: str | None = None) -> str:
    done = subprocess.run(list(map(str, command)), input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def cgroup_hierarchy() -> Path:
    """Where a cgroup can be made: that of v1's pids controller, else v2."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    v1 = [Path(words[4]) for words in mounts if "cgroup" in words and "pids" in words[-1].split(",")]
    v2 = [Path(words[4]) for words in mounts if "cgroup2" in words]
    return (v1 + v2)[0]


class Namespace:
    """A network namespace with a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def enter(self, *command: str | Path) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, command)]

    def nft(self, rules: str) -> None:
        run(*self.enter("nft", "-f", "-"), stdin=rules)

    def state(self) -> dict[str, Any]:
        """Sysctls, rules, tables and modules: what the probe must leave as it is."""
        return json.loads(run(*self.enter(sys.executable, __file__)))

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)


class Report:
    """The facts of one run of the probe."""

    def __init__(self, stdout: bytes, stderr: str, exit_code: int, seconds: float) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.exit_code = exit_code
        self.seconds = seconds
        self.lines = stdout.splitlines(keepends=True)
        self.facts: list[Fact] = [json.loads(line) for line in self.lines]

    def of(self, kind: str, **fields: Any) -> list[Fact]:
        return [f for f in self.facts if f["kind"] == kind and all(f.get(k) == v for k, v in fields.items())]

    def one(self, kind: str, **fields: Any) -> Fact:
        found = self.of(kind, **fields)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} facts of kind {kind} {fields}")
        return found[0]

    def complete(self) -> bool:
        return bool(self.facts) and [f["n"] for f in self.facts] == list(range(len(self.facts))) and (
            self.facts[-1]["kind"] == "end"
        )

    def attempts(self, batch: str) -> list[Fact]:
        """Every attempt of a batch, out of its columns."""
        attempts: list[Fact] = []
        for columns in self.of("handshakes", batch=batch):
            if columns["first"] != len(attempts):
                raise AssertionError(f"attempt {len(attempts)} of {batch} is missing or doubled")
            ports = [start + i * step for start, step, count in columns["source_ports"] for i in range(count)]
            results = [value for value, count in columns["results"] for _ in range(count)]
            seen = [value for value, count in columns["seen"] for _ in range(count)]
            rows = zip(ports, results, seen, columns["duration_us"], strict=True)
            attempts += [{"port": p, "result": r, "seen": s, "duration_us": d} for p, r, s, d in rows]
        return attempts


def plan(target_pid: int, **parts: Any) -> dict[str, Any]:
    """A plan with the defaults of the tests; `parts` replace its fields."""
    return {
        "protocol_version": 1,
        "id": "test",
        "seed": 7,
        "target": {"pid": target_pid, "pod_ips": [POD4, POD6], "containers": [{"name": "web", "id": ""}]},
        "limits": {"connections_per_second": 500, "max_in_flight": 10, "deadline_ms": 30000},
        "idle_window_ms": 100,
        **parts,
    }


def batch(kind: str = "spread", count: int = 20, **fields: Any) -> dict[str, Any]:
    ports = {"kind": kind, "count": count, "ports": fields.pop("source_ports", [])}
    return {"id": "b", "address": POD4, "port": PORT, "ports": ports, "timeout_ms": 700, **fields}


def http_check(**fields: Any) -> dict[str, Any]:
    http = {"path": "/healthz", "user_agent": "kube-probe/1.34", **fields.pop("http", {})}
    return {"id": "c", "kind": "http", "address": POD4, "port": PORT, "patience_ms": 3000, "http": http, **fields}


class Lab:
    """Node and pod, joined by a veth pair, and what runs in them."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        unique = f"{os.getpid():x}"
        self.node = self._namespace(f"ncnode{unique}")
        self.pod = self._namespace(f"ncpod{unique}")
        run("ip", "-n", self.node.name, "link", "add", "veth0", "type", "veth", "peer", "eth0", "netns", self.pod.name)
        for space, device, addresses in (
            (self.node, "veth0", (NODE4 + "/24", NODE6 + "/64")),
            (self.pod, "eth0", (POD4 + "/24", POD6 + "/64")),
        ):
            for address in addresses:
                options = ["nodad"] if ":" in address else []
                run("ip", "-n", space.name, "address", "add", address, "dev", device, *options)
            run("ip", "-n", space.name, "link", "set", device, "up")
        self.idle = self._stack.enter_context(self.process(self.pod.enter("sleep", "infinity")))

    def _namespace(self, name: str) -> Namespace:
        space = Namespace(name)
        self._stack.callback(space.remove)
        return space

    @staticmethod
    @contextlib.contextmanager
    def process(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
        """A command for as long as the block lasts."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    @contextlib.contextmanager
    def serving(self, *arguments: str, program: str = "pod_server.py") -> Iterator[int]:
        """An application in the pod; yields its process id when it listens."""
        command = self.pod.enter(sys.executable, HERE / program, *arguments)
        with self.process(command) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("ready"):
                raise RuntimeError(f"{program} did not start: {line!r}")
            yield process.pid

    def forget_connection(self, source_port: int) -> None:
        """A connection from the node that only the pod's side still knows of."""
        run(*self.node.enter(sys.executable, HERE / "older_connection.py", POD4, str(PORT), str(source_port)))

    @contextlib.contextmanager
    def certificate(self) -> Iterator[str]:
        """A file with a fresh self-signed certificate and its key."""
        with tempfile.TemporaryDirectory() as folder:
            file = f"{folder}/both.pem"
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=somebody-else", "-days", "1", "-keyout", file, "-out", f"{folder}/certificate.pem")
            with open(file, "a", encoding="ascii") as out:
                out.write(Path(folder, "certificate.pem").read_text(encoding="ascii"))
            yield file

    @contextlib.contextmanager
    def rules(self, space: Namespace, chain: str) -> Iterator[None]:
        """A table with one chain, for a while."""
        space.nft(f"table inet fault {{\nchain c {{\n{chain}\n}}\n}}\n")
        try:
            yield
        finally:
            space.nft("delete table inet fault")

    def start_probe(self, wanted: dict[str, Any], confined: str = "") -> "subprocess.Popen[bytes]":
        argument = base64.b64encode(json.dumps(wanted).encode()).decode()
        command: list[str | Path] = [PROBE, "run", argument]
        if confined:
            command = [sys.executable, HERE / "confine.py", confined, *command]
        return subprocess.Popen(self.node.enter(*command), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def probe(self, wanted: dict[str, Any], confined: str = "", seconds: float = 90) -> Report:
        start = time.monotonic()
        process = self.start_probe(wanted, confined)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return Report(out, err.decode(errors="replace"), process.returncode, time.monotonic() - start)

    def close(self) -> None:
        self._stack.close()


class LabTest(unittest.TestCase):
    """Cases that share a lab."""

    lab: Lab

    @classmethod
    def setUpClass(cls) -> None:
        if os.geteuid() != 0:
            print(f"skipped: {cls.__name__} needs root to make network namespaces", flush=True)
            raise unittest.SkipTest("needs root to make network namespaces")
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)

    def check_complete(self, report: Report, reason: str = "done") -> None:
        self.assertEqual(report.exit_code, 0, report.stderr)
        self.assertTrue(report.complete(), report.stderr)
        self.assertEqual(report.one("end")["reason"], reason)
        self.assertLessEqual(max(map(len, report.lines)), MAX_LINE)
        self.assertLess(len(report.stdout), MAX_STREAM)


def _sysctls(root: Path) -> dict[str, str]:
    values = {}
    for folder, _, files in os.walk(root):
        for name in files:
            try:
                values[f"{folder}/{name}"] = Path(folder, name).read_text(encoding="utf-8")
            except OSError:
                continue  # Write-only, or refused to everybody.
    values.pop("/proc/sys/net/netfilter/nf_conntrack_count", None)
    return values


def _own_state() -> dict[str, Any]:
    tables = {}
    for name in ("ip_tables_names", "ip6_tables_names", "arp_tables_names"):
        with contextlib.suppress(OSError):
            tables[name] = Path("/proc/net", name).read_text(encoding="ascii")
    modules = Path("/proc/modules")
    return {
        "sysctls": _sysctls(Path("/proc/sys/net")),
        "rules": run("nft", "list", "ruleset"),
        "tables": tables,
        "modules": sorted(line.split()[0] for line in modules.read_text(encoding="ascii").splitlines())
        if modules.exists() else [],
        "links": run("ip", "-brief", "address"),
        "routes": run("ip", "route", "show", "table", "all"),
    }


if __name__ == "__main__":
    print(json.dumps(_own_state()))
