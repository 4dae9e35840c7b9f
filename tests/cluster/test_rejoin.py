# SPDX-License-Identifier: MIT
"""A session that was cut off while its user left a room never learns of it: when the user joins
again, that connection gets no events, though docs/protocol.md 3.2 promises them."""

import pytest
from harness.client import Client
from harness.names import fresh, name_led_by, room_id, user_id
from harness.waiting import wait_until
from rig import needs
from rig.network import Network


@pytest.fixture
def network():
    needs.namespaces()
    made = Network()
    yield made
    made.end()


def test_join_again_after_leaving_behind_a_partition(network, make_trio):
    trio = make_trio(hosts=network.hosts)
    for i, node in enumerate(trio.nodes, 1):
        node.before = network.before(i)
    trio.start()
    trio.settle()
    leaders = trio.leaders()
    with Client(trio.nodes[1]) as here:
        here.register(name_led_by("node2", leaders, fresh("alice") + "x", user_id))
        with Client(trio.nodes[1]) as owner, Client(trio.nodes[0], token=here.token) as there:
            owner.register(fresh("owner"))
            alias = name_led_by("node2", leaders, fresh("room") + "x", room_id)
            room = owner.create_room("again", alias=alias, room_type="public")["id"]
            here.ask("join_room_request", room_id=room)
            owner.send(room, "both hear")
            there.wait_message("both hear")
            network.isolate(1)
            wait_until(lambda: len(trio.nodes[1].rows("nodes")) < 3, "the link to go down", 20)
            here.ask("leave_room_request", room_id=room)
            network.heal()
            there.wait_for(lambda d: d.get("kind") == "left", "the own leaving", 20)
            here.ask("join_room_request", room_id=room)
            owner.send(room, "both hear again")
            here.wait_message("both hear again")
            there.wait_message("both hear again")
