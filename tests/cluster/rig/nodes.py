# SPDX-License-Identifier: MIT
"""Three nodes as processes of their own, so that each can be started, hurt and placed apart."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness.certificates import make_authority, make_certificate
from harness.process import (
    STARTED,
    Node,
    clean_environment,
    free_port,
    is_alive,
    temporary_folder,
)
from harness.waiting import wait_until

# Replays of whole rooms, and listeners that this machine cannot make quicker.
ROOMY = {"resume.max_entries": 100_000, "limits.outbound_queue_messages": 1_000_000}


class TrioNode(Node):
    """`before`: words in front of the command; `more`: environment; `host`: where it listens."""

    def __init__(self, folder, name, host, port, **settings):
        folder.mkdir(mode=0o700, exist_ok=True)
        super().__init__(folder, name, http__port=port, http__address=host, **settings)
        self.settings |= ROOMY
        self.program = None  # another greenroomd than the one under test
        self.host = host
        self.before, self.more = [], {}

    def command(self):
        words = super().command()
        return [str(self.program or words[0]), *words[1:]]

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.before, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean_environment(self.settings) | self.more, start_new_session=True,
            )  # fmt: skip
        return self

    def freeze(self):
        os.kill(self.pid(), signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid(), signal.SIGCONT)

    def kill(self):
        if self.is_running():
            super().kill()

    def wait_end(self, within_s=20):
        wait_until(lambda: not self.is_running(), f"the end of {self.name}", within_s)
        return self.process.returncode


class Trio:
    """`hosts`: three addresses. `dial`: (i, port) → what the others have to dial to reach node i.
    `folders`: where each keeps its data, if not in the trio's own folder."""

    def __init__(self, hosts=("127.0.0.1",) * 3, dial=None, folders=None, **settings):
        self.folder = temporary_folder()
        self.kept = None
        self.formed = False
        self.more_settings = settings
        self.replicas = settings.get("cluster__replicas", 3)  # of each shard
        self.added = []  # nodes beyond the three
        tls = self.tls = self.folder / "tls"
        tls.mkdir(mode=0o700)
        make_authority(tls, "ca")
        http_port, port = free_port(3), free_port(3)
        self.cluster_ports = [port + i for i in range(3)]
        dial = dial or (lambda i, p: f"{hosts[i]}:{p}")
        dialled = [dial(i, p) for i, p in enumerate(self.cluster_ports)]
        self.nodes = []
        for i, host in enumerate(hosts):
            name = f"node{i + 1}"
            make_certificate(tls, "ca", name)
            folder = Path(folders[i]) if folders else self.folder / name
            self.nodes.append(TrioNode(
                folder, name, host, http_port + i, cluster__address=host,
                cluster__port=self.cluster_ports[i], cluster__advertise=dialled[i],
                cluster__initial_nodes=",".join(dialled), cluster__ca=tls / "ca.crt",
                cluster__certificate=tls / f"{name}.crt", cluster__key=tls / f"{name}.key",
                **settings,
            ))  # fmt: skip
            self.nodes[-1].log_path = self.folder / f"{name}.log"  # on no disk that fails

    def add(self, name):
        """A node that will join when it is launched; no client knows of it."""
        make_certificate(self.tls, "ca", name)
        port = free_port()
        node = TrioNode(
            self.folder / name, name, "127.0.0.1", free_port(), cluster__address="127.0.0.1",
            cluster__port=port, cluster__advertise=f"127.0.0.1:{port}",
            cluster__seeds=",".join(n.settings["cluster.advertise"] for n in self.nodes),
            cluster__ca=self.tls / "ca.crt", cluster__certificate=self.tls / f"{name}.crt",
            cluster__key=self.tls / f"{name}.key", **self.more_settings,
        )  # fmt: skip
        node.log_path = self.folder / f"{name}.log"
        self.added.append(node)
        return node

    @property
    def all(self):
        return self.nodes + self.added

    def start(self):
        """Starts what does not run."""
        started = [n for n in self.nodes if not n.is_running()]
        for node in started:
            node.launch()
        for node in started:
            node.wait_ready()
        if not self.formed:
            # A new cluster's map is at its first node alone for a moment; no fault is meant then.
            wait_until(self.is_whole, f"{self.replicas} replicas of every shard", 60)
            self.formed = True
        return self

    def is_whole(self):
        rows = self.nodes[0].rows("shards")
        return all(r["state"] == "led" and len(r["replicas"]) >= self.replicas for r in rows)

    def keeps_up(self):
        """Every shard has three replicas that are heard of."""
        try:
            rows = next(n for n in self.nodes if n.is_running()).rows("shards")
        except (OSError, AssertionError):
            return False
        return all(r["state"] == "led" and len(r["replicas"]) == 3 and None not in r["lag"]
                   for r in rows)  # fmt: skip

    def refusals(self, victim):
        """How often the others have refused it, because its disk has forgotten something."""
        return sum(n.log().count("has forgotten something") for n in self.nodes if n is not victim)

    def renew(self, node):
        node.kill()
        shutil.rmtree(node.folder)
        node.folder.mkdir(mode=0o700)
        node.launch()

    def begin_anew(self, node, within_s=120):
        """What an operator does with a store that is damaged or old: an empty folder, so a new
        node in the old one's place, which gets everything from the others."""
        self.renew(node)
        node.wait_ready()
        wait_until(self.keeps_up, "three replicas of every shard", within_s)

    def leaders(self, asked=None):
        """shard → name of the node that leads it, as one node sees it."""
        return {r["shard"]: r["leader"] for r in (asked or self.nodes[0]).rows("shards")}

    def is_settled(self):
        """Each knows the others, and each leads its third."""
        for node in self.nodes:
            if len(node.rows("nodes")) != 3 or node.admin("nodes")["missing"]:
                return False
            leading = list(self.leaders(node).values())
            if any(leading.count(n.name) <= 8 for n in self.nodes):
                return False
        return True

    def settle(self, within_s=120):
        """A node that was slow has to be well for a minute before it leads again."""
        self.start()

        def settled():
            for node in self.nodes:
                assert node.is_running(), f"{node.name} has ended:\n{node.log_tail()}"
            try:
                return self.is_settled()
            except (OSError, AssertionError, KeyError):
                return False

        wait_until(settled, "all to be linked, and each node to lead its third", within_s)

    def keep(self):
        """After a failure: everything stays where it is."""
        if self.kept is None:
            self.kept = Path(tempfile.mkdtemp(prefix="greenroom-kept-"))
            self.kill()
            for path in [self.folder, *(n.folder for n in self.all)]:
                if path.exists():
                    shutil.copytree(path, self.kept / path.name, dirs_exist_ok=True,
                                    ignore=shutil.ignore_patterns("*.sock"))  # fmt: skip
        return self.kept

    def kill(self):
        for node in self.all:
            if node.is_running():
                node.process.send_signal(signal.SIGCONT)
                node.kill()

    def end(self):
        """All ended and forgotten; also after a failure."""
        self.kill()
        for node in self.all:
            if node in STARTED:
                STARTED.remove(node)
            node.check_log()
            if node.process:
                assert not is_alive(node.process.pid)

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)

    def led_by_none_of(self, node):
        """Whether others lead everything."""
        others = [n for n in self.nodes if n is not node and n.is_running()]
        return all(leader and leader != node.name
                   for leader in self.leaders(others[0]).values())  # fmt: skip


@contextlib.contextmanager
def settled_trio(**settings):
    """Three nodes, each of which leads its third, until the end of the block."""
    trio = Trio(**settings)
    try:
        trio.settle()
        yield trio
    finally:
        trio.end()
