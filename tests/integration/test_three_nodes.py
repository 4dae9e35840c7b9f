# SPDX-License-Identifier: MIT
"""Three processes started by scripts/run: people on two nodes, their room on the third, and what
stopping, killing and starting nodes does to them."""

import time

import pytest
from harness import names, raw
from harness.client import PASSWORD, Client, Refused, new_id
from harness.names import fresh
from harness.process import Cluster, running
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until


@pytest.fixture(autouse=True)
def all_run(cluster):
    """A test that failed in the middle must not make the next ones fail."""
    cluster.settle()


def led_by(cluster, node, stem="room"):
    """An alias whose room is led by this node, once leadership has returned to it."""
    return names.name_led_by(node, cluster.wait_leading(node), fresh(stem) + "x", names.room_id)


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


def test_leaders_are_even_from_the_start(programs):
    """When a new cluster is well for the first time each node leads its third, and nothing has to
    move for that: while groups get their other replicas and later, all lead on in their terms."""
    with running(Cluster()) as young:
        first = young.nodes[0]
        wait_until(lambda: first.console("cluster", "status").returncode == 0, "it to be well", 20)
        rows = first.rows("shards")
        led = [row["leader"] for row in rows if row["shard"] != 0]
        shares = sorted(led.count(node.name) for node in young.nodes)
        assert shares == [10, 11, 11], f"of 32 shards: {led}"
        young.settle()
        young.wait_even()
        moved = [row["shard"] for row, now in zip(rows, first.rows("shards"))
                 if (row["leader"], row["term"]) != (now["leader"], now["term"])]  # fmt: skip
        assert not moved


def test_the_three_agree_on_who_leads(cluster):
    """Leadership is spread evenly, at the latest when it has returned to where it belongs."""
    assert len(cluster.leaders()) == 33, "cluster.shards is 32, and shard 0"
    cluster.wait_even()


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
    cluster.settle()
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


def test_one_reads_what_one_has_written_at_any_node(cluster, people):
    """With its seq as `min_seq`: also when the read is there before the message."""
    (alice,) = people(0)
    room = alice.create_room("Own", alias=led_by(cluster, "node2"))["id"]
    others = [Client(node, token=alice.token) for node in cluster.nodes]
    for i in range(10):
        seq = alice.history(room)["last_seq"] + 1
        early = others[i % 3].post("history_request", room_id=room, min_seq=seq, limit=1)
        assert alice.send(room, f"own {i}")["seq"] == seq
        for c in others:
            page = c.history(room, min_seq=seq, limit=1)
            assert [m["content"] for m in page["messages"]] == [f"own {i}"] and not page["stale"]
        page = early.result(PATIENCE_S)["data"]
        assert [m["content"] for m in page["messages"]] == [f"own {i}"], "awaited where it is led"
    for c in others:
        c.close()


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


def check_dense(client, room):
    seqs = [e["seq"] for e in client.room_events(room)]
    assert seqs == list(range(seqs[0], seqs[-1] + 1)), f"no gap and no repeat: {seqs}"


def test_a_node_stops_and_comes_back(cluster):
    """The others lead what it led, and everybody who listens misses nothing. Back again, it takes
    its share."""
    leaders = cluster.leaders()
    here = names.name_led_by("node1", leaders, fresh("anna") + "x", names.user_id)
    there = names.name_led_by("node2", leaders, fresh("bert") + "x", names.user_id)
    alice, bob = Client(cluster.nodes[0]), Client(cluster.nodes[1])
    alice.register(here)
    bob.register(there)
    rooms = [alice.create_room("one of three", alias=led_by(cluster, name),
                               members=[bob.user["id"]])["id"]
             for name in ("node1", "node3")]  # fmt: skip
    for room in rooms:
        alice.send(room, f"before {room}")
        bob.wait_message(f"before {room}")
    for how in ("stop", "kill"):
        getattr(cluster.nodes[2], how)()
        for room in rooms:
            text = f"{how}: {room} goes on"
            began = time.monotonic()
            assert alice.send(room, text)["seq"], "within the request's time-out, without a repeat"
            assert time.monotonic() - began < 5 * SLOWNESS
            bob.wait_message(text)
            alice.wait_message(text)
        cluster.start()
        wait_until(lambda: list(cluster.leaders().values()).count("node3") > 8,
                   "node3 to lead its third again", 40)  # fmt: skip
        for room in rooms:
            alice.send(room, f"{how}: {room} is back")
            bob.wait_message(f"{how}: {room} is back", timeout_s=2 * PATIENCE_S)
            alice.wait_message(f"{how}: {room} is back", timeout_s=2 * PATIENCE_S)
    for c in (alice, bob):
        for room in rooms:
            check_dense(c, room)
        c.close()


