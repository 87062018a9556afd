"""The virtual machines: each kernel boots and has what tests ask of it."""

import io
import json
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from virtual import image
from virtual.channel import Sink
from virtual.vm import Done, Vm

FOLDER = Path(__file__).resolve().parent
SECONDS = 120
"""Of any command here, on a busy machine."""


class OfOneKernel:
    """The cases, for a class for each kernel."""

    KERNEL = ""
    vm: Vm

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        Path(folder.name, "file").write_text("from outside\n")
        cls.vm = Vm(cls.KERNEL, payload=Path(folder.name)).__enter__()
        cls.addClassCleanup(cls.vm.__exit__)
        cls.vm.wait_ready()
        print(f"kernel {cls.vm.release}, ready after {cls.vm.boot_seconds:.1f}s")

    def shell(self, script: str, on_line: Sink | None = None) -> Done:
        return self.vm.run(["bash", "-euc", script], SECONDS, on_line=on_line)

    def succeed(self, script: str) -> str:
        done = self.shell(script)
        self.assertEqual(done.exit_code, 0, done.stderr.decode())
        return done.stdout.decode()

    def test_it_is_that_kernel(self) -> None:
        self.assertEqual(self.succeed("uname -r").strip(), self.vm.release)
        self.assertRegex(self.vm.release, rf"^{self.KERNEL.replace('.', '[.]')}[.].*cloud")

    def test_exit_codes(self) -> None:
        self.assertEqual(self.shell("exit 7"), Done(7, b"", b""))
        self.assertEqual(self.shell("kill -9 $$").exit_code, -9)
        missing = self.vm.run(["/no/such/program"], SECONDS)
        self.assertEqual((missing.exit_code, missing.stdout), (127, b""))
        self.assertIn(b"No such file", missing.stderr)

    def test_outputs_are_kept_apart(self) -> None:
        self.assertEqual(self.shell("echo result; echo complaint >&2"), Done(0, b"result\n", b"complaint\n"))

    def test_a_megabyte_of_output_arrives_intact(self) -> None:
        content = os.urandom(1 << 20)
        started = time.monotonic()
        self.assertEqual(self.vm.run(["cat"], SECONDS, stdin=io.BytesIO(content)), Done(0, content, b""))
        self.assertLess(time.monotonic() - started, 30)

    def test_input_that_nobody_reads_does_no_harm(self) -> None:
        self.assertEqual(self.vm.run(["true"], SECONDS, stdin=io.BytesIO(bytes(8 << 20))), Done(0, b"", b""))
        self.assertEqual(self.succeed("echo next"), "next\n")

    def test_lines_arrive_while_the_command_runs(self) -> None:
        arrived: list[tuple[bytes, float]] = []
        script = "head -c 100000 /dev/zero | tr '\\0' x; echo; sleep 2; printf last"
        done = self.shell(script, lambda line: arrived.append((line, time.monotonic())))
        self.assertEqual([line for line, _ in arrived], [b"x" * 100000, b"last"])
        self.assertEqual(done.stdout, b"x" * 100000 + b"\nlast")
        self.assertGreater(arrived[1][1] - arrived[0][1], 1)

    def test_a_command_that_takes_too_long_is_ended(self) -> None:
        with self.assertRaises(subprocess.TimeoutExpired) as raised:
            self.vm.run(["bash", "-c", "echo begun; sleep 1000"], 3)
        self.assertEqual(raised.exception.output, b"begun\n")
        self.assertEqual(self.shell("pgrep sleep").exit_code, 1)

    def test_what_stays_in_the_background_is_not_waited_for(self) -> None:
        self.succeed("sleep 1000 & echo $! >/run/background")
        self.succeed("kill $(</run/background)")

    def test_folders_and_files_are_copied(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "below").mkdir()
            (folder / "below/program").write_text("#!/bin/sh\necho it runs\n")
            (folder / "below/program").chmod(0o755)
            (folder / "link").symlink_to("below/program")
            self.vm.put(folder, "/work/copied")
            self.vm.put(folder / "below/program", "/work/alone")
        self.assertEqual(self.succeed("/work/copied/link; /work/alone/program"), "it runs\nit runs\n")

    def test_a_payload_is_there_and_stays_as_it_is(self) -> None:
        self.assertEqual(self.succeed("cat /payload/file"), "from outside\n")
        self.assertIn(b"Read-only", self.shell("echo changed >/payload/file").stderr)

    def test_ipvs(self) -> None:
        listed = self.succeed(
            """
            unshare --net bash -euc '
              ip link set lo up
              ipvsadm --add-service --tcp-service 127.0.0.1:80 --scheduler rr
              ipvsadm --add-server --tcp-service 127.0.0.1:80 --real-server 127.0.0.1:8080 --masquerading
              ipvsadm --list --numeric'
            """
        )
        self.assertRegex(listed, r"TCP +127\.0\.0\.1:80 rr\n +-> 127\.0\.0\.1:8080 +Masq")

    def test_delayed_packets_between_namespaces(self) -> None:
        milliseconds = self.succeed(
            """
            for side in a b; do ip netns add $side; ip -n $side link set lo up; done
            ip link add v netns a type veth peer name v netns b
            ip -n a addr add 10.1.0.1/24 dev v; ip -n b addr add 10.1.0.2/24 dev v
            for side in a b; do ip -n $side link set v up; done
            ip netns exec a tc qdisc add dev v root netem delay 300ms
            ip netns exec b socat TCP-LISTEN:80,reuseaddr,fork EXEC:"echo hello" &
            server=$!
            until ip netns exec b ss -ltn | grep -q :80; do sleep 0.1; done
            before=$(date +%s%3N)
            [ "$(ip netns exec a socat -u TCP:10.1.0.2:80 -)" = hello ]
            echo $(($(date +%s%3N) - before))
            kill $server; ip netns del a; ip netns del b
            """
        )
        self.assertGreaterEqual(int(milliseconds), 300)

    def test_sysctls_of_the_whole_machine(self) -> None:
        setting = "net.netfilter.nf_conntrack_max"
        self.assertEqual(self.succeed(f"sysctl -qw {setting}=1234; sysctl -n {setting}"), "1234\n")

    def test_both_iptables_with_ipset(self) -> None:
        for backend in ("legacy", "nft"):
            with self.subTest(backend):
                rules = self.succeed(
                    f"""
                    unshare --net bash -euc '
                      ipset create some hash:ip,port
                      iptables-{backend} -t nat -A OUTPUT -m set --match-set some dst,dst -j MARK --set-mark 1
                      ip6tables-{backend} -t mangle -A OUTPUT -m statistic --mode random --probability 0.5 -j ACCEPT
                      iptables-{backend}-save'
                    """
                )
                self.assertIn("--match-set some dst,dst -j MARK", rules)

    def test_conntrack_and_nft(self) -> None:
        script = "conntrack --stats >&2; nft add table inet ours; nft list tables; nft delete table inet ours"
        self.assertIn("table inet ours", self.succeed(script))

    def test_python(self) -> None:
        script = "import json, ssl, yaml; print(json.dumps(yaml.safe_load('{a: [1, 2]}')))"
        done = self.vm.run(["python3", "-c", script], SECONDS)
        self.assertEqual((done.exit_code, json.loads(done.stdout)), (0, {"a": [1, 2]}), done.stderr)

    def test_cgroups_have_all_controllers(self) -> None:
        script = "mkdir /sys/fs/cgroup/made; cat /sys/fs/cgroup/made/cgroup.controllers; rmdir /sys/fs/cgroup/made"
        self.assertLessEqual({"cpu", "io", "memory", "pids"}, set(self.succeed(script).split()))

    def test_modules_are_there_from_the_beginning(self) -> None:
        wanted = {
            line.replace("-", "_")
            for line in (FOLDER / "virtual/guest/modules").read_text().splitlines()
            if not line.startswith("#")
        }
        there = set(self.succeed("ls /sys/module").split())
        built_in = self.succeed('cat "/lib/modules/$(uname -r)/modules.builtin"').split()
        self.assertEqual(wanted - there - {Path(name).stem for name in built_in}, set())

    def test_nothing_else_is_set_up(self) -> None:
        self.assertEqual(self.succeed("ip -o link | wc -l"), "1\n")
        self.assertEqual(self.succeed("cat /proc/sys/net/ipv4/ip_forward"), "1\n")
        self.assertEqual(self.succeed("findmnt -no PROPAGATION /").strip(), "shared")


