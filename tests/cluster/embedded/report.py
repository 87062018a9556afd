"""`status`: what runs, since when, in which version."""

import datetime
import time

from . import cluster, control_plane, state, steps
from .addresses import LinkNetwork
from .layout import Layout
from .node import PROGRAMS as NODE_PROGRAMS
from .state import State


def show(layout: Layout) -> int:
    """Prints the report; returns 0 only for a healthy cluster."""
    cluster.check_machine()
    record = state.load(layout)
    if record is None:
        steps.say(f"no cluster is up in {layout.folder}")
        return 1
    health = cluster.health(record, layout)
    since = datetime.datetime.fromtimestamp(record.started).isoformat(" ", "seconds")
    minutes = (time.time() - record.started) / 60
    steps.say(f"cluster     {layout.folder}, since {since} ({minutes:.0f} min)")
    steps.say(f"kubernetes  {record.kubernetes}, {LinkNetwork(record.network).server}")
    steps.say(f"kubeconfig  {layout.kubeconfig}")
    steps.say(f"kubectl     {layout.programs}/kubectl")
    _show_host(record, control_plane.NAME, control_plane.PROGRAMS)
    for name in record.nodes:
        _show_host(record, name, NODE_PROGRAMS)
        if name in health.nodes:
            _show_node(health.nodes[name])
    for problem in health.problems:
        steps.say(f"problem     {problem}")
    if not record.complete:
        steps.say("problem     `up` has not finished")
    return 1 if health.problems or not record.complete else 0


def _show_host(record: State, name: str, programs: tuple[str, ...]) -> None:
    host = record.hosts.get(name)
    if host is None or not host.alive():
        steps.say(f"{name}: not running")
        return
    running = host.programs()
    shown = ", ".join(f"{program} {running.get(program[:15], 'not running')}" for program in programs)
    steps.say(f"{name}: {shown}")
    steps.say(f"    enter it with nsenter -t {host.init.pid} -m -n -p -u -i")


def _show_node(node: dict) -> None:
    ready = "Ready" if cluster.is_ready(node) else "not Ready"
    information = node["status"]["nodeInfo"]
    found = [address["address"] for address in node["status"]["addresses"] if address["type"] == "InternalIP"]
    versions = f"kubelet {information['kubeletVersion']}, {information['containerRuntimeVersion']}"
    steps.say(f"    {ready}, {', '.join(found)}, {versions}, kernel {information['kernelVersion']}")
