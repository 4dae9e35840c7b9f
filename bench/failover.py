#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long a room does not answer when its leader is killed: from kill -9 to the first send that is
acknowledged in a room it led, as seen by a client of another node.

    bench/failover.py [KILLS]      30 without; needs build/release, or GREENROOM_BIN_DIR
"""

import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

from harness import names  # noqa: E402
from harness.client import Client, new_id  # noqa: E402
from rig.nodes import Trio  # noqa: E402


def first_ack_s(client, room, number, began):
    """Repeats one message until it is there."""
    message_id = new_id()
    while True:
        data = client.answer("send_message_request", message_id=message_id, room_id=room,
                             content=f"after {number}", message_type="text")["data"]  # fmt: skip
        if data["type"] == "message_ack":
            return time.monotonic() - began
        assert data["code"] == "UNAVAILABLE", data


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    trio = Trio()
    found = []
    try:
        trio.start()
        trio.settle()
        leaders = trio.leaders()
        tokens, rooms = [], []
        for i, node in enumerate(trio.nodes):
            # The account is led elsewhere too: what is measured is the room.
            other = trio.nodes[(i + 1) % 3]
            with Client(other) as c:
                c.register(names.name_led_by(other.name, leaders, f"user{i}x", names.user_id))
                alias = names.name_led_by(node.name, leaders, f"room{i}x", names.room_id)
                rooms.append(c.create_room("bench", alias=alias)["id"])
                tokens.append(c.token)
        for number in range(kills):
            i = number % 3
            trio.settle()
            with Client(trio.nodes[(i + 1) % 3], token=tokens[i]) as client:
                client.send(rooms[i], f"before {number}")
                began = time.monotonic()
                trio.nodes[i].kill()
                found.append(first_ack_s(client, rooms[i], number, began))
            load = os.getloadavg()[0]
            print(f"kill {number + 1}: {found[-1] * 1000:.0f} ms (load {load:.1f})", flush=True)
            trio.start()
    finally:
        trio.end()
    found.sort()
    print(f"{len(found)} kills on {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}: "
          f"min {found[0] * 1000:.0f}, median {statistics.median(found) * 1000:.0f}, "
          f"max {found[-1] * 1000:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
