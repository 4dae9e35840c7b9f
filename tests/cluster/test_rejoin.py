# SPDX-License-Identifier: MIT
"""Who comes back: a person to a room that he left while his connection's node was cut off, and
hears of the new membership, as docs/protocol.md 3.2 promises; a node, at another address."""

from harness.client import Client
from harness.names import fresh, name_led_by, room_id, user_id
from harness.process import free_port
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


def test_a_node_comes_back_at_another_address(trio, stage):
    """With its folder it is the same node: it tells the others where it is, and they find it there
    also after they have been started again."""
    stage.wait_progress()
    victim, other = trio.nodes[1], trio.nodes[2]
    was = {row["name"]: row["id"] for row in trio.nodes[0].rows("nodes")}
    stage.fault("another address", victim.name, mute=True)
    victim.stop()
    port = free_port()
    there = f"127.0.0.1:{port}"
    victim.settings |= {"cluster.port": port, "cluster.advertise": there}
    trio.start()
    stage.fault("another address", victim.name, on=False, mute=True)

    def is_known(asked):
        """Each of the others is linked with it there."""
        links = [(row["node"], row["address"]) for row in asked.rows("links")
                 if row["peer"] == victim.name and row["state"] == "up"]  # fmt: skip
        return sorted(links) == [(n.name, there) for n in trio.nodes if n is not victim]

    for node in trio.nodes:
        wait_until(lambda n=node: is_known(n), f"{node.name} to know the new address", 20)
    trio.settle()
    stage.wait_progress()
    stage.fault("SIGTERM", other.name, mute=True)
    other.restart()
    stage.fault("SIGTERM", other.name, on=False, mute=True)
    trio.settle()
    wait_until(lambda: is_known(other), "the two to be linked again", 20)
    assert {row["name"]: row["id"] for row in other.rows("nodes")} == was, "the same nodes"
    wait_until(trio.keeps_up, "three replicas of every shard", 60)
    stage.wait_progress()
    stage.end()
