# SPDX-License-Identifier: MIT
"""What the console's JSON says, value by value, where the test knows it: three nodes, alice on
node1, bob on node2, a room of theirs; then with a node drained, one hanging, one down."""

import json
import os
import re
import signal

import pytest
from harness import names
from harness.waiting import wait_until

NODES = ["node1", "node2", "node3"]
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()
    cluster.wait_even()

    def grown():
        rows = cluster.nodes[0].rows("raft")
        return len(rows) == 99 and all(r["votes"] == 3 for r in rows)

    wait_until(grown, "all groups to have three replicas", 60)


def shown(node, *words, status=0):
    result = node.console(*words, "-o", "json")
    assert result.returncode == status, f"{words}: {result.returncode} {result.stderr}"
    return json.loads(result.stdout)


def part(row, wanted):
    """The fields that are wanted of a row, so that a difference is seen as one."""
    return {name: row.get(name, "(none)") for name in wanted}


def is_part(row, **wanted):
    assert part(row, wanted) == wanted


def fields(rows):
    return {r["field"]: r["value"] for r in rows}


def settled(look, wanted, what):
    """What is a second old, or on its way, is right in the end; else the difference is shown."""
    last = []

    def same():
        last[:] = [look()]
        return last[0] == wanted

    try:
        wait_until(same, what, 20)
    except AssertionError:
        assert last[0] == wanted
        raise


# -- everything is there -------------------------------------------------------------------------


def test_nodes_and_health(cluster, talk):
    for asked in cluster.nodes:
        rows = shown(asked, "nodes")
        assert [r["name"] for r in rows] == NODES
        leaders = list(cluster.leaders(asked).values())
        for row, sessions in zip(rows, (1, 1, 0)):
            name = row["name"]
            is_part(row, state="ready", since=None, sessions=sessions, connections=sessions,
                    address=f"127.0.0.1:{cluster.node(name).http_port}",
                    shards_led=leaders.count(name))  # fmt: skip
        assert len({r["id"] for r in rows}) == 3 and len({r["version"] for r in rows}) == 1
        assert shown(asked, "health") == [
            {"node": n, "ready": True, "state": "ready", "since": None, "reason": ""} for n in NODES
        ]


def test_shards_and_raft(cluster):
    asked = cluster.nodes[2]

    def all_shards():
        return [part(r, ("shard", "state", "lag", "moving_to")) for r in shown(asked, "shards")]

    well = [{"shard": n, "state": "led", "lag": [0, 0, 0], "moving_to": None} for n in range(33)]
    settled(all_shards, well, "all shards to be led, and nobody behind")
    rows = shown(asked, "shards")
    assert all(sorted(r["replicas"]) == NODES for r in rows)
    row = rows[7]

    def replicas():
        wanted = ("node", "role", "leader", "votes", "lag", "inflight", "votes_itself")
        return [part(r, wanted) for r in shown(asked, "raft", "--shard", "7")]

    expected = [
        {"node": n, "role": "leader" if n == row["leader"] else "follower", "leader": row["leader"],
         "votes": 3, "lag": 0, "inflight": 0, "votes_itself": True} for n in NODES
    ]  # fmt: skip
    settled(replicas, expected, "all replicas of shard 7 to be there")
    found = shown(asked, "raft", "--shard", "7")
    assert {r["term"] for r in found} == {row["term"]}
    assert all(r["first"] <= r["applied"] <= r["commit"] <= r["last"] for r in found)


def test_a_room(cluster, talk):
    alice, bob, room = talk
    shard = names.shard_of(room["id"])
    for asked in cluster.nodes:
        leader = cluster.leaders(asked)[shard]
        (row,) = shown(asked, "rooms", "--filter", f"id={room['id']}")
        is_part(row, id=room["id"], alias=room["alias"], name="Talk of two", shard=shard,
                node=leader, members=2, last_seq=3, nodes=2, actor="active", mailbox=0, errors=0,
                restarts=0)  # fmt: skip
        facts = fields(shown(asked, "rooms", "show", room["alias"]))
        is_part(facts, id=room["id"], alias=room["alias"], name="Talk of two", type="public",
                private=False, archived=False, deleted=False, created_by=alice.user["id"],
                members=2, owners=1, messages=1, first_seq=1, last_seq=3, retention=None,
                shard=shard, leader=leader, replicas=NODES, actor="active", mailbox=0, errors=0,
                restarts=0, listeners={"node1": 1, "node2": 1})  # fmt: skip
        assert set(facts["lag"]) == set(NODES) and row["actor_id"] == facts["actor_id"]


