# SPDX-License-Identifier: MIT
"""Backups of a cluster of three under load, asked for and by the clock: of one set of parts a new
cluster is made, and everything that was acknowledged before the first part was begun is in it, once
and in order."""

import json
import shutil
import threading
import time
from datetime import datetime

import pytest
from harness import names, process
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.newcomers import Newcomers
from harness.process import Cluster, Node, temporary_folder
from harness.waiting import PATIENCE_S, wait_until
from test_store_tools import store_tool, succeeded

EVERY_S = 4


class Writer:
    """Says one thing after the other in a room of its own; `said`: (content, seq, when it was
    acknowledged)."""

    def __init__(self, node, leader, leaders):
        self.name = fresh("writer")
        self.client = Client(node)
        self.client.register(self.name)
        alias = names.name_led_by(leader, leaders, fresh("room") + "x", names.room_id)
        self.room = self.client.create_room("Written", alias=alias, room_type="public")["id"]
        self.said = []
        self.stopping = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                content = f"{self.name} {len(self.said)}"
                ack = self.client.send(self.room, content)
                self.said.append((content, ack["seq"], time.time()))
        except BaseException as why:  # for the test's thread
            self.failure = why

    def stop(self):
        self.stopping.set()
        self.thread.join(4 * PATIENCE_S)
        assert not self.thread.is_alive() and not self.failure, self.failure
        self.client.close()

    def before(self, moment):
        return [(content, seq) for content, seq, at in self.said if at < moment]


def time_of(manifest):
    """Seconds since 1970."""
    return datetime.fromisoformat(manifest["made_at"].replace("Z", "+00:00")).timestamp()


def manifests_of(cluster):
    """name → {node: manifest}, of backups that are whole."""
    found = {}
    for node in cluster.nodes:
        for path in (node.folder / "backups").glob("*/backup.json"):
            if path.parent.suffix == ".unfinished":  # has its manifest already, not yet its name
                continue
            found.setdefault(path.parent.name, {})[node.name] = json.loads(path.read_text())
    return found


def clock_sets_of(cluster):
    """set → {node: (name, manifest)}, of those that the clocks have made."""
    found = {}
    for name, parts in manifests_of(cluster).items():
        for node, manifest in parts.items():
            if manifest["set"].startswith("every "):
                found.setdefault(manifest["set"], {})[node] = (name, manifest)
    return found


@pytest.fixture(scope="module")
def lost(programs):
    """A cluster that is no more: its writers, and the parts of two sets, away from its folders."""
    made = Cluster(backup__every=EVERY_S, backup__keep=3)
    away = temporary_folder()
    writers = []
    try:
        made.start().settle()
        made.wait_even()
        leaders = made.leaders()
        writers = [Writer(node, leader.name, leaders) for node in made.nodes
                   for leader in made.nodes]  # fmt: skip

        def get_on(count=20):
            marks = [len(w.said) + count for w in writers]
            wait_until(
                lambda: any(w.failure for w in writers)
                or all(len(w.said) >= m for w, m in zip(writers, marks)),
                "all writers to get on", 60,
            )  # fmt: skip
            assert not any(w.failure for w in writers)

        get_on()
        began = time.time()

        def of_all():
            """One of which each node has its part, and each after the writers had got on."""
            for parts in clock_sets_of(made).values():
                if len(parts) == 3 and all(time_of(m) > began for _, m in parts.values()):
                    return parts
            return None

        clock = wait_until(of_all, "a set by the clock", 30)
        for node, (name, _) in clock.items():
            shutil.copytree(made.node(node).folder / "backups" / name, away / "clock" / node)
        for node in made.nodes:
            assert 0 < node.metric("greenroom_backup_age_seconds") < 60
        ages = [r for r in made.nodes[0].rows("doctor") if r["check"] == "backup"]
        assert len(ages) == 3 and {r["state"] for r in ages} == {"ok"}, ages
        get_on()

        asked = time.time()
        rows = made.nodes[1].rows("backup now", timeout_s=120, to="lost")
        assert {r["node"]: r["state"] for r in rows} == {n.name: "made" for n in made.nodes}, rows
        assert len({r["set"] for r in rows}) == 1, "parts of one set"
        get_on()
        for writer in writers:
            writer.stop()
        made.kill()  # nothing of the end is on any disk but theirs
        for node in made.nodes:
            shutil.copytree(node.folder / "backups" / "lost", away / "asked" / node.name)
    finally:
        for writer in writers:
            writer.stopping.set()
        made.kill()
        process.STARTED.remove(made)
    moments = {"asked": asked, "clock": min(time_of(m) for _, m in clock.values())}
    return away, writers, moments


