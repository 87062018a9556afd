"""The disk that every virtual machine starts from, and its kernels: built once from Debian's packages, and one of
Ubuntu's old kernels.

One ext4 file system for all kernels, with the modules of each. The machines write to copies of their own that go with
them. Maintainer scripts don't run: what they would have made and is needed is made here.
"""

import hashlib
import lzma
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from embedded import layout, locks, processes, steps
from embedded.errors import ClusterError

from . import cpio, debian

DEBIAN_KERNELS = {
    "6.1": r"linux-image-6\.1\.(\d+)-(\d+)-cloud-amd64-unsigned",
    "6.12": r"linux-image-6\.12\.(\d+)\+deb12-cloud-amd64-unsigned",
}
"""The package of each: Debian 12's own kernel, and the one of its backports."""

UBUNTU_POOL = "https://archive.ubuntu.com/ubuntu/pool/main/l/linux/"
UBUNTU_KERNELS = {
    "4.4": {
        "linux-image-unsigned-4.4.0-210-generic_4.4.0-210.242_amd64.deb": (
            "804c3356872f439bd44c88e66172bdfe5ba7c2cc193b081dcd42d52a315b8352"
        ),
        "linux-modules-4.4.0-210-generic_4.4.0-210.242_amd64.deb": (
            "88d5a34d725a54cd0e7fbc7185c71c6d29fbddc3bd9630f1918ecdc4fe32da0d"
        ),
    }
}
"""The last one of Ubuntu 16.04, for what later kernels lost: its packages, and the SHA-256 of each."""

KERNELS = (*DEBIAN_KERNELS, *UBUNTU_KERNELS)

PACKAGES = (
    "bash",
    "busybox-static",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "coreutils",
    "dash",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "ipset",
    "iproute2",
    "iptables",
    "ipvsadm",
    "kmod",
    "libc-bin",
    "libnsl2",
    "mount",
    "nftables",
    "procps",
    "python3",
    "python3-yaml",
    "runc",
    "sed",
    "socat",
    "tcpdump",
    "usr-is-merged",  # Instead of usrmerge, which would bring all of Perl.
    "util-linux",
)

EARLY_MODULES = ("virtio_pci", "virtio_blk", "ext4")
"""What the kernel needs to find its disk."""

FREE_BYTES = 3 << 30
"""For what a machine writes. The image is sparse: it costs nothing."""
PER_FILE_BYTES = 512
FIXED_BYTES = 8 << 20
"""What a file system needs for itself, amply."""

FILES = {
    "etc/group": "root:x:0:\nnogroup:x:65534:\ntcpdump:x:100:\n",
    "etc/hostname": "vm\n",
    "etc/hosts": "127.0.0.1 localhost vm\n::1 localhost\n",
    "etc/machine-id": "6e6574636865636b6e6574636865636b\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ntcpdump:x:100:100::/:/bin/false\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/resolv.conf": "",
}

LINKS = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib32": "usr/lib32",
    "lib64": "usr/lib64",
    "libx32": "usr/libx32",
    "sbin": "usr/sbin",
}

ALTERNATIVES = {
    "usr/bin/awk": "mawk",
    **{
        f"usr/sbin/{family}{suffix}": "xtables-nft-multi"
        for family in ("iptables", "ip6tables")
        for suffix in ("", "-save", "-restore")
    },
}


@dataclass(frozen=True)
class Image:
    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk.ext4"

    def kernel(self, version: str) -> Path:
        return self.folder / f"vmlinuz-{version}"

    def early(self, version: str) -> Path:
        """The part of the initramfs that comes from Debian: busybox and the early modules."""
        return self.folder / f"early-{version}.cpio"


def _key() -> str:
    """Names what an image is made of, but for the versions that Debian offered when it was made."""
    digest = hashlib.sha256()
    for module in (__file__, debian.__file__, cpio.__file__):
        digest.update(hashlib.sha256(Path(module).read_bytes()).digest())
    return digest.hexdigest()[:12]


def folder() -> Path:
    return layout.cache_folder() / "vm"


