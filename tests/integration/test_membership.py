# SPDX-License-Identifier: MIT
"""A cluster that changes under load: nodes join, leave, lose their disks and are drained, shards
move. Nobody who chats notices more than a delay."""

import json
import shutil

import pytest
from harness.client import Client
from harness.names import fresh
from harness.process import Cluster, ClusterNode
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until
from test_failover import Stage

GROWN = 5


@pytest.fixture(scope="module")
def cluster():
    made = Cluster().start()
    yield made
    made.kill()


@pytest.fixture
def stage(cluster):
    made = Stage(cluster, wait=lambda c: settle(c, len(c.nodes)))
    yield made
    for person in made.senders + made.listeners:
        person.stopping.set()
        person.thread.join(2 * PATIENCE_S)


def shards(cluster):
    return {row["shard"]: row for row in cluster.nodes[0].rows("shards")}


def settle(cluster, count, within_s=180):
    """Every shard has three replicas that keep up, on `count` nodes, and nothing is on its way."""
    cluster.settle()

    def is_settled():
        rows = shards(cluster)
        kept = {n.name: sum(n.name in r["replicas"] for r in rows.values()) for n in cluster.nodes}
        led = {n.name: sum(n.name == r["leader"] for r in rows.values()) for n in cluster.nodes}
        whole = all(
            r["state"] == "led" and len(r["replicas"]) == 3 and None not in r["lag"]
            for r in rows.values()
        )
        busy = [n for n in kept if kept[n] >= 96 // count - 3 and led[n] >= 32 // count - 2]
        return whole and len(busy) == count

    wait_until(is_settled, f"shards to be spread over {count} nodes", within_s)


def status(cluster, *options):
    result = cluster.nodes[0].console("cluster", "status", "-o", "json", *options)
    return result.returncode, {row["check"]: row for row in json.loads(result.stdout)}


def do(cluster, *words):
    result = cluster.nodes[-1].console(*words)
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"
    return result.stdout


def test_a_healthy_cluster_says_so(cluster):
    settle(cluster, 3)
    wait_until(lambda: status(cluster)[0] == 0, "what has just been elected to be known", 20)
    code, checks = status(cluster)
    assert code == 0, f"all is well: {checks}"
    assert {c["state"] for c in checks.values()} == {"ok"}


def test_nodes_join_under_load(cluster, stage):
    """They get their share of replicas and leaders, and nobody typed anything."""
    stage.wait_progress()
    cluster.nodes += [ClusterNode(cluster, i) for i in range(4, GROWN + 1)]
    cluster.count = GROWN
    cluster.start()
    settle(cluster, GROWN)
    stage.wait_progress()
    stage.end()
    fewer = cluster.run("--background", "--nodes", "3")
    assert fewer.returncode == 1 and "node decommission node5" in fewer.stderr


def test_a_shard_moves_under_load(cluster, stage):
    stage.wait_progress()
    room = stage.rooms["node1"]
    row = next(r for r in shards(cluster).values()
               if r["leader"] == "node1" and "node5" not in r["replicas"] and r["shard"] != 0)
    print(do(cluster, "shard", "move", str(row["shard"]), "--to", "node5", "--from", "node1"))
    wait_until(
        lambda: shards(cluster)[row["shard"]]["leader"] == "node5"
        and "node1" not in shards(cluster)[row["shard"]]["replicas"],
        "node5 to lead the shard", 60,
    )  # fmt: skip
    do(cluster, "room", "move", room, "--to", "node4")
    stage.wait_progress()
    stage.end()
    wrong = cluster.nodes[0].console("shard", "move", "7", "--to", "node9")
    assert wrong.returncode == 3 and "there are node1" in wrong.stderr
    assert cluster.nodes[0].console("shard", "move", "77", "--to", "node1").returncode == 3


def test_a_dead_node_is_decommissioned_under_load(cluster, stage):
    stage.wait_progress()
    dead = cluster.nodes[-1]
    dead.kill()
    wait_until(lambda: status(cluster)[0] != 0, "it to be missed")
    code, checks = status(cluster)
    assert code != 0 and checks["nodes"]["detail"] == "node5"
    print(do_at(cluster.nodes[0], "node", "decommission", "node5", "--yes"))
    cluster.nodes = cluster.nodes[:-1]
    settle(cluster, 4)
    stage.wait_progress()
    stage.end()
    # It comes back with its old disk, learns of it, and ends.
    for _ in range(2):
        result = cluster.run("--background")
        assert result.returncode == 0, result.stdout + result.stderr
        assert "node5 was decommissioned" in result.stdout
        wait_until(lambda: dead.pid() is None, "node5 to end")
    assert "was decommissioned" in dead.log()


def do_at(node, *words):
    result = node.console(*words)
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"
    return result.stdout


def test_a_disk_is_lost_and_made_up_for_under_load(cluster, stage):
    stage.wait_progress()
    victim = cluster.nodes[1]
    before = victim.admin("nodes")["rows"]
    victim.kill()
    shutil.rmtree(victim.folder / "store")
    cluster.start()
    settle(cluster, 4)
    after = cluster.nodes[0].rows("nodes")
    assert {r["id"] for r in after} != {r["id"] for r in before}, "an empty disk is a new node"
    stage.wait_progress()
    stage.end()


def disk_of(node, asked):
    """How far the disk of `node` is, as `asked` has been told."""
    rows = asked.rows("links")
    return next((r["disk"] for r in rows if (r["node"], r["peer"]) == (asked.name, node.name)), 0)


def test_an_old_copy_of_a_disk_is_refused(cluster):
    """It may have forgotten what it acknowledged and whom it voted for."""
    settle(cluster, 4)
    node = cluster.nodes[3]
    others = [n for n in cluster.nodes if n is not node]
    copy = cluster.folder / "copy"
    node.stop()
    shutil.copytree(node.folder / "store", copy)
    cluster.start()
    settle(cluster, 4)
    before = min(disk_of(node, other) for other in others)
    with Client(node) as c:
        c.register(fresh("someone"))
        room = c.create_room("for a while")["id"]
        for _ in range(10):
            c.send(room, "more")
    wait_until(lambda: min(disk_of(node, other) for other in others) > before,
               "the others to be told")  # fmt: skip
    node.stop()
    shutil.rmtree(node.folder / "store")
    copy.rename(node.folder / "store")
    result = cluster.run("--background")
    assert result.returncode == 1, "it is not ready"
    assert any("forgotten" in n.log() for n in [node, *others])
    shutil.rmtree(node.folder / "store")
    cluster.start()
    settle(cluster, 4)


def test_a_node_is_drained_under_load(cluster, stage):
    stage.wait_progress()
    node = cluster.nodes[2]
    do_at(cluster.nodes[0], "node", "drain", node.name)
    wait_until(
        lambda: not node.is_ready()
        and node.name not in {r["leader"] for r in shards(cluster).values()},
        "node3 to lead nothing", 30,
    )  # fmt: skip
    wait_until(lambda: status(cluster)[0] == 0, "the others to be well", 20)
    code, checks = status(cluster)
    assert code == 0 and "node3" in checks["drained"]["detail"]
    assert "drained" in node.rows("health")[2]["reason"]
    stage.wait_progress()
    do_at(cluster.nodes[0], "node", "undrain", node.name)
    wait_until(node.is_ready, "node3 to be ready again")
    settle(cluster, 4)
    stage.end()
    slowest = max(s.slowest_s() for s in stage.senders)
    print(f"the slowest send took {slowest:.2f} s")
    assert slowest < 2 * SLOWNESS
