# SPDX-License-Identifier: MIT
"""Many who read the history of a room at once do not keep others from writing in it, and each hears
of what he has asked for."""

import contextlib
import time

import pytest
from harness import framed
from harness.client import Client, new_id
from harness.framed import NUMBERS
from harness.names import fresh
from harness.process import Node, running
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until

READERS = 30
PAGES = 60  # that each of them has asked for
SENDS = 5
MESSAGES = 600
PAGE = 200
WAITING_MAX = 128  # docs/protocol.md, history_request
WITHIN_S = 5.5 * SLOWNESS  # 5 s, and the way
DONE = 'greenroom_requests_total{code="OK",type="history_request"}'


@pytest.fixture(scope="module")
def node(programs):
    with running(Node(limits__max_inflight_per_connection=3 * WAITING_MAX,
                      **framed.listening())) as made:  # fmt: skip
        yield made


@pytest.fixture
def alice(node):
    """Who writes in `alice.room`, a public room with some messages."""
    with Client(node) as client:
        client.register(fresh("alice"))
        client.room = client.create_room("Read", room_type="public")["id"]
        sent = [client.post("send_message_request", room_id=client.room, content="m" * 200,
                            message_type="text") for _ in range(MESSAGES)]  # fmt: skip
        assert all(s.result(PATIENCE_S)["data"]["type"] == "message_ack" for s in sent)
        yield client


@contextlib.contextmanager
def reader(node, room):
    """A bare connection of a member, of which nothing is read after it has come in."""
    with Client(node) as client:
        client.register(fresh("reader"))
        client.ask("join_room_request", room_id=room)
        token = client.token
    with framed.connect(node) as sock:
        sock.sendall(framed.request("auth_request", new_id(), token=token))
        while framed.read_frame(sock)[0] != 0x8000 + NUMBERS["auth_request"]:
            pass
        yield sock


def pages_of(room, count):
    return b"".join(framed.request("history_request", new_id(), room_id=room, limit=PAGE,
                                   before_seq=MESSAGES) for _ in range(count))  # fmt: skip


def test_who_writes_does_not_stand_behind_who_reads(node, alice):
    with contextlib.ExitStack() as open_:
        readers = [open_.enter_context(reader(node, alice.room)) for _ in range(READERS)]
        before = node.metric(DONE)
        asked = pages_of(alice.room, PAGES)
        for sock in readers:
            sock.sendall(asked)
        wait_until(lambda: node.metric(DONE) > before, "the first page")
        for i in range(SENDS):
            alice.send(alice.room, f"among readers {i}")
        done = node.metric(DONE) - before
        assert done < READERS * PAGES / 2, "messages are taken before the pages that were asked for"
        wait_until(lambda: node.metric(DONE) - before == READERS * PAGES, "all pages", 60)


def test_each_page_that_is_asked_for_at_once_is_answered(node, alice):
    """More than may wait are refused, in a room that is not asked for otherwise they are not."""
    with Client(node) as client:
        client.register(fresh("own"))
        own = client.create_room("Own")["id"]
        client.send(own, "here")
        client.ask("join_room_request", room_id=alice.room)
        token = client.token
    ids = [new_id() for _ in range(2 * WAITING_MAX)]
    other = new_id()
    asked = [framed.request("history_request", i, room_id=alice.room, limit=PAGE,
                            before_seq=MESSAGES) for i in ids]  # fmt: skip
    asked.append(framed.request("history_request", other, room_id=own))
    answers = {}
    with framed.connect(node) as sock:
        sock.sendall(framed.request("auth_request", new_id(), token=token))
        while framed.read_frame(sock)[0] != 0x8000 + NUMBERS["auth_request"]:
            pass
        sock.sendall(b"".join(asked))  # so that they come faster than pages are made
        while len(answers) < len(asked):
            _, document = framed.read_frame(sock)
            if "correlation_id" in document:
                assert document["correlation_id"] not in answers, "one answer for each"
                answers[document["correlation_id"]] = document["data"]
    pages = [i for i in answers if answers[i]["type"] == "history_response"]
    refused = [answers[i] for i in answers if i not in pages]
    assert other in pages
    assert [i for i in pages if i != other] == [i for i in ids if i in pages], "in their order"
    assert len(pages) - 1 > WAITING_MAX and refused
    for answer in refused:
        assert (answer["type"], answer["code"]) == ("error", "RATE_LIMIT"), answer
        assert answer["details"]["retry_after_ms"] > 0


def test_pages_wait_for_each_other_only_as_long_as_a_request_may_take(cluster):
    """Without a leader: those that wait have waited for one as well."""
    cluster.settle()
    with Client(cluster.nodes[0]) as client:
        client.register(fresh("late"))
        room = client.create_room("Late")["id"]
        client.send(room, "here")
        for other in cluster.nodes[1:]:
            other.kill()
        began = time.monotonic()
        asked = [client.post("history_request", room_id=room) for _ in range(5)]
        answers = [a.result(PATIENCE_S)["data"] for a in asked]
        assert time.monotonic() - began < WITHIN_S
        assert [(a["type"], a.get("stale")) for a in answers] == [("history_response", True)] * 5
    cluster.settle()
