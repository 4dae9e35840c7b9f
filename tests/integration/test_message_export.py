# SPDX-License-Identifier: MIT
"""What somebody has said, for himself: in all his rooms, in parts, and for nobody else."""

import json

from harness.client import new_id
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser

OWN = "/api/users/me/export/messages"


def exported(browser, at=OWN, query=""):
    """All parts in their order, and how many there were."""
    messages, parts = [], 0
    while True:
        answer = browser.request("GET", at + (f"?{query}" if query else ""))
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert all(line["line"] == "message" for line in lines)
        messages += [line["message"] for line in lines]
        parts += 1
        query = answer.links.get("next", {}).get("url", "").partition("?")[2]
        if not query:
            return messages, parts


def test_all_of_it_also_of_rooms_that_were_left(node, person):
    alice, bob = person("alice"), person("bob")
    browser = Browser(node, alice.token)
    assert exported(browser) == ([], 1)
    stays = bob.create_room("Stays", members=[alice.user["id"]])["id"]
    left = bob.create_room("Left", members=[alice.user["id"]])["id"]
    gone = alice.create_room("Gone")["id"]
    direct = bob.ask("direct_room_request", user_id=alice.user["id"])["room"]["id"]
    wait_until(lambda: len(alice.ask("room_list_request")["rooms"]) == 4, "all four on her list")
    wanted = {}
    for room in (stays, left, direct):
        bob.send(room, "from bob")
        wanted[room] = [alice.send(room, f"{room} {n}")["id"] for n in range(3)]
        bob.send(room, "from bob again")
    alice.send(gone, "nobody reads this")
    alice.ask("edit_message_request", room_id=stays, id=wanted[stays][1], content="changed")
    alice.ask("leave_room_request", room_id=left)
    alice.ask("delete_room_request", room_id=gone)
    for query in ("", "limit=2"):
        messages, parts = exported(browser, query=query)
        found = {}
        for message in messages:
            assert message["sender_id"] == alice.user["id"]
            found.setdefault(message["room_id"], []).append(message["id"])
        assert found == wanted
        assert parts >= (6 if query else 4), "each room begins a part"
    assert "changed" in [m["content"] for m in messages]


def test_who_may_have_it(node, person):
    alice, bob = person("alice"), person("bob")
    room = alice.create_room("Mine", alias=fresh("mine"))["id"]
    alice.send(room, "hello")
    of_alice = f"/api/admin/users/{alice.user['id']}/export/messages"
    browser = Browser(node, bob.token)
    browser.refusal("GET", of_alice, 403, "FORBIDDEN")
    Browser(node).refusal("GET", OWN, 401, "UNAUTHORIZED")
    for other in (room, new_id()):
        browser.refusal("GET", f"{OWN}?room_id={other}", 404, "ROOM_NOT_FOUND")
    node.rows("user role", user=bob.user["username"], role="admin")
    messages, _ = exported(browser, of_alice)
    assert [m["content"] for m in messages] == ["hello"]
    actions = [json.loads(line) for line in (node.folder / "audit.jsonl").read_text().splitlines()]
    assert (actions[-1]["action"], actions[-1]["details"]) == ("user export", "messages")
