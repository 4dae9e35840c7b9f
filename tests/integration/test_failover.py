# SPDX-License-Identifier: MIT
"""Nodes that die, freeze and are restarted under load: what was acknowledged stays, nothing comes
twice, every listener sees every entry once and in order, and rooms answer again soon."""

import os
import signal
import statistics
import time

import pytest
from harness import names
from harness.client import Client, new_id
from harness.names import fresh
from harness.people import Listener, Sender
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until
from harness.web import Browser


def settle(cluster):
    """All run, and leadership has returned to where it belongs."""
    cluster.settle()
    wait_until(
        lambda: all(list(cluster.leaders().values()).count(n.name) > 8 for n in cluster.nodes),
        "each node to lead its third", 40,
    )  # fmt: skip


class Stage:
    """One room per node that leads it, in each a sender and a listener at every node."""

    def __init__(self, cluster, wait=settle):
        self.cluster = cluster
        wait(cluster)
        self.senders, self.listeners, self.rooms = [], [], {}
        leaders = cluster.leaders()
        with Client(cluster.nodes[0]) as owner:
            owner.register(fresh("owner"))
            self.token = owner.token
            people = []
            for i in range(2 * len(cluster.nodes)):
                with Client(cluster.nodes[0]) as c:
                    c.register(fresh("someone"))
                    people.append((c.token, c.user["id"]))
            for i, node in enumerate(cluster.nodes):
                alias = names.name_led_by(node.name, leaders, fresh("room") + "x", names.room_id)
                room = owner.create_room("under load", alias=alias,
                                         members=[p[1] for p in people])["id"]  # fmt: skip
                self.rooms[node.name] = room
                self.senders.append(
                    Sender(cluster.nodes, people[2 * i][0], room, f"s{i}", start=i).start()
                )
                self.listeners.append(
                    Listener(cluster.nodes, people[2 * i + 1][0], room, 1,
                             start=(i + 1) % len(cluster.nodes)).start()
                )  # fmt: skip

    def wait_progress(self, count=10):
        """Every sender gets `count` more acknowledgements."""
        marks = [len(s.said) + count for s in self.senders]

        def done():
            for person in self.senders + self.listeners:
                if person.failure:
                    raise person.failure
            return all(len(s.said) >= m for s, m in zip(self.senders, marks))

        wait_until(done, "all senders to get on", 3 * PATIENCE_S / SLOWNESS)

    def end(self):
        """Judges; the histories are read at every node."""
        for s in self.senders:
            s.stop()
        self.cluster.settle()
        for s, listener in zip(self.senders, self.listeners):
            top = max(seq for _, _, seq, _ in s.said)
            wait_until(lambda x=listener, t=top: x.failure or x.last >= t,
                       f"the listener of {s.room} to hear {top}")  # fmt: skip
            listener.stop()
            heard = [seq for seq, _ in listener.heard]
            assert heard == list(range(2, 2 + len(heard))), "1, 2, 3, … without hole or repeat"
            for node in self.cluster.nodes:
                with Client(node, token=self.token) as reader:
                    messages = reader.whole_history(s.room)
                by_id = {m["message_id"]: m for m in messages}
                assert len(by_id) == len(messages), f"{node.name}: a message_id has one effect"
                for message_id, content, seq, _ in s.said:
                    assert message_id in by_id, f"{node.name}: {content} ({seq}) was acked and lost"
                    got = by_id[message_id]
                    assert (got["seq"], got["content"]) == (seq, content)
                assert len(messages) == len(s.said), "nothing that nobody sent"


@pytest.fixture
def stage(cluster):
    made = Stage(cluster)
    yield made
    for person in made.senders + made.listeners:
        person.stopping.set()
        person.thread.join(2 * PATIENCE_S)


def test_kill_each_node_under_load(cluster, stage):
    gaps = []
    for victim in cluster.nodes:
        stage.wait_progress()
        room = stage.rooms[victim.name]
        led = [s for s in stage.senders if s.room == room]
        before = [len(s.said) for s in led]
        began = time.monotonic()
        victim.kill()
        wait_until(
            lambda: all(len(s.said) > n + 1 for s, n in zip(led, before)),
            f"the rooms of {victim.name} to answer again", 3 * PATIENCE_S / SLOWNESS,
        )  # fmt: skip
        gaps.append(time.monotonic() - began)
        stage.wait_progress()
        cluster.start()
        cluster.settle()
    stage.end()
    print(f"rooms of a killed node answer again after {statistics.median(gaps):.2f} s "
          f"({min(gaps):.2f} to {max(gaps):.2f})")  # fmt: skip
    assert max(gaps) < 3 * SLOWNESS, f"failover takes up to 3 s, not {gaps}"


def test_restart_each_node_under_load(cluster, stage):
    """In good order: leaders are handed over first, so that nobody waits for an election."""
    for node in cluster.nodes:
        stage.wait_progress()
        node.stop()
        stage.wait_progress()
        cluster.start()
        cluster.settle()
    stage.wait_progress()
    stage.end()
    slowest = max(s.slowest_s() for s in stage.senders)
    print(f"the slowest send took {slowest:.2f} s")
    assert slowest < 2 * SLOWNESS, f"no send fails for long, the slowest took {slowest:.2f} s"


def test_a_frozen_leader_acknowledges_nothing_late(cluster, stage):
    """Stopped for longer than an election takes, it wakes up and is no leader any more."""
    stage.wait_progress()
    frozen = cluster.nodes[2]
    others = cluster.nodes[:2]
    frozen_pid = frozen.pid()
    os.kill(frozen_pid, signal.SIGSTOP)
    try:
        wait_until(lambda: all(r["leader"] in ("node1", "node2") for r in others[0].rows("shards")),
                   "the others to lead what node3 led", 20)  # fmt: skip
    finally:
        os.kill(frozen_pid, signal.SIGCONT)
    stage.wait_progress()
    cluster.settle()
    stage.end()


