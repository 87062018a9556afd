"""Brings the cluster up, takes it down, says how it is."""

import contextlib
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence

from . import addresses, cgroups, control_plane, host, images, kubernetes, locks, network, processes, state, steps
from . import teardown, workloads
from .addresses import LinkNetwork
from .certificates import Authority
from .errors import ClusterError
from .layout import Layout, cache_folder
from .node import PROGRAMS as NODE_PROGRAMS
from .node import Node
from .state import State

NEEDED = ("containerd", "ctr", "etcd", "ip", "iptables", "mount", "nsenter", "openssl", "runc", "setsid", "unshare")
NODES_LIMIT = 9
NODE_READY_SECONDS = 120
TESTSERVER_IMAGE = "netcheck.test/testserver:1"


@dataclass
class Health:
    """What is wrong with a cluster, and which nodes are Ready."""

    problems: list[str] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    """(host, program) of those that should run."""
    nodes: dict[str, dict] = field(default_factory=dict)
    """Node objects by name, as far as the API server answered."""


def node_name(position: int) -> str:
    return f"node-{chr(ord('a') + position)}"


def check_machine() -> None:
    if os.geteuid() != 0:
        raise ClusterError("the embedded cluster needs root: it makes namespaces, mounts and cgroups")
    missing = [program for program in NEEDED if shutil.which(program, path=host.PATH) is None]
    if missing:
        raise ClusterError(f"not installed: {', '.join(missing)}; run tests/setup/packages cluster")


def build() -> tuple[Path, Path]:
    """The folders of the Kubernetes programs and of the workloads, built if need be."""
    with locks.exclusive(cache_folder() / "build.lock"):
        return kubernetes.build(), workloads.build()


def up(layout: Layout, nodes: int | None) -> None:
    """Starts the cluster, or keeps a healthy one that has the wanted number of nodes (None: any)."""
    check_machine()
    if nodes is not None and not 1 <= nodes <= NODES_LIMIT:
        raise ClusterError(f"between 1 and {NODES_LIMIT} nodes are possible, not {nodes}")
    layout.check()
    programs, pods = build()
    with locks.exclusive(layout.lock_file):
        record = state.load(layout)
        if record is not None and _can_stay(record, layout, nodes):
            steps.say("==> The cluster is up already")
            _load_workloads(record, pods)
            _explain(layout, record)
            return
        _clean(layout)
        try:
            record = _start(layout, nodes or 1, programs, pods)
        except BaseException:
            steps.say("==> Removing what was started")
            teardown.remove(layout)
            raise
        _explain(layout, record)


def _can_stay(record: State, layout: Layout, nodes: int | None) -> bool:
    if nodes not in (None, len(record.nodes)):
        steps.say(f"==> The cluster has {len(record.nodes)} nodes, not {nodes}: it is replaced")
        return False
    if record.kubernetes != kubernetes.key():
        steps.say(f"==> The cluster runs {record.kubernetes}, not {kubernetes.key()}: it is replaced")
        return False
    problems = health(record, layout).problems if record.complete else ["its start was not finished"]
    if problems:
        steps.say(f"==> The cluster is not healthy and is replaced: {'; '.join(problems)}")
    return not problems


def _clean(layout: Layout) -> None:
    teardown.remove(layout)
    if layout.logs.exists():
        shutil.rmtree(layout.logs)
    layout.logs.mkdir()


def _start(layout: Layout, nodes: int, programs: Path, pods: Path) -> State:
    names = [node_name(position) for position in range(nodes)]
    link = addresses.choose_link_network()
    record = State(secrets.token_hex(3), link.index, names, kubernetes.key(), time.time())
    layout.programs.symlink_to(programs)
    with steps.Step(f"Starting the hosts: {control_plane.NAME}, {', '.join(names)}"):
        record.save(layout)
        _start_hosts(record, layout, pods / "pause")
        _connect(record, link)
    with steps.Step("Starting the control plane and the container runtimes"):
        authority, members = _start_control_plane(record, layout, link, pods / "pause")
    with steps.Step("Starting kubelet and kube-proxy, waiting until the nodes are Ready"):
        for member in members:
            member.start_kubernetes(teardown.cgroup_name(record.identity))
        _load_workloads(record, pods)
        _wait_for_nodes(record, layout)
    record.complete = True
    record.save(layout)
    return record


def _start_hosts(record: State, layout: Layout, pause: Path) -> None:
    cgroups.create(teardown.cgroup_name(record.identity), record.nodes)
    alive = state.hold_alive_lock(layout)
    try:
        names = (control_plane.NAME, *record.nodes)
        keepers = {name: host.launch(name, layout, pause, alive) for name in names}
    finally:
        os.close(alive)
    for name, keeper in keepers.items():
        record.hosts[name] = host.wait_for(name, layout, keeper)
    record.save(layout)


