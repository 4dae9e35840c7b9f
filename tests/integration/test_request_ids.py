# SPDX-License-Identifier: MIT
"""What a request is called: in the answer's header, in the node's log and in its audit log."""

import json
import uuid

import pytest
from harness.client import Client, new_id
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

    def its_lines():
        return [line for line in node.log().splitlines() if f"(request {name})" in line]

    lines = wait_until(its_lines, "its line in the log")
    assert len(lines) == 1 and bob.user["id"] in lines[0], lines


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
