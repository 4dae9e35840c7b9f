#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Somebody with 500 rooms, led by three nodes of this machine, comes in: how long it takes, and
what it costs, from the connection until the token is accepted and all rooms with their unread
counts are on the list.

    bench/many_rooms.py [ROOMS]      500 without; needs build/release, or GREENROOM_BIN_DIR
"""

import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

from harness.client import Client  # noqa: E402
from harness.waiting import wait_until  # noqa: E402
from rig.nodes import settled_trio  # noqa: E402

UNREAD = 3  # messages in each room, of which one mentions the one who comes
ARRIVALS = 10
QUIET_S = 1.0  # after each arrival, for what goes on behind the answers


def make_rooms(trio, tokens, user, count):
    """By several people, who say something in each."""
    makers = [Client(trio.nodes[i % 3], token=t) for i, t in enumerate(tokens)]
    for first in range(0, count, len(makers)):
        batch = makers[: count - first]
        made = [m.post("create_room_request", name=f"room {first + i}", members=[user["id"]])
                for i, m in enumerate(batch)]  # fmt: skip
        rooms = [f.result(30)["data"]["room"]["id"] for f in made]
        said = [m.post("send_message_request", room_id=room, message_type="text",
                       content=f"@{user['username']} {n}" if n == 0 else f"message {n}")
                for m, room in zip(batch, rooms) for n in range(UNREAD)]  # fmt: skip
        for f in said:
            assert f.result(30)["data"]["type"] == "message_ack"
    for m in makers:
        m.close()


def list_all(client):
    rooms, cursor = [], None
    while True:
        page = client.ask("room_list_request", scope="joined", limit=200, cursor=cursor)
        rooms += page["rooms"]
        cursor = page["next_cursor"]
        if not cursor:
            return rooms


def is_complete(rooms, count):
    return len(rooms) == count and all(
        r["unread_count"] == UNREAD and r["mention_count"] == 1 for r in rooms
    )


def idle_s(trio):
    """CPU-seconds of each node in QUIET_S when nothing happens."""
    time.sleep(8 * QUIET_S)  # groups rest some seconds after the last message
    before = [n.cpu_s() for n in trio.nodes]
    time.sleep(5 * QUIET_S)
    return [(n.cpu_s() - b) / 5 for n, b in zip(trio.nodes, before)]


def measure(trio, count):
    answer = trio.nodes[0].admin("token issue", 60, user="maker", create=True, count=20)
    with Client(trio.nodes[0]) as client:
        client.register("somebody")
        token, user = client.token, client.user
        make_rooms(trio, [row["token"] for row in answer["rows"]], user, count)
        wait_until(lambda: is_complete(list_all(client), count), "all rooms on the list", 60)
    idle = idle_s(trio)
    took, used = [], [0.0] * 3
    for i in range(ARRIVALS):
        before = [n.cpu_s() for n in trio.nodes]
        began = time.monotonic()
        with Client(trio.nodes[0], token=token) as client:
            rooms = list_all(client)
            took.append(time.monotonic() - began)
            assert is_complete(rooms, count), "counts are right at once"
            time.sleep(QUIET_S)
            for j, node in enumerate(trio.nodes):
                used[j] += node.cpu_s() - before[j] - idle[j] * (took[-1] + QUIET_S)
        print(f"arrival {i + 1}: {took[-1] * 1000:.0f} ms (load {os.getloadavg()[0]:.1f})",
              flush=True)  # fmt: skip
    cpu = [1000 * u / ARRIVALS for u in used]
    print(f"{count} rooms, {ARRIVALS} arrivals at node1, load {os.getloadavg()[0]:.1f}: "
          f"median {statistics.median(took) * 1000:.0f}, longest {max(took) * 1000:.0f} ms; "
          f"CPU {' + '.join(f'{c:.0f}' for c in cpu)} ms of the three nodes")  # fmt: skip


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with settled_trio() as trio:
        measure(trio, count)


if __name__ == "__main__":
    main()
