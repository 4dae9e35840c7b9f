# SPDX-License-Identifier: MIT
"""Tokens of bots: what each scope allows, over WebSocket and HTTP; issued, listed, revoked."""

import pytest
from harness.client import Client
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser

CLOSED_REVOKED = 4403


@pytest.fixture
def issue(node):
    """issue("robot", "read,write", rooms=[…]) → a token by the console."""

    def make(user, scopes, rooms=(), *words):
        some = ["--rooms", ",".join(rooms)] if rooms else []
        made = node.console("token", "issue", "--user", user, "--create", "--scopes", scopes,
                            *some, *words)  # fmt: skip
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    return make


@pytest.fixture
def bot(node, person, issue):
    """bot("read") → (owner, client of a bot that is a member of the room, room, user name)."""
    opened = []

    def make(scopes, limited=False):
        name = fresh("bot")
        issue(name, "manage")
        owner = person("owner")
        other = owner.ask("user_request", username=name)["user"]
        assert other["role"] == "bot"
        room = owner.create_room("Workshop", members=[other["id"]])["id"]
        # Who is taken in by somebody else has the room on his list a moment later.
        with Client(node, token=issue(name, "read,manage")) as reader:
            wait_until(lambda: reader.ask("room_list_request")["rooms"], "the room on its list")
        token = issue(name, scopes, [room] if limited else [])
        assert len(token) < 480
        client = Client(node, token=token)
        client.user = other
        opened.append(client)
        client.ask("heartbeat")  # answered once its streams have begun
        return owner, client, room, name

    yield make
    for client in opened:
        client.close()


def lacks(client, needed, request, **fields):
    refusal = client.refusal(request, **fields)
    assert refusal["code"] == "FORBIDDEN" and needed in refusal["message"], refusal


def test_a_reader_hears_and_says_nothing(bot):
    owner, reader, room, _ = bot("read")
    reader.ask("heartbeat")
    assert reader.ask("room_list_request", scope="joined")["rooms"][0]["id"] == room
    owner.send(room, "hello")
    reader.wait_message("hello")
    assert reader.history(room)
    lacks(reader, "write", "send_message_request", room_id=room, content="x", message_type="text")
    lacks(reader, "write", "mark_request", room_id=room, status="read", seq=1)
    lacks(reader, "manage", "create_room_request", name="mine")
    lacks(reader, "manage", "leave_room_request", room_id=room)
    assert reader.code("session_list_request") == "FORBIDDEN"


def test_a_writer_speaks_and_hears_nothing(bot):
    owner, writer, room, _ = bot("write")
    writer.send(room, "beep")
    owner.wait_message("beep")
    owner.send(room, "boop")
    owner.wait_message("boop")
    lacks(writer, "read", "history_request", room_id=room)
    lacks(writer, "read", "room_list_request", scope="joined")
    assert writer.room_events(room) == []


def test_a_manager_makes_rooms(bot):
    owner, manager, _, _ = bot("read,manage")
    made = manager.create_room("Robots only")["id"]
    manager.ask("invite_request", room_id=made, user_id=owner.user["id"])
    lacks(manager, "write", "send_message_request", room_id=made, content="x", message_type="text")


def test_a_token_for_one_room_knows_no_other(bot):
    owner, limited, room, _ = bot("read,write,manage", limited=True)
    other = owner.create_room("Attic", members=[limited.user["id"]])["id"]
    owner.send(other, "not for you")
    owner.wait_message("not for you")
    owner.send(room, "for you")
    limited.wait_message("for you")
    assert limited.room_events(other) == []
    assert limited.code("history_request", room_id=other) == "FORBIDDEN"
    assert limited.code("create_room_request", name="mine") == "FORBIDDEN"
    listed = limited.ask("room_list_request", scope="joined")["rooms"]
    assert [r["id"] for r in listed] == [room]


def test_a_webhook_can_do_no_more_than_the_token(node, bot):
    owner, manager, room, _ = bot("manage")
    owner.ask("set_role_request", room_id=room, user_id=manager.user["id"], role="admin")
    web = Browser(node, manager.token)
    hooks = f"/api/rooms/{room}/webhooks"
    outgoing = {"kind": "outgoing", "name": "Ear", "url": "https://example.org/",
                "events": ["room_event"]}  # fmt: skip
    for body, scope in ((outgoing, "read"), ({"kind": "incoming", "name": "Mouth"}, "write")):
        error, _ = web.refusal("POST", hooks, 403, "FORBIDDEN", json=body)
        assert scope in error["message"] and error["details"]["field"] == "scopes"
    assert web.get(hooks)["webhooks"] == []
    web.close()


