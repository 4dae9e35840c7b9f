# SPDX-License-Identifier: MIT
"""The data folder of a cluster: which nodes it has, and their configuration files.

    DIR/cluster.json          how many nodes, and how many of them formed the cluster
    DIR/tls/                  the authority and the certificates
    DIR/nodeI/                everything of node I, its data included

The files of cluster/ are the templates: the shared part and the part of each node, with names,
ports and paths replaced by those of this folder.
"""

import json
import shutil
import tomllib
from pathlib import Path

import ports
from node import Node


# Where clients of the binary framing over TCP are served: 9080 beside 8080.
TCP_ABOVE_HTTP = 1000


class LayoutError(Exception):
    pass


class Layout:
    def __init__(self, folder: Path, daemon: Path, templates: Path):
        self.folder = folder
        self.daemon = daemon
        self.templates = templates
        self.marker = folder / "cluster.json"
        self.tls = folder / "tls"

    def holds_a_cluster(self) -> bool:
        return self.marker.exists() or bool(self.present_nodes())

    def node_count(self):
        """The number of nodes of the cluster in this folder, or None if there is none."""
        try:
            return int(json.loads(self.marker.read_text())["nodes"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise LayoutError(f"{self.marker} is damaged; --fresh starts over") from None

    def founders(self) -> int:
        """How many nodes formed the cluster; those after them join it."""
        return int(json.loads(self.marker.read_text()).get("founders", self.node_count()))

    def create(self, count: int):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._mark(count, count)

    def grow(self, count: int):
        """More nodes, which will join. The first node of a cluster of one has no port for others,
        and gets it when it is started again."""
        alone = self.nodes()[0]
        if self.node_count() == 1 and alone.pid() is not None:
            raise LayoutError(
                f"{alone.name} runs as a cluster of one, without a port for other nodes: stop it "
                f"first, with scripts/run --stop --data {self.folder}"
            )
        self._mark(count, self.founders())

    def _mark(self, count: int, founders: int):
        self.marker.write_text(json.dumps({"nodes": count, "founders": founders}) + "\n")

    def nodes(self) -> list:
        count = self.node_count() or 0
        found = [Node(self.folder, i, self.daemon) for i in range(1, count + 1)]
        return [node for node in found if not node.is_decommissioned()]

    def decommissioned_nodes(self) -> list:
        count = self.node_count() or 0
        found = [Node(self.folder, i, self.daemon) for i in range(1, count + 1)]
        return [node for node in found if node.is_decommissioned()]

    def present_nodes(self) -> list:
        """For stopping: also those that a damaged marker does not tell of."""
        found = self.folder.glob("node*/greenroomd.pid")
        indices = sorted(int(p.parent.name[4:]) for p in found if p.parent.name[4:].isdigit())
        return [Node(self.folder, i, self.daemon) for i in indices]

    def remove(self):
        """Only what this script made: the folder may be anybody's."""
        if not self.marker.exists():
            return
        for path in [self.tls, *self.folder.glob("node*")]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
        self.marker.unlink()

    def assign_ports(self, http_port):
        """Cluster ports are chosen once, for they are part of the nodes' identity; the ports for
        clients follow --http-port when it is given."""
        nodes = self.nodes()
        taken = {p for node in nodes for kind, p in node.ports().items() if kind != "tcp"}
        wanted_of = {n.index: http_port + n.index - 1 if http_port else None for n in nodes}
        http_of = {n.index: wanted_of[n.index] or n.ports().get("http") or 8080 + n.index - 1
                   for n in nodes}  # fmt: skip
        # No cluster port may be where a node, also one after it, is going to serve clients.
        for_clients = {p for http in http_of.values() for p in (http, http + TCP_ABOVE_HTTP)}
        for node in nodes:
            node.folder.mkdir(mode=0o700, exist_ok=True)
            known = node.ports()
            wanted = wanted_of[node.index]
            if node.pid() is not None and known:  # it runs: what is published is true
                if wanted not in (None, known["http"]):
                    raise LayoutError(
                        f"{node.name} runs on port {known['http']}, and --http-port would move it "
                        f"to {wanted}: stop the cluster first, with "
                        f"scripts/run --stop --data {self.folder}"
                    )
                continue
            http = http_of[node.index]
            cluster = known.get("cluster", 0)
            if self.node_count() > 1 and not cluster:
                cluster = ports.choose(taken | for_clients)
                taken.add(cluster)
            tcp = http + TCP_ABOVE_HTTP
            if tcp > ports.LAST or tcp in taken or not ports.is_free(tcp):
                tcp = 0  # nobody was promised it, so what is in its place may stay there
            node.publish_ports(http, cluster, tcp)

    def check_ports(self, nodes):
        for node in nodes:
            published = node.ports()
            if not ports.is_free(published["http"]):
                raise LayoutError(
                    f"port {published['http']}, where {node.name} is to serve clients, is in use "
                    "by another program; choose others with --http-port"
                )
            if published["cluster"] and not ports.is_free(published["cluster"]):
                raise LayoutError(
                    f"port {published['cluster']}, under which the other nodes know {node.name}, "
                    "is in use by another program; find it with "
                    f"ss -ltnp 'sport = {published['cluster']}'"
                )

    def write_config(self, node: Node):
        addresses = {n.index: f"127.0.0.1:{n.ports()['cluster']}" for n in self.nodes()}
        founders = [a for index, a in addresses.items() if index <= self.founders()]
        settings = self._template("shared.toml")
        own = self.templates / f"node{node.index}.toml"
        for section, values in self._template(own.name if own.exists() else "node1.toml").items():
            settings.setdefault(section, {}).update(values)
        settings.setdefault("node", {}).update(name=node.name, data_dir=str(node.folder))
        settings.setdefault("http", {})["port"] = node.ports()["http"]
        if tcp := node.ports().get("tcp"):
            settings.setdefault("tcp", {})["listen"] = f"127.0.0.1:{tcp}"
        if self.node_count() == 1:
            settings.pop("cluster", None)  # a cluster of one opens no cluster port
        else:
            settings.setdefault("cluster", {}).update(
                address="127.0.0.1",
                port=node.ports()["cluster"],
                initial_nodes=founders if node.index <= self.founders() else [],
                seeds=[] if node.index <= self.founders() else founders,
                certificate=str(self.tls / f"{node.name}.crt"),
                key=str(self.tls / f"{node.name}.key"),
                ca=str(self.tls / "ca.crt"),
            )
        text = "# Written by scripts/run from cluster/ at each start; edit those files instead.\n"
        for section, values in settings.items():
            text += f"\n[{section}]\n"
            # JSON's spelling of numbers, texts, truth values and lists of them is TOML's too.
            text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        node.config_file.write_text(text)

    def _template(self, name: str) -> dict:
        try:
            return tomllib.loads((self.templates / name).read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise LayoutError(f"cluster/{name}: {error}") from None
