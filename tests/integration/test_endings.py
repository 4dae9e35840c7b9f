# SPDX-License-Identifier: MIT
"""How connections end that did nothing wrong, or too little: a node that goes, a client that does
not keep up. What they are told, and what they get when they come back."""

import json
import signal
from contextlib import ExitStack

import pytest
from harness import raw
from harness.client import Client
from harness.names import fresh
from harness.sleeper import sleeping_session
from harness.waiting import PATIENCE_S, wait_until

CROWD = 100  # more than are told by chance before the sockets are closed


def test_everybody_is_told_that_the_node_goes(start_node):
    node = start_node()
    with ExitStack() as open_:
        alice = open_.enter_context(Client(node))
        alice.register(fresh("alice"))
        crowd = [open_.enter_context(Client(node)) for _ in range(CROWD)]
        for one in crowd:
            one.log_in(token=alice.token)
        node.process.send_signal(signal.SIGTERM)
        closed = {one.wait_closed() for one in crowd}
        assert closed == {1001}, "going away"
        kinds = [[e["data"].get("kind") for e in one.events] for one in crowd]
        told = [k for k in kinds if "draining" in k]
        assert len(told) == CROWD, "the word comes before the close frame, to each"
        assert node.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_a_node_that_goes_says_so_before_it_closes(start_node, encoding):
    node = start_node()
    with Client(node, encoding) as alice, Client(node, encoding) as stranger:
        alice.register(fresh("alice"))
        room = alice.create_room()["id"]
        last = alice.send(room, "before")["seq"]
        node.process.send_signal(signal.SIGTERM)
        told = alice.wait_for(lambda d: d["type"] == "session_event", "the node's word")
        assert told["kind"] == "draining" and 0 <= told["retry_after_ms"] <= 2000
        assert alice.wait_closed() == 1001, "going away"
        assert alice.close_reason, "with a reason"
        assert stranger.wait_closed() == 1001, "also who has not authenticated"
        assert node.process.wait(PATIENCE_S) == 0
    node.process.wait(20)
    node.start()
    with Client(node, encoding) as again:
        again.log_in(token=alice.token, rooms={room: last - 1})
        assert again.wait_message("before")["seq"] == last, "nothing is lost by it"


def test_who_does_not_keep_up_is_closed_and_resumes(start_node):
    node = start_node(limits__outbound_queue_messages=20, resume__max_entries=100_000)
    with Client(node) as alice, Client(node) as bob:
        alice.register(fresh("alice"))
        slow = bob.register(fresh("bob"))
        room = alice.create_room(members=[bob.user["id"]])["id"]
        with sleeping_session(node, slow, room) as sleeper:
            big = "x" * 16_000
            sent = 0

            def is_given_up():
                nonlocal sent
                for _ in range(50):
                    alice.send(room, f"{sent} {big}")
                    sent += 1
                return node.metric("greenroom_slow_consumers_total") > 0

            # As much as the kernel keeps for a socket, each message synced: the disk's pace counts.
            wait_until(is_given_up, "the slow one to be let go", 90)
            heard = []
            code = None
            while code is None:
                opcode, payload = sleeper.next_frame()
                if opcode == raw.CLOSE:
                    code = int.from_bytes(payload[:2], "big")
                else:
                    heard.append(json.loads(payload)["data"].get("seq"))
            assert code == 4413, "too slow"
        in_order = [seq for seq in heard if seq is not None]
        assert in_order == list(range(1, len(in_order) + 1)), "what came is whole and in order"
        bob.wait_message(f"{sent - 1} {big}")  # others do not suffer
        with Client(node) as again:
            again.log_in(token=slow["token"], rooms={room: in_order[-1]})
            again.wait_message(f"{sent - 1} {big}")
            seqs = [e["seq"] for e in again.room_events(room)]
            assert seqs == list(range(in_order[-1] + 1, sent + 2)), "the rest, without a hole"
