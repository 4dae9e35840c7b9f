# SPDX-License-Identifier: MIT
"""A connection whose node was cut off while its user left a room: when he joins again, it hears of
the new membership, as docs/protocol.md 3.2 promises."""

from harness.client import Client
from harness.names import fresh, name_led_by, room_id, user_id
from harness.waiting import wait_until


def test_join_again_after_leaving_behind_a_partition(network, apart):
    trio = apart
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
            wait_until(lambda: "down" in [r["state"] for r in trio.nodes[1].rows("nodes")],
                       "the link to go down", 20)  # fmt: skip
            here.ask("leave_room_request", room_id=room)
            network.heal()
            there.wait_for(lambda d: d.get("kind") == "left", "the own leaving", 20)
            here.ask("join_room_request", room_id=room)
            owner.send(room, "both hear again")
            here.wait_message("both hear again")
            there.wait_message("both hear again")
