"""The cluster's addresses. Only the link network is seen by the machine; the rest exists inside the hosts alone."""

import ipaddress
import json
import random
from dataclasses import dataclass

from . import processes
from .errors import ClusterError

LINK_POOL = ipaddress.IPv4Network("198.18.0.0/15")
"""Reserved for benchmarks (RFC 2544), so that hardly a machine routes it; cut into /24 networks, one a cluster."""

POD_NETWORKS = ("10.244.0.0/16", "fd00:10:244::/48")
SERVICE_NETWORKS = ("10.96.0.0/16", "fd00:10:96::/112")
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
API_PORT = 6443


@dataclass(frozen=True)
class LinkNetwork:
    """The network that joins the machine, the control plane and the nodes."""

    index: int

    @property
    def v4(self) -> ipaddress.IPv4Network:
        base = int(LINK_POOL.network_address) + (self.index << 8)
        return ipaddress.IPv4Network((base, 24))

    @property
    def v6(self) -> ipaddress.IPv6Network:
        return ipaddress.IPv6Network(f"fd00:198:18:{self.index:x}::/64")

    def _pair(self, number: int) -> tuple[str, str]:
        return str(self.v4[number]), str(self.v6[number])

    @property
    def machine(self) -> str:
        return str(self.v4[254])

    @property
    def control_plane(self) -> tuple[str, str]:
        return self._pair(1)

    def node(self, position: int) -> tuple[str, str]:
        return self._pair(10 + position)

    @property
    def server(self) -> str:
        return f"https://{self.control_plane[0]}:{API_PORT}"


def pod_networks(position: int) -> tuple[str, str]:
    """The pods' networks of one node."""
    return f"10.244.{position}.0/24", f"fd00:10:244:{position:x}::/64"


def choose_link_network() -> LinkNetwork:
    """A network of the pool that the machine has neither an address in nor a route to."""
    used = []
    for route in json.loads(processes.run(["ip", "-json", "-4", "route", "show", "table", "all"]) or "[]"):
        if route["dst"] != "default":
            used.append(ipaddress.IPv4Network(route["dst"], strict=False))
    start = random.randrange(512)
    for offset in range(512):
        candidate = LinkNetwork((start + offset) % 512)
        if not any(candidate.v4.overlaps(network) for network in used):
            return candidate
    raise ClusterError(f"the machine has routes into all of {LINK_POOL}; nothing is left for the cluster")