class Kernel61(OfOneKernel, unittest.TestCase):
    KERNEL = "6.1"


class Kernel612(OfOneKernel, unittest.TestCase):
    KERNEL = "6.12"


class Kernel44(unittest.TestCase):
    """For what later kernels lost. Not all of the tools fit it."""

    def test_it_boots_and_has_it(self) -> None:
        with Vm("4.4") as vm:
            vm.wait_ready()
            self.assertTrue(vm.release.startswith("4.4."), vm.release)
            script = "sysctl -n net.ipv4.tcp_tw_recycle; cut -d: -f2 /proc/self/cgroup | sort | paste -sd ' '"
            done = vm.run(["bash", "-euc", script], SECONDS)
        self.assertEqual(done, Done(0, b"0\ncpu freezer memory pids\n", b""))


class CommandLine(unittest.TestCase):
    def test_copies_runs_and_passes_on_what_comes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "script").write_text("cat /proc/version; echo wrong >&2; exit 3")
            done = subprocess.run(
                [FOLDER / "run", "--put", f"{folder}:/put", "--", "bash", "/put/script"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
        self.assertEqual((done.returncode, done.stderr), (3, "wrong\n"), done.stdout)
        self.assertIn("Linux version 6.1.", done.stdout)

    def test_misuse(self) -> None:
        for arguments in (["--kernel", "2.4", "--", "true"], ["--put", "/no/such:/x", "--", "true"], []):
            done = subprocess.run([FOLDER / "run", *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, arguments)


class Image(unittest.TestCase):
    def test_the_second_build_is_the_first(self) -> None:
        self.assertEqual(image.build(), image.build())


if __name__ == "__main__":
    unittest.main()
