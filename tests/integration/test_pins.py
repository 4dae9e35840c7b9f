# SPDX-License-Identifier: MIT
"""What an operator has placed stays where it is, although nodes even out by themselves
(`cluster.rebalance = auto`, as by default), until he says otherwise."""

import json

import pytest
from harness import names
from harness.names import fresh
from harness.waiting import wait_until

OK, NOT_FOUND = 0, 3


@pytest.fixture(autouse=True)
def even(cluster):
    """Each test begins with nothing pinned, and each node leading its share."""
    cluster.settle()
    assert cluster.nodes[0].console("rebalance", "--unpin").returncode == OK
    cluster.wait_even()


def do(node, *words):
    result = node.console(*words, "-o", "json")
    assert result.returncode == OK, f"{words}: {result.returncode} {result.stderr}"
    return json.loads(result.stdout)


def shards(node):
    return {r["shard"]: r for r in do(node, "shards")}


def pinned(node):
    return {number for number, row in shards(node).items() if row["pinned"]}


def led_by(node, name):
    return {number for number, row in shards(node).items() if row["leader"] == name}


def says(node, *words):
    return {r["about"]: r["says"] for r in do(node, "explain", *words)}


def move_to(node, name, numbers):
    for number in numbers:
        (row,) = do(node, "shard", "move", str(number), "--to", name)
        assert row["pinned"] is True and row["wanted"].startswith(name), row
    wait_until(lambda: numbers <= led_by(node, name), f"{name} to lead what was moved to it", 60)


def test_what_is_moved_stays_and_the_others_even_out(cluster):
    asked = cluster.nodes[1]
    moved = set(sorted(led_by(asked, "node2") - {0})[:6])
    move_to(asked, "node1", moved)
    # That it is even again is the balancer's work: it has looked, and has left those alone.
    cluster.wait_even()
    assert moved <= led_by(asked, "node1") and pinned(asked) == moved
    rows = shards(asked)
    assert all(rows[n]["pinned_at"] and rows[n]["leader"] == "node1" for n in moved)
    assert all(r["pinned_at"] is None for n, r in rows.items() if n not in moved)
    table = asked.console("shards").stdout.splitlines()
    assert "PINNED" in table[0] and sum(line.endswith("true") for line in table) == len(moved)
    number = min(moved)
    told = says(asked, "shard", str(number))
    assert rows[number]["pinned_at"] in told["pinned"] and f"shard unpin {number}" in told["pinned"]
    assert "pinned" not in says(asked, "shard", str(min(set(rows) - moved - {0})))


def test_all_on_one_node_until_they_are_unpinned(cluster):
    asked = cluster.nodes[2]
    everything = set(range(1, 33))
    move_to(asked, "node1", everything)
    result = asked.console("rebalance", "--dry-run", "-o", "json")
    (row,) = json.loads(result.stdout)
    assert (row["replicas"], row["leaders"], row["pinned"]) == (0, 0, 32)
    assert "32 shards are pinned" in result.stderr and "rebalance --unpin" in result.stderr
    (row,) = do(asked, "rebalance")
    assert row["pinned"] == 32
    (row,) = do(asked, "rebalance", "--unpin", "--dry-run")
    assert row["leaders"] >= 21 and row["pinned"] == 0, "two nodes would get their share"
    assert row["would"].startswith("32 would be unpinned; "), row
    (row,) = do(asked, "shard", "unpin", "7", "--dry-run")
    assert row["shard"] == 7 and pinned(asked) == everything, "only rehearsed"
    assert led_by(asked, "node1") >= everything
    # The balancer is there: at once it has back what it may have, and nothing else.
    free = set(range(1, 9))
    for number in free:
        do(asked, "shard", "unpin", str(number))
    assert pinned(asked) == everything - free
    wait_until(lambda: not free & led_by(asked, "node1"), "what is free to go elsewhere", 40)
    assert led_by(asked, "node1") - {0} == everything - free
    (row,) = do(asked, "rebalance", "--unpin")
    assert row["pinned"] == 0
    cluster.wait_even()
    assert pinned(asked) == set()
    acts = {r["action"] for r in asked.rows("audit tail", limit=100)}
    assert {"shard move", "shard unpin", "rebalance"} <= acts


def test_a_room_is_moved_and_unpinned(cluster, people):
    (alice,) = people(0)
    room = alice.create_room("Pinned", alias=fresh("pinned"), room_type="public")
    asked = cluster.nodes[0]
    shard = names.shard_of(room["id"])
    to = "node2" if shards(asked)[shard]["leader"] != "node2" else "node3"
    (row,) = do(asked, "room", "move", room["alias"], "--to", to)
    assert (row["shard"], row["pinned"]) == (shard, True) and room["alias"] in row["rooms"]
    wait_until(lambda: shards(asked)[shard]["leader"] == to, f"{to} to lead it", 40)
    assert f"shard unpin {shard}" in says(asked, "room", room["alias"])["pinned"]
    (row,) = do(asked, "room", "unpin", room["alias"])
    assert (row["shard"], row["pinned"]) == (shard, False)
    assert "pinned" not in says(asked, "room", room["alias"])
    again = asked.console("room", "unpin", room["alias"])
    assert again.returncode == OK and f"shard {shard} is not pinned" in again.stderr
    assert asked.console("shard", "unpin", "77").returncode == NOT_FOUND


def test_it_outlives_a_drain_and_all_nodes(cluster):
    asked = cluster.nodes[0]
    moved = set(sorted(led_by(asked, "node1") - {0})[:6])
    move_to(asked, "node2", moved)
    do(asked, "node", "drain", "node2")
    wait_until(lambda: not led_by(asked, "node2"), "node2 to lead nothing", 40)
    assert pinned(asked) == moved
    do(asked, "node", "undrain", "node2")
    wait_until(lambda: moved <= led_by(asked, "node2"), "node2 to lead it again", 40)
    for node in cluster.nodes:
        node.stop()
    cluster.start()
    cluster.settle()
    assert pinned(asked) == moved
    # Whoever was ready first leads at the beginning.
    wait_until(lambda: moved <= led_by(asked, "node2"), "node2 to lead it after a start", 40)
    cluster.wait_even()
    assert pinned(asked) == moved and moved <= led_by(asked, "node2"), "and it stays there"