def test_the_hottest_room_is_first(cluster, talk):
    alice, _, quiet = talk
    hot = alice.create_room("Hot")["id"]
    for n in range(15):
        alice.send(hot, f"n{n}")
    long_ago = shown(cluster.nodes[2], "rooms", "--sort", "last_seq")
    rows = shown(cluster.nodes[2], "rooms")
    order = [r["entries_per_min"] for r in rows]
    assert order == sorted(order, reverse=True)
    assert [r["id"] for r in rows if r["id"] in (hot, quiet["id"])] == [hot, quiet["id"]]
    assert {r["id"] for r in rows} == {r["id"] for r in long_ago}


def test_people(cluster, talk):
    alice, bob, _ = talk
    asked = cluster.nodes[2]
    for person, node in ((alice, "node1"), (bob, "node2")):
        called = person.user["username"]
        (user,) = shown(asked, "users", "--filter", f"id={person.user['id']}")
        leader = cluster.leaders()[names.shard_of(person.user["id"])]
        is_part(user, username=called, role="user", online=True, sessions=1, node=node,
                actor=leader)  # fmt: skip
        (session,) = shown(asked, "sessions", "--user", called)
        # Of rooms: the one of the two, and that of everybody.
        is_part(session, node=node, user_id=person.user["id"], username=called, role="user",
                rooms=2, protocol="ws", mailbox=0, device=None)  # fmt: skip
        (connection,) = shown(asked, "connections", "--user", called)
        is_part(connection, id=session["connection"], node=node, username=called, encoding="json",
                protocol="ws", user_id=person.user["id"], session=session["id"], queue=0,
                queue_bytes=0, requests_in_hand=0)  # fmt: skip
        assert connection["address"].startswith("127.0.0.1:")
        assert session["address"] == "127.0.0.1"


def test_actors_and_links(cluster):
    asked = cluster.nodes[1]
    rows = shown(asked, "actors", "--kind", "presence")
    for row, node in zip(rows, NODES, strict=True):
        is_part(row, kind="presence", name="presence", node=node, parent="node", errors=0,
                restarts=0)  # fmt: skip
        facts = fields(shown(asked, "actors", "show", row["id"]))
        is_part(facts, id=row["id"], kind="presence", node=node, children=0, errors=0)
    roots = [r for r in shown(asked, "tree") if r["depth"] == 0]
    assert [(r["node"], r["kind"]) for r in roots] == [(n, "node") for n in NODES]
    links = {(r["node"], r["peer"]): r for r in shown(asked, "links")}
    assert set(links) == {(a, b) for a in NODES for b in NODES if a != b}
    for (node, peer), row in links.items():
        is_part(row, state="up", tls="TLSv1.3", failure=None, dropped=0)
        assert row["dials"] is not links[peer, node]["dials"], "one of the two has dialed"


def test_what_is_set_and_signed(cluster):
    asked = cluster.nodes[0]
    settings = {r["key"]: r["value"] for r in shown(asked, "settings")}
    is_part(settings, **{"cluster.shards": 32, "chaos.enabled": False, "node.name": "node1"})
    keys = shown(asked, "key", "list")
    assert [k["state"] for k in keys] == ["signs"] and keys[0]["needed_until"] is None
    shown(asked, "log", "level", "info", "--component", "walked")
    levels = [r for r in shown(asked, "log", "levels") if r["component"] == "walked"]
    assert levels == [{"node": n, "component": "walked", "level": "info"} for n in NODES]
    (line,) = shown(asked, "audit", "tail", "-n", "1")
    is_part(line, node="node1", address="console", by=f"uid {os.getuid()}", action="log level",
            outcome="ok")  # fmt: skip


# -- not everything ------------------------------------------------------------------------------


