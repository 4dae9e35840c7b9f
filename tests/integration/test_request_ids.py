# SPDX-License-Identifier: MIT
"""What a request is called: in the answer's header, in the node's log and in its audit log."""

import json
import uuid

import pytest
from harness import names
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser

HEADER = "X-Request-Id"


def audit_lines(node):
    return [json.loads(line) for line in (node.folder / "audit.jsonl").read_text().splitlines()]


def test_a_good_name_is_kept(node, person):
    browser = Browser(node, person("alice").token)
    for name in ("a", "Web-1.2_3", "x" * 64):
        for path in ("/api/users/me", "/api", "/health", "/api/no-such-route"):
            answer = browser.request("GET", path, headers={HEADER: name})
            assert answer.headers[HEADER] == name, f"{path}: {answer.headers}"


@pytest.mark.parametrize("bad", ["x" * 65, "a b", 'a"b', "a)b", "{}", "", "é".encode()])
def test_a_bad_one_is_replaced(node, bad):
    answer = Browser(node).request("GET", "/api", headers={HEADER: bad})
    assert answer.status_code == 200
    assert str(uuid.UUID(answer.headers[HEADER])) == answer.headers[HEADER]


def test_without_one_it_is_that_of_the_envelope(node, person):
    browser = Browser(node, person("alice").token)
    seen = set()
    for path in ("/api/users/me", "/api/rooms/not-an-id"):
        answer = browser.request("GET", path)
        assert answer.headers[HEADER] == answer.json()["request_id"], answer.text
        seen.add(answer.headers[HEADER])
    assert len(seen) == 2
    key = new_id()
    answer = browser.request("POST", "/api/rooms", json={"name": "R", "room_type": "public"},
                             headers={"Idempotency-Key": key})  # fmt: skip
    assert answer.headers[HEADER] == answer.json()["request_id"] == key
    named = browser.request("GET", "/api/users/me", headers={HEADER: "mine"})
    assert named.headers[HEADER] == "mine" and uuid.UUID(named.json()["request_id"])


def test_it_is_in_the_log(node, person):
    bob = person("bob")
    name = "knock-" + new_id()
    Browser(node, bob.token).refusal("POST", "/api/admin/announcements", 403, "FORBIDDEN",
                                     json={"target": "everybody", "content": "x"},
                                     headers={HEADER: name})  # fmt: skip

    lines = wait_until(lambda: lines_of(node, name), "its line in the log")
    assert len(lines) == 1 and bob.user["id"] in lines[0], lines
    # It is a field, and the others have none.
    every = [json.loads(line) for line in node.log().splitlines()]
    assert [e for e in every if name in e["message"]] == []
    assert all(e["request_id"] for e in every if "request_id" in e)
    assert any("request_id" not in e for e in every)


def test_it_is_in_the_audit_log(node, person):
    alice = person("alice")
    node.rows("user role", user=alice.user["username"], role="admin")
    assert "request" not in audit_lines(node)[-1], "nobody's request over HTTP or a socket"
    browser = Browser(node, alice.token)
    browser.post("/api/admin/announcements", 201, headers={HEADER: "say-it"},
                 json={"target": "user", "id": alice.user["username"], "content": "x"})  # fmt: skip
    assert audit_lines(node)[-1]["request"] == "say-it"
    answer = browser.request("POST", "/api/admin/console", headers={HEADER: "even-out"},
                             json={"verb": "rebalance"})  # fmt: skip
    assert answer.status_code == 200, answer.text
    line = audit_lines(node)[-1]
    assert (line["action"], line["request"]) == ("rebalance", "even-out")
    assert node.rows("audit tail")[-1]["request"] == "even-out"


def test_over_a_socket_it_is_the_message_id(node, person):
    alice, bob = person("alice"), person("bob")
    room = bob.create_room("R", room_type="public")
    node.rows("user role", user=alice.user["username"], role="admin")
    mine = new_id()
    with Client(node) as again:
        again.log_in(token=alice.token)
        answer = again.answer("update_room_request", message_id=mine, room_id=room["id"], topic="t")
    assert answer["data"]["type"] != "error", answer
    line = audit_lines(node)[-1]
    assert (line["action"], line["request"]) == ("room update", mine)


def lines_of(node, name):
    """What the node has logged of this request."""
    every = [json.loads(line) for line in node.log().splitlines()]
    return [e["message"] for e in every if e.get("request_id") == name]