def _connect(record: State, link: LinkNetwork) -> None:
    center = record.hosts[control_plane.NAME]
    network.connect_control_plane(center, link, record.identity)
    for position, name in enumerate(record.nodes):
        network.connect_node(center, record.hosts[name], position, len(record.nodes), link)


def _start_control_plane(
    record: State, layout: Layout, link: LinkNetwork, pause: Path
) -> tuple[Authority, list[Node]]:
    authority = Authority.create(layout.certificates)
    accounts = authority.signing_key("service-accounts")
    admin = authority.issue("admin", "netcheck-admin", "system:masters")
    authority.kubeconfig(layout.kubeconfig, link.server, "netcheck-admin", admin)
    center = record.hosts[control_plane.NAME]
    control_plane.start_api_server(center, layout, link, authority, accounts)
    members = [
        Node(record.hosts[name], position, layout, link, authority) for position, name in enumerate(record.nodes)
    ]
    for member in members:
        member.start_containerd(pause)
    control_plane.wait_until_ready(center, layout, link, authority)
    control_plane.start_controllers(center, layout, link, authority, accounts)
    control_plane.create_objects(layout, [member.object() for member in members])
    return authority, members


def _wait_for_nodes(record: State, layout: Layout) -> None:
    last = Health()

    def decided() -> bool:
        nonlocal last
        last = health(record, layout)
        return not last.problems or bool(last.ended)

    with contextlib.suppress(ClusterError):
        processes.wait_until(decided, NODE_READY_SECONDS, "")
    if last.problems:
        name, program = (last.ended or [(record.nodes[0], "kubelet")])[0]
        raise steps.failure("starting the nodes", "; ".join(last.problems), layout.log(name, program))


def _load_workloads(record: State, pods: Path) -> None:
    load_image(record, TESTSERVER_IMAGE, pods / "testserver", [])


def load_image(record: State, reference: str, binary: Path, arguments: Sequence[str]) -> None:
    """Gives every node of a cluster an image made of one static binary."""
    image = images.archive(reference, binary, arguments)
    for name in record.nodes:
        images.load(record.hosts[name], image)


def _explain(layout: Layout, record: State) -> None:
    steps.say(f"    nodes       {', '.join(record.nodes)}")
    steps.say(f"    kubeconfig  export KUBECONFIG={layout.kubeconfig}")
    steps.say(f"    kubectl     {layout.programs}/kubectl")
    steps.say(f"    stop it     {'/'.join(Path(__file__).parts[:-2])[1:]}/down")


def down(layout: Layout) -> None:
    """Stops the cluster and removes everything of it but its logs."""
    if not layout.folder.exists():
        steps.say("==> No cluster is up")
        return
    check_machine()
    layout.check()
    with locks.exclusive(layout.lock_file):
        record = state.load(layout)
        with steps.Step("Stopping the cluster" if record else "No cluster is up; removing what is left of one"):
            teardown.remove(layout)
            left = teardown.leftovers(record, layout) if record else []
        if left:
            raise ClusterError("still there after the cluster's removal: " + "; ".join(left))


def health(record: State, layout: Layout) -> Health:
    result = Health()
    expected = {control_plane.NAME: control_plane.PROGRAMS, **{name: NODE_PROGRAMS for name in record.nodes}}
    for name, programs in expected.items():
        running = record.hosts[name].programs() if name in record.hosts else {}
        if not running:
            result.problems.append(f"{name} is not running")
        else:
            result.ended += [(name, program) for program in programs if program[:15] not in running]
    result.problems += [f"{program} on {name} is not running" for name, program in result.ended]
    link = LinkNetwork(record.network)
    if result.problems:
        return result
    if not control_plane.answers(link, layout.certificates / "ca.crt"):
        result.problems.append(f"the API server at {link.server} is not ready")
        return result
    for item in json.loads(control_plane.kubectl(layout, "get", "nodes", "--output=json"))["items"]:
        result.nodes[item["metadata"]["name"]] = item
    for name in record.nodes:
        if not is_ready(result.nodes.get(name, {})):
            result.problems.append(f"{name} is not Ready")
    return result


def is_healthy(record: State, layout: Layout) -> bool:
    """Whether `up` has finished, and everything still runs."""
    return record.complete and not health(record, layout).problems


def is_ready(node: dict) -> bool:
    """Ready, and no longer kept free of pods because it recently was not."""
    conditions = node.get("status", {}).get("conditions", [])
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return ready and not node["spec"].get("taints")
