# SPDX-License-Identifier: MIT
"""One node: accounts, sessions, rooms, messages and cursors, as the protocol says."""

import uuid

import pytest
from harness import names
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import PATIENCE_S

# -- accounts and sessions ---------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_register_and_log_in_again(node, encoding):
    name = fresh("Anna")
    with Client(node, encoding) as first:
        got = first.register(name, display_name="Anna Å", email=f"{name}@example.org")
        user = got["user"]
        assert got["success"] is True
        assert user["username"] == name.lower(), "names are folded to lower case"
        assert user["id"] == names.user_id(name.lower()), "the id follows from the name"
        assert user["display_name"] == "Anna Å" and user["email"] == f"{name}@example.org"
        assert user["role"] == "user" and user["avatar_url"] is None
        assert len(got["token"]) < 480, "access tokens stay under 480 bytes"
        assert uuid.UUID(got["session_id"]).version == 7
    with Client(node, encoding) as second:
        again = second.log_in(username=name.upper(), password=PASSWORD)
        assert again["user"]["id"] == user["id"]
        assert again["session_id"] != got["session_id"], "a password opens a session of its own"
    with Client(node, encoding) as third:
        by_token = third.log_in(token=got["token"])
        assert by_token["session_id"] == got["session_id"], "a token speaks for its session"
    with Client(node, encoding, token=got["token"]) as fourth:
        assert fourth.ask("user_request", user_id=user["id"])["user"]["id"] == user["id"]


def test_wrong_credentials_do_not_say_what_is_wrong(node, person):
    alice = person("alice")
    with Client(node) as c:
        wrong = c.refusal("auth_request", username=alice.user["username"], password="not this one")
        nobody = c.refusal("auth_request", username="nobody-at-all", password="not this one")
        assert wrong["code"] == nobody["code"] == "INVALID_CREDENTIALS"
        assert wrong["message"] == nobody["message"], "the same text for both"
        assert c.code("auth_request", token="a.b.c") == "UNAUTHORIZED"
        assert c.code("auth_request", token=alice.token[:-6] + "AAAAAA") == "UNAUTHORIZED"
        assert c.code("auth_request", refresh_token="nonsense") in (
            "UNAUTHORIZED", "INVALID_CREDENTIALS")  # fmt: skip
        assert c.code("room_list_request") == "UNAUTHORIZED", "it stays as it was"
        c.log_in(username=alice.user["username"], password=PASSWORD)


def test_names_and_addresses_are_taken_once(node, person):
    alice = person("alice", email="Taken@Example.org")
    with Client(node) as c:
        refused = c.code("register_request", username=alice.user["username"], password=PASSWORD)
        assert refused == "USERNAME_TAKEN"
        refused = c.refusal("register_request", username=fresh("other"), password=PASSWORD,
                            email="taken@example.ORG")  # fmt: skip
        assert refused["code"] == "CONFLICT" and refused["details"]["field"] == "email"
    assert alice.code("register_request", username=fresh("more"), password=PASSWORD) == "CONFLICT"


def test_register_repeated_opens_the_same_session(node):
    name, message_id = fresh("rita"), new_id()
    with Client(node) as c:
        first = c.register(name, message_id=message_id)
    with Client(node) as c:
        again = c.register(name, message_id=message_id)
        assert again["duplicate"] is True and again["session_id"] == first["session_id"]
    with Client(node) as c:
        assert c.code("register_request", username=name, password=PASSWORD) == "USERNAME_TAKEN"


def test_refresh_tokens_are_for_one_use(node, person):
    alice = person("alice")
    name = alice.user["username"]
    with Client(node) as c:
        opened = c.log_in(username=name, password=PASSWORD)
    message_id = new_id()
    with Client(node) as c:
        first = c.log_in(refresh_token=opened["refresh_token"], message_id=message_id)
        assert first["session_id"] == opened["session_id"]
        assert first["refresh_token"] != opened["refresh_token"], "each use gives a new one"
    with Client(node) as c:
        repeated = c.log_in(refresh_token=opened["refresh_token"], message_id=message_id)
        assert repeated["session_id"] == opened["session_id"], "a lost answer may be repeated"
    victim = Client(node)
    victim.log_in(refresh_token=repeated["refresh_token"])
    with Client(node) as c:  # spent, and not as a repetition: this is somebody who has stolen it
        assert c.code("auth_request", refresh_token=opened["refresh_token"]) == "UNAUTHORIZED"
        assert c.code("auth_request", refresh_token=repeated["refresh_token"]) == "UNAUTHORIZED"
    victim.wait_for(lambda d: d["type"] == "session_event" and d["kind"] == "revoked",
                    "the revocation")  # fmt: skip
    assert victim.wait_closed() == 4403, "the session is revoked everywhere"
    with Client(node) as c:
        assert c.code("auth_request", token=victim.token) == "UNAUTHORIZED"
    assert alice.ask("heartbeat")["type"] == "heartbeat_response", "other sessions are untouched"


