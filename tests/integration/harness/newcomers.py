# SPDX-License-Identifier: MIT
"""Nodes of a new cluster, each with a certificate of its own: the first begins with a folder that
is there, the others join it with empty ones."""

from .certificates import make_authority, make_certificate
from .ports import free_port
from .process import Node, temporary_folder
from .waiting import wait_until


class Newcomers:
    """`started`: what sees to it that a node is ended after the test (conftest.py)."""

    def __init__(self, started, count=3):
        self.started = started
        self.tls = temporary_folder() / "tls"
        self.tls.mkdir()
        make_authority(self.tls, "ca")
        self.ports = [free_port() for _ in range(count)]
        self.nodes = []

    def member(self, folder=None):
        index = len(self.nodes)
        name = f"new{index + 1}"
        make_certificate(self.tls, "ca", name)
        seeds = {"cluster__seeds": f"127.0.0.1:{self.ports[0]}"} if self.nodes else {}
        node = Node(
            folder=folder, name=name, cluster__port=self.ports[index],
            cluster__address="127.0.0.1", cluster__ca=self.tls / "ca.crt",
            cluster__certificate=self.tls / f"{name}.crt",
            cluster__key=self.tls / f"{name}.key", **seeds,
        )  # fmt: skip
        self.nodes.append(self.started(node))
        return node

    def start(self, folder):
        """All of them, each with a replica of every shard that has everything."""
        first = self.member(folder)
        while len(self.nodes) < len(self.ports):
            self.member()

        def all_have_everything():
            replicas = first.rows("raft")
            return len({r["node"] for r in replicas}) == len(self.ports) and all(
                r["votes"] == len(self.ports) and r["lag"] == 0 for r in replicas
            )

        wait_until(all_have_everything, "a replica of every shard on each node", 120)
        return self
