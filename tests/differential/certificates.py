"""Certificates of the scripted server: self-signed, and for a name that no probe asks for.

kubelet looks at neither, so netcheck may not either.
"""

import functools
import subprocess
import tempfile
import threading
from pathlib import Path

KEYS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}
_lock = threading.Lock()


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="netcheck-differential-")


def pem(kind: str) -> Path:
    """A file with the certificate and its key."""
    with _lock:
        folder = Path(_folder().name)
        key, certificate, both = (folder / f"{kind}.{suffix}" for suffix in ("key", "crt", "pem"))
        if not both.exists():
            command = ["openssl", "req", "-x509", "-newkey", *KEYS[kind], "-nodes", "-subj", "/CN=stranger.example"]
            command += ["-keyout", str(key), "-out", str(certificate)]
            subprocess.run(command, capture_output=True, check=True)
            both.write_bytes(certificate.read_bytes() + key.read_bytes())
        return both
