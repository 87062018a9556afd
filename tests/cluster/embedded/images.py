"""Images made of one static binary, without a builder or a registry."""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path
from typing import Sequence

from .errors import ClusterError
from .host import Host

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CONTAINERD = "/run/containerd/containerd.sock"
"""On every node."""


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _tar(entries: Sequence[tuple[str, bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content, mode in entries:
            _add(archive, name, content, mode)
    return buffer.getvalue()


def archive(reference: str, binary: Path, arguments: Sequence[str] = ()) -> bytes:
    """An image archive as `docker save` writes it. The same binary always gives the same bytes."""
    layer = _tar([(binary.name, binary.read_bytes(), 0o755)])
    layer_digest = hashlib.sha256(layer).hexdigest()
    configuration = json.dumps(
        {
            "architecture": ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {"Entrypoint": [f"/{binary.name}", *arguments]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        }
    ).encode()
    configuration_name = f"{hashlib.sha256(configuration).hexdigest()}.json"
    manifest = [{"Config": configuration_name, "RepoTags": [reference], "Layers": [f"{layer_digest}.tar"]}]
    return _tar(
        [
            (f"{layer_digest}.tar", layer, 0o644),
            (configuration_name, configuration, 0o644),
            ("manifest.json", json.dumps(manifest).encode(), 0o644),
        ]
    )


def load(node: Host, image: bytes) -> None:
    """Gives a node an image archive; pods use it with imagePullPolicy Never or IfNotPresent."""
    done = subprocess.run(
        node.enter(["ctr", "--address", CONTAINERD, "--namespace", "k8s.io", "images", "import", "-"]),
        input=image,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        check=False,
    )
    if done.returncode != 0:
        words = done.stdout.decode("utf-8", "replace").strip()
        raise ClusterError(f"containerd on {node.name} does not take the image: {words}")
