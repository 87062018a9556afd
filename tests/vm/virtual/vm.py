"""A virtual machine: boots one of the image's kernels and runs commands in it.

    with Vm("6.1") as vm:
        vm.put(folder, "/work")
        done = vm.run(["/work/script"], timeout=60)

What a machine writes goes with it. It has no network but its own loopback, unless it gets a cable. qemu emulates in
software, so that it works where hardware virtualization doesn't: a command takes about ten times as long as on the host.
"""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Mapping, Sequence

from embedded import steps
from embedded.errors import ClusterError

from . import cpio, image
from .channel import Channel, ChannelClosed, ChannelTimeout, Output, Sink

GUEST = Path(__file__).resolve().parent / "guest"
BOOT_SECONDS = 300
"""Until the agent says hello; a tenth of it on a machine that is not busy."""
GRACE_SECONDS = 60
"""After a command's time is over: for the agent to kill it and to say so."""
KERNEL_OPTIONS = (
    "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check"
    # On a busy host qemu's threads may block each other for good, their timers not: after a minute of that (20 s before
    # Linux 5.2, which does not know the first option) the machine ends.
    " watchdog_thresh=30 softlockup_panic=1"
)


@dataclass(frozen=True)
class Done:
    exit_code: int
    """Of the command; negative the signal that ended it; 127 when it could not be started."""
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class Cable:
    """Makes the machine's eth0, without addresses, whose other end is a tap device that goes with the machine."""

    namespace: Path
    """The network namespace that the tap is made in."""
    tap: str
    """Its name. It is down, and there at the latest when the machine is ready."""