def is_session_event(kind, room):
    return lambda e: (e["type"], e.get("kind"), e.get("room_id")) == ("session_event", kind, room)


def test_history_without_a_majority_is_readable_and_stale(cluster):
    alice = Client(cluster.nodes[0])
    cluster.settle()
    leaders = cluster.leaders()
    alice.register(names.name_led_by("node1", leaders, fresh("anna") + "x", names.user_id))
    rooms = [alice.create_room("read only", alias=names.name_led_by(
                 node, leaders, fresh("far") + "x", names.room_id))["id"]
             for node in ("node1", "node2")]  # fmt: skip
    bob = Client(cluster.nodes[0])
    bob.register(names.name_led_by("node1", leaders, fresh("bob") + "x", names.user_id))
    bob.ask("logout_request")
    for room in rooms:
        alice.send(room, "kept")
        assert alice.history(room)["stale"] is False, "the leader answers as current"
    for room in rooms:
        cluster.wait_everywhere(
            names.shard_of(room),
            lambda r=room: alice.ask("update_room_request", room_id=r, topic="on all nodes"),
        )
    for node in cluster.nodes[1:]:
        node.kill()
    web = Browser(cluster.nodes[0], alice.token)
    for ask in (alice.history, lambda room: web.get(f"/api/messages/{room}/history")):
        own, other = [ask(room) for room in rooms]
        assert own["stale"] is True and other["stale"] is True, "nobody can confirm it"
        assert [m["content"] for m in own["messages"]] == ["kept"], "it led, and has all"
        assert [m["content"] for m in other["messages"]] in ([], ["kept"]), "it followed"
    Browser(cluster.nodes[0], bob.token).refusal(
        "GET", f"/api/messages/{rooms[0]}/history", 401, "UNAUTHORIZED"
    )
    error, _ = web.refusal("GET", f"/api/rooms/{rooms[0]}", 503, "UNAVAILABLE")
    assert "message_id" not in error["message"], "that has another name here"
    for room in rooms:
        alice.wait_for(is_session_event("stale", room), "to be told that the room has no leader")
    cluster.start()
    cluster.settle()
    for room in rooms:
        answer = alice.history(room)
        assert answer["stale"] is False
        assert [m["content"] for m in answer["messages"]] == ["kept"]
        alice.wait_for(is_session_event("recovered", room), "to be told that all is well")
    alice.close()


def test_lists_without_a_majority_are_refused(cluster):
    """Nobody could see that entries are missing: a list is whole, or it is asked again."""
    settle(cluster)
    leaders = cluster.leaders()
    alice, bob = Client(cluster.nodes[0]), Client(cluster.nodes[0])
    alice.register(names.name_led_by("node1", leaders, fresh("anna") + "x", names.user_id))
    bob.register(fresh("bob"))
    rooms = {}
    for scope, owner, type_ in (("joined", alice, "group"), ("invited", bob, "group"),
                                ("public", bob, "public")):  # fmt: skip
        alias = names.name_led_by("node2", leaders, fresh("far") + "x", names.room_id)
        rooms[scope] = owner.create_room(scope, alias=alias, room_type=type_)["id"]
    bob.ask("invite_request", room_id=rooms["invited"], user_id=alice.user["id"])

    def is_listed(scope):
        listed = alice.ask("room_list_request", scope=scope)["rooms"]
        return rooms[scope] in [r["id"] for r in listed]

    for scope in rooms:
        wait_until(lambda s=scope: is_listed(s), f"the {scope} room to be listed")
    for node in cluster.nodes[1:]:
        node.kill()
    asked = [alice.post("room_list_request", scope=scope) for scope in rooms]
    asked.append(alice.post("user_list_request"))
    for each in asked:
        answer = each.result(PATIENCE_S)["data"]
        assert answer.get("code") == "UNAVAILABLE", answer
        assert answer["details"]["retry_after_ms"] > 0, answer
    cluster.start()
    cluster.settle()
    assert all(is_listed(scope) for scope in rooms)
    assert alice.ask("user_list_request")["users"]
    alice.close()
    bob.close()


def test_an_acknowledgement_says_how_safe(cluster):
    """`safety: all` waits for every replica, and says so when one is missing: written all the
    same, and a repeat tells how far."""
    settle(cluster)
    alice = Client(cluster.nodes[0])
    leaders = cluster.leaders()
    alice.register(names.name_led_by("node1", leaders, fresh("anna") + "x", names.user_id))
    alias = names.name_led_by("node1", leaders, fresh("safe") + "x", names.room_id)
    room = alice.create_room("safe", alias=alias)["id"]
    usual = alice.send(room, "on a majority")
    assert usual["replicas"] >= 2 and usual["term"] >= 1
    assert alice.send(room, "on all", safety="all")["replicas"] == 3
    cluster.nodes[2].kill()
    message_id = new_id()
    short = alice.refusal("send_message_request", room_id=room, content="on two", safety="all",
                          message_type="text", message_id=message_id)  # fmt: skip
    assert short["code"] == "UNAVAILABLE", short
    assert short["details"].get("seq") == 4 and short["details"]["replicas"] == 2, short
    assert alice.history(room)["messages"][-1]["content"] == "on two", "written all the same"
    cluster.start()
    cluster.settle()
    again = alice.send(room, "on two", safety="all", message_id=message_id)
    assert again["duplicate"] and again["seq"] == 4 and again["replicas"] == 3, again
    alice.close()
