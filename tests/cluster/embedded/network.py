"""Joins the hosts: a bridge in the control plane, one cable to each node, one to the machine."""

import socket

from . import addresses, processes
from .addresses import LinkNetwork
from .errors import ClusterError
from .host import Host


def machine_interface(identity: str) -> str:
    return f"nc-{identity}"


def connect_control_plane(host: Host, network: LinkNetwork, identity: str) -> None:
    v4, v6 = network.control_plane
    host.ip(
        [
            "link add br0 type bridge",
            f"address add {v4}/24 dev br0",
            f"address add {v6}/64 dev br0 nodad",
            "link set br0 up",
        ]
    )
    name = machine_interface(identity)
    processes.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "machine", "netns", str(host.init.pid)])
    processes.run(["ip", "address", "add", f"{network.machine}/24", "dev", name])
    processes.run(["ip", "link", "set", name, "up"])
    host.ip(["link set machine master br0 up"])


def connect_node(control_plane: Host, node: Host, position: int, nodes: int, network: LinkNetwork) -> None:
    v4, v6 = network.node(position)
    gateway_v4, gateway_v6 = network.control_plane
    control_plane.ip(
        [
            f"link add {node.name} type veth peer name eth0 netns {node.init.pid}",
            f"link set {node.name} master br0 up",
            *_pod_routes(network, [position]),
        ]
    )
    node.ip(
        [
            f"address add {v4}/24 dev eth0",
            f"address add {v6}/64 dev eth0 nodad",
            "link set eth0 up",
            # Nothing answers there, but a Service's address needs some route before it is translated.
            f"route add default via {gateway_v4}",
            f"route add default via {gateway_v6}",
            *_pod_routes(network, [other for other in range(nodes) if other != position]),
        ]
    )


def _pod_routes(network: LinkNetwork, positions: list[int]) -> list[str]:
    routes = []
    for position in positions:
        for pods, via in zip(addresses.pod_networks(position), network.node(position)):
            routes.append(f"route add {pods} via {via}")
    return routes


def disconnect_machine(identity: str) -> None:
    """The kernel does the same, at its leisure, once the other end's namespace is gone: whoever is first."""
    name = machine_interface(identity)
    try:
        if _exists(name):
            processes.run(["ip", "link", "del", name])
    except ClusterError:
        if _exists(name):
            raise


def _exists(interface: str) -> bool:
    return interface in (name for _, name in socket.if_nameindex())
