# SPDX-License-Identifier: MIT
"""Shards and rooms in words: of three nodes that are well, with one gone, and with two gone."""

import pytest
from harness.names import fresh
from harness.waiting import wait_until

NODES = {"node1", "node2", "node3"}


@pytest.fixture(autouse=True)
def all_run(cluster):
    """Young groups have not grown to three everywhere yet."""
    cluster.settle()

    def grown():
        rows = cluster.nodes[0].rows("raft")
        return len(rows) == 99 and all(r["votes"] == 3 for r in rows)

    wait_until(grown, "all groups to have three replicas")


def words(node, verb, **args):
    """What is said, by what it is about."""
    answer = node.admin(verb, timeout_s=4, **args)
    assert answer["ok"], f"{verb} {args}: {answer}"
    said = {r["about"]: r["says"] for r in answer["rows"]}
    assert len(said) == len(answer["rows"]), f"each thing once: {answer['rows']}"
    return said


def refusal(node, verb, **args):
    answer = node.admin(verb, timeout_s=4, **args)
    assert not answer["ok"], f"{verb} {args}: {answer}"
    return answer["error"]["code"], answer["error"]["message"]


def well(asked, shard):
    """Once the leader has heard of both others."""

    def look():
        said = words(asked, "explain shard", shard=shard)
        others = [n for n in NODES if n in said]
        return said if len(others) == 2 and all("follows" in said[n] for n in others) else None

    return wait_until(look, f"a leader of shard {shard} with two followers")


def test_a_shard_that_is_well(cluster):
    cluster.wait_even()
    leader = cluster.leaders()[3]
    for asked in cluster.nodes:
        said = well(asked, 3)
        assert said["leader"].startswith(f"{leader} leads it, in term ") and leader not in said
        assert said["writes"] == "are taken"
        assert "replicas are where they shall be" in said["moves"]
        assert "the others elect a leader within" in said[f"if {leader} stops"]
        for other in NODES - {leader}:
            assert said[f"if {other} stops"].startswith("it goes on without a pause")
    assert well(cluster.nodes[0], 0)["leader"], "the map too"


def test_a_room(cluster, people):
    (alice,) = people(1)
    alias = fresh("explained")
    room = alice.create_room("In words", alias=alias, room_type="public")
    for called in (room["id"], alias):
        said = words(cluster.nodes[2], "explain room", room=called)
        assert said["room"].startswith(f"In words ({room['id']}) is in shard "), said
        assert said["writes"] == "are taken"
    shown = cluster.nodes[0].console("explain", "room", alias)
    assert shown.returncode == 0 and not shown.stderr, shown.stderr
    assert shown.stdout.splitlines()[0].split() == ["ABOUT", "SAYS"]
    alice.ask("update_room_request", room_id=room["id"], archived=True)

    def refused():
        return words(cluster.nodes[2], "explain room", room=alias)["writes"].startswith("refused")

    wait_until(refused, "the room to be known as archived")
    said = words(cluster.nodes[2], "explain room", room=alias)["writes"]
    assert said == "refused with CONFLICT: the room is archived"


def test_what_is_not_there(cluster):
    asked = cluster.nodes[0]
    assert refusal(asked, "explain shard") == ("usage", "shard is 0 (the cluster map) to 32")
    assert refusal(asked, "explain shard", shard=33) == (
        "not_found", "there is no shard 33; there are 0 (the cluster map) to 32")  # fmt: skip
    assert asked.console("explain", "shard", "99").returncode == 3
    assert refusal(asked, "explain shard", shard="x")[0] == "usage"
    assert refusal(asked, "explain room")[0] == "usage"
    assert refusal(asked, "explain room", room=fresh("nowhere"))[0] == "not_found"
    assert cluster.nodes[0].console("explain", "room", fresh("nowhere")).returncode == 3


def test_with_nodes_gone(cluster, people):
    (alice,) = people(0)
    alias = fresh("alone")
    room = alice.create_room("Alone", alias=alias, room_type="public")
    asked = cluster.nodes[0]
    shown = asked.rows("room show", room=room["id"])
    shard = next(r["value"] for r in shown if r["field"] == "shard")
    cluster.wait_everywhere(shard, lambda: alice.send(room["id"], "hello"))
    cluster.nodes[2].kill()

    def one_is_gone():
        said = words(asked, "explain shard", shard=5)
        led = said["leader"].startswith(("node1", "node2"))
        return said if led and said.get("node3", "").startswith("is away") else None

    said = wait_until(one_is_gone, "node3 to be known as away")
    assert said["writes"] == "are taken"
    assert said["if node1 stops"].startswith("no writes until it or another is back")
    assert said["if node3 stops"].startswith("nothing changes")
    shown = asked.console("explain", "shard", "5", "-o", "json")
    assert shown.returncode == 7 and "nothing from node3" in shown.stderr

    cluster.nodes[1].kill()

    def two_are_gone():
        said = words(asked, "explain room", room=alias)
        return said if "only node1 can be reached, and 2 are needed" in str(said) else None

    said = wait_until(two_are_gone, "nothing but node1 to be left")
    assert "UNAVAILABLE" in said["writes"]
    assert said["if node2 stops"].startswith("nothing changes")
    cluster.start()
    cluster.settle()
    wait_until(lambda: words(asked, "explain room", room=alias)["writes"] == "are taken",
               "writes to be taken again")  # fmt: skip