def test_a_refresh_token_that_was_spent_long_ago(node, person):
    alice = person("alice")
    with Client(node) as c:
        opened = c.log_in(username=alice.user["username"], password=PASSWORD)
    newest = opened
    for _ in range(3):
        with Client(node) as c:
            newest = c.log_in(refresh_token=newest["refresh_token"])
    with Client(node) as victim:
        victim.log_in(token=newest["token"])
        with Client(node) as c:
            assert c.code("auth_request", refresh_token=opened["refresh_token"]) == "UNAUTHORIZED"
        assert victim.wait_closed() == 4403, "not only the one before the present one counts"
    with Client(node) as c:
        assert c.code("auth_request", refresh_token=newest["refresh_token"]) == "UNAUTHORIZED"


def test_logout_ends_the_session_on_all_its_connections(node, person):
    alice = person("alice")
    other = Client(node, "msgpack", token=alice.token)
    other.ask("room_list_request")
    assert alice.ask("logout_request")["type"] == "ok"
    for client in (alice, other):
        client.wait_for(lambda d: d["type"] == "session_event" and d["kind"] == "revoked",
                        "the revocation before the close")  # fmt: skip
        assert client.wait_closed() == 4403, "session revoked is 4403"
    with Client(node) as c:
        assert c.code("auth_request", token=alice.token) == "UNAUTHORIZED"


def test_logout_of_another_session_and_of_all(node, person):
    alice = person("alice")
    name = alice.user["username"]
    second, third = Client(node), Client(node)
    session = second.log_in(username=name, password=PASSWORD)["session_id"]
    third.log_in(username=name, password=PASSWORD)
    alice.ask("logout_request", session_id=session)
    assert second.wait_closed() == 4403
    assert alice.ask("heartbeat") and third.ask("heartbeat"), "the others stay"
    alice.ask("logout_request", all=True)
    assert alice.wait_closed() == 4403 and third.wait_closed() == 4403


def test_authenticating_again(person):
    alice, bob = person("alice"), person("bob")
    session = alice.log_in(token=alice.token)["session_id"]
    assert session, "for the same user it renews"
    assert alice.code("auth_request", token=bob.token) == "CONFLICT"
    assert alice.code("auth_request", username=bob.user["username"], password=PASSWORD) == (
        "CONFLICT"
    )


def test_unknown_types(person):
    assert person().code("teleport_request") == "UNKNOWN_MESSAGE"


def test_users(person):
    alice, bob = person("alice", email="a1@example.org"), person("bob")
    got = bob.ask("user_request", username=alice.user["username"].upper())["user"]
    assert got["id"] == alice.user["id"] and "email" not in got, "addresses are one's own affair"
    assert alice.ask("user_request", user_id=alice.user["id"])["user"]["email"] == "a1@example.org"
    assert bob.code("user_request", user_id=names.NOBODY) == "USER_NOT_FOUND"
    seen, cursor, pages = [], None, 0
    while True:
        page = bob.ask("user_list_request", limit=2, cursor=cursor)
        seen += [u["id"] for u in page["users"]]
        pages += 1
        assert len(page["users"]) <= 2, "limit is the most of a page"
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)), "nobody comes twice while nothing changes"
    assert {alice.user["id"], bob.user["id"]} <= set(seen) and pages > 1
    found = bob.ask("user_list_request", query=alice.user["username"])["users"]
    assert alice.user["id"] in [u["id"] for u in found]


# -- rooms -------------------------------------------------------------------------------------


def test_a_room_from_creation_to_leaving(person):
    alice, bob = person("alice"), person("bob")
    alias = fresh("lobby")
    room = alice.create_room("The Lobby", room_type="public", alias=alias.upper(),
                             description="two\nlines")  # fmt: skip
    assert room["id"] == names.room_id(alias) and room["alias"] == alias
    assert room["member_count"] == 1 and room["created_by"] == alice.user["id"]
    assert room["topic"] is None and room["description"] == "two\nlines"
    assert alice.code("create_room_request", name="again", alias=alias) == "CONFLICT"
    assert bob.code("history_request", room_id=room["id"]) == "FORBIDDEN"
    assert room["id"] in [r["id"] for r in bob.ask("room_list_request", scope="public")["rooms"]]
    joined = bob.ask("join_room_request", alias=alias)
    assert (joined["role"], joined["last_seq"], joined["read_seq"]) == ("member", 2, 2), joined
    again = bob.ask("join_room_request", room_id=room["id"])
    assert again["last_seq"] == 2, "joining twice takes no seq"
    listed = bob.ask("room_list_request")["rooms"]
    assert [r["id"] for r in listed] == [room["id"]] and listed[0]["role"] == "member"
    members = bob.ask("room_members_request", room_id=room["id"])["members"]
    assert {(m["user"]["id"], m["role"]) for m in members} == {
        (alice.user["id"], "owner"), (bob.user["id"], "member")}  # fmt: skip
    assert alice.code("leave_room_request", room_id=room["id"]) == "CONFLICT", "the last owner"
    assert bob.ask("leave_room_request", room_id=room["id"])["type"] == "ok"
    assert bob.ask("room_list_request")["rooms"] == []
    left = alice.wait_for(lambda d: d.get("kind") == "left", "bob's leaving")
    assert left["user_id"] == bob.user["id"] and left["seq"] == 3
    assert "members" not in left["room"] and left["room"]["member_count"] == 1


