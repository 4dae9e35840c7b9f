# SPDX-License-Identifier: MIT
"""The directory of rooms is searched over TCP as over WebSockets, and while a node is gone: whole
or refused, and in time."""

import os
import signal
import time
from contextlib import ExitStack

import pytest
from harness import names
from harness.client import Client
from harness.framed import FramedClient
from harness.names import fresh
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until

WITHIN_S = 5.5 * SLOWNESS  # 5 s, and the way


@pytest.fixture
def directory(cluster):
    """(who searches at node1 over TCP, what he searches for, the rooms that it is in, newest
    first): rooms that each of the nodes leads."""
    cluster.settle()
    cluster.wait_even()
    with ExitStack() as open_:
        owner = open_.enter_context(Client(cluster.nodes[0]))
        owner.register(fresh("owner"))
        guest = open_.enter_context(FramedClient(cluster.nodes[0]))
        guest.register(fresh("guest"))
        word = fresh("heron")
        leaders = cluster.leaders()
        rooms = []
        for n, node in enumerate(cluster.nodes * 2):
            alias = names.name_led_by(node.name, leaders, f"{word}{n}", names.room_id)
            rooms.insert(0, owner.create_room(f"Pond {n}", alias=alias, room_type="public")["id"])
        topic = owner.create_room("Reeds", room_type="public")["id"]
        owner.ask("update_room_request", room_id=topic, topic=f"where the {word.upper()} is")
        about = owner.create_room("Bank", room_type="public", description=f"a {word}'s")["id"]
        owner.create_room(f"{word} hidden")
        yield guest, word, [about, topic, *rooms]


def search(client, word, **more):
    return client.ask("room_list_request", scope="public", query=word, **more)


def found_by(client, word, limit):
    found, cursor = [], {}
    while True:
        page = search(client, word, limit=limit, **cursor)
        assert len(page["rooms"]) <= limit
        found += [room["id"] for room in page["rooms"]]
        if not page["next_cursor"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_the_directory_is_searched_over_tcp(cluster, directory):
    guest, word, rooms = directory
    for limit in (1, 3, 200):
        assert found_by(guest, word, limit) == rooms
    assert found_by(guest, "no room is called this", 50) == []
    assert guest.code("room_list_request", scope="public", query="x" * 257) == "TOO_LARGE"
    with Client(cluster.nodes[1], token=guest.token) as over_websocket:
        wait_until(lambda: search(over_websocket, word) == search(guest, word), "the same list")


def answer_in_time(client, word):
    """The rooms of a search, or None if it was refused because a part cannot be reached."""
    began = time.monotonic()
    data = client.post("room_list_request", scope="public", query=word).result(PATIENCE_S)["data"]
    assert time.monotonic() - began < WITHIN_S
    if data["type"] == "error":
        assert data["code"] == "UNAVAILABLE" and data["details"]["retry_after_ms"] > 0, data
        return None
    assert data["next_cursor"] is None
    return [room["id"] for room in data["rooms"]]


@pytest.mark.parametrize("is_killed", [False, True])
def test_one_node_that_is_gone_hides_no_room(cluster, directory, is_killed):
    """Its shards are led by others within the time of a request or two; until then nobody is told
    of a part as if it were all."""
    guest, word, rooms = directory
    third = cluster.nodes[2]
    pid = third.pid()
    os.kill(pid, signal.SIGKILL if is_killed else signal.SIGSTOP)
    try:
        first = answer_in_time(guest, word)
        assert first in (None, rooms), "the whole list, or that a part cannot be reached"
        wait_until(lambda: answer_in_time(guest, word) == rooms, "the whole list", 30)
        assert third.name not in cluster.leaders(cluster.nodes[0]).values()
    finally:
        if not is_killed:
            os.kill(pid, signal.SIGCONT)
    cluster.settle()
    wait_until(lambda: answer_in_time(guest, word) == rooms, "the whole list again")


def test_two_nodes_that_are_gone_are_said(cluster, directory):
    guest, word, rooms = directory
    for node in cluster.nodes[1:]:
        os.kill(node.pid(), signal.SIGSTOP)
    try:
        assert answer_in_time(guest, word) is None
        refused = guest.refusal("room_list_request", scope="public", query=word)
        assert "a part of the list cannot be reached" in refused["message"]
    finally:
        for node in cluster.nodes[1:]:
            os.kill(node.pid(), signal.SIGCONT)
    cluster.settle()
    wait_until(lambda: answer_in_time(guest, word) == rooms, "the whole list again", 30)
