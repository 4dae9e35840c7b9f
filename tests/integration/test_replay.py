# SPDX-License-Identifier: MIT
"""A replay that is longer than what may wait for a connection."""

import json

from harness.client import Client, new_id
from harness.names import fresh
from harness.raw import TEXT, RawSocket, frame
from harness.waiting import wait_until

ROOMS = 3
MESSAGES = 400
CONTENT = "x" * 10_000  # all together far more than the kernel takes
QUEUE = 100


def test_a_client_slower_than_the_log_gets_all_of_it(start_node):
    node = start_node(limits__outbound_queue_messages=QUEUE, limits__messages_per_minute=0)
    with Client(node) as owner:
        owner.register(fresh("owner"))
        rooms = [owner.create_room(f"room {i}")["id"] for i in range(ROOMS)]
        last = {}
        for room in rooms:
            for _ in range(MESSAGES - 1):
                owner.post("send_message_request", room_id=room, content=CONTENT)
            last[room] = owner.send(room, CONTENT)["seq"]
        token = owner.token
    with RawSocket(node) as slow:
        asked = {"type": "auth_request", "token": token, "rooms": {room: 0 for room in rooms}}
        slow.send(frame(json.dumps({"message_id": new_id(), "data": asked}).encode()))

        def queued():
            return [row["queue"] for row in node.admin("connections")["rows"]]

        most = wait_until(lambda: max(queued(), default=0), "something to wait for him")
        assert most <= QUEUE
        heard = {room: [] for room in rooms}
        while any(heard[room][-1:] != [last[room]] for room in rooms):
            opcode, payload = slow.next_frame()
            if opcode != TEXT:
                raise AssertionError(f"closed: {payload!r}")
            data = json.loads(payload)["data"]
            if data["type"] in ("message_received", "room_event"):
                heard[data["room_id"]].append(data["seq"])
        for room in rooms:
            assert heard[room] == list(range(1, last[room] + 1))
