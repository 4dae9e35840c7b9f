# SPDX-License-Identifier: MIT
"""What people ask for in a room, over a socket and over HTTP, and what each is told. `$name` in a
field or a path is an id of the room: of somebody, of a message, of a webhook."""

import dataclasses
import string

from .names import NOBODY
from .rights import ROLES, may_give, rank, scope_refuses, verdict


@dataclasses.dataclass
class Ask:
    name: str
    type: str  # the request; None: only HTTP has it
    right: str  # the action of the table; None: admins of the server only
    fields: dict
    http: tuple = None  # (operationId, method, path, body)
    on: str = None  # the rank of this one has to be below one's own
    gives: str = None  # as has this role
    scopes: set = None  # of what only HTTP has; None: no token of a bot reaches it
    passes: str = None  # what it is refused for when it is allowed, and nothing comes of it
    anywhere: bool = True  # also in direct rooms, which have no alias


def put(value, ids):
    """With what is meant by each `$name`."""
    if isinstance(value, str):
        return string.Template(value).substitute(ids)
    if isinstance(value, dict):
        return {put(k, ids): put(v, ids) for k, v in value.items()}
    return [put(v, ids) for v in value] if isinstance(value, list) else value


def room(operation, method="GET", below="", body=None):
    return operation, method, "/api/rooms/$room" + below, body


def member(operation, method, who, body=None):
    return operation, method, f"/api/rooms/$room/members/{who}", body


def message(operation, method, below, body=None):
    return operation, method, f"/api/messages/$room{below}", body


def update(ask, right, **fields):
    return Ask(ask, "update_room_request", right, fields, room("updateRoom", "PATCH", "", fields))


def hook(name, operation, method, below, **more):
    return Ask(name, None, "webhooks", {}, room(operation, method, "/webhooks" + below),
               scopes={"manage"}, **more)  # fmt: skip


def admin(name, right, *http, **more):
    return Ask(name, None, right, {}, http, **more)


# In an order in which nothing takes away what a later one needs.
ASKS = [
    Ask("see", "room_request", "see", {}, room("getRoom")),
    Ask("see_by_alias", "room_request", "see", {"room_id": None, "alias": "$alias"},
        anywhere=False),
    Ask("history", "history_request", "read", {}, message("history", "GET", "/history")),
    Ask("members", "room_members_request", "read", {}, room("listMembers", "GET", "/members")),
    Ask("message", "message_request", "read", {"id": "$kept"},
        message("getMessage", "GET", "/$kept")),
    Ask("search", "search_request", "read", {"query": "word"},
        ("search", "GET", "/api/search?query=word&room_id=$room", None)),
    Ask("mark", "mark_request", "read", {"status": "delivered", "seq": 1}),
    Ask("resume", "resume_request", "read", {"room_id": None, "rooms": {"$room": 1}}),
    Ask("typing", "typing", "send", {"is_typing": True}),
    Ask("send", "send_message_request", "send", {"content": "x"},
        message("sendMessage", "POST", "", {"content": "x"})),
    Ask("mention_all", "send_message_request", "mention_all", {"content": "@room look"},
        message("sendMessage", "POST", "", {"content": "@room look"})),
    Ask("react", "reaction_request", "react", {"id": "$kept", "emoji": "x", "add": True}),
    Ask("pin", "pin_request", "pin", {"id": "$kept", "pinned": True}),
    Ask("edit_own", "edit_message_request", "change_own", {"id": "$own", "content": "new"},
        message("editMessage", "PATCH", "/$own", {"content": "new"})),
    Ask("edit_other", "edit_message_request", "change_own", {"id": "$kept", "content": "new"},
        message("editMessage", "PATCH", "/$kept", {"content": "new"}), passes="FORBIDDEN"),
    Ask("delete_own", "delete_message_request", "delete_own", {"id": "$own"},
        message("deleteMessage", "DELETE", "/$own")),
    Ask("delete_any", "delete_message_request", "delete_any", {"id": "$other"},
        message("deleteMessage", "DELETE", "/$other")),
    Ask("invite", "invite_request", "invite", {"user_id": "$new"},
        member("putMember", "PUT", "$new", {})),
    Ask("invite_admin", "invite_request", "invite", {"user_id": "$newer", "role": "admin"},
        member("putMember", "PUT", "$newer", {"role": "admin"}), gives="admin"),
    Ask("withdraw", "remove_member_request", "remove", {"user_id": "$invited"},
        member("deleteMember", "DELETE", "$invited")),
    update("set_topic", "set_topic", topic="t"),
    update("set_name", "set_details", name="n"),
    update("set_description", "set_details", description="d"),
    update("set_retention", "set_retention", retention={"max_age_days": 30}),
    Ask("set_role", "set_role_request", "set_role", {"user_id": "$raised", "role": "guest"},
        member("putMember", "PUT", "$raised", {"role": "guest"}), on="member", gives="guest"),
    Ask("give_admin", "set_role_request", "set_role", {"user_id": "$raised", "role": "admin"},
        member("putMember", "PUT", "$raised", {"role": "admin"}), on="guest", gives="admin"),
    Ask("unban", "unban_request", "unban", {"user_id": "$banned"},
        room("unban", "DELETE", "/bans/$banned")),
    Ask("remove", "remove_member_request", "remove", {"user_id": "$removed"},
        member("deleteMember", "DELETE", "$removed"), on="member"),
    Ask("ban", "remove_member_request", "ban", {"user_id": "$outlaw", "ban": True},
        member("deleteMember", "DELETE", "$outlaw?ban=true"), on="member"),
    Ask("remove_owner", "remove_member_request", "remove", {"user_id": "$boss"},
        member("deleteMember", "DELETE", "$boss"), on="owner"),
    hook("hooks", "listWebhooks", "GET", ""),
    Ask("make_hook", None, "webhooks", {},
        room("createWebhook", "POST", "/webhooks", {"kind": "incoming", "name": "h"}),
        scopes={"manage", "write"}),
    hook("dead", "listDeliveries", "GET", "/$hook/dead"),
    hook("replay", "replayDelivery", "POST", f"/$hook/dead/{NOBODY}/replay",
         passes="INVALID_MESSAGE"),
    hook("resume_hook", "resumeWebhook", "POST", "/$hook/resume"),
    hook("end_hook", "deleteWebhook", "DELETE", "/$hook"),
    Ask("export", None, "export_room", {}, room("exportRoom", "GET", "/export"), scopes={"read"}),
    admin("admin_export", "export_room", "exportRoomAsAdmin", "GET",
          "/api/admin/rooms/$room/export", None),
    admin("announce", None, "announce", "POST", "/api/admin/announcements",
          {"target": "room", "id": "$room", "content": "x"}),
    admin("restore", None, "restoreRoom", "POST", "/api/admin/rooms/$room/restore",
          {"lines": '{"line":"no such line"}'}, passes="INVALID_MESSAGE"),
    admin("abandon", None, "abandonRestore", "DELETE", "/api/admin/rooms/$room/restore", None,
          passes="ROOM_NOT_FOUND"),  # which is not there yet
    Ask("leave", "leave_room_request", "leave", {}, member("deleteMember", "DELETE", "me")),
    Ask("join", "join_room_request", "join", {}, member("putMember", "PUT", "me", {})),
    Ask("join_by_alias", "join_room_request", "join", {"room_id": None, "alias": "$alias"},
        anywhere=False),
    update("archive", "archive", archived=True),
    update("unarchive", "archive", archived=False),
    Ask("delete_room", "delete_room_request", "delete_room", {},
        room("deleteRoom", "DELETE", "")),
]  # fmt: skip


