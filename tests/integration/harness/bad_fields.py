# SPDX-License-Identifier: MIT
"""Every field of every request of section 3 of docs/protocol.md, with what nobody may put there."""

from . import names
from .client import PASSWORD

ID = names.NOBODY

# What fields are, each with values of the wrong type or range and with one that is too long.
# (value, field of the error relative to the name, code, limit)


def bad(*values, at=""):
    return [(value, at, "INVALID_MESSAGE", None) for value in values]


def too_large(value, limit):
    return [(value, "", "TOO_LARGE", limit)]


WRONG_TEXT = bad(7, ["a"], {"a": 1}, True)


def text(most, least=None, char="x"):
    short = bad(char * (least - 1)) if least else []
    return WRONG_TEXT + too_large(char * (most + 1), most) + short


def line(most, least=None, char="x"):
    return text(most, least, char) + bad("a\nb1234567")


def name(least, most):
    return text(most, least) + bad("no spaces", "ümlaut")


def number(least, most):
    out_of_range = [(v, "", "INVALID_MESSAGE", most) for v in (least - 1, most + 1)]
    return bad("x", [], 1.5, 1.0, -1) + out_of_range


SEQ = number(0, 2**63 - 2)
PAGE = number(1, 200)
UUID = WRONG_TEXT + bad("not-an-id", ID + "0")
FLAG = bad(1, "true")
CHOICE = WRONG_TEXT + bad("neither")
ROOMS = [*bad("x", []), *bad({"no": 1}, at=".no"), *bad({ID: "1"}, {ID: -1}, at=f".{ID}"),
         *too_large({names.user_id(str(i)): 0 for i in range(1001)}, 1000)]  # fmt: skip
MEMBERS = [*bad("x", {}), *bad([ID, "no"], at=".1"), *too_large([ID] * 201, 200)]
OBJECT = bad("x", []) + too_large({"a": "x" * 8192}, 8192)
EMAIL = WRONG_TEXT + bad("no at", "a@b@c") + too_large("a@" + "b" * 254, 255)
CONTENT = WRONG_TEXT + bad("") + too_large("é" * 8193, 16384)
RETENTION = [
    *bad("x", []), *bad({"max_age_days": 0}, {"max_age_days": 36_501}, {"max_age_days": "1"},
                        at=".max_age_days"),
    *bad({"max_messages": 0}, {"max_messages": 10**9 + 1}, {"max_messages": 1.0},
         at=".max_messages")]
MESSAGE = {"room_id": ID, "id": ID}

