# SPDX-License-Identifier: MIT
"""Every request of section 3 of docs/protocol.md: what succeeds, whether it can be repeated, which
errors it has, and by which route HTTP asks it. `f` in a route are the fields of the request."""

import dataclasses
import re
from urllib.parse import urlencode

from .client import PASSWORD, new_id
from .names import NOBODY, fresh
from .process import ROOT

_DOCUMENT = (ROOT / "docs/protocol.md").read_text()
# type → number; those with † are not offered.
DOCUMENTED = {t: int(n) for n, t in re.findall(r"^\*\*(\d+) `(\w+)`\*\*", _DOCUMENT, re.M)}
_SECTION = _DOCUMENT[_DOCUMENT.index("\n## 3 ") : _DOCUMENT.index("\n## 4 ")]
STATUS = {c: int(s) for c, s in re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", _DOCUMENT, re.M)}


def documented_errors():
    """{(type, code)} as section 3 names them where it describes the request."""
    parts = re.split(r"^\*\*\d+ `(\w+)`\*\*", _SECTION, flags=re.M)
    return {
        (type_, code)
        for type_, text in zip(parts[1::2], parts[2::2])
        for code in re.findall(r"`([A-Z_]+)`", re.split(r"^(?:#|\*\*[A-Z])", text, flags=re.M)[0])
        if code in STATUS
    }


@dataclasses.dataclass
class Error:
    who: str  # owner, member, stranger; new: not authenticated
    fields: object  # w → what differs from the request that succeeds; None: absent
    code: str
    field: str = None
    limit: int = None
    over_http: bool = True


@dataclasses.dataclass
class Case:
    fields: object  # w → fields
    answer: str
    errors: list
    who: str = "owner"
    repeat: bool = False
    http: object = None  # f → (method, path, body)
    status: int = 200


def rest(f, *without):
    return {k: v for k, v in f.items() if k not in without}


def query(f, *without):
    return "?" + urlencode(rest(f, *without))


def room_of(f):
    return f"/api/rooms/{f['room_id']}"


def member_of(f):
    return f"{room_of(f)}/members/{f['user_id']}"


def message_of(f):
    return f"/api/messages/{f['room_id']}/{f['id']}"


def error(who, code, field=None, limit=None, /, over_http=True, **fields):
    return Error(who, lambda w: {k: v(w) if callable(v) else v for k, v in fields.items()}, code,
                 field, limit, over_http)  # fmt: skip


def missing(name):
    return error("owner", "INVALID_MESSAGE", name, over_http=False, **{name: None})


def too_long(name, value, limit):
    return error("owner", "TOO_LARGE", name, limit, **{name: value})


NO_ROOM = error("owner", "ROOM_NOT_FOUND", room_id=NOBODY)
NOT_SHOWN = error("stranger", "ROOM_NOT_FOUND", room_id=lambda w: w.secret)
STRANGER = error("stranger", "FORBIDDEN")
ROOM = [NO_ROOM, NOT_SHOWN, missing("room_id")]
PAGE = [error("owner", "INVALID_MESSAGE", "limit", 200, limit=0),
        error("owner", "INVALID_MESSAGE", "limit", 200, limit=201)]  # fmt: skip
NO_CURSOR = error("owner", "INVALID_MESSAGE", "cursor", cursor="no cursor of this list")
CLOSED = error("owner", "USER_NOT_FOUND", "user_id", user_id=lambda w: w.id("closed"))
NO_MESSAGE = error("owner", "MESSAGE_NOT_FOUND", "id", id=lambda w: new_id())
NOT_INSIDE = error("owner", "USER_NOT_FOUND", "user_id", user_id=lambda w: w.id("stranger"))
LONG = "x" * (16 * 1024 + 1)

CASES = {
    "register_request": Case(
        lambda w: {"username": fresh("reg"), "password": PASSWORD}, "auth_response",
        [error("new", "USERNAME_TAKEN", username=lambda w: w.name("member")),
         error("new", "CONFLICT", "email", email=lambda w: w.taken_email),
         error("owner", "CONFLICT", over_http=False),
         error("new", "INVALID_MESSAGE", "username", username="ab"),
         error("new", "INVALID_MESSAGE", "password", password="short"),
         error("new", "TOO_LARGE", "display_name", 100, display_name="x" * 101)],
        who="new", repeat=True, http=lambda f: ("POST", "/api/auth/register", f), status=201,
    ),
    "auth_request": Case(
        lambda w: {"username": w.name("owner"), "password": PASSWORD}, "auth_response",
        [error("new", "INVALID_CREDENTIALS", password="quite another one"),
         error("new", "UNAUTHORIZED", username=None, password=None, token="no.such.token",
               over_http=False),
         error("new", "INVALID_MESSAGE", "token", username=None, password=None),
         error("new", "INVALID_MESSAGE", "password", password=None),
         error("new", "INVALID_MESSAGE", "username", username=None),
         error("new", "UNAUTHORIZED", username=None, password=None, refresh_token="no.such.token",
               over_http=False),
         error("new", "INVALID_MESSAGE", "token", username=None, password=None, token="a",
               refresh_token="b", over_http=False),
         error("owner", "CONFLICT", username=lambda w: w.name("member"), over_http=False)],
        http=lambda f: ("POST", "/api/auth/login", f),
    ),
    "logout_request": Case(
        lambda w: {"session_id": w.other_session}, "ok",
        [error("owner", "INVALID_MESSAGE", "session_id", session_id=NOBODY),
         error("new", "UNAUTHORIZED")],
        repeat=True, http=lambda f: ("POST", "/api/auth/logout", f),
    ),
    "session_list_request": Case(
        lambda w: {}, "session_list_response", [error("new", "UNAUTHORIZED")],
        http=lambda f: ("GET", "/api/users/me/sessions", None),
    ),
    "heartbeat": Case(lambda w: {}, "heartbeat_response", [], who="new"),
    "resume_request": Case(
        lambda w: {"rooms": {w.room: 1}}, "resume_response",
        [missing("rooms"), error("new", "UNAUTHORIZED"),
         error("owner", "INVALID_MESSAGE", "rooms.x", rooms={"x": 1})],
    ),
    "create_room_request": Case(
        lambda w: {"name": "Made"}, "room_response",
        [missing("name"), too_long("name", "x" * 101, 100),
         too_long("description", "x" * 1001, 1000), too_long("alias", "x" * 65, 64),
         too_long("members", [NOBODY] * 201, 200),
         error("owner", "CONFLICT", "alias", alias=lambda w: w.taken_alias),
         error("owner", "USER_NOT_FOUND", members=[NOBODY]),
         error("owner", "USER_NOT_FOUND", members=lambda w: [w.id("closed")]),
         error("owner", "INVALID_MESSAGE", "room_type", room_type="private")],
        repeat=True, http=lambda f: ("POST", "/api/rooms", f), status=201,
    ),
    "direct_room_request": Case(
        lambda w: {"user_id": w.id("stranger")}, "room_response",
        [error("owner", "INVALID_MESSAGE", "user_id", user_id=lambda w: w.id("owner")),
         error("owner", "USER_NOT_FOUND", "user_id", user_id=NOBODY), CLOSED,
         error("owner", "INVALID_MESSAGE", "user_id", user_id="x")],
        repeat=True, http=lambda f: ("POST", "/api/rooms", f), status=201,
    ),
    "room_list_request": Case(
        lambda w: {"scope": "joined"}, "room_list_response",
        [*PAGE, NO_CURSOR, error("owner", "INVALID_MESSAGE", "scope", scope="all"),
         error("owner", "TOO_LARGE", "cursor", 4096, over_http=False, cursor="x" * 4097)],
        http=lambda f: ("GET", "/api/rooms" + query(f), None),
    ),
    "room_request": Case(
        lambda w: {"room_id": w.room}, "room_response",
        [*ROOM, error("owner", "INVALID_MESSAGE", "room_id", over_http=False, alias="x"),
         error("owner", "ROOM_NOT_FOUND", over_http=False, room_id=None, alias="no-such-room")],
        http=lambda f: ("GET", room_of(f), None),
    ),
    "update_room_request": Case(
        lambda w: {"room_id": w.room, "topic": "tea"}, "room_response",
        [*ROOM, error("member", "FORBIDDEN", "topic"), STRANGER,
         too_long("topic", "x" * 1001, 1000), too_long("name", "x" * 101, 100),
         error("owner", "INVALID_MESSAGE", "name", name=""),
         error("owner", "INVALID_MESSAGE", "retention.max_age_days",
               retention={"max_age_days": 0}),
         error("owner", "CONFLICT", room_id=lambda w: w.direct)],
        repeat=True, http=lambda f: ("PATCH", room_of(f), rest(f, "room_id")),
    ),
    "delete_room_request": Case(
        lambda w: {"room_id": w.room}, "ok",
        [*ROOM, error("member", "FORBIDDEN"), error("owner", "CONFLICT",
                                                    room_id=lambda w: w.direct)],
        repeat=True, http=lambda f: ("DELETE", room_of(f), None),
    ),
    "join_room_request": Case(
        lambda w: {"room_id": w.room}, "room_response",
        [*ROOM, error("banned", "FORBIDDEN"),
         error("stranger", "CONFLICT", room_id=lambda w: w.archived)],
        who="stranger", repeat=True,
        http=lambda f: ("PUT", f"{room_of(f)}/members/me", {}),
    ),
    "leave_room_request": Case(
        lambda w: {"room_id": w.room}, "ok",
        [*ROOM, error("owner", "CONFLICT"), STRANGER,
         error("owner", "CONFLICT", room_id=lambda w: w.direct)],
        who="member", repeat=True,
        http=lambda f: ("DELETE", f"{room_of(f)}/members/me", None),
    ),
    "invite_request": Case(
        lambda w: {"room_id": w.room, "user_id": w.id("stranger")}, "ok",
        [*ROOM, missing("user_id"), error(
            "stranger", "FORBIDDEN", user_id=lambda w: w.id("member")),
         error("owner", "USER_NOT_FOUND", "user_id", user_id=NOBODY), CLOSED,
         error("owner", "CONFLICT", "user_id", user_id=lambda w: w.id("banned")),
         error("owner", "CONFLICT", "user_id", over_http=False, role="guest",
               user_id=lambda w: w.id("member")),
         error("helper", "FORBIDDEN", "role", role="admin"),
         error("owner", "INVALID_MESSAGE", "role", role="king"),
         error("member", "FORBIDDEN", "role", role="admin"),
         error("owner", "CONFLICT", room_id=lambda w: w.archived)],
        repeat=True, http=lambda f: ("PUT", member_of(f), rest(f, "room_id", "user_id")),
    ),
    "remove_member_request": Case(
        lambda w: {"room_id": w.room, "user_id": w.id("member")}, "ok",
        [*ROOM, missing("user_id"), NOT_INSIDE,
         error("member", "FORBIDDEN", user_id=lambda w: w.id("owner")),
         error("helper", "FORBIDDEN", "user_id", user_id=lambda w: w.id("owner")),
         error("server", "CONFLICT", user_id=lambda w: w.id("owner")),
         error("owner", "INVALID_MESSAGE", "user_id", over_http=False,
               user_id=lambda w: w.id("owner")),
         error("owner", "CONFLICT", room_id=lambda w: w.direct)],
        repeat=True, http=lambda f: ("DELETE", member_of(f), None),
    ),
    "unban_request": Case(
        lambda w: {"room_id": w.room, "user_id": w.id("banned")}, "ok",
        [*ROOM, missing("user_id"), error("member", "FORBIDDEN"),
         error("owner", "CONFLICT", room_id=lambda w: w.direct)],
        repeat=True, http=lambda f: ("DELETE", f"{room_of(f)}/bans/{f['user_id']}", None),
    ),
    "set_role_request": Case(
        lambda w: {"room_id": w.room, "user_id": w.id("member"), "role": "admin"}, "ok",
        [*ROOM, missing("user_id"), missing("role"),
         error("owner", "USER_NOT_FOUND", "user_id", over_http=False,
               user_id=lambda w: w.id("stranger")),
         error("member", "FORBIDDEN", user_id=lambda w: w.id("owner"), role="guest"),
         error("helper", "FORBIDDEN", "user_id", user_id=lambda w: w.id("owner"), role="guest"),
         error("helper", "FORBIDDEN", "role"),
         error("server", "CONFLICT", user_id=lambda w: w.id("owner"), role="admin"),
         error("owner", "CONFLICT", over_http=False, user_id=lambda w: w.id("owner"),
               role="admin"),
         error("owner", "INVALID_MESSAGE", "role", role="king")],
        repeat=True, http=lambda f: ("PUT", member_of(f), rest(f, "room_id", "user_id")),
    ),
    "room_members_request": Case(
        lambda w: {"room_id": w.room}, "room_members_response",
        [*ROOM, *PAGE, NO_CURSOR, STRANGER],
        http=lambda f: ("GET", f"{room_of(f)}/members{query(f, 'room_id')}", None),
    ),
    "send_message_request": Case(
        lambda w: {"room_id": w.room, "content": "hello", "message_type": "text"}, "message_ack",
        [*ROOM, STRANGER, too_long("content", LONG, 16 * 1024),
         error("owner", "INVALID_MESSAGE", "content", content=""),
         error("owner", "INVALID_MESSAGE", "message_type", message_type="system"),
         error("owner", "FILE_NOT_FOUND", message_type="image"),
         error("owner", "MESSAGE_NOT_FOUND", "reply_to", reply_to=NOBODY),
         error("owner", "MESSAGE_NOT_FOUND", "thread", thread=NOBODY),
         error("owner", "INVALID_MESSAGE", "thread", thread=lambda w: w.in_thread),
         error("owner", "TOO_LARGE", "metadata", 8192, metadata={"a": "x" * 8192}),
         error("owner", "INVALID_MESSAGE", "device_seq", device_seq=1),
         error("owner", "CONFLICT", room_id=lambda w: w.archived)],
        repeat=True, status=201,
        http=lambda f: ("POST", f"/api/messages/{f['room_id']}", rest(f, "room_id")),
    ),
    "edit_message_request": Case(
        lambda w: {"room_id": w.room, "id": w.message, "content": "changed"}, "message_ack",
        [*ROOM, STRANGER, NO_MESSAGE, missing("id"), error("member", "FORBIDDEN"),
         error("owner", "INVALID_MESSAGE", "content", content=""),
         too_long("content", LONG, 16 * 1024),
         error("owner", "CONFLICT", id=lambda w: w.deleted)],
        repeat=True, http=lambda f: ("PATCH", message_of(f), rest(f, "room_id", "id")),
    ),
    "delete_message_request": Case(
        lambda w: {"room_id": w.room, "id": w.message}, "message_ack",
        [*ROOM, STRANGER, NO_MESSAGE, missing("id"), error("member", "FORBIDDEN")],
        repeat=True, http=lambda f: ("DELETE", message_of(f), None),
    ),
    "reaction_request": Case(
        lambda w: {"room_id": w.room, "id": w.message, "emoji": "👍", "add": True}, "message_ack",
        [*ROOM, STRANGER, NO_MESSAGE, missing("emoji"), missing("add"),
         too_long("emoji", "x" * 65, 64), error("owner", "CONFLICT", id=lambda w: w.deleted),
         error("owner", "CONFLICT", "emoji", 20, id=lambda w: w.covered)],
        repeat=True,
    ),
    "pin_request": Case(
        lambda w: {"room_id": w.room, "id": w.message, "pinned": True}, "message_ack",
        [*ROOM, STRANGER, NO_MESSAGE, missing("pinned"), error("member", "FORBIDDEN"),
         error("owner", "CONFLICT", id=lambda w: w.deleted)],
        repeat=True,
    ),
    "history_request": Case(
        lambda w: {"room_id": w.room}, "history_response",
        [*ROOM, STRANGER, *PAGE,
         error("owner", "INVALID_MESSAGE", "after_seq", before_seq=1, after_seq=1),
         error("owner", "INVALID_MESSAGE", "min_seq", min_seq=10_000)],
        http=lambda f: ("GET", f"/api/messages/{f['room_id']}/history{query(f, 'room_id')}", None),
    ),
    "message_request": Case(
        lambda w: {"room_id": w.room, "id": w.message}, "message_response",
        [*ROOM, STRANGER, NO_MESSAGE, missing("id")],
        http=lambda f: ("GET", message_of(f), None),
    ),
    "mark_request": Case(
        lambda w: {"room_id": w.room, "status": "read", "seq": 1}, "ok",
        [*ROOM, STRANGER, missing("status"), missing("seq"),
         error("owner", "INVALID_MESSAGE", "seq", seq=10_000),
         error("owner", "INVALID_MESSAGE", "status", status="sent")],
    ),
    "typing": Case(
        lambda w: {"room_id": w.room, "is_typing": True}, "ok",
        [*ROOM, STRANGER, missing("is_typing")],
    ),
    "set_presence_request": Case(
        lambda w: {"status": "away"}, "ok",
        [missing("status"), error("owner", "INVALID_MESSAGE", "status", status="offline")],
    ),
    "presence_request": Case(
        lambda w: {"user_ids": [w.id("member"), NOBODY]}, "presence_response",
        [missing("user_ids"), too_long("user_ids", [NOBODY] * 501, 500)],
    ),
    "user_list_request": Case(
        lambda w: {"query": "own"}, "user_list_response",
        [*PAGE, NO_CURSOR, too_long("query", "x" * 257, 256)],
        http=lambda f: ("GET", "/api/users" + query(f), None),
    ),
    "user_request": Case(
        lambda w: {"user_id": w.id("member")}, "user_response",
        [error("owner", "USER_NOT_FOUND", user_id=NOBODY), missing("user_id"),
         error("owner", "INVALID_MESSAGE", "user_id", over_http=False, username="both"),
         error("owner", "USER_NOT_FOUND", over_http=False, user_id=None, username="no-such-user")],
        http=lambda f: ("GET", f"/api/users/{f['user_id']}", None),
    ),
    "update_profile_request": Case(
        lambda w: {"display_name": "Somebody"}, "user_response",
        [too_long("display_name", "x" * 101, 100), too_long("avatar_url", "x" * 2049, 2048),
         error("member", "CONFLICT", "email", email=lambda w: w.taken_email),
         error("owner", "INVALID_MESSAGE", "email", email="no address")],
        repeat=True, http=lambda f: ("PATCH", "/api/users/me", f),
    ),
    "change_password_request": Case(
        lambda w: {"old_password": PASSWORD, "new_password": "battery staple"}, "ok",
        [error("owner", "INVALID_CREDENTIALS", old_password="not that one"),
         error("owner", "INVALID_MESSAGE", "new_password", new_password="short"),
         missing("old_password"), too_long("new_password", "x" * 1025, 1024)],
        repeat=True, http=lambda f: ("PUT", "/api/users/me/password", f),
    ),
    "search_request": Case(
        lambda w: {"query": "hello"}, "search_response",
        [*PAGE, NO_CURSOR, missing("query"), too_long("query", "x" * 257, 256),
         error("owner", "INVALID_MESSAGE", "query", query=" ".join("x" * 33)),
         error("owner", "ROOM_NOT_FOUND", room_id=NOBODY),
         error("stranger", "ROOM_NOT_FOUND", room_id=lambda w: w.secret),
         error("stranger", "FORBIDDEN", room_id=lambda w: w.room),
         error("owner", "INVALID_MESSAGE", "query", query="from:")],
        http=lambda f: ("GET", "/api/search" + query(f), None),
    ),
}  # fmt: skip
