# SPDX-License-Identifier: MIT
"""Limits of a person hold for all his connections, whichever nodes they are on."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from harness import process
from harness.client import Client, Refused
from harness.names import fresh
from harness.process import Cluster
from harness.waiting import wait_until

MESSAGES = 20
ROOMS = 4


@pytest.fixture(scope="module")
def trio(programs):
    made = Cluster(limits__messages_per_minute=MESSAGES, limits__rooms_per_user=ROOMS)
    try:
        made.start().settle()
        yield made
        made.stop()
    finally:
        made.kill()
        process.STARTED.remove(made)


def test_three_nodes_let_nobody_say_three_times_as_much(trio):
    with ExitStack() as open_:
        first = open_.enter_context(Client(trio.nodes[0]))
        first.register(fresh("alice"))
        room = first.create_room("Loud")["id"]
        others = [open_.enter_context(Client(n, token=first.token)) for n in trio.nodes[1:]]
        sent = 0

        def is_refused(client):
            nonlocal sent
            try:
                client.send(room, "again")
            except Refused as why:
                assert why.code == "RATE_LIMIT" and why.details["retry_after_ms"] > 0
                return True
            sent += 1
            return False

        for client in [first, *others]:
            wait_until(lambda c=client: is_refused(c), "to be told that it is too much")
        assert MESSAGES - 1 <= sent < 2.5 * MESSAGES, "three nodes, and not three limits"
        seen = first.ask("room_request", room_id=room)["room"]["last_seq"]
        assert seen == sent + 1


def test_rooms_entered_at_the_same_moment_on_three_nodes(trio):
    with ExitStack() as open_:
        alice = open_.enter_context(Client(trio.nodes[0]))
        alice.register(fresh("alice"))
        rooms = []
        for node in trio.nodes:
            owner = open_.enter_context(Client(node))
            owner.register(fresh("owner"))
            rooms += [owner.create_room("Open", room_type="public")["id"] for _ in range(ROOMS)]
        clients = [open_.enter_context(Client(trio.nodes[i % 3], token=alice.token))
                   for i in range(len(rooms))]  # fmt: skip

        def enter(client, room):
            try:
                client.ask("join_room_request", room_id=room)
                return "in"
            except Refused as why:
                return (why.code, why.details.get("limit"))

        with ThreadPoolExecutor(len(rooms)) as pool:
            ends = list(pool.map(enter, clients, rooms))
        assert sorted(map(str, ends)) == sorted(
            map(str, ["in"] * ROOMS + [("CONFLICT", ROOMS)] * (len(rooms) - ROOMS))
        )
        joined = alice.ask("room_list_request", scope="joined")["rooms"]
        assert len(joined) == ROOMS
