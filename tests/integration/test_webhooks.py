# SPDX-License-Identifier: MIT
"""Webhooks: messages that come in through them, and events that go out to a receiver here."""

import hashlib
import hmac
import uuid

import pytest
from harness import process
from harness.client import Client, new_id
from harness.names import fresh
from harness.process import Node
from harness.receiver import Receiver
from harness.waiting import wait_until
from harness.web import Browser


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def hooked(programs):
    """A node that may send to this machine, and gives up after one retry."""
    made = Node(webhooks__allow_private="true", webhooks__retries=1)
    try:
        yield made.start()
        made.stop()
    finally:
        made.kill()
        process.STARTED.remove(made)


@pytest.fixture
def owner(hooked):
    client = Client(hooked)
    client.register(fresh("owner"))
    client.web = Browser(hooked, client.token)
    client.room = client.create_room("Yard")["id"]
    client.hooks = f"/api/rooms/{client.room}/webhooks"
    yield client
    client.close()


def outgoing(owner, url, events=("message_received",)):
    return owner.web.post(owner.hooks, 201, json={
        "kind": "outgoing", "name": "yard", "url": url, "events": list(events),
    })["webhook"]  # fmt: skip


def shown(owner, hook):
    return next(h for h in owner.web.get(owner.hooks)["webhooks"] if h["id"] == hook["id"])


# -- incoming ------------------------------------------------------------------


def test_a_message_comes_in(hooked, owner):
    hook = owner.web.post(owner.hooks, 201, json={"kind": "incoming", "name": "ci"})["webhook"]
    token = hook["token"]
    assert "token" not in shown(owner, hook), "it is shown once"
    path, key = f"/api/hooks/{hook['id']}", new_id()
    outside = Browser(hooked)
    bearer = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    said = {"text": "build 7 is green", "username": "ci-bot", "metadata": {"build": 7}}
    first = outside.post(path, 201, json=said,
                         headers={"X-Greenroom-Token": token, "Idempotency-Key": key})  # fmt: skip
    again = outside.post(path, 200, json=said, headers=bearer)
    assert (again["id"], again["duplicate"]) == (first["id"], True)
    outside.refusal("POST", path, 409, "CONFLICT", json={**said, "username": "mallory"},
                    headers=bearer)  # fmt: skip
    message = owner.wait_message("build 7 is green")["message"]
    assert message["sender_id"] == owner.user["id"]
    assert message["metadata"]["build"] == 7
    assert message["metadata"]["webhook"] == {"id": hook["id"], "name": "ci-bot"}


def test_a_closed_account_says_nothing_more(hooked, owner):
    hook = owner.web.post(owner.hooks, 201, json={"kind": "incoming", "name": "ci"})["webhook"]
    outside, path = Browser(hooked), f"/api/hooks/{hook['id']}"
    right = {"X-Greenroom-Token": hook["token"]}
    outside.post(path, 201, json={"text": "still here"}, headers=right)
    hooked.rows("user deactivate", user=owner.user["username"])
    outside.refusal("POST", path, 404, "USER_NOT_FOUND", json={"text": "x"}, headers=right)
    hooked.rows("user reopen", user=owner.user["username"])
    outside.post(path, 201, json={"text": "here again"}, headers=right)
    outside.close()


def test_who_has_no_token_is_let_in_nowhere(hooked, owner):
    hook = owner.web.post(owner.hooks, 201, json={"kind": "incoming", "name": "ci"})["webhook"]
    other = owner.web.post(owner.hooks, 201, json={"kind": "incoming", "name": "x"})["webhook"]
    outside, path = Browser(hooked), f"/api/hooks/{hook['id']}"
    for token in (None, "x", hook["token"][:-1], other["token"], owner.token):
        headers = {"X-Greenroom-Token": token} if token else {}
        outside.refusal("POST", path, 401, "UNAUTHORIZED", json={"text": "x"}, headers=headers)
    outside.refusal("POST", f"{path}?token={hook['token']}", 400, "INVALID_MESSAGE",
                    json={"text": "x"})  # fmt: skip
    right = {"X-Greenroom-Token": hook["token"]}
    outside.refusal("POST", path, 400, "INVALID_MESSAGE", json={}, headers=right)
    outside.refusal("POST", path, 413, "TOO_LARGE", json={"text": "x" * 17000}, headers=right)
    owner.web.call("DELETE", f"{owner.hooks}/{hook['id']}")
    outside.refusal("POST", path, 401, "UNAUTHORIZED", json={"text": "x"}, headers=right)