def test_http_obeys_the_same_table(node, bot):
    owner, reader, room, _ = bot("read")
    web = Browser(node, reader.token)
    assert web.get("/api/rooms")["rooms"][0]["id"] == room
    error, _ = web.refusal("POST", f"/api/messages/{room}", 403, "FORBIDDEN",
                           json={"content": "x"})  # fmt: skip
    assert "write" in error["message"]
    web.refusal("GET", "/api/users/me/export", 403, "FORBIDDEN")
    web.refusal("PUT", f"/api/rooms/{room}/members/{owner.user['id']}", 403, "FORBIDDEN",
                json={"role": "member"})  # fmt: skip


def test_tokens_are_listed_and_revoked(node, bot):
    _, reader, _, name = bot("read")
    listed = node.rows("token list", user=name)
    mine = [t for t in listed if t["scopes"] == "read"]
    assert len(mine) == 1
    assert node.rows("token revoke", user=name, id=mine[0]["id"]) == [{"revoked": mine[0]["id"]}]
    assert reader.wait_closed() == CLOSED_REVOKED
    Browser(node, reader.token).refusal("GET", "/api/rooms", 401, "UNAUTHORIZED")
    assert mine[0]["id"] not in [t["id"] for t in node.rows("token list", user=name)]


def test_server_admins_issue_tokens_over_http(node, person, bot):
    _, reader, room, name = bot("read")
    admin = person("admin")
    path = f"/api/admin/bots/{name}/tokens"
    web = Browser(node, admin.token)
    wanted = {"scopes": ["read", "write"], "rooms": [room], "name": "build server"}
    web.refusal("POST", path, 403, "FORBIDDEN", json=wanted)
    assert node.console("user", "role", admin.user["username"], "admin").returncode == 0
    made = web.post(path, 201, json=wanted)
    assert made["expires_at"].startswith("9999")
    shown = [s for s in web.get(path)["sessions"] if s["session_id"] == made["session_id"]]
    assert shown[0]["scopes"] == "read write" and shown[0]["rooms"] == [room]
    assert shown[0]["device_id"] == "build server"
    robot = Browser(node, made["token"])
    robot.post(f"/api/messages/{room}", 201, json={"content": "built"})
    reader.wait_message("built")
    robot.refusal("GET", path, 403, "FORBIDDEN")
    web.call("DELETE", f"{path}/{made['session_id']}")
    robot.refusal("GET", "/api/rooms", 401, "UNAUTHORIZED")
    for body, field in (({"scopes": "fly"}, "scopes"), ({}, "scopes"),
                        ({"scopes": "read", "rooms": ["x"]}, "rooms"),
                        ({"scopes": "read", "expires_in_s": 0}, "expires_in_s")):  # fmt: skip
        error, _ = web.refusal("POST", path, 400, "INVALID_MESSAGE", json=body)
        assert error["details"]["field"] == field
    other = f"/api/admin/bots/{admin.user['username']}/tokens"
    web.refusal("POST", other, 409, "CONFLICT", json={"scopes": "read"})


def test_log_ins_are_no_tokens(node, person, issue):
    admin, alice = person("admin"), person("alice")
    assert node.console("user", "role", admin.user["username"], "admin").returncode == 0
    web = Browser(node, admin.token)
    for who in (alice, admin):
        (session,) = who.ask("session_list_request")["sessions"]
        path = f"/api/admin/bots/{who.user['username']}/tokens/{session['session_id']}"
        error, _ = web.refusal("DELETE", path, 400, "INVALID_MESSAGE")
        assert error["details"]["field"] == "session_id"
        refused = node.console("token", "revoke", "--user", who.user["username"],
                               "--id", session["session_id"], "--yes")  # fmt: skip
        assert refused.returncode == 3, f"no token: {refused}"
        who.ask("heartbeat")
        Browser(node, who.token).get("/api/rooms")


def test_tokens_end_when_the_account_is_no_bot_any_more(node, bot):
    _, reader, _, name = bot("read")
    assert node.console("user", "role", name, "user").returncode == 0
    assert reader.wait_closed() == CLOSED_REVOKED
    Browser(node, reader.token).refusal("GET", "/api/rooms", 401, "UNAUTHORIZED")
    assert node.rows("token list", user=name) == []


def test_a_session_that_is_there_has_its_new_role_soon(node, person):
    """Sessions look for their role once a minute by themselves, which is longer than is waited."""
    owner, other = person("owner"), person("other")
    room = owner.create_room("Attic")["id"]

    def may():
        answer = other.answer("update_room_request", room_id=room, topic="dust")["data"]
        return answer["type"] != "error"

    assert not may()
    assert node.console("user", "role", other.user["username"], "admin").returncode == 0
    wait_until(may, "the rights of a server admin")
    assert node.console("user", "role", other.user["username"], "user").returncode == 0
    wait_until(lambda: not may(), "them to be taken away")


def test_scopes_are_for_bots(node, person):
    alice = person("alice")
    refused = node.console("token", "issue", "--user", alice.user["username"], "--scopes", "read")
    assert refused.returncode == 4, refused.stderr
    wrong = node.console("token", "issue", "--user", "robot", "--create", "--scopes", "fly")
    assert wrong.returncode == 2, wrong.stderr
