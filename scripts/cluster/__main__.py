# SPDX-License-Identifier: MIT
"""Starts and stops the nodes of a cluster on this machine; scripts/run calls it after the build."""

import argparse
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

import tls
from layout import Layout, LayoutError
from node import stop

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60
STOP_WITHIN_S = 20
DEFAULT_NODES = 3

# Each node needs its own, so a variable for all of them would only break the cluster.
DECIDED_HERE = [
    "NODE_NAME", "NODE_DATA_DIR", "HTTP_PORT", "ADMIN_SOCKET", "CLUSTER_ADDRESS", "CLUSTER_PORT",
    "CLUSTER_ADVERTISE", "CLUSTER_INITIAL_NODES", "CLUSTER_SEEDS", "CLUSTER_CERTIFICATE",
    "CLUSTER_KEY", "CLUSTER_CA",
]  # fmt: skip


def say(text: str):
    show(text, sys.stdout)


def note(text: str):
    show(f"scripts/run: {text}", sys.stderr)


def show(text: str, where):
    """Who has closed the terminal or the pipe hears nothing more, and the nodes are still looked
    after: they are to be stopped with this command."""
    try:
        print(text, file=where, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), where.fileno())


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Builds greenroom and runs a cluster of it on this machine.",
        epilog="Examples: scripts/run; scripts/run --background --data /tmp/chat; "
        "scripts/run --stop --data /tmp/chat; GREENROOM_LOG_LEVEL=debug scripts/run --nodes 1",
    )
    parser.add_argument("--nodes", type=int, metavar="N",
                        help="nodes of a new cluster (default 3); more than it has: they join")
    parser.add_argument("--http-port", type=int, metavar="P",
                        help="node i serves clients on P+i-1 (default 8080)")  # fmt: skip
    parser.add_argument("--data", default=".greenroom", metavar="DIR",
                        help="folder for everything (default .greenroom)")  # fmt: skip
    parser.add_argument("--background", action="store_true", help="return when all are ready")
    parser.add_argument("--stop", action="store_true", help="stop the nodes of DIR")
    parser.add_argument("--fresh", action="store_true", help="forget all data of DIR first")
    parser.add_argument("--build-only", action="store_true", help="install and build, no start")
    options = parser.parse_args()
    if options.nodes is not None and not 1 <= options.nodes <= 99:
        parser.error("--nodes must be between 1 and 99")
    if not options.data:
        parser.error("--data must name a folder")
    if options.http_port is not None:
        known = None if options.fresh else known_count(options.data)
        count = options.nodes or known or DEFAULT_NODES
        largest = 65536 - count
        if not 1 <= options.http_port <= largest:
            parser.error(f"--http-port must be between 1 and {largest}: each of {count} nodes "
                         "takes one port")  # fmt: skip
    return options


def known_count(data: str):
    try:
        return Layout(Path(data), Path(), Path()).node_count()
    except LayoutError:
        return None


class Interrupts:
    """Counts SIGINT, SIGTERM and SIGHUP: the first asks for an orderly stop, the next for haste."""

    def __init__(self):
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count)

    def _count(self, number, frame):
        self.count += 1


def node_environment() -> dict:
    environment = dict(os.environ)
    for name in DECIDED_HERE:
        if environment.pop(f"GREENROOM_{name}", None) is not None:
            note(f"GREENROOM_{name} is ignored: each node gets its own")
    return environment


def say_decommissioned(node):
    say(f"{node.name} was decommissioned; it can join as a new node when {node.folder} is gone.")


def prepare(layout: Layout, options) -> list:
    """Makes folder, ports, certificates and configuration; returns the nodes to start."""
    if options.fresh:
        stop(layout.present_nodes(), STOP_WITHIN_S)
        layout.remove()
    count = layout.node_count()
    if count is None:
        layout.create(options.nodes or DEFAULT_NODES)
    elif options.nodes is not None and options.nodes < count:
        raise LayoutError(
            f"{layout.folder} holds a cluster of {count} nodes; take one out with: greenroom "
            f"console --node {layout.folder}/node1/admin.sock node decommission node{count}"
        )
    elif options.nodes is not None and options.nodes > count:
        layout.grow(options.nodes)
    for node in layout.decommissioned_nodes():
        say_decommissioned(node)
    layout.assign_ports(options.http_port)
    nodes = layout.nodes()
    if len(nodes) > 1:
        tls.make(layout.tls, [node.name for node in nodes])
    missing = [node for node in nodes if node.pid() is None]
    layout.check_ports(missing)
    for node in missing:
        layout.write_config(node)
    return missing


def wait_until_ready(nodes, interrupts) -> bool:
    """True once all are ready. Says what went wrong otherwise, unless it was an interrupt."""
    deadline = time.monotonic() + READY_WITHIN_S
    waiting = list(nodes)
    while waiting and not interrupts.count:
        for node in list(waiting):
            if node.is_ready():
                say(f"{node.name} is ready: {node.url()}")
                waiting.remove(node)
            elif node.has_ended() and node.is_decommissioned():
                say_decommissioned(node)
                waiting.remove(node)
            elif node.has_ended():
                note(f"{node.name} ended with {node.exit_status() or 'an unknown status'} before "
                     f"it was ready; the end of {node.log_file}:\n{node.log_tail()}")  # fmt: skip
                return False
        if waiting and time.monotonic() > deadline:
            for node in waiting:
                note(f"{node.name} is not ready after {READY_WITHIN_S} s; the end of "
                     f"{node.log_file}:\n{node.log_tail()}")  # fmt: skip
            return False
        if waiting:
            time.sleep(0.05)
    return not waiting


