# SPDX-License-Identifier: MIT
"""Three processes started by scripts/run: people on two nodes, their room on the third, and what
stopping, killing and starting nodes does to them."""

import time

import pytest
from harness import names
from harness.client import PASSWORD, Client, Refused, new_id
from harness.names import fresh
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until


@pytest.fixture(autouse=True)
def all_run(cluster):
    """A test that failed in the middle must not make the next ones fail."""
    cluster.settle()


@pytest.fixture
def people(cluster):
    """people(0, 2) → clients that have registered, one per named node (0 is node1)."""
    clients = []

    def make(*where, encoding="json"):
        made = []
        for i in where:
            client = Client(cluster.nodes[i], encoding)
            clients.append(client)
            client.register(fresh(f"p{i}"))
            made.append(client)
        return made

    yield make
    for client in clients:
        client.close()


def led_by(cluster, node, stem="room"):
    """An alias whose room is led by this node."""
    return names.name_led_by(node, cluster.leaders(), fresh(stem) + "x", names.room_id)


def patiently(action, what, within_s=20):
    """Repeats while the cluster says UNAVAILABLE."""

    def attempt():
        try:
            return action()
        except Refused as why:
            if why.code != "UNAVAILABLE":
                raise
            return None

    return wait_until(attempt, what, within_s)


def test_the_three_agree_on_who_leads(cluster):
    views = [cluster.leaders(node) for node in cluster.nodes]
    assert views[0] == views[1] == views[2], "every node knows every leader"
    shards = [s for s in views[0] if s != 0]
    assert len(shards) == 32, f"cluster.shards is 32, got {len(shards)}"
    for node in cluster.nodes:
        count = [views[0][s] for s in shards].count(node.name)
        assert 9 <= count <= 13, f"about a third of the shards each; {node.name} leads {count}"


def test_the_first_chat(cluster):
    """Two people on two nodes, a room on the third, everything stopped and started again."""
    alias = led_by(cluster, "node3", "first")
    alice, bob = Client(cluster.nodes[0]), Client(cluster.nodes[1], "msgpack")
    a, b = alice.register(fresh("alice")), bob.register(fresh("bob"))
    room = alice.create_room("First", alias=alias, room_type="public")["id"]
    rows = cluster.nodes[0].rows("actors", kind="room")
    homes = {row["node"] for row in rows if room in row["name"]}
    assert homes in ({"node3"}, set()), f"the room lives on node3, got {homes}"
    assert bob.ask("join_room_request", alias=alias)["room"]["id"] == room
    alice.send(room, "hello bob 👋")
    assert bob.wait_message("hello bob 👋")["seq"] == 3
    bob.send(room, "hello alice")
    assert alice.wait_message("hello alice")["seq"] == 4
    cluster.stop()
    assert alice.wait_closed() == 1001 and bob.wait_closed() == 1001, "going away"
    assert all(node.pid() is None for node in cluster.nodes), "all have stopped"
    cluster.start()
    for node, token in ((cluster.nodes[2], a["token"]), (cluster.nodes[0], b["token"])):
        with Client(node, token=token) as c:
            said = [m["content"] for m in c.history(room)["messages"]]
            assert said == ["hello bob 👋", "hello alice"], "the history is there"
    with Client(cluster.nodes[2]) as c:
        c.log_in(username=a["user"]["username"], password=PASSWORD, rooms={room: 2})
        c.wait_message("hello alice")
        assert [e["seq"] for e in c.room_events(room)] == [3, 4]


def test_events_reach_all_connections_of_all_nodes(cluster, people):
    alice, bob = people(0, 1)
    more = [Client(node, token=bob.token) for node in cluster.nodes]
    for c in more:
        c.ask("heartbeat")
        c.ask("room_list_request")
    for home in ("node1", "node2", "node3"):
        alias = led_by(cluster, home)
        room = alice.create_room("Added", alias=alias, members=[bob.user["id"]])["id"]
        alice.send(room, f"in {home}")
        seen = [c.wait_message(f"in {home}") for c in (alice, bob, *more)]
        assert all(e == seen[0] for e in seen), f"the same event on every node, room on {home}"
        assert seen[0]["seq"] == 2
    for c in more:
        c.close()


def test_logging_out_everywhere_closes_sockets_of_other_nodes(cluster, people):
    (alice,) = people(0)
    others = [Client(node, token=alice.token) for node in cluster.nodes]
    with Client(cluster.nodes[2]) as last:
        last.log_in(username=alice.user["username"], password=PASSWORD)
        for c in (*others, last):
            c.ask("room_list_request")
        began = time.monotonic()
        alice.ask("logout_request", all=True)
        for c in (alice, *others, last):
            assert c.wait_closed() == 4403, "session revoked"
            assert any(e["data"].get("kind") == "revoked" for e in c.events), "the event first"
        assert time.monotonic() - began < 1.0 * SLOWNESS, "within a second on every node"
    with Client(cluster.nodes[1]) as c:
        assert c.code("auth_request", token=alice.token) == "UNAUTHORIZED"


def test_a_write_is_repeated_at_another_node(cluster, people):
    (alice,) = people(0)
    room = alice.create_room("Repeat", alias=led_by(cluster, "node2"))["id"]
    message_id = new_id()
    first = alice.send(room, "once", message_id=message_id)
    with Client(cluster.nodes[2], token=alice.token) as elsewhere:
        again = elsewhere.send(room, "once", message_id=message_id)
        assert again["duplicate"] is True and again["id"] == first["id"]
        assert len(elsewhere.history(room)["messages"]) == 1


def test_lists_gather_from_all_nodes(cluster, people):
    alice, bob = people(0, 1)
    rooms = {alice.create_room(h, alias=led_by(cluster, h), room_type="public")["id"]
             for h in ("node1", "node2", "node3")}  # fmt: skip
    listed = bob.ask("room_list_request", scope="public", limit=200)["rooms"]
    assert rooms <= {r["id"] for r in listed}, "public rooms of all nodes"
    assert rooms == {r["id"] for r in alice.ask("room_list_request")["rooms"]}
    users = bob.ask("user_list_request", limit=200)["users"]
    assert {alice.user["id"], bob.user["id"]} <= {u["id"] for u in users}


def home_of(cluster, client):
    """The node that leads the client's account."""
    return cluster.leaders()[names.shard_of(client.user["id"])]