class Vm:
    """A context manager: qemu is started on entering, and killed on leaving. The first command waits for the boot."""

    def __init__(
        self,
        kernel: str = "6.1",
        *,
        memory_mib: int = 768,
        cpus: int = 2,
        payload: Path | None = None,
        cable: Cable | None = None,
    ) -> None:
        """`kernel` is one of image.KERNELS. A `payload` is a folder that the machine has at /payload, read-only and
        there from the beginning: for what is large, as `put` takes a second for 6 MB."""
        self._kernel = kernel
        self._memory_mib = memory_mib
        self._cpus = cpus
        self._payload = payload
        self._cable = cable
        self._resources = contextlib.ExitStack()
        self._started = 0.0
        self._ready = False
        self.release = ""
        """Of the kernel, as uname -r says it; known when the machine is ready."""
        self.boot_seconds = 0.0
        """From qemu's start until the agent said hello."""

    def __enter__(self) -> "Vm":
        built = image.build()
        with contextlib.ExitStack() as resources:
            self._folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="netcheck-vm-")))
            self._console = self._folder / "console.log"
            (self._folder / "initramfs").write_bytes(built.early(self._kernel).read_bytes() + _guest_archive())
            ours, theirs = socket.socketpair()
            self._channel = Channel(ours)
            resources.callback(self._channel.close)
            with theirs:
                self._start(built, theirs.fileno())
            resources.callback(self.kill)
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def wait_ready(self) -> None:
        """Waits until commands can be run; raises ClusterError with the console's last lines if that never comes."""
        if self._ready:
            return
        kind, payload = self._receive("booting a virtual machine", self._started + BOOT_SECONDS)
        assert kind == b"H", kind
        self.release = json.loads(payload)["kernel"]
        self.boot_seconds = time.monotonic() - self._started
        self._ready = True

    def run(
        self,
        argv: Sequence[str],
        timeout: float,
        *,
        stdin: IO[bytes] | None = None,
        cwd: str = "/",
        environment: Mapping[str, str] | None = None,
        on_line: Sink | None = None,
        on_error_line: Sink | None = None,
    ) -> Done:
        """Runs a command as root; each line of its output goes to `on_line` while it runs, without the line's end.

        Raises subprocess.TimeoutExpired when it takes more than `timeout` seconds: its session is killed then, and the
        machine stays usable. Raises ClusterError when the machine is gone. What a command leaves running in the
        background goes on, and must not write to the command's output any more.
        """
        self.wait_ready()
        command = {"argv": list(argv), "cwd": cwd, "environment": dict(environment or {}), "timeout": timeout}
        outputs = {b"O": Output(on_line), b"X": Output(on_error_line)}
        self._channel.request(command, stdin)
        deadline = time.monotonic() + timeout + GRACE_SECONDS
        while True:
            kind, payload = self._receive(f"running {argv[0]} in a virtual machine", deadline)
            if kind == b"D":
                break
            outputs[kind].add(payload)
        self._channel.drop_input()
        stdout, stderr = outputs[b"O"].end(), outputs[b"X"].end()
        answer = json.loads(payload)
        if answer["timed_out"]:
            raise subprocess.TimeoutExpired(list(argv), timeout, stdout, stderr)
        return Done(answer["exit_code"], stdout, stderr)

    def put(self, source: Path, folder: str, timeout: float = 300) -> None:
        """Copies what is in a folder, or one file, into a folder of the machine, with modes and links."""
        names = [os.fspath(source), "."] if source.is_dir() else [os.fspath(source.parent), source.name]
        command: list[str] = ["tar", "--create", "--directory", names[0], "--", names[1]]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as packed:
            script = 'mkdir -p "$0" && exec tar --extract --no-same-owner --directory "$0"'
            done = self.run(["bash", "-c", script, folder], timeout, stdin=packed.stdout)
        if packed.returncode != 0 or done.exit_code != 0:
            raise ClusterError(f"{source} can't be copied to a virtual machine: {done.stderr.decode(errors='replace')}")

    def _start(self, built: image.Image, port: int) -> None:
        arguments = [
            *["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max,la57=off"],
            *["-smp", str(self._cpus), "-m", str(self._memory_mib)],
            *["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
            *["-kernel", str(built.kernel(self._kernel)), "-initrd", str(self._folder / "initramfs")],
            *["-append", KERNEL_OPTIONS],
            *["-serial", f"file:{self._console}"],
            *_disk("root", built.disk, "snapshot=on,cache=unsafe"),
            *["-chardev", f"socket,id=agent,fd={port}"],
            *["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent"],
            # An old kernel finds too little randomness in a machine that nothing happens in, and getrandom() waits.
            *["-object", "rng-random,id=entropy,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=entropy"],
        ]
        # It must not outlive whoever started it.
        command = ["setpriv", "--pdeathsig", "KILL", "--", "qemu-system-x86_64", *arguments]
        if self._payload is not None:
            disk = self._folder / "payload.ext4"
            image.write_disk(self._payload, disk)
            command += _disk("payload", disk, "readonly=on")
        if self._cable is not None:
            command = ["nsenter", f"--net={self._cable.namespace}", "--", *command]
            command += ["-netdev", f"tap,id=eth0,ifname={self._cable.tap},script=no,downscript=no"]
            command += ["-device", "virtio-net-pci,netdev=eth0,romfile="]
        self._started = time.monotonic()
        with (self._folder / "qemu.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[port], start_new_session=True
            )

    def _receive(self, title: str, deadline: float) -> tuple[bytes, bytes]:
        try:
            return self._channel.receive(deadline)
        except ChannelTimeout:
            raise self._failure(title, f"no answer; its kernel is {self._kernel}") from None
        except ChannelClosed:
            raise self._failure(title, f"it ended; its kernel is {self._kernel}") from None

    def _failure(self, title: str, reason: str) -> ClusterError:
        # The folder is about to be removed.
        lines = [line for name in ("qemu.log", "console.log") for line in steps.last_lines(self._folder / name, 40)]
        return ClusterError("\n    | ".join([f"FAILED: {title}: {reason}", *lines]))

    def kill(self) -> None:
        """Whoever waits for the machine gets a ClusterError."""
        self._process.kill()
        self._process.wait()


def _disk(name: str, file: Path, options: str) -> list[str]:
    drive = f"if=none,id={name},file={file},format=raw,{options}"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive={name}"]


def _guest_archive() -> bytes:
    archive = cpio.Archive()
    # What an import left there besides is Python's.
    for file in sorted(file for file in GUEST.iterdir() if file.is_file()):
        # busybox refuses to leave a first root file system that has no /init.
        name = "init" if file.name == "init" else f"guest/{file.name}"
        archive.add(name, file.read_bytes(), 0o755)
    return archive.end()