def test_a_drained_node_is_as_it_is_wanted(cluster):
    asked = cluster.nodes[0]
    shown(asked, "node", "drain", "node2")
    try:

        def ready():
            rows = [r for r in shown(asked, "doctor") if r["check"] == "ready"]
            return {r["node"]: (r["state"], r["detail"]) for r in rows}

        well = ("ok", "takes clients")
        wanted = {"node1": well, "node2": ("warning", "drained by an operator"), "node3": well}
        wait_until(lambda: ready() == wanted, "the doctor to be content", 30)
        rows = shown(asked, "health", status=7)
        is_part(rows[1], node="node2", ready=False, state="not ready", since=None,
                reason="drained by an operator")  # fmt: skip
    finally:
        shown(asked, "node", "undrain", "node2")


def silent_row(asked, name, *states):
    """Its row in `nodes` and in `health`, once both say one of these."""

    def rows():
        found = asked.console("nodes", "-o", "json", "--timeout", "2")
        health = asked.console("health", "-o", "json", "--timeout", "2")
        if (found.returncode, health.returncode) != (7, 7):
            return None
        assert name in found.stderr and name in health.stderr
        (row,) = [r for r in json.loads(found.stdout) if r["name"] == name]
        (well,) = [r for r in json.loads(health.stdout) if r["node"] == name]
        assert [r["name"] for r in json.loads(found.stdout)] == NODES
        assert [r["node"] for r in json.loads(health.stdout)] == NODES
        right = {row["state"], well["state"]} <= set(states) and row["since"]
        return (row, well) if right else None

    row, well = wait_until(rows, f"{name} to be shown as {states}", 30)
    assert TIME.fullmatch(row["since"]) and TIME.fullmatch(well["since"])
    is_part(row, uptime_s=None, address=None, shards_led=None, sessions=None, actors=None)
    assert well["ready"] is False and well["reason"]
    return row


def test_a_node_that_hangs(cluster):
    before = shown(cluster.nodes[0], "nodes")[1]
    pid = cluster.nodes[1].pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        # Soon: in a few seconds its links are cut, and then it is as good as down.
        row = shown(cluster.nodes[0], "nodes", "--timeout", "1.5", status=7)[1]
        is_part(row, name="node2", id=before["id"], state="no answer", uptime_s=None)
        assert TIME.fullmatch(row["since"])
        row = silent_row(cluster.nodes[0], "node2", "no answer", "down")
        is_part(row, id=before["id"], version=before["version"])
    finally:
        os.kill(pid, signal.SIGCONT)

    def back():
        found = cluster.nodes[0].console("nodes", "-o", "json")
        return found.returncode == 0 and json.loads(found.stdout)[1]

    row = wait_until(back, "node2 to answer again", 30)
    is_part(row, name="node2", since=None, id=before["id"])


def test_a_node_that_is_down(cluster, talk):
    alice, _, room = talk
    shard = names.shard_of(room["id"])
    before = shown(cluster.nodes[0], "nodes")[2]
    cluster.nodes[2].kill()
    row = silent_row(cluster.nodes[0], "node3", "down")
    is_part(row, id=before["id"], version=before["version"])

    def replicas():
        answer = cluster.nodes[0].admin("room show", room=room["id"])
        return part(fields(answer.get("rows", [])), ("replicas", "lag", "last_seq"))

    wanted = {"replicas": NODES, "lag": {"node1": 0, "node2": 0, "node3": None}, "last_seq": 3}
    settled(replicas, wanted, "the room's replicas to be shown as they are")
    shards = {r["shard"]: r for r in cluster.nodes[0].rows("shards")}
    lag = dict(zip(shards[shard]["replicas"], shards[shard]["lag"], strict=True))
    assert lag == wanted["lag"], "shards says the same"


def test_an_orderly_stop_is_no_failure(cluster):
    """The last: all nodes end, one after the other, and have nothing to complain of."""
    for node in cluster.nodes:
        node.stop()
    for node in cluster.nodes:
        lines = [json.loads(line) for line in node.log().splitlines()]
        begins = max(i for i, e in enumerate(lines) if e["message"].startswith("stopping on"))
        said = [(e["level"], e["message"]) for e in lines[begins:]]
        assert said[-1][1] == "stopped" and {level for level, _ in said} == {"info"}, said
