# SPDX-License-Identifier: MIT
"""Each event is encoded once for each encoding on a node, however many listen there in it."""

from contextlib import ExitStack

import pytest
from harness.client import Client
from harness.framed import FramedClient
from harness.names import fresh
from harness.waiting import wait_until

# On each node three people of each kind; MessagePack is the encoding of two kinds.
KINDS = {
    "JSON": lambda node: Client(node, "json"),
    "MessagePack": lambda node: Client(node, "msgpack"),
    "TCP": FramedClient,
}
OF_EACH = 3
ENCODINGS = ("json", "msgpack")
SENDS = 10


@pytest.fixture(scope="module")
def crowd(cluster):
    """(who writes, listeners, the room), with everybody in the room and nothing on its way."""
    cluster.settle()
    with ExitStack() as open_:
        makers = [make for make in KINDS.values() for _ in range(OF_EACH)]
        people = [open_.enter_context(make(node)) for node in cluster.nodes for make in makers]
        for each in people:
            each.register(fresh("ear"))
        alice = people[0]
        room = alice.create_room("Ears", members=[c.user["id"] for c in people[1:]])["id"]
        say(alice, people, room, "first")
        yield alice, people, room


def say(alice, people, room, text):
    alice.send(room, text)
    for each in people:
        each.wait_message(text)


def encoded(cluster):
    """encoding → how often each node has encoded something in it."""
    return {e: [int(n.metric(f'greenroom_frames_encoded_total{{encoding="{e}"}}'))
                for n in cluster.nodes] for e in ENCODINGS}  # fmt: skip


def more(before, now):
    return {e: [b - a for a, b in zip(before[e], now[e])] for e in ENCODINGS}


def test_a_message_is_encoded_once_for_each_encoding_on_a_node(cluster, crowd):
    alice, people, room = crowd
    before = encoded(cluster)
    say(alice, people, room, "one")
    assert more(before, encoded(cluster)) == {"json": [1, 1, 1], "msgpack": [1, 1, 1]}
    for i in range(SENDS):
        say(alice, people, room, f"another {i}")
    all_of_them = [1 + SENDS] * 3
    assert more(before, encoded(cluster)) == {"json": all_of_them, "msgpack": all_of_them}


def test_nobody_pays_for_an_encoding_that_nobody_here_reads(cluster, crowd):
    alice, people, _ = crowd
    # One on node1 who reads JSON, one on node3 who reads MessagePack: nobody on node2.
    per_node = len(people) // 3
    reader = people[2 * per_node + OF_EACH]
    room = alice.create_room("Two", members=[reader.user["id"]])["id"]
    say(alice, [alice, reader], room, "for two, first")
    before = encoded(cluster)
    say(alice, [alice, reader], room, "for two")
    assert more(before, encoded(cluster)) == {"json": [1, 0, 0], "msgpack": [0, 0, 1]}


def test_a_change_of_presence_is_encoded_once_for_each_encoding_on_a_node(cluster, crowd):
    alice, people, _ = crowd
    star = alice.user["id"]
    for each in people:
        each.ask("presence_request", user_ids=[star])

    def heard(client, status):
        return any(e["data"]["type"] == "presence" and e["data"]["user_id"] == star
                   and e["data"]["status"] == status for e in list(client.events))  # fmt: skip

    def change_to(status):
        alice.ask("set_presence_request", status=status)
        wait_until(lambda: all(heard(c, status) for c in people), f"{status} to be heard by all")

    change_to("away")
    before = encoded(cluster)
    change_to("dnd")
    assert more(before, encoded(cluster)) == {"json": [1, 1, 1], "msgpack": [1, 1, 1]}
