# SPDX-License-Identifier: MIT
"""What a message costs between nodes: one of it to each node that listens, however many people do
there. Only the writes to their sockets are as many as they are."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from harness import names
from harness.client import Client
from harness.names import fresh
from harness.waiting import SLOWNESS, wait_until

HOME = "node2"  # leads both rooms; whoever writes is on node1
FEW, MANY = 2, 60  # listeners on each node
SENDS = 30
PATIENCE_S = 30 * SLOWNESS


@pytest.fixture(scope="module")
def crowd(cluster):
    """For each node its people; the first one of node1 is to write."""
    cluster.settle()
    with ExitStack() as open_:
        clients = [[open_.enter_context(Client(node)) for _ in range(MANY)]
                   for node in cluster.nodes]  # fmt: skip
        with ThreadPoolExecutor(6) as pool:
            for done in [pool.submit(c.register, fresh("person")) for of in clients for c in of]:
                done.result()
        yield clients


class Figures:
    """What the nodes have counted at some moment."""

    def __init__(self, cluster):
        nodes = cluster.nodes
        self.events = {n.name: n.metric("greenroom_link_sent_events_total") for n in nodes}
        self.documents = {n.name: n.metric("greenroom_messages_sent_total") for n in nodes}
        links = nodes[1].rows("links")
        self.frames = {r["peer"]: r["frames_out"] for r in links if r["node"] == HOME}


def sends_to(cluster, crowd, count):
    """What SENDS messages cost in a room of so many people on each node."""
    cluster.wait_even()
    leaders = cluster.leaders()
    alias = names.name_led_by(HOME, leaders, fresh("crowd") + "x", names.room_id)
    people = [c for of in crowd for c in of[:count]]
    alice = people[0]
    room = alice.create_room("Crowd", alias=alias, members=[c.user["id"] for c in people[1:]])["id"]

    def say(text):
        alice.send(room, text)

    def wait(text):
        for c in people:
            c.wait_message(text, PATIENCE_S)

    first = f"{alias} first"  # until all have it the room is still being entered
    say(first)
    wait(first)
    before = Figures(cluster)
    for n in range(SENDS):
        say(f"{alias} {n}")
    wait(f"{alias} {SENDS - 1}")

    def written():
        """Counted after what it counts was written."""
        now = Figures(cluster)
        here = now.documents["node1"] - before.documents["node1"]
        return now if here >= SENDS * (count + 1) else None

    after = wait_until(written, "the writes to be counted")
    assert cluster.leaders() == leaders, "nothing has moved, or the figures are of other ways"
    return {field: {k: of[k] - getattr(before, field)[k] for k in of}
            for field, of in vars(after).items()}  # fmt: skip


def test_a_send_is_one_message_to_each_node(cluster, crowd):
    few, many = (sends_to(cluster, crowd, count) for count in (FEW, MANY))
    for count, cost in ((FEW, few), (MANY, many)):
        # node2 tells node1 and node3, and nobody tells anybody on.
        assert cost["events"] == {"node1": 0, HOME: 2 * SENDS, "node3": 0}, cost
        # And whoever listens has one write; alice has her acknowledgement as well.
        assert cost["documents"] == {"node1": SENDS * (count + 1), HOME: SENDS * count,
                                     "node3": SENDS * count}, cost  # fmt: skip
    # All that goes over a link, the log and what nodes say to each other anyway included. One for
    # each listener more would be MANY - FEW more for each message.
    assert set(few["frames"]) == set(many["frames"]) == {"node1", "node3"}
    for peer, frames in many["frames"].items():
        more = (frames - few["frames"][peer]) / SENDS
        assert more < (MANY - FEW) / 4, f"{more:.1f} frames more for each message to {peer}"
