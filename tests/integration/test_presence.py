# SPDX-License-Identifier: MIT
"""Who is there and who is writing, seen from other nodes, and when nodes die."""

import time

import pytest
from harness import names
from harness.client import Client
from harness.names import fresh
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()


@pytest.fixture
def person(cluster):
    """person("node3", 0): somebody whose account node3 leads, connected to node1."""
    clients = []

    def make(home="node1", where=0, encoding="json", **fields):
        leaders = cluster.wait_leading(home)
        name = names.name_led_by(home, leaders, fresh("u") + "x", names.user_id)
        clients.append(Client(cluster.nodes[where], encoding))
        clients[-1].register(name, **fields)
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def watch(client, *others):
    got = client.ask("presence_request", user_ids=[o.user["id"] for o in others])["presences"]
    return {p["user_id"]: p for p in got}


def presence_events(client, other):
    events = [e["data"] for e in client.events if e["data"]["type"] == "presence"]
    return [e for e in events if e["user_id"] == other.user["id"]]


def wait_presence(client, other, timeout_s=10, **fields):
    def fits(d):
        return d["type"] == "presence" and d["user_id"] == other.user["id"] and (
            all(d.get(k) == v for k, v in fields.items()))  # fmt: skip

    return client.wait_for(fits, f"presence {fields}", timeout_s * SLOWNESS)


@pytest.mark.parametrize("home", ["node1", "node2", "node3"])
def test_coming_and_going_is_seen_elsewhere(cluster, person, home):
    alice, bob = person("node1", 0, "msgpack"), person(home, 1)
    seen = watch(alice, bob)[bob.user["id"]]
    assert seen["is_online"] is True and seen["status"] == "online", seen
    second = Client(cluster.nodes[2], token=bob.token)
    second.ask("heartbeat")
    second.ask("room_list_request")
    bob.close()
    second.ask("heartbeat")
    assert presence_events(alice, bob) == [], "he is still there on another node"
    began = time.monotonic()
    second.close()
    gone = wait_presence(alice, bob, is_online=False, status="offline")
    assert time.monotonic() - began < 10 * SLOWNESS
    assert gone["last_seen"]
    again = Client(cluster.nodes[0], token=bob.token)
    back = wait_presence(alice, bob, is_online=True)
    assert back["status"] == "online"
    again.close()
    wait_until(lambda: len(presence_events(alice, bob)) == 3, "the third event")

    def recorded():  # it is told before it is in the log
        record = alice.ask("user_request", user_id=bob.user["id"])["user"]
        assert record["is_online"] is False
        return (record["last_seen"] or "") >= gone["last_seen"]

    wait_until(recorded, "the time to be in his record")


def test_how_one_wants_to_be_seen(person):
    alice, bob = person("node1", 0), person("node2", 2, "msgpack")
    watch(alice, bob)
    for status in ("away", "dnd", "online"):
        assert bob.ask("set_presence_request", status=status) == {"type": "ok"}
        wait_presence(alice, bob, is_online=True, status=status)
    bad = bob.refusal("set_presence_request", status="offline")
    assert (bad["code"], bad["details"]["field"]) == ("INVALID_MESSAGE", "status")


def test_a_subscription_replaces_the_one_before(person):
    alice, bob, carl = person("node1", 0), person("node2", 1), person("node3", 2)
    watch(alice, bob)
    watch(alice, carl)
    bob.ask("set_presence_request", status="dnd")
    carl.ask("set_presence_request", status="away")
    wait_presence(alice, carl, status="away")
    assert watch(alice) == {}
    carl.ask("set_presence_request", status="dnd")
    seen = watch(alice, bob, carl)
    assert {p["status"] for p in seen.values()} == {"dnd"}
    assert presence_events(alice, bob) == [], "not watched any more"
    assert len(presence_events(alice, carl)) == 1, "nor was he at the end"
    too_many = alice.refusal("presence_request", user_ids=[names.NOBODY] * 501)
    assert (too_many["code"], too_many["details"]["field"]) == ("TOO_LARGE", "user_ids")
    (nobody,) = alice.ask("presence_request", user_ids=[names.NOBODY])["presences"]
    assert nobody["is_online"] is False and nobody["last_seen"] is None