# type → (a good request, required fields, bad values per field)
REQUESTS = {
    "register_request": (
        {"username": "good-name", "password": PASSWORD}, ["username", "password"],
        {"username": name(3, 32), "password": text(1024, 8), "email": EMAIL,
         "display_name": line(100, char="é"), "device_id": line(64, 1)}),
    "auth_request": (
        {"username": "good-name", "password": PASSWORD}, [],
        {"username": name(3, 32), "password": text(1024, 1), "token": line(4096, 1),
         "refresh_token": line(4096, 1), "device_id": line(64, 1), "rooms": ROOMS}),
    "logout_request": ({"session_id": ID}, [], {"session_id": UUID, "all": FLAG}),
    "resume_request": ({"rooms": {ID: 0}}, ["rooms"], {"rooms": ROOMS}),
    "create_room_request": (
        {"name": "room", "members": [ID]}, ["name"],
        {"name": line(100, 1, "漢"), "room_type": CHOICE + bad("private"),
         "alias": name(1, 64),
         "is_private": FLAG, "description": text(1000, char="é"), "members": MEMBERS}),
    "room_list_request": (
        {"scope": "joined"}, [], {"scope": CHOICE, "query": line(256), "cursor": line(4096),
                                 "limit": PAGE}),
    "room_request": ({"room_id": ID}, [], {"room_id": UUID, "alias": name(1, 64)}),
    "join_room_request": ({"room_id": ID}, [], {"room_id": UUID, "alias": name(1, 64)}),
    "leave_room_request": ({"room_id": ID}, ["room_id"], {"room_id": UUID}),
    "room_members_request": (
        {"room_id": ID}, ["room_id"], {"room_id": UUID, "cursor": line(4096), "limit": PAGE}),
    "send_message_request": (
        {"room_id": ID, "content": "x"}, ["room_id", "content"],
        {"room_id": UUID, "content": CONTENT,
         "message_type": CHOICE + bad("system"), "reply_to": UUID,
         "thread": UUID, "metadata": OBJECT, "safety": CHOICE, "device_seq": SEQ}),
    "history_request": (
        {"room_id": ID}, ["room_id"],
        {"room_id": UUID, "before_seq": SEQ, "after_seq": SEQ, "limit": PAGE, "min_seq": SEQ}),
    "mark_request": (
        {"room_id": ID, "status": "read", "seq": 1}, ["room_id", "status", "seq"],
        {"room_id": UUID, "status": CHOICE + bad("sent"), "seq": SEQ}),
    "user_list_request": (
        {}, [], {"query": line(256), "cursor": line(4096), "limit": PAGE}),
    "user_request": ({"user_id": ID}, [], {"user_id": UUID, "username": name(3, 32)}),
    "session_list_request": ({}, [], {}),
    "heartbeat": ({}, [], {}),
    "direct_room_request": ({"user_id": ID}, ["user_id"], {"user_id": UUID}),
    "update_room_request": (
        {"room_id": ID, "topic": "t"}, ["room_id"],
        {"room_id": UUID, "name": line(100, 1, "漢"), "description": text(1000, char="é"),
         "topic": text(1000, char="é"), "archived": FLAG, "retention": RETENTION}),
    "delete_room_request": ({"room_id": ID}, ["room_id"], {"room_id": UUID}),
    "invite_request": (
        {"room_id": ID, "user_id": ID}, ["room_id", "user_id"],
        {"room_id": UUID, "user_id": UUID, "role": CHOICE}),
    "remove_member_request": (
        {"room_id": ID, "user_id": ID}, ["room_id", "user_id"],
        {"room_id": UUID, "user_id": UUID, "ban": FLAG}),
    "unban_request": (
        {"room_id": ID, "user_id": ID}, ["room_id", "user_id"],
        {"room_id": UUID, "user_id": UUID}),
    "set_role_request": (
        {"room_id": ID, "user_id": ID, "role": "guest"}, ["room_id", "user_id", "role"],
        {"room_id": UUID, "user_id": UUID, "role": CHOICE}),
    "edit_message_request": (
        MESSAGE | {"content": "x"}, ["room_id", "id", "content"],
        {"room_id": UUID, "id": UUID, "content": WRONG_TEXT + too_large("é" * 8193, 16384)}),
    "delete_message_request": (MESSAGE, ["room_id", "id"], {"room_id": UUID, "id": UUID}),
    "reaction_request": (
        MESSAGE | {"emoji": "x", "add": True}, ["room_id", "id", "emoji", "add"],
        {"room_id": UUID, "id": UUID, "emoji": line(64, 1), "add": FLAG}),
    "pin_request": (
        MESSAGE | {"pinned": True}, ["room_id", "id", "pinned"],
        {"room_id": UUID, "id": UUID, "pinned": FLAG}),
    "message_request": (MESSAGE, ["room_id", "id"], {"room_id": UUID, "id": UUID}),
    "typing": (
        {"room_id": ID, "is_typing": True}, ["room_id", "is_typing"],
        {"room_id": UUID, "is_typing": FLAG}),
    "set_presence_request": (
        {"status": "away"}, ["status"], {"status": CHOICE + bad("offline")}),
    "presence_request": (
        {"user_ids": [ID]}, ["user_ids"],
        {"user_ids": [*bad("x", {}), *bad([ID, "no"], at=".1"), *too_large([ID] * 501, 500)]}),
    "update_profile_request": (
        {"display_name": "n"}, [],
        {"display_name": line(100, char="é"), "avatar_url": line(2048), "email": EMAIL}),
    "change_password_request": (
        {"old_password": "not that one", "new_password": PASSWORD},
        ["old_password", "new_password"],
        {"old_password": text(1024, 1), "new_password": text(1024, 8)}),
    "search_request": (
        {"query": "x"}, ["query"],
        {"query": line(256, 1), "room_id": UUID, "cursor": line(4096), "limit": PAGE}),
}  # fmt: skip


def cases(type_):
    """(fields, field of the error, code, limit)"""
    good, required, fields = REQUESTS[type_]
    for field in required:
        yield {k: v for k, v in good.items() if k != field}, field, "INVALID_MESSAGE", None
        yield good | {field: None}, field, "INVALID_MESSAGE", None
    for field, wrong in fields.items():
        for value, path, code, limit in wrong:
            yield good | {field: value}, field + path, code, limit