def show_next_steps(layout: Layout, programs: Path, is_new: bool):
    nodes = layout.nodes()
    tool = programs / "greenroom"
    try:
        tool = tool.relative_to(Path.cwd())
    except ValueError:
        pass
    first, second = nodes[0], nodes[1] if len(nodes) > 1 else nodes[0]
    say(f"\ngreenroom runs here, with its data in {layout.folder}:")
    for node in nodes:
        say(f"  {node.name}  {node.url()}")
    register = " --register" if is_new else ""  # else they have been here, most likely
    say("\nNext, each in a terminal of its own:")
    say(f"  {tool} chat --node 127.0.0.1:{first.ports()['http']} --user alice{register}")
    say(f"  {tool} chat --node 127.0.0.1:{second.ports()['http']} --user bob{register}")
    say(f"  {tool} console --node {first.folder / 'admin.sock'} nodes")


def end(nodes, interrupts, known=None) -> int:
    """Stops the nodes; a signal beyond those that are known of makes it quick."""
    before = interrupts.count if known is None else known
    killed = stop(nodes, STOP_WITHIN_S, lambda: interrupts.count > before)
    for name in killed:
        note(f"{name} did not stop in time and was killed")
    return 1 if killed else 0


def tell_of_end(node, status: str, data: str):
    """A node stopped that nobody stopped from here."""
    again = f"start it again with: scripts/run --background --data {data}"
    if status == "status 0":
        note(f"{node.name} was stopped; {again}")
    else:
        note(f"{node.name} ended with {status}; {again}\nThe end of {node.log_file}:\n"
             f"{node.log_tail()}")  # fmt: skip


def watch(started, layout: Layout, interrupts, data: str) -> int:
    """The foreground: until a signal, or until the last node has ended by itself. A node that was
    started again elsewhere meanwhile is this command's to stop as well."""
    say("\nCtrl+C stops the nodes.")
    own = list(started)  # whose end has not been seen
    elsewhere = set()
    while not interrupts.count:
        for node in list(own):
            status = node.exit_status()
            if status is not None:
                own.remove(node)
                tell_of_end(node, status, data)
                node.forget()
        running = [node for node in started if not node.has_ended()]
        for node in running:
            if node not in own and node.name not in elsewhere:
                elsewhere.add(node.name)
                say(f"{node.name} runs again: {node.url()}")
        for node in started:
            if node.name in elsewhere and node not in running:
                elsewhere.remove(node.name)
                tell_of_end(node, "an unknown status", data)
                node.forget()
        if not own and not running:
            note("no node is left")
            return 1
        time.sleep(0.1)
    say("\nStopping.")
    result = end(started, interrupts, known=1)
    left = [node.name for node in layout.nodes() if not node.has_ended()]
    if left:
        say(f"{', '.join(left)} of {layout.folder} still run; stop them with: "
            f"scripts/run --stop --data {data}")  # fmt: skip
    elif result == 0:
        say(f"All have stopped; {layout.folder} keeps what was said.")
    return result


def stop_all(layout: Layout) -> int:
    if not layout.holds_a_cluster():
        note(f"{layout.folder} holds no cluster: nothing to stop")
        return 1
    present = layout.present_nodes()
    nodes = [node for node in present if node.pid() is not None]
    result = end(nodes, Interrupts())
    for node in present:
        node.forget()  # also what a crash has left behind
    if nodes:
        say(f"Stopped {', '.join(node.name for node in nodes)}.")
    else:
        say(f"No node of {layout.folder} runs.")
    return result


def locked(folder: Path):
    """Two starts in one folder at the same time would both start the missing nodes."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = open(folder / ".lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def main() -> int:
    os.umask(0o077)  # messages and keys are the owner's alone
    options = arguments()
    programs = Path(os.environ.get("GRTEST_PROGRAMS", ROOT / "build/release")).absolute()
    layout = Layout(Path(options.data).resolve(), programs / "greenroomd", ROOT / "cluster")
    if layout.folder.exists() and not layout.folder.is_dir():
        raise LayoutError(f"--data {options.data} is a file, and must be a folder")
    if options.stop:
        return stop_all(layout)
    environment = node_environment()
    environment.pop("GRTEST_PROGRAMS", None)
    with locked(layout.folder):
        interrupts = Interrupts()
        is_new = options.fresh or not layout.holds_a_cluster()
        started = prepare(layout, options)
        for node in layout.nodes():
            if node.name not in {n.name for n in started}:
                say(f"{node.name} runs already.")
        for node in started:
            node.start(environment)
        if not wait_until_ready(layout.nodes() if not started else started, interrupts):
            end(started, interrupts)
            return 130 if interrupts.count else 1
    show_next_steps(layout, programs, is_new)
    if options.background or not started:
        say(f"\nStop them with: scripts/run --stop --data {options.data}")
        return 0
    return watch(started, layout, interrupts, options.data)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LayoutError, tls.TlsError, OSError) as failure:
        note(str(failure))
        sys.exit(1)
