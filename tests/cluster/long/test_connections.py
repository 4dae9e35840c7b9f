# SPDX-License-Identifier: MIT
"""As many connections as a node may have, and what is left of them when they have gone."""

import contextlib
import time

import pytest
from harness import raw
from harness.bench_command import under_way
from harness.client import Client
from harness.names import fresh
from harness.waiting import wait_until
from load.alone import alone
from load.sleepers import issue_tokens

ALLOWED = 10_100
IDLE = 10_000
# Of what connections took: the store's caches and what is not yet in its tables stay.
KEPT_MAX = 0.3


def weigh(node):
    """KiB: resident, and what the node has in use."""
    return node.memory_kib(), node.metric("greenroom_heap_used_bytes") / 1024


def at_rest(node):
    """The same when nobody is there, people's actors have gone, which takes a minute, and the node
    has given back to the system what it gives: for ten seconds it was no less."""
    least, since = node.memory_kib(), time.monotonic()

    def is_at_rest():
        nonlocal least, since
        now = node.memory_kib()
        busy = node.metric("greenroom_sessions") + node.metric('greenroom_actors{kind="user"}')
        if busy or now < 0.99 * least:
            least, since = now, time.monotonic()
        return time.monotonic() - since > 10

    wait_until(is_at_rest, "the node to be at rest", 180)
    return weigh(node)


def test_as_many_as_are_allowed_and_one_more(programs, figure):
    """10,100 connections in rooms of a hundred, in each of which somebody says something once a
    minute: all hear it, and nobody else is let in until they have gone."""
    crowd = ["fanout", "--rooms", "100", "--members", "100", "--rate", str(100 / 60)]
    with alone(limits__max_connections=ALLOWED) as node:
        memory = node.memory_kib()
        with under_way(node, *crowd, "--warm", "0", "--secs", "75", within_s=300) as found:

            def are_all_there():  # asked at the operator's socket: for /metrics there is no place
                rows = node.rows("connections", limit=2 * ALLOWED)
                return sum(row["username"] is not None for row in rows) == ALLOWED

            wait_until(are_all_there, "all sessions", 120)
            grown = node.memory_kib() - memory
            with raw.RawSocket(node) as refused:
                assert refused.status == 503 or refused.close_code() == 1013, refused.head
        assert found["lost"] == 0 and found["ack_err"] == 0 and found["disc"] == 0, found
        assert found["per_s"] == pytest.approx(100 / 60 * 101, rel=0.1), found
        wait_until(lambda: node.metric("greenroom_sessions") == 0, "everybody to be gone", 60)
        assert node.metric('greenroom_refused_connections_total{reason="full"}') > 0
        with Client(node) as next_one:
            next_one.register(fresh("next"))
    figure(f"{ALLOWED / found['join_s']:.0f} connections a second, each with its log-in and a "
           f"join; {grown / ALLOWED:.1f} KiB resident for each, with what the joins have written; "
           f"p99 of a delivery {found['p99_us'] / 1000:.0f} ms")  # fmt: skip


@pytest.mark.parametrize(
    "offered", [(), ("Sec-WebSocket-Extensions: permessage-deflate",)], ids=["plain", "deflate"]
)
def test_memory_of_those_who_say_nothing(programs, figure, offered):
    """10,000 people who have logged in cost so much and no more, and when they have gone, the node
    has given nearly all of it back to the system."""
    with alone(limits__max_connections=ALLOWED) as node:
        tokens = issue_tokens(node, "quiet", IDLE)
        resident, used = at_rest(node)
        with contextlib.ExitStack() as crowd:
            for token in tokens:
                own = (f"Authorization: Bearer {token}", *offered)
                door = crowd.enter_context(raw.RawSocket(node, headers=own))
                assert ("permessage-deflate" in door.head) is bool(offered), door.head
            wait_until(lambda: node.metric("greenroom_sessions") == IDLE, "all sessions", 60)
            grown, more_used = (now - then for now, then in zip(weigh(node), (resident, used)))
        kept, still_used = (now - then for now, then in zip(at_rest(node), (resident, used)))
    text = (f"{more_used / IDLE:.1f} KiB in use for each, {grown / IDLE:.1f} resident, of which "
            f"{100 * kept / grown:.0f} % were kept; {100 * still_used / more_used:.0f} % were "
            f"still in use")  # fmt: skip
    figure(text)
    assert more_used / IDLE < 12, text
    assert grown / IDLE < 20, text
    assert kept < KEPT_MAX * grown, text
