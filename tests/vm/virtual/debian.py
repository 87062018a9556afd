"""Debian's packages without installing them: a private apt resolves and downloads, and the archives are unpacked.

The machine's apt is used as a program only. Its sources, lists, status and cache are those of a folder of ours, so
that backports can be offered here and nothing of the machine changes.
"""

import hashlib
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Sequence

from embedded import processes, steps
from embedded.errors import ClusterError

SOURCES = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

# Of no use in a machine that nobody logs in to.
LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./usr/share/lintian")


class Apt:
    """apt with a folder of its own: nothing is installed in its view, so that a request brings all it depends on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._archives = folder / "archives"
        for made in (folder / "lists/partial", self._archives / "partial", folder / "sources"):
            made.mkdir(parents=True, exist_ok=True)
        (folder / "sources/debian.sources").write_text(SOURCES)
        (folder / "status").touch()
        settings = {
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",  # The folder may be readable by root alone.
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Dir::Cache": folder,
            "Dir::Cache::archives": self._archives,
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": folder / "sources",
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",
        }
        self._options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

    def update(self) -> None:
        command = ["apt-get", *self._options, "update"]
        steps.run_logged("Asking Debian what it offers", command, self._folder / "update.log")

    def newest(self, pattern: str) -> str:
        """The package with the highest version in a name that fully matches; the groups are the version's numbers."""
        names = processes.run(["apt-cache", *self._options, "pkgnames"]).split()
        found = [match for match in map(re.compile(pattern).fullmatch, names) if match]
        if not found:
            raise steps.failure("choosing a kernel", f"Debian offers no {pattern}", self._folder / "update.log")
        return max(found, key=lambda match: [int(number) for number in match.groups()]).string

    def download(self, packages: Sequence[str]) -> list[Path]:
        """The archives of the packages and of all that they depend on; those in the cache aren't fetched again."""
        install = [*self._options, "--yes", "install", *packages]
        planned = processes.run(["apt-get", "--print-uris", "--quiet=2", *install, *self._without_cache()])
        names = [line.split()[1] for line in planned.splitlines() if line.startswith("'")]
        title = f"Downloading {len(names)} Debian packages"
        steps.run_logged(title, ["apt-get", "--download-only", *install], self._folder / "download.log")
        return [self._archives / name for name in names]

    def _without_cache(self) -> list[str]:
        # With it, apt would name only what is missing there.
        empty = self._folder / "no-archives"
        (empty / "partial").mkdir(parents=True, exist_ok=True)
        return ["-o", f"Dir::Cache::archives={empty}"]


def fetch(url: str, digest: str, folder: Path) -> Path:
    """A file of this SHA-256, from the folder if it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / url.rpartition("/")[2]
    if not file.exists():
        with steps.Step(f"Downloading {file.name}"), urllib.request.urlopen(url, timeout=60) as answer:
            content = answer.read()
            if hashlib.sha256(content).hexdigest() != digest:
                raise ClusterError(f"{url} is not the file with the SHA-256 {digest}")
            unfinished = file.with_suffix(".unfinished")
            unfinished.write_bytes(content)
            unfinished.rename(file)
    return file


def unpack(archive: Path, root: Path) -> None:
    """Adds a package's files to a root file system whose /bin, /lib and /sbin are links into /usr."""
    excluded = [f"--exclude={folder}" for folder in LEFT_OUT]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as opened:
        command = ["tar", "--extract", "--directory", root, "--keep-directory-symlink", *excluded]
        subprocess.run(command, stdin=opened.stdout, check=True)
    if opened.returncode != 0:
        raise subprocess.CalledProcessError(opened.returncode, opened.args)