@dataclasses.dataclass
class Actor:
    """Somebody with one standing in all rooms."""

    standing: str  # of rights.STANDINGS, or `former`
    account: str  # user, admin, bot
    scopes: frozenset = None  # of a bot's token
    elsewhere: bool = False  # it is for another room

    def __str__(self):
        scopes = "" if self.scopes is None else " ".join(sorted(self.scopes))
        return f"{self.standing}, {self.account} {scopes}{' elsewhere' * self.elsewhere}"


def token_refuses(ask, actor):
    """The field that the error names, or None."""
    if actor.scopes is None:
        return None
    if ask.type is None:
        lacking = ask.scopes is None or not ask.scopes <= actor.scopes
    else:
        lacking = scope_refuses(ask.type, actor.scopes)
    if lacking:
        return "scopes"
    return "room_id" if actor.elsewhere else None


def of_the_message(ask, standing, *where):
    """One's own, which one may delete as a guest as well, or other people's."""
    wanted = verdict("change_own", standing, *where)
    if standing == "guest" and wanted == "FORBIDDEN":
        return verdict("change_own", "member", *where)
    return wanted


def expected(ask, actor, room_type, archived=False, deleted=False, http=False):
    """None if it succeeds, else the code of the error."""
    server = actor.account == "admin"
    if token_refuses(ask, actor):
        return "FORBIDDEN"
    if ask.name in ("announce", "restore", "abandon", "admin_export") and not server:
        return "FORBIDDEN"
    if ask.name in ("restore", "abandon"):
        return ask.passes
    if deleted:
        return "ROOM_NOT_FOUND"
    outside = "former", *(["invited"] if room_type == "private" else [])
    standing = "none" if actor.standing in outside else actor.standing
    where = (standing, room_type, archived, server)
    if ask.name == "announce":
        return "ROOM_NOT_FOUND" if room_type == "private" else "CONFLICT" if archived else None
    if ask.name == "delete_own":
        return of_the_message(ask, *where)
    if ask.right == "join" and standing in ROLES:
        return None  # without effect
    if ask.name == "resume" and standing not in ROLES:
        return "ROOM_NOT_FOUND"
    wanted = verdict(ask.right, *where)
    if ask.right == "mention_all":
        return verdict("send", *where) or (wanted and "is no mention")
    if wanted == "CONFLICT" and http and ask.name == "invite_admin" and room_type != "private":
        # The same route gives a member his role: who may not do that is told so.
        return verdict("set_role", *where) or wanted
    if wanted or room_type == "private":
        return wanted or ask.passes
    high = ask.on and rank(standing, server) <= ROLES.index(ask.on)
    if high or (ask.gives and not may_give(standing, server, ask.gives)):
        return "FORBIDDEN"
    return ask.passes
