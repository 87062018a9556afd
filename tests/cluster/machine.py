"""What a command may have changed on this machine: a picture of it, and the difference between two."""

import os
import re
import subprocess
from pathlib import Path

from embedded import cgroups, processes

WATCHED_FOLDERS = (
    "/etc/cni",
    "/opt/cni",
    "/run/containerd",
    "/run/kubernetes",
    "/run/netns",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
)
"""Where the cluster's programs would write if they were let."""

WATCHED_SETTINGS = ("kernel/keys", "kernel/panic", "kernel/panic_on_oops", "net", "vm")
PASSING_SETTINGS = ("nf_conntrack_count", "ns_last_pid")


# Counters and remaining lifetimes, which change by themselves.
PASSING_WORDS = re.compile(r"\[\d+:\d+\]| expires \d+sec")


def _output(*command: str) -> set[str]:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return {PASSING_WORDS.sub("", line) for line in done.stdout.splitlines() if not line.startswith("#")}


def _settings() -> set[str]:
    found = set()
    for name in WATCHED_SETTINGS:
        top = Path("/proc/sys", name)
        for file in [top] if top.is_file() else top.rglob("*"):
            if file.name in PASSING_SETTINGS or not os.access(file, os.R_OK) or not file.is_file():
                continue
            try:
                found.add(f"{file}={file.read_text().strip()}")
            except OSError:
                continue
    return found


def _namespace_roots() -> set[str]:
    """The first process of every PID namespace below the machine's own.

    What those start counts as theirs: a pod that another cluster restarts meanwhile is no change.
    """
    own = processes.namespace(os.getpid(), "pid")
    found = set()
    for pid in processes.all_pids():
        namespace, parent = processes.namespace(pid, "pid"), processes.parent(pid)
        process = processes.Process.of(pid)  # None: it ended, and only its parent has not noticed yet.
        if process and namespace not in (None, own) and parent and processes.namespace(parent, "pid") == own:
            found.add(f"{namespace} {process}")
    return found


def _files() -> set[str]:
    tops = [Path(folder) for folder in WATCHED_FOLDERS]
    return {str(path) for top in tops if top.exists() for path in [top, *top.rglob("*")]}


def picture() -> dict[str, set[str]]:
    """Everything of the machine that a cluster must leave as it was, by kind."""
    groups = (path for mount, _ in cgroups.hierarchies() for path in mount.iterdir() if path.is_dir())
    return {
        "addresses": _output("ip", "-brief", "address", "show"),
        "cgroups": {str(path) for path in groups},
        "files": _files(),
        "iptables": _output("iptables-legacy-save") | _output("ip6tables-legacy-save"),
        "links": _output("ip", "-brief", "link", "show"),
        "mounts": set(Path("/proc/self/mountinfo").read_text().splitlines()),
        "namespaces": _output("ip", "netns", "list"),
        "nftables": _output("nft", "--stateless", "list", "ruleset"),
        "processes": _namespace_roots(),
        "routes": _output("ip", "-4", "route", "show", "table", "all")
        | _output("ip", "-6", "route", "show", "table", "all"),
        "settings": _settings(),
    }


def added(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, set[str]]:
    """What is there now and was not, by kind; empty when nothing is left behind."""
    return {kind: after[kind] - before[kind] for kind in before if after[kind] - before[kind]}