def test_members_see_and_make_none(hooked, owner):
    member = Client(hooked)
    member.register(fresh("member"))
    owner.ask("invite_request", room_id=owner.room, user_id=member.user["id"])
    member.ask("join_room_request", room_id=owner.room)
    web = Browser(hooked, member.token)
    web.refusal("GET", owner.hooks, 403, "FORBIDDEN")
    web.refusal("POST", owner.hooks, 403, "FORBIDDEN", json={"kind": "incoming", "name": "x"})
    member.close()


def test_what_is_done_over_http_alone_is_limited_too(start_node):
    node = start_node(limits__messages_per_minute=6)
    with Client(node) as client, Client(node) as other:
        client.register(fresh("owner"))
        web = Browser(node, client.token)
        room = client.create_room("Yard")["id"]  # the first of six
        hooks = f"/api/rooms/{room}/webhooks"
        hook = web.post(hooks, 201, json={"kind": "incoming", "name": "ci"})["webhook"]
        assert web.request("GET", f"/api/rooms/{room}/export").status_code == 200
        web.get("/api/users/me/export")

        def refused():
            answer = web.request("POST", f"{hooks}/{hook['id']}/resume")
            return (answer,) if answer.status_code == 429 else None  # by itself it would be false

        (answer,) = wait_until(refused, "the limit")
        error = answer.json()["error"]
        assert error["code"] == "RATE_LIMIT" and error["details"]["retry_after_ms"] > 0
        assert "Retry-After" in answer.headers
        for method, path in (("GET", f"/api/rooms/{room}/export"), ("GET", "/api/users/me/export"),
                             ("DELETE", f"{hooks}/{hook['id']}")):  # fmt: skip
            web.refusal(method, path, 429, "RATE_LIMIT")
        assert web.get(hooks)["webhooks"], "looking costs nothing"
        # Nor is it another one's.
        other.register(fresh("other"))
        Browser(node, other.token).get("/api/users/me/export")


# -- outgoing ------------------------------------------------------------------


