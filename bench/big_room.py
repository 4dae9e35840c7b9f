#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A public room with 10,000 members on three nodes of this machine: how fast they join, what a send
costs, what a member costs in memory, how long it takes to page through the members, marks by many
of them, and a change of presence that nobody or many watch.

    bench/big_room.py [MEMBERS]      10,000 without; needs build/release, or GREENROOM_BIN_DIR
"""

import concurrent.futures
import http.client
import os
import statistics
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

from harness import names  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.memory import in_use, in_use_at_rest  # noqa: E402
from rig.nodes import settled_trio  # noqa: E402

JOINERS = 48  # connections that join, each for one member after the other
LISTENERS = 300
SENDS = 200
CHANGES = 40
PAGE = 200


class Charge:
    """What the nodes use of the processors in between."""

    def __init__(self, trio):
        self.trio = trio
        self.began = time.monotonic()
        self.before = [n.cpu_s() for n in trio.nodes]

    def end(self):
        """Seconds, and CPU-seconds of each node."""
        used = [n.cpu_s() - b for n, b in zip(self.trio.nodes, self.before)]
        return time.monotonic() - self.began, used


def tell(what):
    print(f"{what} (load {os.getloadavg()[0]:.1f})", flush=True)


def join_all(trio, room, tokens):
    """Over HTTP, through all nodes in turn."""
    left = iter(list(tokens))
    lock = threading.Lock()

    def work(i):
        node = trio.nodes[i % 3]
        connection = http.client.HTTPConnection(node.host, node.http_port, timeout=30)
        while True:
            with lock:
                token = next(left, None)
            if token is None:
                return
            while True:
                connection.request("PUT", f"/api/rooms/{room}/members/me",
                                   headers={"Authorization": f"Bearer {token}"})  # fmt: skip
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200:
                    break
                assert answer.status in (429, 503), body

    with concurrent.futures.ThreadPoolExecutor(JOINERS) as pool:
        list(pool.map(work, range(JOINERS)))


def at_rest(node):
    """Without the actors of people; the owner stays."""
    began = time.monotonic()
    least = in_use_at_rest(node)
    tell(f"at rest after {time.monotonic() - began:.0f} s; "
         f"{node.metric('greenroom_store_cache_bytes') / 1e6:.1f} MB in the store's cache")
    return least


def tell_memory(trio, leader, tokens, owner, leaders, before):
    """What is written to tables is the write buffer's, which has a size of its own, and the actors
    of those who have joined are let go of when they have been idle for a minute."""
    def written():
        rows = trio.nodes[0].rows("store compact", timeout_s=600)
        assert all(row["state"] == "done" for row in rows), rows
        tell(f"{(in_use(leader) - before) / count:.0f} bytes a member, all written to tables")
        return at_rest(leader)

    count = len(tokens)
    after = written()
    tell(f"{(after - before) / count:.0f} bytes a member at rest, without the store's cache")
    alias = names.name_led_by(leader.name, leaders, "again", names.room_id)
    again = owner.create_room("again", alias=alias, room_type="public")["id"]
    join_all(trio, again, tokens)
    tell(f"{(written() - after) / count:.0f} bytes a member of another room with them")


def send_some(trio, owner, room):
    charge = Charge(trio)
    for i in range(SENDS):
        owner.send(room, f"message {i}")
    seconds, used = charge.end()
    return seconds / SENDS, [1e6 * u / SENDS for u in used]


def microseconds(values):
    return " + ".join(f"{v:.0f}" for v in values)


def page_through(owner, room, count):
    """Seconds of each page."""
    times, seen, cursor = [], 0, None
    while True:
        began = time.monotonic()
        page = owner.ask("room_members_request", room_id=room, limit=PAGE, cursor=cursor)
        times.append(time.monotonic() - began)
        seen += len(page["members"])
        cursor = page["next_cursor"]
        if not cursor:
            assert seen == count, f"{seen} of {count} members"
            return times


def mark_all(trio, listeners, room, last):
    """Each marks twice; all at once."""
    charge = Charge(trio)
    futures = [c.post("mark_request", room_id=room, status=status, seq=last)
               for status in ("delivered", "read") for c in listeners]  # fmt: skip
    answers = [f.result(60)["data"]["type"] for f in futures]
    assert set(answers) == {"ok"}, set(answers)
    seconds, used = charge.end()
    return len(answers) / seconds, [1e6 * u / len(answers) for u in used]


def change_presence(trio, star, watchers):
    """Each change is heard by all who watch before the next; nobody else hears of it."""
    taken = sum(len(w.events) for w in watchers)
    charge = Charge(trio)
    for i in range(CHANGES):
        status = ("away", "dnd")[i % 2]
        star.ask("set_presence_request", status=status)
        for w in watchers:
            w.wait_count(i // 2 + 1,
                         lambda d, s=status: d["type"] == "presence" and d["status"] == s,
                         f"to hear of {status} for the {i + 1}th time", 60)  # fmt: skip
    seconds, used = charge.end()
    heard = sum(len(w.events) for w in watchers) - taken
    assert heard == CHANGES * len(watchers), f"{heard} events"
    return seconds / CHANGES, [1e6 * u / CHANGES for u in used]


def presence(trio, listeners, star_id):
    star, watchers = listeners[0], listeners[1:]
    before = sum(len(w.events) for w in watchers)
    each, used = change_presence(trio, star, [])
    tell(f"a change of presence that nobody watches: {each * 1000:.1f} ms, {microseconds(used)} "
         "CPU µs")  # fmt: skip
    assert sum(len(w.events) for w in watchers) == before, "members are told who did not ask"
    for w in watchers:
        w.ask("presence_request", user_ids=[star_id])
    each, used = change_presence(trio, star, watchers)
    tell(f"a change of presence that {len(watchers)} watch: {each * 1000:.1f} ms until all have "
         f"it, {microseconds(used)} CPU µs")


def measure(trio, count):
    leaders = trio.leaders()
    node = trio.nodes[0]
    answer = node.admin("token issue", 600, user="person", create=True, count=count)
    assert answer["ok"], answer
    tokens = [row["token"] for row in answer["rows"]]
    leader = trio.nodes[2]
    with Client(node) as owner:
        owner.register("owner")
        alias = names.name_led_by(leader.name, leaders, "big", names.room_id)
        room = owner.create_room("big", alias=alias, room_type="public")["id"]
        _, alone = send_some(trio, owner, room)
        tell(f"a send into a room of one: {microseconds(alone)} CPU µs of the three nodes")

        memory = at_rest(leader)
        charge = Charge(trio)
        join_all(trio, room, tokens)
        seconds, used = charge.end()
        tell(f"{count} joins: {count / seconds:.0f}/s, {1e6 * sum(used) / count:.0f} CPU µs each, "
             f"{(in_use(leader) - memory) / count:.0f} bytes a member on the leader")
        tell_memory(trio, leader, tokens, owner, leaders, memory)
        each, used = send_some(trio, owner, room)
        tell(f"a send with all of them away: {each * 1000:.1f} ms, {microseconds(used)} CPU µs")
        times = page_through(owner, room, count + 1)
        tell(f"members by pages of {PAGE}: {sum(times):.2f} s, median "
             f"{statistics.median(times) * 1000:.1f}, longest {max(times) * 1000:.1f} ms")

        listeners = [Client(trio.nodes[i % 3], token=t) for i, t in enumerate(tokens[:LISTENERS])]
        for c in listeners:
            c.ask("heartbeat")
        each, used = send_some(trio, owner, room)
        for c in listeners:
            c.wait_message(f"message {SENDS - 1}", 60)
        tell(f"a send with {LISTENERS} of them here: {each * 1000:.1f} ms, "
             f"{microseconds(used)} CPU µs")  # fmt: skip
        last = owner.history(room, limit=1)["last_seq"]
        per_s, used = mark_all(trio, listeners, room, last)
        tell(f"marks by {LISTENERS}: {per_s:.0f}/s, {microseconds(used)} CPU µs")
        presence(trio, listeners, names.user_id(answer["rows"][0]["user"]))
        for c in listeners:
            c.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with settled_trio() as trio:
        measure(trio, count)


if __name__ == "__main__":
    main()
