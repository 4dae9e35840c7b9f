# SPDX-License-Identifier: MIT
"""What is asked for that concerns no room, and who is refused: by nothing but his account and his
token, as section 3.1 and 7 of docs/protocol.md have it."""

import dataclasses

from .names import NOBODY
from .rights import scope_refuses

# Answered without a log-in, or with another secret than a token.
OPEN = {"root", "listEndpoints", "health", "healthLive", "healthReady", "metrics", "openapi",
        "asyncapi", "openSocket", "register", "createUser", "logIn", "refresh",
        "postToWebhook"}  # fmt: skip


@dataclasses.dataclass
class AccountAsk:
    name: str
    type: str  # the request; None: only HTTP has it
    fields: dict = dataclasses.field(default_factory=dict)
    http: tuple = None  # (operationId, method, path, body)
    admin: bool = False  # admins of the server only
    bots: bool = False  # of what only HTTP has: tokens of bots reach it all the same
    makes_rooms: bool = False  # not with a token for some rooms
    last: bool = False  # it begins or ends the session, so each asker is a new one
    open: bool = False  # also without a log-in
    passes: str = None  # what it is refused for when it is allowed


def admin(name, *http, **more):
    return AccountAsk(name, None, {}, (name, *http), admin=True, **more)


def own(name, *http, **more):
    return AccountAsk(name, None, {}, (name, *http), **more)


ROLE = {"role": "user"}
PROFILE = {"display_name": "Somebody"}
PASSWORDS = {"old_password": "$password", "new_password": "$password"}
CLOSE = {"password": "$password"}

ACCOUNT_ASKS = [
    AccountAsk("heartbeat", "heartbeat", open=True),
    AccountAsk("register", "register_request", {"username": "$fresh", "password": "$password"},
               open=True, last=True, passes="CONFLICT"),
    AccountAsk("renew", "auth_request", {"token": "$token"}),
    AccountAsk("sessions", "session_list_request", {},
               ("listSessions", "GET", "/api/users/me/sessions", None)),
    AccountAsk("create_room", "create_room_request", {"name": "Mine"},
               ("createRoom", "POST", "/api/rooms", {"name": "Mine"}), makes_rooms=True),
    AccountAsk("direct_room", "direct_room_request", {"user_id": "$other"},
               ("createRoom", "POST", "/api/rooms", {"user_id": "$other"}), makes_rooms=True),
    AccountAsk("rooms", "room_list_request", {}, ("listRooms", "GET", "/api/rooms", None)),
    AccountAsk("set_presence", "set_presence_request", {"status": "away"}),
    AccountAsk("presence", "presence_request", {"user_ids": ["$other"]}),
    AccountAsk("users", "user_list_request", {}, ("listUsers", "GET", "/api/users", None)),
    AccountAsk("user", "user_request", {"user_id": "$other"},
               ("getUser", "GET", "/api/users/$other", None)),
    AccountAsk("oneself", "user_request", {"username": "$username"},
               ("getOwnUser", "GET", "/api/users/me", None)),
    AccountAsk("search", "search_request", {"query": "word"},
               ("search", "GET", "/api/search?query=word", None)),
    AccountAsk("profile", "update_profile_request", PROFILE,
               ("updateOwnUser", "PATCH", "/api/users/me", PROFILE)),
    AccountAsk("profile_by_id", "update_profile_request", PROFILE,
               ("updateUser", "PATCH", "/api/users/$id", PROFILE)),
    AccountAsk("profile_of_another", None, {},
               ("updateUser", "PATCH", "/api/users/$other", PROFILE), bots=True,
               passes="FORBIDDEN"),
    AccountAsk("password", "change_password_request", PASSWORDS,
               ("changePassword", "PUT", "/api/users/me/password", PASSWORDS)),
    own("endSession", "DELETE", f"/api/users/me/sessions/{NOBODY}", None,
        passes="INVALID_MESSAGE"),
    own("echo", "POST", "/api/echo", {"a": 1}, bots=True),
    own("exportOwnUser", "GET", "/api/users/me/export", None),
    own("exportOwnMessages", "GET", "/api/users/me/export/messages", None),
    admin("setUserRole", "PUT", "/api/admin/users/$scrap/role", ROLE),
    admin("deactivateUser", "POST", "/api/admin/users/$scrap/deactivate", None),
    admin("reopenUser", "POST", "/api/admin/users/$scrap/reopen", None),
    admin("exportUser", "GET", "/api/admin/users/$scrap/export", None),
    admin("exportMessagesOf", "GET", "/api/admin/users/$scrap/export/messages", None),
    admin("eraseUser", "POST", "/api/admin/users/$scrap/erase", None),
    admin("listBotTokens", "GET", "/api/admin/bots/$robot/tokens", None),
    admin("issueBotToken", "POST", "/api/admin/bots/$robot/tokens", {"scopes": "read"}),
    admin("revokeBotToken", "DELETE", f"/api/admin/bots/$robot/tokens/{NOBODY}", None,
          passes="INVALID_MESSAGE"),
    admin("announce", "POST", "/api/admin/announcements",
          {"target": "user", "id": "$other", "content": "x"}),
    admin("askConsole", "POST", "/api/admin/console", {"verb": "nodes"}),
    AccountAsk("log_out", "logout_request", {},
               ("logOut", "POST", "/api/auth/logout", {}), last=True, bots=True),
    AccountAsk("log_out_all", "logout_request", {"all": True},
               ("endAllSessions", "DELETE", "/api/users/me/sessions", None), last=True),
    own("deactivateOwnUser", "POST", "/api/users/me/deactivate", CLOSE, last=True),
    own("eraseOwnUser", "POST", "/api/users/me/erase", CLOSE, last=True),
]  # fmt: skip


def expected_of_account(ask, account, scopes, elsewhere):
    """None if it succeeds, else the code. `account`: nobody, user, admin, bot; `scopes`: None
    unless a token of a bot is used; `elsewhere`: it is for some rooms."""
    if account == "nobody":
        return None if ask.open else "UNAUTHORIZED"
    if ask.admin and account != "admin":
        return "FORBIDDEN"
    if scopes is not None:
        reached = ask.bots if ask.type is None else not scope_refuses(ask.type, scopes)
        if not reached or ask.name == "log_out_all" or (ask.makes_rooms and elsewhere):
            return "FORBIDDEN"
    return ask.passes