def test_rooms_that_are_not_public_do_not_exist_for_others(person):
    alice, bob = person("alice"), person("bob")
    room = alice.create_room("Secret")["id"]
    for request in ("room_request", "join_room_request", "leave_room_request", "history_request",
                    "room_members_request"):  # fmt: skip
        assert bob.code(request, room_id=room) == "ROOM_NOT_FOUND", request
    assert bob.code("send_message_request", room_id=room, content="x") == "ROOM_NOT_FOUND"
    assert room not in [r["id"] for r in bob.ask("room_list_request", scope="public")["rooms"]]
    assert bob.code("room_request", room_id=names.NOBODY) == "ROOM_NOT_FOUND"
    assert bob.code("room_request", alias="no-such-room") == "ROOM_NOT_FOUND"


def test_members_at_creation(person):
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    assert alice.code("create_room_request", name="x", members=[names.NOBODY]) == "USER_NOT_FOUND"
    room = alice.create_room("Three", members=[bob.user["id"], carol.user["id"]])
    assert room["member_count"] == 3 and room["last_seq"] == 1, "they take no entries"
    assert set(room["members"]) == {c.user["id"] for c in (alice, bob, carol)}
    ack = bob.send(room["id"], "hello")
    assert ack["seq"] == 2
    for client in (alice, bob, carol):
        assert client.wait_message("hello")["seq"] == 2


def test_created_twice_is_created_once(person):
    alice = person("alice")
    message_id = new_id()
    first = alice.ask("create_room_request", name="Once", message_id=message_id)
    again = alice.ask("create_room_request", name="Once", message_id=message_id)
    assert "duplicate" not in first and again["duplicate"] is True
    assert first["room"]["id"] == again["room"]["id"] == (
        names.room_id_of_creation(alice.user["id"], message_id))  # fmt: skip
    assert len(alice.ask("room_list_request")["rooms"]) == 1