def parts_of(away, kind):
    return sorted((away / kind).iterdir())


def check(nodes, writers, moment):
    """Every node has what was acknowledged before, once and in order; and people log in."""
    for index, writer in enumerate(writers):
        with Client(nodes[index % len(nodes)]) as again:
            again.log_in(username=writer.name, password=PASSWORD)
            found = [(m["content"], m["seq"]) for m in again.whole_history(writer.room)]
        wanted = writer.before(moment)
        assert wanted, "there was something to be lost"
        assert found[: len(wanted)] == wanted, f"{writer.name}: acknowledged before, and lost"
        assert len({content for content, _ in found}) == len(found), "nothing twice"
        # Of what came while it was made some is there, and that is in order, too.
        assert found == [(c, s) for c, s, _ in writer.said][: len(found)]


def test_a_new_cluster_of_three_from_the_parts_that_were_asked_for(lost, started):
    away, writers, moments = lost
    folder = temporary_folder() / "new1"
    restored = store_tool("restore", "--new-identity", "--to", folder, *parts_of(away, "asked"))
    assert "new cluster" in succeeded(restored)
    assert "majority" not in restored.stderr, restored.stderr
    assert "nothing is wrong" in succeeded(store_tool("verify", folder)), "chains of rooms included"
    new = Newcomers(started).start(folder)
    check(new.nodes, writers, moments["asked"])
    for writer, node in zip(writers, new.nodes):
        with Client(node) as again:
            again.log_in(username=writer.name, password=PASSWORD)
            last = again.whole_history(writer.room)[-1]["seq"]
            assert again.send(writer.room, "and on")["seq"] == last + 1
    for node in new.nodes:
        node.stop()
        assert "nothing is wrong" in succeeded(store_tool("verify", node.folder))


def test_parts_by_the_clock_are_a_set_as_well(lost, started):
    away, writers, moments = lost
    folder = temporary_folder() / "new"
    parts = parts_of(away, "clock")
    restored = store_tool("restore", "--new-identity", "--to", folder, *parts)
    succeeded(restored)
    assert "majority" not in restored.stderr, restored.stderr
    assert "nothing is wrong" in succeeded(store_tool("verify", folder))
    check([started(Node(folder=folder))], writers, moments["clock"])


def test_two_of_three_parts_are_enough_and_one_is_said_not_to_be(lost, started, tmp_path):
    away, writers, moments = lost
    two = temporary_folder() / "two"
    restored = store_tool("restore", "--new-identity", "--to", two, *parts_of(away, "asked")[1:])
    succeeded(restored)
    assert "majority" not in restored.stderr, restored.stderr
    check([started(Node(folder=two))], writers, moments["asked"])
    one = store_tool("restore", "--new-identity", "--to", tmp_path / "one",
                     parts_of(away, "asked")[0])  # fmt: skip
    succeeded(one)
    assert "shards 0-32 there is no majority" in one.stderr, one.stderr


def test_what_is_no_set_is_refused(lost, tmp_path):
    away, *_ = lost
    asked, clock = parts_of(away, "asked"), parts_of(away, "clock")
    for parts, says, new in (
        ([asked[0], clock[1]], "not made together", True),
        ([asked[0], asked[1], asked[0]], "the same node", True),
        (asked, "--new-identity", False),
    ):
        options = ["--new-identity"] if new else []
        result = store_tool("restore", *options, "--to", tmp_path / "no", *parts)
        assert result.returncode == 4 and says in result.stderr, (says, result.stderr)
    assert not (tmp_path / "no").exists()
