"""The hosts of a scenario: network namespaces for node, pods and peers, and what runs in them."""

import contextlib
import dataclasses
import ipaddress
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .cgroups import Cgroups, cpu_quantity
from .commands import CommandError, Process, run
from .scenario import ScenarioError, Variables

NODE = "node"
MACHINE = "machine"  # The first network namespace; scenarios for a virtual machine may change it.
BRIDGE = "cni0"
OUTSIDE = "lan0"  # What peers are on.
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROGRAMS = Path(__file__).resolve().parents[1] / "programs"


@dataclasses.dataclass
class Container:
    name: str
    id: str
    fields: dict[str, Any]  # Of the v1.Container.
    pid: int = 0


@dataclasses.dataclass
class Host:
    name: str
    space: str  # Name of its network namespace.
    addresses: dict[str, str]  # By family.
    device: str = ""  # The node's end of its link.
    mac: str = ""
    uid: str = ""
    host_network: bool = False
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    containers: list[Container] = dataclasses.field(default_factory=list)
    object_name: str = ""  # metadata.name


class Hosts:
    """Built from a scenario's document; everything is gone after close()."""

    def __init__(self, document: Mapping[str, Any], variables: Variables, testserver: Path, label: str) -> None:
        self.variables = variables
        self.draw = variables.draw
        self.document = document
        self.hosts: dict[str, Host] = {}
        self.networks: dict[str, dict[str, Network]] = {bridge: self._networks() for bridge in (BRIDGE, OUTSIDE)}
        self._label = label
        self._stack = contextlib.ExitStack()
        self._environment = dict(os.environ)
        self._environment["PATH"] = f"{PROGRAMS}:{testserver.parent}:{os.environ.get('PATH', '')}"
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._stack.close()

    # --- addresses -----------------------------------------------------------------------------

    def _networks(self) -> dict[str, Network]:
        first, second = self.draw.number(1, 16383), self.draw.random.randint(1, 65535)
        return {
            "ipv4": ipaddress.IPv4Network(f"10.{128 + first % 100}.{first % 251}.0/24"),
            "ipv6": ipaddress.IPv6Network(f"fd{first % 256:02x}:{second:x}::/64"),
        }

    def _addresses(self, bridge: str = BRIDGE) -> dict[str, str]:
        number = self.draw.number(2, 250)
        return {family: str(network[number]) for family, network in self.networks[bridge].items()}

    # --- links ---------------------------------------------------------------------------------

    def _space(self, kind: str) -> str:
        name = f"nclab-{self._label}-{kind}"
        if kind == NODE and self.document.get("machine_is_node"):
            run("ip", "netns", "attach", name, "1")
            self._stack.callback(self._remove_space, name)
            for bridge in (BRIDGE, OUTSIDE):  # Nothing else of it ends with the name.
                self._stack.callback(self._remove_link, bridge)
            return name
        run("ip", "netns", "add", name)
        self._stack.callback(self._remove_space, name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    @staticmethod
    def _remove_space(name: str) -> None:
        with contextlib.suppress(CommandError):
            run("ip", "netns", "delete", name)

    @staticmethod
    def _remove_link(name: str) -> None:
        with contextlib.suppress(CommandError):
            run("ip", "link", "delete", name)

    def _build(self) -> None:
        node = Host(NODE, self._space(NODE), self._addresses(), device=BRIDGE)
        self.hosts[NODE] = node
        self._gateways = {BRIDGE: node.addresses, OUTSIDE: self._addresses(OUTSIDE)}
        for bridge, addresses in self._gateways.items():
            self._ip(node, "link", "add", bridge, "type", "bridge")
            self._ip(node, "link", "set", bridge, "up")
            self._set_addresses(node, bridge, addresses, bridge)
        self._sysctl(node, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.cgroups = Cgroups(f"nclab-{self._label}")
        self._stack.callback(self.cgroups.remove)
        for name, fields in self.document["pods"].items():
            self._add_pod(name, fields or {})
        for name, fields in (self.document.get("peers") or {}).items():
            self._add_peer(name, fields or {})
        self._name_variables()

    def _ip(self, host: Host, *words: str) -> None:
        run("ip", "-n", host.space, *words)

    def _sysctl(self, host: Host, *assignments: str) -> None:
        run(*self.enter(host, "sysctl", "-q", "-w", *assignments))

    def _set_addresses(self, host: Host, device: str, addresses: Mapping[str, str], bridge: str) -> None:
        for family, address in addresses.items():
            length = self.networks[bridge][family].prefixlen
            extra = ["nodad"] if family == "ipv6" else []
            self._ip(host, "address", "add", f"{address}/{length}", "dev", device, *extra)

    def _link(self, host: Host, bridge: str = BRIDGE) -> None:
        """A veth pair between the host and a bridge of the node, as CNI's bridge plugin makes it."""
        node = self.hosts[NODE]
        host.device = f"veth{self.draw.word(8)}"
        host.mac = "02:" + ":".join(f"{byte:02x}" for byte in self.draw.random.randbytes(5))
        run("ip", "-n", node.space, "link", "add", host.device, "type", "veth", "peer", "eth0", "netns", host.space)
        self._ip(host, "link", "set", "eth0", "address", host.mac)
        self._ip(node, "link", "set", host.device, "master", bridge, "up")
        self._set_addresses(host, "eth0", host.addresses, bridge)
        self._ip(host, "link", "set", "eth0", "up")
        for family, option in (("ipv4", "-4"), ("ipv6", "-6")):
            self._ip(host, option, "route", "add", "default", "via", self._gateways[bridge][family])

    def _add_pod(self, name: str, fields: Mapping[str, Any]) -> None:
        host_network = bool(fields.get("hostNetwork"))
        node = self.hosts[NODE]
        pod = Host(name, node.space if host_network else self._space(name), {}, host_network=host_network)
        pod.addresses = node.addresses if host_network else self._addresses()
        if not host_network:
            self._link(pod)
        pod.uid = str(uuid.UUID(int=self.draw.random.getrandbits(128), version=4))
        pod.object_name = f"{name}-{self.draw.word()}"
        pod.labels = {"app": name, **(fields.get("labels") or {})}
        for container, inside in (fields.get("containers") or {}).items():
            pod.containers.append(Container(container, f"{self.draw.random.getrandbits(256):064x}", inside or {}))
        self.hosts[name] = pod

    def _add_peer(self, name: str, fields: Mapping[str, Any]) -> None:
        if fields:
            raise ScenarioError(f"peers.{name}: a peer has no fields")
        self.hosts[name] = peer = Host(name, self._space(name), self._addresses(OUTSIDE))
        self._link(peer, OUTSIDE)

    # --- variables -----------------------------------------------------------------------------

    def _name_variables(self) -> None:
        family = self.draw.family
        other = "ipv6" if family == "ipv4" else "ipv4"
        v4 = family == "ipv4"
        host, network = self.draw.number(1, 250), self.draw.number(1, 250)
        vip = f"10.97.{network}.{host}" if v4 else f"fd97::{network:x}:{host:x}"
        self.variables.update(
            family=family,
            nft="ip" if v4 else "ip6",
            iptables="iptables" if v4 else "ip6tables",
            ipvs_flag="" if v4 else "-6",
            ip_flag="-4" if v4 else "-6",
            icmp="icmp" if v4 else "icmpv6",
            any="0.0.0.0" if v4 else "[::]",
            any_other="[::]" if v4 else "0.0.0.0",
            loopback="127.0.0.1" if v4 else "[::1]",
            length="32" if v4 else "128",
            network=str(self.networks[BRIDGE][family]),
            bridge=BRIDGE,
            vip=vip,
            url_vip=vip if v4 else f"[{vip}]",
            address_type="IPv4" if v4 else "IPv6",
            nodad="" if v4 else "nodad",
            programs=str(PROGRAMS),
        )
        for host in self.hosts.values():
            name = host.name.replace("-", "_")
            self.variables[f"ip_{name}"] = host.addresses[family]
            self.variables[f"other_ip_{name}"] = host.addresses[other]
            self.variables[f"url_{name}"] = host.addresses[family] if v4 else f"[{host.addresses[family]}]"
            self.variables[f"other_url_{name}"] = f"[{host.addresses[other]}]" if v4 else host.addresses[other]
            self.variables[f"device_{name}"] = host.device
            self.variables[f"pod_{name}"] = host.object_name
            self.variables[f"mac_{name}"] = host.mac
            if host.uid:
                self.variables[f"uid_{name}"] = host.uid

    # --- programs ------------------------------------------------------------------------------

    def host(self, name: str) -> Host:
        if name == MACHINE:
            return Host(MACHINE, "", {})
        if name not in self.hosts:
            raise ScenarioError(f"there is no host {name!r}, only {', '.join(self.hosts)}, {MACHINE}")
        return self.hosts[name]

    def enter(self, host: Host, *command: str | Path) -> list[str | Path]:
        return [*(["nsenter", f"--net=/run/netns/{host.space}"] if host.space else []), *command]

    def shell(self, name: str, script: str) -> str:
        """Runs a shell script in the host's network namespace."""
        return run(*self.enter(self.host(name), "bash", "-euc", script), env=self._environment)

    def start(self, name: str, command: str) -> Process:
        """Starts a shell command there and waits for its first line."""
        process = Process(self.enter(self.host(name), "bash", "-euc", f"exec {command}"), env=self._environment)
        self._stack.callback(process.stop)
        process.wait_ready()
        return process

    def run_pods(self) -> None:
        """Starts every pod's containers, each in a cgroup and namespaces of its own."""
        for host in self.hosts.values():
            if not host.uid:
                continue
            if not host.host_network:
                self._run_sandbox(host)
            for container in host.containers:
                self._run_container(host, container)

    def _contain(self, host: Host, container_id: str, command: Sequence[str], limit: float | None) -> tuple[Process, int]:
        # The process waits for a line, so that it runs nothing outside of its cgroup.
        inside = ["bash", "-c", 'read -r && exec "$@" </dev/null', "--", *command]
        unshare = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--mount-proc", "--kill-child"]
        process = Process(self.enter(host, *unshare, *inside), env=self._environment, stdin=True)
        self._stack.callback(process.stop)
        pid = process.child()
        self.cgroups.add(host.uid, container_id, pid, limit)
        process.write("go\n")
        return process, pid

    def _run_sandbox(self, host: Host) -> None:
        self._contain(host, f"{self.draw.random.getrandbits(256):064x}", ["sleep", "infinity"], None)

    def _run_container(self, host: Host, container: Container) -> None:
        fields = container.fields
        command = self.variables.fill(fields.get("run", "sleep infinity"))
        limits = (fields.get("resources") or {}).get("limits") or {}
        limit = cpu_quantity(limits["cpu"]) if "cpu" in limits else None
        process, container.pid = self._contain(host, container.id, ["bash", "-euc", f"exec {command}"], limit)
        if "run" in fields:
            process.wait_ready(int(fields.get("lines", 1)))