def test_events_go_out_signed_and_in_order(owner, receiver):
    hook = outgoing(owner, receiver.url)
    for i in range(5):
        owner.send(owner.room, f"m{i}")
    wait_until(lambda: len(receiver.came) >= 5, "five deliveries")
    assert receiver.contents() == [f"m{i}" for i in range(5)]
    headers, body = receiver.came[0]
    assert headers["X-Greenroom-Event"] == "message_received"
    uuid.UUID(headers["X-Greenroom-Delivery"])
    signed = headers["X-Greenroom-Timestamp"].encode() + b"." + body
    right = hmac.new(hook["secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Greenroom-Signature"] == f"v1={right}"
    wait_until(lambda: shown(owner, hook)["delivered_seq"] >= 6, "the cursor to be stored")
    assert "secret" not in shown(owner, hook)


def test_only_the_kinds_that_were_asked_for(owner, receiver):
    outgoing(owner, receiver.url, ["message_updated", "room_event"])
    sent = owner.send(owner.room, "first")
    owner.ask("edit_message_request", room_id=owner.room, id=sent["id"], content="second")
    owner.ask("update_room_request", room_id=owner.room, topic="t")
    wait_until(lambda: len(receiver.came) >= 2, "two deliveries")
    kinds = [h["X-Greenroom-Event"] for h, _ in receiver.came]
    assert kinds == ["message_updated", "room_event"]


def test_a_failure_is_tried_again_given_up_and_replayed(owner, receiver):
    receiver.answer = 503
    hook = outgoing(owner, receiver.url)
    owner.send(owner.room, "lost?")
    dead = f"{owner.hooks}/{hook['id']}/dead"
    wait_until(lambda: owner.web.get(dead)["deliveries"], "it to be given up", 30)
    assert len(receiver.came) == 2, "the first attempt and one retry"
    assert len({h["X-Greenroom-Delivery"] for h, _ in receiver.came}) == 1
    (given_up,) = owner.web.get(dead)["deliveries"]
    assert (given_up["attempts"], given_up["status"]) == (2, 503)
    assert given_up["id"] == receiver.came[0][0]["X-Greenroom-Delivery"]
    receiver.answer = 204
    owner.web.post(f"{dead}/{given_up['id']}/replay")
    wait_until(lambda: not owner.web.get(dead)["deliveries"], "it to arrive")
    assert len(receiver.came) == 3 and receiver.contents()[-1] == "lost?"


def test_redirects_are_not_followed_and_failing_hooks_pause(owner, receiver):
    receiver.answer = 307
    hook = outgoing(owner, receiver.url)
    for i in range(12):
        owner.send(owner.room, f"m{i}")
    wait_until(lambda: shown(owner, hook)["paused"], "the webhook to be paused")
    assert shown(owner, hook)["last_error"] == "it answered 307"
    assert len(receiver.came) == 10, "neither elsewhere nor again"
    receiver.answer = 204
    owner.web.post(f"{owner.hooks}/{hook['id']}/resume")
    wait_until(lambda: len(receiver.came) >= 12, "the rest")
    assert receiver.contents()[-2:] == ["m10", "m11"]
    assert shown(owner, hook)["paused"] is False


def test_slow_receivers_of_some_rooms_do_not_hold_up_others(owner, receiver):
    """40 webhooks are more than a node makes attempts at once."""
    slow = Receiver()
    slow.released.clear()
    try:
        rooms = [owner.create_room(name)["id"] for name in ("Barn", "Shed")]
        for room in rooms:
            for i in range(20):
                owner.web.post(f"/api/rooms/{room}/webhooks", 201, json={
                    "kind": "outgoing", "name": f"slow {i}", "url": slow.url,
                    "events": ["message_received"],
                })  # fmt: skip
        for room in rooms:
            owner.send(room, "slow")
        wait_until(lambda: len(slow.came) >= 8, "four attempts of each room")
        outgoing(owner, receiver.url)
        owner.send(owner.room, "quick")
        wait_until(lambda: "quick" in receiver.contents(), "the delivery of another room")
        assert len(slow.came) == 8, "no more than four of each room"
        slow.released.set()
        wait_until(lambda: len({h["X-Greenroom-Delivery"] for h, _ in list(slow.came)}) == 40,
                   "each to have its turn", 40)  # fmt: skip
    finally:
        slow.stop()


def test_deliveries_go_on_after_a_restart(start_node, receiver):
    node = start_node(webhooks__allow_private="true", webhooks__retries=8)
    with Client(node) as client:
        client.register(fresh("owner"))
        client.web = Browser(node, client.token)
        client.room = client.create_room("Yard")["id"]
        client.hooks = f"/api/rooms/{client.room}/webhooks"
        receiver.answer = 503
        outgoing(client, receiver.url)
        client.send(client.room, "over the night")
        wait_until(lambda: receiver.came, "the first attempt")
    node.stop()
    receiver.answer = 204
    before = len(receiver.came)
    node.start()
    wait_until(lambda: len(receiver.came) > before, "the delivery after the restart", 30)
    assert receiver.contents()[-1] == "over the night"
    assert len({h["X-Greenroom-Delivery"] for h, _ in receiver.came}) == 1


def given_up(client, hook):
    """What is given up of it, once there is something."""
    dead = f"{client.hooks}/{hook['id']}/dead"
    wait_until(lambda: client.web.get(dead)["deliveries"], "the delivery to be given up", 30)
    return client.web.get(dead)["deliveries"]


def test_private_addresses_are_refused_by_default(start_node, receiver):
    node = start_node(webhooks__retries=1)
    client = Client(node)
    client.register(fresh("owner"))
    client.web = Browser(node, client.token)
    client.room = client.create_room("Yard")["id"]
    client.hooks = f"/api/rooms/{client.room}/webhooks"
    for bad in ("ftp://a.example/", "http://u:p@a.example/", "nonsense", ""):
        error, _ = client.web.refusal("POST", client.hooks, 400, "INVALID_MESSAGE", json={
            "kind": "outgoing", "name": "x", "url": bad, "events": ["room_event"],
        })  # fmt: skip
        assert error["details"]["field"] == "url"
    by_address = outgoing(client, receiver.url)
    by_name = outgoing(client, receiver.url.replace("127.0.0.1", "localhost"))
    unknown = outgoing(client, "http://nobody.invalid/")
    client.send(client.room, "secret")
    # What the node refuses it would refuse again; a name may be found the next time.
    for hook in (by_address, by_name):
        (refused,) = given_up(client, hook)
        assert (refused["attempts"], refused["status"]) == (1, None)
        assert "loopback" in refused["error"] and "loopback" in shown(client, hook)["last_error"]
    (lost,) = given_up(client, unknown)
    assert (lost["attempts"], lost["status"]) == (2, None)
    assert "its name was not" in lost["error"]
    assert receiver.came == []
    client.close()
