# SPDX-License-Identifier: MIT
"""What a member of a large room costs in memory when nothing happens: less than 200 bytes, with all
that the node keeps for it, and not only what the room does."""

import concurrent.futures
import http.client

from harness.client import Client
from harness.memory import in_use_at_rest
from harness.names import fresh
from harness.waiting import PATIENCE_S, SANITIZED

PEOPLE = 4000
BYTES_MAX = 200
JOINERS = 16
# Whoever has joined is let go of soon. The cache of the store is full from the beginning.
SETTINGS = {"rooms__idle_park_s": 2, "store__cache_mib": 1}


def ask(node, method, path, tokens):
    connection = http.client.HTTPConnection(node.host, node.http_port, timeout=PATIENCE_S)
    try:
        for token in tokens:
            connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
    finally:
        connection.close()


def all_ask(node, method, path, tokens):
    with concurrent.futures.ThreadPoolExecutor(JOINERS) as pool:
        list(pool.map(lambda i: ask(node, method, path, tokens[i::JOINERS]), range(JOINERS)))


def test_a_member_at_rest_costs_less_than_200_bytes(start_node):
    node = start_node(**SETTINGS)
    answer = node.admin("token issue", 60, user=fresh("many-"), create=True, count=PEOPLE)
    assert answer["ok"], answer
    tokens = [row["token"] for row in answer["rows"]]
    with Client(node) as owner:
        owner.register(fresh("owner"))
        rooms = [owner.create_room(f"room {i}", room_type="public")["id"] for i in range(2)]
        # What is known of valid tokens has a bound of its own (security/token_memory.hpp), and any
        # request adds to it.
        all_ask(node, "GET", "/api/users/me", tokens)
        kept = [in_use_at_rest(node)]
        assert SANITIZED or kept[0] > 1 << 20, "malloc says what it has given out"
        for room in rooms:
            all_ask(node, "PUT", f"/api/rooms/{room}/members/me", tokens)
            kept.append(in_use_at_rest(node))
        awake = {row["name"] for row in node.rows("actors", kind="room")}
        assert awake >= set(rooms), "the rooms are in memory"
        for room in rooms:
            known = owner.ask("room_request", room_id=room)["room"]["member_count"]
            assert known == PEOPLE + 1
    each = [round((after - before) / PEOPLE) for before, after in zip(kept, kept[1:])]
    assert max(each) < BYTES_MAX, f"{each} bytes a member of the first room and of the second"
    assert min(each) > -BYTES_MAX, f"{each} bytes a member: the node was not at rest before"