def test_the_list_of_joined_rooms_is_by_last_message(person):
    alice = person("alice")
    rooms = [alice.create_room(f"r{i}")["id"] for i in range(5)]
    alice.send(rooms[1], "later")
    alice.send(rooms[3], "latest")
    expected = [rooms[3], rooms[1], rooms[4], rooms[2], rooms[0]]
    seen, cursor = [], None
    while True:
        page = alice.ask("room_list_request", limit=2, cursor=cursor)
        seen += [r["id"] for r in page["rooms"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == expected, "last_message_at descending, none last, then created_at descending"
    assert alice.code("room_list_request", cursor="nonsense") == "INVALID_MESSAGE"


# -- messages ----------------------------------------------------------------------------------


def test_a_message_and_its_repetition(room_of_two):
    alice, bob, room = room_of_two
    message_id = new_id()
    ack = alice.send(room["id"], "héllo 🌍", message_id=message_id, metadata={"k": [1, None]})
    assert (ack["seq"], ack["duplicate"], ack["room_id"]) == (3, False, room["id"])
    assert uuid.UUID(ack["id"]).version == 7 and ack["replicas"] >= 1 and ack["term"] >= 1
    events = [c.wait_message("héllo 🌍") for c in (alice, bob)]
    assert events[0] == events[1], "the same for all, the sender too"
    message = events[0]["message"]
    assert message["id"] == ack["id"] and message["message_id"] == message_id
    assert message["sender_id"] == alice.user["id"] and message["status"] == "sent"
    assert message["metadata"] == {"k": [1, None]} and message["created_at"] == ack["created_at"]
    assert "reply_to" not in message and "edited_at" not in message, "empty fields are left out"
    again = alice.send(room["id"], "héllo 🌍", message_id=message_id, metadata={"k": [1, None]})
    assert again["duplicate"] is True and (again["id"], again["seq"]) == (ack["id"], 3)
    assert alice.code("send_message_request", room_id=room["id"], content="other",
                      message_id=message_id) == "CONFLICT"  # fmt: skip
    mine = bob.send(room["id"], "bob's", message_id=message_id)
    assert mine["seq"] == 4, "the scope of a message_id is its user"
    assert [m["seq"] for m in bob.history(room["id"])["messages"]] == [3, 4]


def test_the_same_bytes_for_all_receivers(node, person):
    alice = person("alice")
    room = alice.create_room("Bytes")["id"]
    others = [Client(node, token=alice.token) for _ in range(2)]
    for other in others:
        other.ask("room_list_request")
    alice.send(room, "one\n\t\"two\" \u2028 three")
    frames = []
    for client in (alice, *others):
        client.wait_message("one\n\t\"two\" \u2028 three")
        frames.append(client.raw_events[-1])
        client.wait_for(lambda d: d["type"] == "message_received", "the message")
    assert frames[0] == frames[1] == frames[2], "the same bytes"
    assert '"type":"message_received"' in frames[0], "JSON without white space"
    for other in others:
        other.close()


def test_pages_of_history(room_of_two):
    alice, bob, room = room_of_two
    for i in range(12):
        (alice if i % 2 else bob).send(room["id"], f"m{i}")  # seq 3 to 14
    newest = alice.history(room["id"], limit=5)
    assert [m["seq"] for m in newest["messages"]] == [10, 11, 12, 13, 14], "ascending, the newest"
    assert newest["has_more"] is True and newest["last_seq"] == 14 and newest["stale"] is False
    older = alice.history(room["id"], limit=5, before_seq=10)
    assert [m["seq"] for m in older["messages"]] == [5, 6, 7, 8, 9], "cursors are exclusive"
    oldest = alice.history(room["id"], limit=5, before_seq=5)
    assert [m["seq"] for m in oldest["messages"]] == [3, 4] and not oldest["has_more"]
    newer = alice.history(room["id"], limit=5, after_seq=3)
    assert [m["seq"] for m in newer["messages"]] == [4, 5, 6, 7, 8] and newer["has_more"]
    exact = alice.history(room["id"], limit=5, after_seq=9)
    assert [m["seq"] for m in exact["messages"]] == [10, 11, 12, 13, 14] and not exact["has_more"]
    none = alice.history(room["id"], after_seq=14)
    assert none["messages"] == [] and none["has_more"] is False
    assert alice.history(room["id"], min_seq=14, limit=1)["messages"][0]["content"] == "m11"
    awaited = alice.post("history_request", room_id=room["id"], min_seq=15, limit=1)
    alice.send(room["id"], "m12")
    page = awaited.result(PATIENCE_S)["data"]
    assert [m["content"] for m in page["messages"]] == ["m12"], "answered once it is there"
    vain = alice.refusal("history_request", room_id=room["id"], min_seq=99)
    assert vain["code"] == "INVALID_MESSAGE" and vain["details"]["field"] == "min_seq"
    both = alice.refusal("history_request", room_id=room["id"], before_seq=9, after_seq=1)
    assert both["code"] == "INVALID_MESSAGE" and both["details"]["field"] == "after_seq"
    message = oldest["messages"][0]
    for field in ("reply_to", "thread", "edited_at", "deleted_at", "metadata"):
        assert message[field] is None, f"{field}: all fields are there in answers"
    assert message["reactions"] == [] and message["mentions"] == [] and message["pinned"] is False


def test_marks(room_of_two):
    alice, bob, room = room_of_two
    ack = alice.send(room["id"], "read me")
    unread = bob.ask("room_list_request")["rooms"][0]
    assert unread["unread_count"] == 1 and unread["read_seq"] < ack["seq"]
    done = bob.ask("mark_request", room_id=room["id"], status="read", seq=ack["seq"])
    assert done["type"] == "ok"
    status = alice.wait_for(lambda d: d["type"] == "message_status" and d["status"] == "read",
                            "bob's reading")  # fmt: skip
    assert status["user_id"] == bob.user["id"] and status["seq"] == ack["seq"]
    members = alice.ask("room_members_request", room_id=room["id"])["members"]
    cursors = {m["user"]["id"]: (m["delivered_seq"], m["read_seq"]) for m in members}
    assert cursors[bob.user["id"]] == (ack["seq"], ack["seq"]), "read implies delivered"
    assert bob.ask("room_list_request")["rooms"][0]["unread_count"] == 0
    assert alice.history(room["id"])["messages"][0]["status"] == "read"
    bob.ask("mark_request", room_id=room["id"], status="read", seq=1)
    members = alice.ask("room_members_request", room_id=room["id"])["members"]
    assert {m["user"]["id"]: m["read_seq"] for m in members}[bob.user["id"]] == ack["seq"], (
        "below the cursor has no effect")  # fmt: skip
    above = bob.refusal("mark_request", room_id=room["id"], status="read", seq=ack["seq"] + 1)
    assert above["code"] == "INVALID_MESSAGE" and above["details"]["field"] == "seq"
