"""The cluster's certificate authority, the certificates it issues, and the kubeconfigs that carry them."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from . import processes

DAYS = "3650"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

# Given instead of the machine's openssl.cnf, whose defaults would make every certificate an authority.
CONFIGURATION = "[req]\ndistinguished_name = name\n[name]\n"


@dataclass(frozen=True)
class Issued:
    certificate: Path
    key: Path


class Authority:
    """Issues the certificates of one cluster into one folder, where it is kept itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._configuration = folder / "openssl.cnf"
        self.certificate = folder / "ca.crt"
        self._key = folder / "ca.key"

    @classmethod
    def create(cls, folder: Path) -> "Authority":
        folder.mkdir(parents=True, mode=0o700)
        made = cls(folder)
        made._configuration.write_text(CONFIGURATION)
        files: list[str | Path] = ["-keyout", made._key, "-out", made.certificate]
        made._request(
            ["-subj", "/CN=netcheck-test-cluster", *KEY, *files],
            ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"],
        )
        return made

    def _request(self, options: Sequence[str | Path], extensions: list[str]) -> None:
        command: list[str | Path] = ["openssl", "req", "-x509", "-config", self._configuration, "-days", DAYS, *options]
        for extension in extensions:
            command += ["-addext", extension]
        processes.run(command)

    def issue(self, name: str, user: str, group: str = "", addresses: tuple[str, ...] = ()) -> Issued:
        """A certificate for a client, and for a server as well when addresses (IP or DNS names) are given."""
        issued = Issued(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        subject = (f"/O={group}" if group else "") + f"/CN={user}"
        usages = "clientAuth,serverAuth" if addresses else "clientAuth"
        extensions = ["basicConstraints=critical,CA:FALSE", f"extendedKeyUsage={usages}"]
        if addresses:
            names = (f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in addresses)
            extensions.append("subjectAltName=" + ",".join(names))
        signed: list[str | Path] = ["-CA", self.certificate, "-CAkey", self._key]
        files: list[str | Path] = ["-keyout", issued.key, "-out", issued.certificate]
        self._request(["-subj", subject, *signed, *KEY, *files], extensions)
        return issued

    def signing_key(self, name: str) -> Issued:
        """A key pair for service-account tokens: the private key, and its public half."""
        issued = Issued(self._folder / f"{name}.pub", self._folder / f"{name}.key")
        processes.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", issued.key])
        processes.run(["openssl", "ec", "-in", issued.key, "-pubout", "-out", issued.certificate])
        return issued

    def kubeconfig(self, path: Path, server: str, user: str, issued: Issued) -> None:
        """Writes a kubeconfig that carries its certificates itself, so that it can be copied."""
        path.touch(mode=0o600)
        path.write_text(
            "apiVersion: v1\n"
            "kind: Config\n"
            "current-context: netcheck\n"
            "clusters:\n"
            "- name: netcheck\n"
            "  cluster:\n"
            f"    server: {server}\n"
            f"    certificate-authority-data: {_base64(self.certificate)}\n"
            "contexts:\n"
            "- name: netcheck\n"
            "  context:\n"
            "    cluster: netcheck\n"
            f"    user: {user}\n"
            "users:\n"
            f"- name: {user}\n"
            "  user:\n"
            f"    client-certificate-data: {_base64(issued.certificate)}\n"
            f"    client-key-data: {_base64(issued.key)}\n"
        )


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