@pytest.fixture
def far(cluster):
    """far(names.room_id) → a name whose id is led by node2."""
    cluster.wait_even()

    def make(id_of):
        return names.name_led_by("node2", cluster.leaders(), fresh("far") + "x", id_of)

    return make


@pytest.fixture
def admin(cluster, people):
    """Somebody at node1 who has been made a server admin."""
    (alice,) = people(0)
    cluster.nodes[0].rows("user role", user=alice.user["username"], role="admin")
    return alice


def test_the_audit_says_it_of_a_second_request_too(cluster, people, admin, far):
    """Who is a member already cannot be invited: the room's leader says so, and then the role is
    what is meant."""
    owner, member = people(1, 1)
    room = owner.create_room("R", alias=far(names.room_id), room_type="public")["id"]
    member.ask("join_room_request", room_id=room)
    browser = Browser(cluster.nodes[0], admin.token)
    for who, outcome in ((member, "ok"), (owner, "CONFLICT")):
        name = "role-" + new_id()
        answer = browser.request("PUT", f"/api/rooms/{room}/members/{who.user['id']}",
                                 json={"role": "member"}, headers={HEADER: name})  # fmt: skip
        assert answer.ok is (outcome == "ok"), answer.text
        line = audit_lines(cluster.nodes[0])[-1]
        assert (line["action"], line["outcome"]) == ("room role", outcome)
        assert line["request"] == name
    browser.close()


def test_the_leader_of_an_account_says_it(cluster, far):
    """On another node it is the id that the envelope has, whatever the client calls the request."""
    account = far(names.user_id)
    words = {"username": account, "password": PASSWORD}
    browser = Browser(cluster.nodes[0])
    browser.post("/api/auth/register", 201, json=words)
    answer = browser.request("POST", "/api/auth/login", headers={HEADER: "my-own"},
                             json=words | {"password": PASSWORD + "x"})  # fmt: skip
    assert answer.status_code == 401, answer.text
    name = answer.json()["request_id"]
    found = wait_until(lambda: lines_of(cluster.nodes[1], name), "the leader's line")
    assert len(found) == 1 and "wrong password" in found[0], found
    with Client(cluster.nodes[2]) as client:
        client.log_in(**words)
        mine = new_id()
        changed = client.answer("change_password_request", message_id=mine, old_password=PASSWORD,
                                new_password=PASSWORD + "y")  # fmt: skip
        assert changed["data"]["type"] == "ok", changed
    found = wait_until(lambda: lines_of(cluster.nodes[1], mine), "the line of the change")
    assert len(found) == 1 and "another password" in found[0], found
    browser.close()


def test_what_came_before_the_log_in_was_answered_keeps_it(cluster, people, admin, far):
    (owner,) = people(1)
    room = owner.create_room("R", alias=far(names.room_id), room_type="public")["id"]
    with Client(cluster.nodes[0]) as again:
        mine = new_id()
        entered = again.post("auth_request", token=admin.token)
        changed = again.post("update_room_request", message_id=mine, room_id=room, topic="t")
        assert entered.result(30)["data"]["type"] == "auth_response"
        assert changed.result(30)["data"]["type"] != "error"
    line = audit_lines(cluster.nodes[0])[-1]
    assert (line["action"], line["request"]) == ("room update", mine)


def test_every_node_says_what_the_console_does_from_afar(cluster, people, admin):
    (bob,) = people(2)
    browser = Browser(cluster.nodes[0], admin.token)
    name = "kick-" + new_id()
    answer = browser.request("POST", "/api/admin/console", headers={HEADER: name}, json={
        "verb": "session kick", "args": {"user": bob.user["username"]}})  # fmt: skip
    assert answer.status_code == 200 and answer.json()["ok"], answer.text
    bob.wait_closed()
    found = wait_until(lambda: lines_of(cluster.nodes[2], name), "the line of the other node")
    assert len(found) == 1 and "closed by an operator" in found[0], found
    name = "close-" + new_id()
    (carol,) = people(1)
    (seen,) = cluster.nodes[0].rows("connections", user=carol.user["username"])
    answer = browser.request("POST", "/api/admin/console", headers={HEADER: name}, json={
        "verb": "connection close", "args": {"id": seen["id"]}})  # fmt: skip
    assert answer.status_code == 200 and answer.json()["ok"], answer.text
    found = wait_until(lambda: lines_of(cluster.nodes[1], name), "the line of the other node")
    assert len(found) == 1 and seen["id"] in found[0], found
    browser.close()
