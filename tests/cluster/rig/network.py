# SPDX-License-Identifier: MIT
"""Three network namespaces on a bridge; what passes between them is decided by nftables in each.

The bridge has an address too: that is where the clients are. Names carry our pid, so that runs
beside each other do not meet."""

import contextlib
import os
import subprocess


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options)


class Network:
    def __init__(self):
        pid = os.getpid()
        self.prefix = f"10.{100 + pid % 100}.{pid // 100 % 256}"
        self.bridge = f"grb{pid}"
        self.clients = f"{self.prefix}.1"
        self.spaces = [f"gr{pid}-{i}" for i in (1, 2, 3)]
        self.links = [f"grv{pid % 100000}-{i}" for i in (1, 2, 3)]
        self.hosts = [f"{self.prefix}.{10 + i}" for i in (1, 2, 3)]
        try:
            self._make()
        except BaseException:
            self.end()
            raise

    def _make(self):
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "addr", "add", f"{self.clients}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")
        for space, link, host in zip(self.spaces, self.links, self.hosts):
            run("ip", "netns", "add", space)
            run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "link", "set", link, "master", self.bridge, "up")
            run("ip", "-n", space, "addr", "add", f"{host}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "eth0", "up")
            run("ip", "-n", space, "link", "set", "lo", "up")
            self.rules(space)

    def rules(self, space, *lines):
        """Replaces what the namespace does with packets that come in."""
        text = "add table inet gr\ndelete table inet gr\ntable inet gr {\n chain in {\n"
        text += " type filter hook input priority 0; policy accept;\n"
        text += "".join(f" {line}\n" for line in lines) + " }\n}\n"
        run("ip", "netns", "exec", space, "nft", "-f", "-", input=text)

    def drop(self, pairs, what="drop"):
        """`pairs`: (from, to) by number, 1 to 3; nothing else is dropped."""
        for to, space in enumerate(self.spaces, 1):
            self.rules(space, *(f"ip saddr {self.hosts[f - 1]} {what}"
                                for f, t in pairs if t == to))  # fmt: skip

    def isolate(self, number):
        """From the other two, in both directions; clients still reach it."""
        others = [i for i in (1, 2, 3) if i != number]
        self.drop([p for i in others for p in ((number, i), (i, number))])

    def heal(self):
        for space in self.spaces:
            self.rules(space)

    def before(self, number):
        """What to put in front of a node's command."""
        return ["ip", "netns", "exec", self.spaces[number - 1]]

    def end(self):
        for space in self.spaces:
            with contextlib.suppress(subprocess.CalledProcessError):
                run("ip", "netns", "del", space)
        for link in [*self.links, self.bridge]:
            with contextlib.suppress(subprocess.CalledProcessError):
                run("ip", "link", "del", link)
