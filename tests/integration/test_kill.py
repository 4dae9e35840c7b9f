# SPDX-License-Identifier: MIT
"""kill -9 under load, again and again: nothing that was acknowledged is lost, nothing comes twice,
and the order stays."""

import random
import threading
import time

from harness.client import Client, Lost, new_id
from harness.names import fresh
from harness.waiting import SLOWNESS, wait_until

ROUNDS = 12
WRITERS = 3
IN_FLIGHT = 16
BUDGET_S = 240 * SLOWNESS  # for what hangs, not for a machine that is busy


class Writer:
    """Sends one message after the other and remembers what was acknowledged; what was not, it
    repeats with the same message_id after the restart, like any good client."""

    def __init__(self, token):
        self.token = token
        self.sent = []  # [message_id, content, seq or None], in the order of first sending

    def repeat(self, client, room):
        for entry in self.sent:
            if entry[2] is None:
                self.take(entry, client.answer("send_message_request", room_id=room,
                                               content=entry[1], message_id=entry[0]))  # fmt: skip

    def take(self, entry, document):
        data = document["data"]
        assert data["type"] == "message_ack", f"expected an acknowledgement, got {data}"
        entry[2] = data["seq"]

    def run(self, client, room):
        """Until the connection breaks."""
        flying = []
        try:
            while True:
                while len(flying) < IN_FLIGHT:
                    entry = [new_id(), f"{self.token[-8:]} says {len(self.sent)}", None]
                    self.sent.append(entry)
                    flying.append((entry, client.post("send_message_request", room_id=room,
                                                      content=entry[1],
                                                      message_id=entry[0])))  # fmt: skip
                entry, future = flying.pop(0)
                self.take(entry, future.result(30))
        except Lost:
            for entry, future in flying:  # acknowledged before the end, and not looked at yet
                if future.done() and not future.exception():
                    self.take(entry, future.result())


def test_nothing_acknowledged_is_lost(start_node):
    node = start_node()
    rng = random.Random(9)
    with Client(node) as owner:
        owner.register(fresh("owner"))
        token = owner.token
        writers, ids = [], []
        for _ in range(WRITERS):
            with Client(node) as c:
                c.register(fresh("writer"))
                writers.append(Writer(c.token))
                ids.append(c.user["id"])
        room = owner.create_room("Kill", members=ids)["id"]

    deadline = time.monotonic() + BUDGET_S
    for number in range(1, ROUNDS + 1):
        clients = [Client(node, ("json", "msgpack")[i % 2], token=w.token)
                   for i, w in enumerate(writers)]  # fmt: skip
        for writer, client in zip(writers, clients):
            writer.repeat(client, room)
        before = sum(1 for w in writers for e in w.sent if e[2])
        failures = []

        def work(writer, client):
            try:
                writer.run(client, room)
            except BaseException as why:
                failures.append(why)

        threads = [threading.Thread(target=work, args=pair) for pair in zip(writers, clients)]
        for thread in threads:
            thread.start()
        wanted = before + rng.randrange(20, 150)  # never at the same point
        wait_until(
            lambda: failures or sum(1 for w in writers for e in list(w.sent) if e[2]) >= wanted,
            "the load to get on",
        )
        node.kill()
        for thread in threads:
            thread.join()
        assert not failures, failures
        node.start()
        with Client(node, token=token) as reader:
            check(reader, room, writers, f"round {number}")
        assert time.monotonic() < deadline, f"{ROUNDS} rounds take longer than {BUDGET_S} s"

    for writer in writers:
        with Client(node, token=writer.token) as c:
            writer.repeat(c, room)
    with Client(node, token=token) as reader:
        messages = check(reader, room, writers, "the end")
    count = sum(len(w.sent) for w in writers)
    assert len(messages) == count, "after all repetitions each message is there once"


def check(reader, room, writers, when):
    messages = reader.whole_history(room)
    seqs = [m["seq"] for m in messages]
    assert seqs == list(range(2, 2 + len(seqs))), f"{when}: seq has no hole"
    ids = [m["message_id"] for m in messages]
    assert len(set(ids)) == len(ids), f"{when}: a message_id has one effect"
    by_id = {m["message_id"]: m for m in messages}
    for writer in writers:
        for message_id, content, seq in writer.sent:
            if seq is None:
                continue
            got = by_id.get(message_id)
            assert got is not None, f"{when}: {content!r} was acknowledged with {seq} and is lost"
            assert (got["seq"], got["content"]) == (seq, content), f"{when}: {got}"
    return messages
