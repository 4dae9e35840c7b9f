#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What it costs to look at a node with 100,000 live actors: CPU of the answers, and what somebody
who writes meanwhile notices of it. They are rooms, made by clients as any are, each with a record,
a log and members of its own, which stay awake (`rooms.idle_park_s`); nothing is made up for this.
It takes three minutes, and 600 MiB.

    bench/many_actors.py [ACTORS]      100000 without; needs build/release, or GREENROOM_BIN_DIR
"""

import contextlib
import os
import statistics
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration")]

from harness.client import Client  # noqa: E402
from harness.process import Node  # noqa: E402
from steady_writer import SteadyWriter  # noqa: E402

MAKERS = 16
AT_ONCE = 64  # creations that each of them has under way
ASKED = 7
PAUSE_S = 0.3
MESSAGES_S = 100
SECONDS = 10
QUESTIONS = {
    "20 with the longest queues": {"sort": "mailbox", "limit": 20},
    "20 that are busiest": {"sort": "busy", "limit": 20},
    "500, as top asks": {"sort": "queue_depth", "limit": 500},
    "those of one kind, 20": {"kind": "shard", "limit": 20},
    "a filter over all": {"filter": "name~beef", "limit": 20},
    "a filter by figures over all": {"filter": "queue_depth>0,busy<50", "limit": 20},
    "the default of 1,000": {},
    "20,000": {"limit": 20_000},
}
# What is asked again and again while somebody writes.
WATCHED = {
    "nobody asks": [],
    "20 are asked for three times a second": [{"sort": "mailbox", "limit": 20}],
    "nobody asks, again": [],
}


def count_of(node):
    return sum(row["actors"] for row in node.rows("nodes", timeout_s=60))


def make_rooms(maker, enough):
    while not enough.is_set():
        made = [maker.post("create_room_request", name="r") for _ in range(AT_ONCE)]
        for each in made:
            answer = each.result(120)["data"]
            assert answer["type"] == "room_response", answer


def make_actors(node, makers, wanted):
    enough = threading.Event()
    threads = [threading.Thread(target=make_rooms, args=(m, enough)) for m in makers]
    began = time.monotonic()
    for t in threads:
        t.start()
    try:
        while count_of(node) < wanted:
            assert all(t.is_alive() for t in threads), "a maker of rooms has failed"
            time.sleep(PAUSE_S)
    finally:
        enough.set()
        for t in threads:
            t.join()
    print(f"{count_of(node)} actors in {time.monotonic() - began:.0f} s, "
          f"{node.memory_kib() // 1024} MiB", flush=True)  # fmt: skip


def ask(node, args):
    """Milliseconds of CPU of the node for an answer, of the clock, and its rows."""
    used, took = [], []
    for _ in range(ASKED):
        time.sleep(PAUSE_S)
        before, began = node.cpu_s(), time.monotonic()
        answer = node.admin("actors", 60, **args)
        took.append(1000 * (time.monotonic() - began))
        used.append(1000 * (node.cpu_s() - before))
    return statistics.median(used), statistics.median(took), len(answer["rows"])


def measure(node, wanted):
    with contextlib.ExitStack() as end:
        makers = [end.enter_context(Client(node)) for _ in range(MAKERS)]
        for i, maker in enumerate(makers):
            maker.register(f"maker{i}")
        make_actors(node, makers, wanted)
        writing = end.enter_context(Client(node))
        writing.register("writer")
        room = writing.create_room("busy")["id"]
        print(f"{count_of(node)} actors, load {os.getloadavg()[0]:.1f}")
        for what, args in QUESTIONS.items():
            cpu, took, rows = ask(node, args)
            print(f"{what}: {cpu:.0f} ms of CPU, {took:.0f} ms, {rows} rows", flush=True)
        for what, asks in WATCHED.items():
            writer = SteadyWriter(writing, room, MESSAGES_S)
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                for args in asks:
                    node.admin("actors", 60, **args)
                time.sleep(PAUSE_S if asks else SECONDS)
            print(f"acknowledgements, {what}: {writer.end()}", flush=True)


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    node = Node(log__durability="os", rooms__idle_park_s=86400, limits__rooms_per_user=0)
    try:
        measure(node.start(), wanted)
    finally:
        node.kill()


if __name__ == "__main__":
    main()