def test_one_node_of_three_writes_nothing(cluster):
    """Without a majority a write is refused in time, and on its return all is well by itself."""
    alice = Client(cluster.nodes[0])
    alice.register(names.name_led_by("node1", cluster.leaders(), fresh("anna") + "x",
                                     names.user_id))  # fmt: skip
    room = alice.create_room("alone", alias=led_by(cluster, "node1"))["id"]
    alice.send(room, "three of three")
    for node in cluster.nodes[1:]:
        node.kill()
    began = time.monotonic()
    message_id = new_id()
    refused = alice.refusal("send_message_request", room_id=room, content="one of three",
                            message_id=message_id)  # fmt: skip
    assert refused["code"] == "UNAVAILABLE", f"no majority: {refused}"
    assert refused["details"]["retry_after_ms"] > 0
    assert time.monotonic() - began < 5.5 * SLOWNESS, "every request is answered within 5 s"
    cluster.start()
    again = patiently(lambda: alice.send(room, "one of three", message_id=message_id),
                      "a majority to take messages again")  # fmt: skip
    alice.wait_message("one of three", timeout_s=2 * PATIENCE_S)
    history = alice.ask("history_request", room_id=room)["messages"]
    assert [m["seq"] for m in history if m["content"] == "one of three"] == [again["seq"]]
    check_dense(alice, room)
    alice.close()


def answering(node):
    """Of a node that does not answer there is only what is known without it."""
    return {row["name"] for row in node.rows("nodes") if row["uptime_s"] is not None}


def lost_links(node, peer):
    return node.log().count(f"down: {peer.name} ")


def test_what_happens_to_one_link_is_nothing_to_the_others(cluster):
    """A node that goes, and strangers at the cluster's port, cut no link between other nodes."""
    first, second, third = cluster.nodes
    before = lost_links(first, third), lost_links(third, first)
    second.kill()
    wait_until(lambda: "node2" in str(first.admin("nodes")["missing"]), "node2 to be missed")
    for _ in range(20):
        for node in (first, third):
            with raw.connect(node.cluster_port()) as sock:
                raw.send_until_refused(sock, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                raw.read_all(sock)
        assert answering(first) == {"node1", "node3"}, "they see each other all the time"
    cluster.settle()  # several heartbeats later
    after = lost_links(first, third), lost_links(third, first)
    assert after == before, f"the link between node1 and node3 was lost: {before} → {after}"


def test_a_person_whose_node_stops_goes_on_at_another(cluster):
    leaders = cluster.leaders()
    alice, bob = Client(cluster.nodes[0]), Client(cluster.nodes[1])
    alice.register(names.name_led_by("node1", leaders, fresh("anna") + "x", names.user_id))
    bob.register(names.name_led_by("node1", leaders, fresh("bert") + "x", names.user_id))
    room = alice.create_room("on", alias=led_by(cluster, "node1"), members=[bob.user["id"]])["id"]
    alice.send(room, "one")
    bob.wait_message("one")
    cluster.nodes[1].stop()
    assert bob.wait_closed() == 1001
    alice.send(room, "two")
    with Client(cluster.nodes[2]) as again:
        again.log_in(token=bob.token, rooms={room: 2})
        assert again.wait_message("two")["seq"] == 3
    cluster.start()
    with Client(cluster.nodes[1]) as home:
        patiently(lambda: home.log_in(token=bob.token, rooms={room: 2}), "the way back")
        home.wait_message("two")
        alice.send(room, "three")
        home.wait_message("three")
        assert [e["seq"] for e in home.room_events(room)] == [3, 4]
    alice.close()


def test_nodes_that_are_missing_are_named(cluster):
    cluster.nodes[1].stop()

    def missing():
        return [m["node"] for m in cluster.nodes[0].admin("nodes")["missing"]]

    wait_until(lambda: missing() == ["node2"], "node2 to be named as missing")
    assert answering(cluster.nodes[0]) == {"node1", "node3"}
    cluster.start()
    wait_until(lambda: missing() == [], "all three to be back")


def test_the_cluster_map_has_three_replicas_too(cluster):
    """It begins on the node that forms the cluster and grows; another leads it when that dies."""
    cluster.settle()
    own = next(r for r in cluster.nodes[0].rows("shards") if r["shard"] == 0)
    assert set(own["replicas"]) == {"node1", "node2", "node3"}
    first = cluster.node(own["leader"])
    others = [n for n in cluster.nodes if n is not first]
    first.kill()
    wait_until(
        lambda: {n.rows("shards")[0]["leader"] for n in others} <= {n.name for n in others},
        "the map to have another leader", 20,
    )  # fmt: skip
    cluster.start()
    cluster.settle()
