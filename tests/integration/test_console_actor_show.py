# SPDX-License-Identifier: MIT
"""What actors say of themselves when an operator asks: every kind that there is, in a cluster with
clients of every protocol; and the connections of those clients."""

import json

import pytest
from harness import planted
from harness.client import PASSWORD, Client
from harness.framed import FramedClient
from harness.names import fresh
from harness.process import Cluster, running
from harness.waiting import wait_until
from harness.web import Browser

# What is shown of any actor; the rest is its own report.
COMMON = {"id", "kind", "name", "node", "parent", "report", "mailbox", "handled", "rate",
          "busy_percent", "busy_us", "last_message", "last_message_ms", "oldest_message_ms",
          "errors", "restarts", "age_ms", "user", "children", "timers pending"}  # fmt: skip

# Some of what an operator looks for.
OWNS = {
    "node": {"shards kept here", "log writer: entries", "backups: newest"},
    "cluster": {"nodes with a link", "epoch of the map", "leads the map"},
    "link": {"peer", "frames that wait", "round trip (ms)", "TLS"},
    "gate": {"nodes that have proved who they are"},
    "shard": {"raft role", "term", "leader", "applied up to", "voters"},
    "room": {"last seq", "nodes that listen", "shard", "proposals under way"},
    "user": {"username", "online", "nodes with sessions of his"},
    "relay": {"leader", "last seq delivered", "connections that listen"},
    "session": {"user", "username", "device", "connection", "rooms subscribed to",
                "messages queued to the client", "ping (ms)"},
    "connection": {"client", "protocol", "authenticated", "bytes queued to the client"},
    "worker": {"workers that are busy", "log-ins that wait for one"},
    "admin": {"lists being gathered from nodes"},
    "presence": {"people watched"},
    "searcher": {"index", "rooms and shards to take in"},
    "webhooks": {"webhooks with something to send", "attempts under way"},
    "canary": {"round", "not through in the last bad round"},
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(programs):
    with running(Cluster(backup__every=3600)) as made:
        made.settle()
        yield made


@pytest.fixture
def clients(cluster):
    """alice (WebSocket, json), bob (WebSocket, msgpack), carol (TCP), dave (HTTP): in one room."""
    alice = Client(cluster.nodes[0])
    bob = Client(cluster.nodes[1], "msgpack")
    carol = FramedClient(cluster.nodes[2])
    people = {"alice": alice, "bob": bob, "carol": carol}
    for name, client in people.items():
        client.register(fresh(name))
    room = alice.create_room("Shown", alias=fresh("shown"), room_type="public")
    for client in (bob, carol):
        client.ask("join_room_request", room_id=room["id"])
    alice.send(room["id"], "what is said is nobody else's business")
    for client in people.values():
        client.wait_message("what is said is nobody else's business")
    dave = Browser(cluster.nodes[0], alice.token)
    dave.get(f"/api/rooms/{room['id']}")
    yield {**people, "dave": dave, "room": room}
    for client in [*people.values(), dave]:
        client.close()


def kinds_of_the_program(node):
    answer = node.admin("actors", kind="none of them")
    assert answer["error"]["code"] == "usage"
    return answer["error"]["message"].removeprefix("kind is one of ").split(", ")


def told_by(node, actor):
    return {r["field"]: r["value"] for r in node.rows("actor show", actor=actor)}


def test_every_kind_of_actor_says_what_it_owns(cluster, clients):
    asked = cluster.nodes[1]
    kinds = kinds_of_the_program(asked)
    assert set(kinds) == set(OWNS), "a new kind has to say what it owns, and here what is expected"
    for kind in kinds:
        rows = wait_until(lambda k=kind: asked.rows("actors", kind=k), f"an actor of kind {kind}")
        by_node = {r["node"]: r for r in rows}
        for row in by_node.values():
            told = told_by(asked, row["id"])
            assert told["kind"] == kind and "self-report" not in told, told
            assert "timers pending" in told, told
            assert told.keys() - COMMON, f"{kind} {row['name']} says nothing of itself"
            assert OWNS[kind] <= told.keys(), (kind, OWNS[kind] - told.keys())


def test_what_is_said_is_so(cluster, clients):
    asked = cluster.nodes[2]
    alice, carol, room = clients["alice"], clients["carol"], clients["room"]
    (row,) = asked.rows("actors", kind="room", filter=f"name={room['id']}")
    told = told_by(asked, row["id"])
    assert told["last seq"] == 4 and told["members"] == 3
    assert told["nodes that listen"].startswith("3: ")
    relays = asked.rows("actors", kind="relay", filter=f"name={room['id']}")
    assert {r["node"] for r in relays} == {"node1", "node2", "node3"}
    for relay in relays:
        told = told_by(asked, relay["id"])
        assert told["last seq delivered"] == 4 and told["attached to the room"] is True
        assert told["leader"] == row["node"] and told["connections that listen"].startswith("1: ")
    for who, protocol in ((alice, "ws"), (carol, "tcp")):
        (session,) = asked.rows("sessions", user=who.user["username"],
                                filter=f"protocol={protocol}")  # fmt: skip
        # One a connection: his calls over HTTP have another of the same name.
        named = asked.rows("actors", kind="session", filter=f"name={session['id']}")
        (told,) = (t for t in (told_by(asked, r["id"]) for r in named)
                   if t["protocol"] == protocol)  # fmt: skip
        assert told["user"] == who.user["id"] and told["username"] == who.user["username"]
        assert told["messages queued to the client"] == 0
        assert told["messages in"] > 0 and told["rooms subscribed to"].startswith("2: ")
        numbered = asked.rows("actors", kind="connection", filter=f"name={told['connection']}")
        (mine,) = (r for r in numbered if r["node"] == told["node"])
        assert told_by(asked, mine["id"])["authenticated"] is True
    shards = asked.rows("actors", kind="shard", filter="name=1")
    told = [told_by(asked, r["id"]) for r in shards]
    assert sorted(t["raft role"] for t in told) == ["follower", "follower", "leader"]
    assert len({t["leader"] for t in told}) == 1 and all(t["voters"][:2] == "3:" for t in told)


def test_nothing_secret_and_nothing_that_was_said(cluster, clients):
    said = json.dumps(
        [told_by(cluster.nodes[0], r["id"]) for r in cluster.nodes[0].rows("actors", limit=100_000)
         if r["kind"] in {"session", "connection", "room", "relay", "user", "node", "admin"}]
    )  # fmt: skip
    assert "nobody else" not in said
    planted.check("actor show", said)


def test_connections_fit_into_80_columns_and_all_have_a_round_trip(cluster, clients):
    asked = cluster.nodes[1]

    def of_each_protocol():
        rows = asked.rows("connections")
        return rows if {r["protocol"] for r in rows} == {"ws", "tcp", "http"} else None

    rows = wait_until(of_each_protocol, "connections of each protocol")
    for row in rows:
        assert isinstance(row["ping_ms"], float) and 0 < row["ping_ms"] < 10_000, row
    table = asked.console("connections")
    assert table.returncode == 0 and not table.stderr, table
    head, *lines = table.stdout.splitlines()
    assert head.split() == ["ID", "ADDRESS", "PROTOCOL", "USERNAME", "QUEUE", "PING_MS"]
    assert len(lines) >= 4 and max(map(len, [head, *lines])) <= 80, table.stdout
    wide = asked.console("connections", "-o", "wide").stdout.splitlines()[0].split()
    assert {"BYTES_OUT", "SINCE", "ENCODING", "HEARD_MS", "USER_ID", "QUEUE_BYTES"} <= set(wide)


def test_who_is_at_one_message_for_long_keeps_nobody_waiting(start_node):
    """A password that takes seconds: what the worker publishes is shown, and what it is at."""
    node = start_node(auth__argon2_memory_mib=64, auth__argon2_ops=100)
    with Client(node) as somebody:
        somebody.post("register_request", username=fresh("slow"), password=PASSWORD)
        (row,) = wait_until(lambda: node.rows("actors", kind="worker", filter="role=hashing"),
                            "a worker that hashes")  # fmt: skip
        told = told_by(node, row["id"])
    assert told["self-report"] == "none within 1000 ms: it is at a message of kind hash_job"
    assert told["role"] == "hashing" and told["role_ms"] >= 0 and told["handled"] == 0