def test_a_node_dies_with_its_people(cluster, person):
    """Some of them led by it, some by others: all are gone within ten seconds."""
    alice = person("node1", 0)
    people = [person(home, 2) for home in ("node1", "node2", "node3", "node3")]
    stays = person("node3", 1)
    assert all(p["is_online"] for p in watch(alice, *people, stays).values())
    began = time.monotonic()
    cluster.nodes[2].kill()
    for one in people:
        wait_presence(alice, one, timeout_s=12, is_online=False)
    assert time.monotonic() - began < 10 * SLOWNESS
    seen = watch(alice, *people, stays)
    assert seen[stays.user["id"]]["is_online"] is True
    assert not any(seen[p.user["id"]]["is_online"] for p in people)
    assert presence_events(alice, stays) == [], "nothing has happened to him"
    cluster.start()


def test_a_chosen_status_outlives_a_leader(cluster, person):
    alice, bob = person("node1", 0), person("node3", 1)
    watch(alice, bob)
    bob.ask("set_presence_request", status="dnd")
    wait_presence(alice, bob, status="dnd")
    cluster.nodes[2].kill()
    late = person("node2", 0)
    wait_until(lambda: watch(late, bob)[bob.user["id"]]["status"] == "dnd",
               "the new leader to know", 20)  # fmt: skip
    assert presence_events(alice, bob)[-1]["status"] == "dnd"
    assert len(presence_events(alice, bob)) == 1, "no flapping"
    cluster.start()


def test_a_status_is_chosen_while_the_leader_is_replaced(cluster, person):
    """The new leader may be asked before it has heard that he is there."""
    alice, people = person("node1", 0), [person("node3", 1) for _ in range(3)]
    watch(alice, *people)
    cluster.nodes[2].kill()
    asked = [bob.post("set_presence_request", status="dnd") for bob in people]
    for bob, answer in zip(people, asked):
        assert answer.result(PATIENCE_S)["data"] == {"type": "ok"}
        wait_presence(alice, bob, status="dnd")
    cluster.start()


def typing_events(client, room):
    return [e["data"] for e in client.events
            if e["data"]["type"] == "typing" and e["data"]["room_id"] == room]  # fmt: skip


def wait_typing(client, room, who, is_typing, timeout_s=10):
    return client.wait_for(
        lambda d: d == {"type": "typing", "room_id": room, "user_id": who.user["id"],
                        "is_typing": is_typing},
        f"typing {is_typing}", timeout_s * SLOWNESS)  # fmt: skip


def test_typing(cluster, person):
    cluster.wait_even()  # a word of typing is lost when its room moves
    alice, bob, eve = person("node1", 0), person("node2", 1, "msgpack"), person("node3", 2)
    room = alice.create_room("Writers", room_type="public", members=[bob.user["id"]])["id"]
    second = Client(cluster.nodes[2], token=alice.token)
    second.ask("resume_request", rooms={room: 0})
    for c in (alice, bob, second):
        # What has no place in the log is only for those whose stream has begun.
        c.wait_for(lambda d: d["type"] == "room_event" and d["room_id"] == room, "the room")
    assert alice.ask("typing", room_id=room, is_typing=True) == {"type": "ok"}
    wait_typing(bob, room, alice, True)
    for _ in range(5):
        alice.ask("typing", room_id=room, is_typing=True)
    alice.ask("typing", room_id=room, is_typing=False)
    wait_typing(bob, room, alice, False)
    assert [e["is_typing"] for e in typing_events(bob, room)] == [True, False], "throttled"
    began = time.monotonic()
    bob.ask("typing", room_id=room, is_typing=True)
    for c in (alice, second):
        wait_typing(c, room, bob, True)
        wait_typing(c, room, bob, False)
    assert 5.5 < time.monotonic() - began < 8 * SLOWNESS, "it ends by itself after 6 s"
    assert not [e for e in typing_events(second, room) if e["user_id"] == alice.user["id"]], (
        "not to one's own connections")  # fmt: skip
    assert eve.code("typing", room_id=room, is_typing=True) == "FORBIDDEN"
    assert eve.code("typing", room_id=names.NOBODY, is_typing=True) == "ROOM_NOT_FOUND"
    assert alice.send(room, "nothing of it was in the log")["seq"] == 2
    second.close()
