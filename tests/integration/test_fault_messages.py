# SPDX-License-Identifier: MIT
"""The handlers of actors that clients bring to work, one after the other: each fails once in the
middle of ordinary life. It is contained, whoever asked is answered or told to come back, and
everybody goes on without a message lost or doubled.

By the interfaces of src/actors (interfaces.hpp, calls.hpp); what is not here is brought about by
other nodes, by the console or by time alone, and `test_faults.py` has one of each kind."""

import contextlib

import pytest
from harness.client import PASSWORD, Client, Lost, new_id
from harness.failing import World, arm, attempt, failures, until_done, wait_failed
from harness.names import fresh
from harness.process import Node, running
from harness.receiver import Receiver
from harness.waiting import wait_until
from harness.web import Browser

HANDLERS = {
    "connection": ["client_request", "decode_failure", "http_call", "reply", "closed"],
    "session": ["client_request", "http_call", "reply", "subscribed", "user_notice", "closed",
                "tick"],
    "relay": ["subscription", "start", "closed", "credit_given", "room_publish", "reply", "tick"],
    "presence": ["presence_wish", "closed", "presence_publish", "reply", "tick"],
    "room": ["call", "proposal_result", "replicas_reached", "line_settled", "reply", "tick"],
    "user": ["call", "proposal_result", "reply", "hash_done", "tick"],
    "shard": ["call", "proposal", "replicas_wait", "synced", "reply", "tick"],
    "searcher": ["start", "search_job", "tick"],
    "webhooks": ["start", "hook_answer", "reply", "tick"],
    "worker": ["hash_job"],
}  # fmt: skip


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def node(programs):
    with running(Node(chaos__enabled="true", webhooks__allow_private="true")) as made:
        yield made


@pytest.fixture(scope="module")
def world(node, receiver):
    made = World(node)
    Browser(node, made.alice.token).post(
        f"/api/rooms/{made.room}/webhooks", 201,
        json={"kind": "outgoing", "name": "out", "url": receiver.url,
              "events": ["message_received"]},
    )  # fmt: skip
    yield made
    made.close()


def live(world):
    """A little of everything; what meets the failure may go wrong, and its client come back."""
    node, room = world.node, world.room

    def over_http():
        with contextlib.closing(Browser(node, world.alice.token)) as web:
            web.request("GET", "/api/users/me")

    def comes_and_goes():
        """Somebody says what nobody understands, resumes, and goes."""
        with Client(node) as c:
            c.send_raw("{")
            attempt(c, "auth_request", token=world.bob.token, rooms={room: 0})
            attempt(c, "room_list_request")

    def meets_others():
        """A new account, in which somebody logs in."""
        username = fresh("other")
        with Client(node) as c:
            until_done(c, "register_request", username=username, password=PASSWORD,
                       email=f"{username}@example.org")  # fmt: skip
            attempt(c, "create_room_request", name="other", members=[world.bob.user["id"]])
            attempt(c, "presence_request", user_ids=[world.bob.user["id"]])
        with Client(node) as c:
            attempt(c, "auth_request", username=username, password=PASSWORD)

    def says():
        alice, bob = world.alice, world.bob
        attempt(alice, "presence_request", user_ids=[bob.user["id"]])
        attempt(bob, "set_presence_request", status="away")
        attempt(bob, "set_presence_request", status="online")
        said = attempt(alice, "send_message_request", room_id=room, content="hit", safety="all",
                       message_type="text", message_id=new_id())  # fmt: skip
        attempt(bob, "typing", room_id=room, is_typing=True)
        if "seq" in said:
            attempt(bob, "mark_request", room_id=room, status="read", seq=said["seq"])
        attempt(bob, "history_request", room_id=room)
        attempt(alice, "search_request", query="hit")
        attempt(alice, "room_list_request")

    for part in (over_http, comes_and_goes, meets_others, says):
        # The connection may be cut off with what failed; works() comes back.
        with contextlib.suppress(Lost, OSError):
            part()


def goes_on(world):
    """Where a connection is told to resume in the middle, on the next one."""

    def works():
        with contextlib.suppress(Lost):
            world.works()
            return True
        return False

    wait_until(works, "all to go on")


def lives_until(world, kind, before):
    def hit():
        live(world)
        goes_on(world)
        return failures(world.node, kind) > before

    wait_until(hit, f"a {kind} to fail", 30)


@pytest.mark.parametrize("kind, message", [(k, m) for k, all in HANDLERS.items() for m in all])
def test_a_handler_that_fails(node, world, kind, message):
    before = failures(node, kind)
    arm(node, kind, message=message)
    lives_until(world, kind, before)
    wait_failed(node, kind, before)
    goes_on(world)


def test_what_is_waited_for_is_shown(node):
    arm(node, "canary", message="never")
    assert [r["of"] for r in node.rows("chaos list") if r["what"] == "fail"] == ["canary: never"]


def test_without_figures_of_actors_messages_are_not_known(start_node):
    blind = start_node(chaos__enabled="true", telemetry__actors="false")
    answer = blind.admin("chaos fail", kind="room", message="call")
    assert answer["ok"] is False and answer["error"]["code"] == "refused", answer
    assert "telemetry.actors" in answer["error"]["message"]
    arm(blind, "room")
