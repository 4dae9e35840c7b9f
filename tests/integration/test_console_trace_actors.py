# SPDX-License-Identifier: MIT
"""The tool follows connections and shards of a cluster; and shows no more messages, for no longer,
than was wanted."""

import json
import threading
import time

import pytest
from harness import names
from harness.client import Client, new_id
from harness.waiting import SLOWNESS, wait_until

NODES = {"node1", "node2", "node3"}


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()


def follow(cluster, *words, meanwhile):
    """The messages that the tool shows, and how long it took; `meanwhile` is done over and over
    until it has ended."""
    output = []
    began = time.monotonic()
    tool = threading.Thread(
        target=lambda: output.append(cluster.nodes[1].console(*words, "-o", "json", timeout_s=90))
    )
    tool.start()
    n = 0
    while tool.is_alive():
        meanwhile(n)
        n += 1
        tool.join(0.05)
    (result,) = output
    return result, [json.loads(line) for line in result.stdout.splitlines()], (
        time.monotonic() - began)  # fmt: skip


def test_of_a_connection(cluster, talk):
    """What is sent over it, and not what its user sends elsewhere."""
    alice, _, room = talk
    with Client(cluster.nodes[2], token=alice.token) as other:
        asked = cluster.nodes[1]

        def mine():
            rows = asked.rows("connections", user=alice.user["username"])
            return rows if len(rows) == 2 else None

        rows = wait_until(mine, "both connections of alice")
        node, number = next(r["id"] for r in rows if r["node"] == "node1").split("/")
        (actor,) = (a for a in asked.rows("actors", kind="connection", filter=f"name={number}")
                    if a["node"] == node)  # fmt: skip
        sent = {"alice": set(), "other": set()}

        def say(n):
            for who, client in (("alice", alice), ("other", other)):
                known = new_id()
                sent[who].add(known)
                client.ask("send_message_request", room_id=room["id"], content=f"{who} {n}",
                           message_id=known)  # fmt: skip

        result, messages, _ = follow(cluster, "trace", "actor", actor["id"], "-n", "3",
                                     meanwhile=say)  # fmt: skip
        assert result.returncode == 0 and not result.stderr, result
        assert len(messages) == 3
        assert {m["message"] for m in messages} <= sent["alice"]
        for m in messages:
            assert {"session", "room", "append", "stored", "commit", "relay", "out"} <= {
                h["hop"] for h in m["hops"]}, m  # fmt: skip


def test_of_a_shard(cluster, talk):
    """Whatever goes through its log, on each of its replicas; of no other room."""
    alice, bob, room = talk
    shard = names.shard_of(room["id"])
    other = next(r for r in (alice.create_room(f"r{n}") for n in range(200))
                 if names.shard_of(r["id"]) != shard)  # fmt: skip
    rows = cluster.nodes[1].rows("actors", kind="shard", filter=f"name={shard}")
    assert {r["node"] for r in rows} == NODES

    def say(n):
        alice.send(other["id"], f"elsewhere {n}")
        alice.send(room["id"], f"here {n}")

    for row in rows:
        result, messages, _ = follow(cluster, "trace", "actor", row["id"], "-n", "2",
                                     meanwhile=say)  # fmt: skip
        assert result.returncode == 0 and not result.stderr, result
        assert [m["room"] for m in messages] == [room["id"]] * 2
        # The first may have been on its way when the trace began.
        stored = {h["node"] for h in messages[1]["hops"] if h["hop"] == "stored"}
        assert stored == NODES and "append" in {h["hop"] for h in messages[1]["hops"]}, messages
    (map_shard,) = (r for r in cluster.nodes[1].rows("actors", kind="shard", filter="name=0")
                    if r["node"] == "node2")  # fmt: skip
    result = cluster.nodes[1].console("trace", "actor", map_shard["id"])
    assert result.returncode == 2 and "cluster map" in result.stderr
    for wrong in (0, 33):
        answer = cluster.nodes[1].admin("trace room", shard=wrong, tracer="t")
        assert answer["error"]["code"] == "usage" and "1 to 32" in answer["error"]["message"]


def test_no_more_messages_and_no_longer_than_wanted(cluster, talk):
    alice, _, room = talk
    result, messages, _ = follow(
        cluster, "trace", "room", room["alias"], "-n", "2", "--for", "60",
        meanwhile=lambda n: alice.send(room["id"], f"one of many {n}"),
    )  # fmt: skip
    assert result.returncode == 0 and len(messages) == 2, result
    result, messages, took = follow(
        cluster, "trace", "room", room["alias"], "-n", "100", "--for", "2",
        meanwhile=lambda n: alice.send(room["id"], f"and more {n}"),
    )  # fmt: skip
    assert result.returncode == 0 and messages, result
    assert took < 30 * SLOWNESS, "two seconds, one until the last is shown, and the way"
    # On the node itself: who asks on is told nothing any more.
    asked, tracer = cluster.nodes[0], new_id()

    def told():
        return [r for r in asked.admin("trace room", room=room["id"], seconds=1, tracer=tracer,
                                       timeout_s=4)["rows"] if "hop" in r]  # fmt: skip

    told()
    alice.send(room["id"], "the first")
    wait_until(told, "the first of it")

    def over():
        """Those under way are told of to their end."""
        alice.send(room["id"], "again")
        return not told()

    wait_until(over, "the second to be over")
    alice.send(room["id"], "the last")
    assert not told()
