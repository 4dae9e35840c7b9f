# SPDX-License-Identifier: MIT
"""What the server says: in a room, to one user, to everybody."""

import json

import pytest
from harness.client import new_id
from harness.names import NOBODY
from harness.web import Browser

PATH = "/api/admin/announcements"


@pytest.fixture
def admin(cluster, people):
    (alice,) = people(0)
    cluster.nodes[0].rows("user role", user=alice.user["username"], role="admin")
    browser = Browser(cluster.nodes[0], alice.token)
    yield browser
    browser.close()


def say(browser, **fields):
    return browser.post(PATH, 201, json=fields)


def heard(client, content):
    event = client.wait_message(content)
    assert event["message"]["message_type"] == "system"
    assert "sender_id" not in event["message"], "the server is nobody"
    return event


def test_in_a_room(admin, people):
    bob, carl = people(1, 2)
    room = bob.create_room("r", room_type="public")["id"]
    carl.ask("join_room_request", room_id=room)
    key = {"Idempotency-Key": new_id()}
    body = {"target": "room", "id": room, "content": "down at noon"}
    ack = admin.post(PATH, 201, json=body, headers=key)
    assert ack["room_id"] == room and ack["seq"] == 3 and ack["duplicate"] is False
    for who in (bob, carl):
        assert heard(who, "down at noon")["seq"] == 3
    again = admin.post(PATH, 200, json=body, headers=key)
    assert again["duplicate"] is True and again["id"] == ack["id"]
    (message,) = bob.history(room)["messages"]
    assert message["sender_id"] is None and message["message_type"] == "system"
    assert bob.code("edit_message_request", room_id=room, id=ack["id"], content="x") == "FORBIDDEN"
    rooms = {r["id"]: r for r in carl.ask("room_list_request")["rooms"]}
    assert rooms[room]["unread_count"] == 1


def test_to_a_user(admin, people):
    bob, carl = people(1, 2)
    ack = say(admin, target="user", id=bob.user["username"], content="for you alone")
    assert heard(bob, "for you alone")["room_id"] == ack["room_id"]
    assert bob.code("send_message_request", room_id=ack["room_id"], content="thanks",
                    message_type="text") == "FORBIDDEN"  # fmt: skip
    assert carl.code("join_room_request", room_id=ack["room_id"]) == "ROOM_NOT_FOUND"
    bob.ask("leave_room_request", room_id=ack["room_id"])
    again = say(admin, target="user", id=bob.user["id"], content="once more")
    assert again["room_id"] == ack["room_id"]
    heard(bob, "once more")


def test_to_everybody(cluster, admin, people):
    bob, _ = people(1, 2)
    room = say(admin, target="everybody", content=f"first {new_id()}")["room_id"]
    listed = bob.ask("room_list_request", scope="public", limit=200)["rooms"]
    assert room in [r["id"] for r in listed]
    joined = bob.ask("join_room_request", room_id=room)
    assert joined["role"] == "guest" and joined["room"]["created_by"] is None
    content = f"from the console {new_id()}"
    shown = cluster.nodes[2].console("announce", "--everybody", content, "-o", "json")
    assert shown.returncode == 0, shown.stderr
    (row,) = json.loads(shown.stdout)
    assert row["room"] == room and heard(bob, content)["seq"] == row["seq"]
    (line,) = cluster.nodes[0].rows("audit tail", limit=1)
    assert (line["action"], line["on"], line["node"]) == ("announce", "everybody", "node3")
    assert content not in str(line), "what people are told is not in the audit log"
    assert cluster.nodes[2].console("announce", "--room", NOBODY, "x").returncode == 3


def test_what_is_refused(cluster, admin, people):
    (bob,) = people(1)
    room = bob.create_room("r")["id"]
    his = Browser(cluster.nodes[1], bob.token)
    his.refusal("POST", PATH, 403, "FORBIDDEN",
                json={"target": "room", "id": room, "content": "x"})  # fmt: skip
    his.close()
    for fields, status, code, field in (
        ({"target": "all", "content": "x"}, 400, "INVALID_MESSAGE", "target"),
        ({"target": "room", "content": "x"}, 400, "INVALID_MESSAGE", "id"),
        ({"target": "room", "id": room}, 400, "INVALID_MESSAGE", "content"),
        ({"target": "room", "id": room, "content": "x" * 16385}, 413, "TOO_LARGE", "content"),
        ({"target": "room", "id": NOBODY, "content": "x"}, 404, "ROOM_NOT_FOUND", "id"),
        ({"target": "user", "id": "no-such-user", "content": "x"}, 404, "USER_NOT_FOUND",
         "user_id"),
    ):  # fmt: skip
        error, _ = admin.refusal("POST", PATH, status, code, json=fields)
        assert error["details"]["field"] == field, f"{fields}: {error}"
    bob.ask("update_room_request", room_id=room, archived=True)
    admin.refusal("POST", PATH, 409, "CONFLICT",
                  json={"target": "room", "id": room, "content": "x"})  # fmt: skip
    assert bob.history(room)["messages"] == []
