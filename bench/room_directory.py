#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What it costs to look through a directory of 10,000 public rooms on three nodes of this machine:
pages of all of it, and of searches for what is in all, some or none of them.

    bench/room_directory.py [ROOMS]      10,000 without; needs build/release, or GREENROOM_BIN_DIR
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

MAKERS = 20
AT_ONCE = 16  # creations that each of them has under way
RARE_EVERY = 1000  # rooms, of which one has the rare word in its topic
ROUNDS = 10
PAGE = 50
QUESTIONS = {
    "all of it": None,
    "a word in all names": "PLACE",
    "a word in one of a thousand": "kingfisher",
    "a word in none": "nowhere to be found",
}


def make_rooms(trio, count):
    """By several people, each of whom may be in 1,000."""
    rows = trio.nodes[0].admin("token issue", 60, user="maker", create=True, count=MAKERS)["rows"]
    makers = [Client(trio.nodes[i % 3], token=row["token"]) for i, row in enumerate(rows)]
    about = "what is said here concerns whoever comes by, and " * 3
    left = iter(range(count))
    batch = True
    while batch:
        batch = [(m, n) for m in makers for _ in range(AT_ONCE)
                 if (n := next(left, None)) is not None]  # fmt: skip
        made = [m.post("create_room_request", name=f"Meeting place {n}", room_type="public",
                       description=about + ("kingfishers" if n % RARE_EVERY == 0 else "others"))
                for m, n in batch]  # fmt: skip
        for each in made:
            answer = each.result(60)["data"]
            assert answer["type"] == "room_response", answer
    for m in makers:
        m.close()


def page_of(client, query, cursor=None):
    return client.ask("room_list_request", scope="public", limit=PAGE, query=query, cursor=cursor)


def all_pages(client, query):
    """Pages, rooms, and the seconds of the page that took longest."""
    pages = rooms = 0
    slowest, cursor = 0.0, None
    while True:
        began = time.monotonic()
        page = page_of(client, query, cursor)
        slowest = max(slowest, time.monotonic() - began)
        pages, rooms = pages + 1, rooms + len(page["rooms"])
        cursor = page["next_cursor"]
        if not cursor:
            return pages, rooms, slowest


def cpu_ms(trio):
    return 1000 * sum(n.cpu_s() for n in trio.nodes)


def measure(trio, count):
    began = time.monotonic()
    make_rooms(trio, count)
    print(f"{count} rooms in {time.monotonic() - began:.0f} s", flush=True)
    with Client(trio.nodes[0]) as client:
        client.register("visitor")
        wait_until(lambda: all_pages(client, None)[1] == count, "all rooms in the directory", 120)
        time.sleep(8)  # groups rest some seconds after the last message
        for what, query in QUESTIONS.items():
            took, before, began = [], cpu_ms(trio), time.monotonic()
            for _ in range(ROUNDS):
                asked = time.monotonic()
                page_of(client, query)
                took.append(time.monotonic() - asked)
            used, spent = (cpu_ms(trio) - before) / ROUNDS, time.monotonic() - began
            pages, rooms, slowest = all_pages(client, query)
            print(f"{what}: first page median {1000 * statistics.median(took):.0f}, longest "
                  f"{1000 * max(took):.0f} ms, {used:.0f} ms of CPU of the three nodes "
                  f"({spent:.1f} s); {rooms} rooms on {pages} pages, the slowest "
                  f"{1000 * slowest:.0f} ms (load {os.getloadavg()[0]:.1f})",
                  flush=True)  # fmt: skip


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with settled_trio() as trio:
        measure(trio, count)


if __name__ == "__main__":
    main()