def build() -> Image:
    """The image in the cache, after making it if it isn't there."""
    image = Image(folder() / f"image-{_key()}")
    with locks.exclusive(folder() / "lock"):
        if not image.folder.is_dir():
            if os.geteuid() != 0:
                raise ClusterError("making the image of the virtual machines needs root")
            _make(image)
    return image


def _make(image: Image) -> None:
    apt = debian.Apt(folder() / "apt")
    apt.update()
    archives = apt.download([*PACKAGES, *map(apt.newest, DEBIAN_KERNELS.values())])
    for packages in UBUNTU_KERNELS.values():
        archives += [debian.fetch(UBUNTU_POOL + name, digest, folder() / "ubuntu") for name, digest in packages.items()]

    made, root = Image(folder() / "unfinished"), folder() / "root"
    for left in (made.folder, root):
        shutil.rmtree(left, ignore_errors=True)
        left.mkdir()
    with steps.Step(f"Unpacking {len(archives)} packages"):
        for name, target in LINKS.items():
            (root / target).mkdir(parents=True)
            (root / name).symlink_to(target)
        for archive in archives:
            debian.unpack(archive, root)
    with steps.Step("Setting the system up"):
        _set_up(root)
        for version in KERNELS:
            _prepare_kernel(root, version, made)
    with steps.Step("Writing the disk"):
        (made.folder / "packages").write_text("".join(f"{archive.name}\n" for archive in archives))
        write_disk(root, made.disk, FREE_BYTES)
    shutil.rmtree(root)
    made.folder.rename(image.folder)


def _set_up(root: Path) -> None:
    for name, content in FILES.items():
        (root / name).write_text(content)
    for name, target in ALTERNATIVES.items():
        (root / name).symlink_to(target)
    for name in ("dev", "proc", "sys", "run", "tmp", "root", "var/lib", "var/log"):
        (root / name).mkdir(parents=True, exist_ok=True)
    chroot = ["chroot", root]
    processes.run([*chroot, "ldconfig"])
    # Emulated, Python would take seconds to compile what it imports.
    compiled = ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"]
    processes.run([*chroot, "python3", "-m", "compileall", "-q", *compiled])


def _prepare_kernel(root: Path, version: str, made: Image) -> None:
    release = next(
        path.name for path in (root / "usr/lib/modules").iterdir() if re.match(rf"{re.escape(version)}\.", path.name)
    )
    modules = root / "usr/lib/modules" / release
    for packed in modules.rglob("*.ko.xz"):
        packed.with_suffix("").write_bytes(lzma.decompress(packed.read_bytes()))
        packed.unlink()
    processes.run(["chroot", root, "depmod", release])
    shutil.move(root / f"boot/vmlinuz-{release}", made.kernel(version))

    archive = cpio.Archive()
    archive.add("busybox", (root / "usr/bin/busybox").read_bytes(), 0o755)
    for number, module in enumerate(_in_loading_order(modules)):
        archive.add(f"modules/{number:02}-{module.name}", module.read_bytes(), 0o644)
    made.early(version).write_bytes(archive.end())


def _in_loading_order(modules: Path) -> list[Path]:
    """The early modules and what they depend on, each after what it needs. Built-in ones are no files."""
    dependencies: dict[str, list[str]] = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        name, _, needed = line.partition(":")
        dependencies[name] = needed.split()
    ordered: dict[str, None] = {}
    for wanted in EARLY_MODULES:
        for name in dependencies:
            if Path(name).name == f"{wanted}.ko":
                # modules.dep lists the closure, what is needed first last.
                ordered.update(dict.fromkeys([*reversed(dependencies[name]), name]))
    return [modules / name for name in ordered]


def write_disk(root: Path, disk: Path, free_bytes: int = 0) -> None:
    """Makes a disk of a folder."""
    used = sum(path.lstat().st_blocks * 512 + PER_FILE_BYTES for path in root.rglob("*"))
    with disk.open("wb") as file:
        file.truncate(used + used // 16 + FIXED_BYTES + free_bytes)
    processes.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", root, disk])
