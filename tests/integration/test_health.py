# SPDX-License-Identifier: MIT
"""Readiness is proven by a canary: an event that goes to the other nodes and comes back. Who is
away or hangs is not ready, and leaves the others as they are."""

import os
import signal

import pytest
from harness.client import Client
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser


@pytest.fixture(autouse=True)
def all_run(request):
    if "trio" in request.fixturenames:
        request.getfixturevalue("trio").settle()


def page(node, path="/health"):
    browser = Browser(node)
    try:
        return browser.request("GET", path).json()
    finally:
        browser.close()


def rounds(node, result="good"):
    return node.metric(f'greenroom_canary_rounds_total{{result="{result}"}}')


def through(node):
    return set(page(node)["delivery"]["through"])


def test_a_node_alone_proves_it_to_itself(node):
    seen = page(node)
    assert seen["status"] == "healthy" and seen["ready"] is True
    assert seen["delivery"]["failure"] is None and seen["delivery"]["through"] == []
    assert 0 <= seen["delivery"]["proven_ms_ago"] < 30_000
    assert rounds(node) >= 1


def test_events_go_through_the_other_nodes(trio):
    names = {node.name for node in trio.nodes}
    for node in trio.nodes:
        wait_until(lambda n=node: through(n) == names - {n.name},
                   f"events of {node.name} to come back from the others", 40)  # fmt: skip
        wait_until(lambda n=node: n.metric("greenroom_canary_seconds_count") >= 2,
                   "the time of two answers", 40)  # fmt: skip


def test_a_node_that_hangs_leaves_the_others_ready(trio):
    """The others go on with rounds that are good, while it is there but says nothing."""
    first, second, third = trio.nodes
    for node in (first, second):
        wait_until(lambda n=node: third.name in through(n), f"{node.name} to reach {third.name}",
                   40)  # fmt: skip
    bad = [rounds(n, "bad") for n in (first, second)]
    os.kill(third.pid(), signal.SIGSTOP)
    try:
        for node, other in ((first, second), (second, first)):
            wait_until(lambda n=node, o=other: through(n) == {o.name},
                       f"a round of {node.name} without {third.name}", 40)  # fmt: skip
            # Who leads what it led is being settled; that takes seconds, the canary no part in it.
            wait_until(node.is_ready, f"{node.name} to be ready", 20)
        assert [rounds(n, "bad") for n in (first, second)] == bad
    finally:
        os.kill(third.pid(), signal.SIGCONT)
    wait_until(third.is_ready, f"{third.name} to be ready again", 40)


def test_a_canary_that_fails_is_replaced(trio):
    node = trio.nodes[0]
    failed = 'greenroom_actor_failures_total{kind="canary"}'
    before = node.metric(failed)
    answer = node.admin("chaos fail", kind="canary")
    assert answer["ok"], answer
    wait_until(lambda: node.metric(failed) > before, "the canary to fail", 20)
    after = rounds(node)
    wait_until(lambda: rounds(node) > after, "its successor to prove delivery", 20)
    # The node that was stopped before gets its shards back meanwhile.
    wait_until(node.is_ready, "the node to be ready", 20)


def test_no_list_shows_its_room(trio):
    node = trio.nodes[0]
    node_id = next(row["id"] for row in node.rows("nodes") if row["name"] == node.name)
    assert node_id not in {row["id"] for row in node.rows("rooms")}
    with Client(node) as c:
        c.register(fresh("curious"))
        assert c.code("room_request", room_id=node_id) == "ROOM_NOT_FOUND"
        assert c.code("history_request", room_id=node_id) == "ROOM_NOT_FOUND"
        assert c.ask("room_list_request")["rooms"] == []
