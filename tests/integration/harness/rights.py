# SPDX-License-Identifier: MIT
"""Who may do what in a room: the table of section 3.3 of docs/protocol.md, written down a second
time; and what tokens of bots reach, section 3.1. The tests hold it against page and node."""

import re

from .process import ROOT

ROLES = ["guest", "member", "moderator", "admin", "owner"]
STANDINGS = ["none", "banned", "invited", *ROLES]
COLUMNS = [*STANDINGS, "server", "direct", "archived", "everybody"]

# One sign for each of COLUMNS.
_ROWS = {
    "see":           "●●●●●●●●●●●●",
    "read":          "–––●●●●●–●●●",
    "send":          "––––●●●●–●–●",
    "react":         "––––●●●●–●–●",
    "change_own":    "––––●●●●–●–●",
    "delete_any":    "–––––●●●–––●",
    "pin":           "–––––●●●–●–●",
    "mention_all":   "–––––●●●–●–●",
    "join":          "●–●●●●●●–●–●",
    "leave":         "––●●●●●●––●–",
    "invite":        "––––●●●●––––",
    "set_topic":     "–––––●●●●–●●",
    "set_details":   "––––––●●●–●●",
    "archive":       "––––––●●●–●●",
    "set_retention": "–––––––●●–●●",
    "remove":        "–––––●●●●–●–",
    "ban":           "–––––●●●●–●–",
    "unban":         "–––––●●●●–●–",
    "set_role":      "––––––●●●–●–",
    "delete_room":   "–––––––●●–●–",
    "export_room":   "–––––––●●●●●",
    "webhooks":      "––––––●●●–●●",
}  # fmt: skip
TABLE = {action: {c: s == "●" for c, s in zip(COLUMNS, row)} for action, row in _ROWS.items()}

# scope → the requests that it is for; no other request is for a token of a bot, but ANY.
SCOPES = {
    "read": {"resume_request", "room_list_request", "room_request", "room_members_request",
             "history_request", "message_request", "search_request", "presence_request",
             "user_list_request", "user_request"},
    "write": {"send_message_request", "edit_message_request", "delete_message_request",
              "reaction_request", "pin_request", "mark_request", "typing", "set_presence_request"},
    "manage": {"create_room_request", "direct_room_request", "update_room_request",
               "delete_room_request", "join_room_request", "leave_room_request", "invite_request",
               "remove_member_request", "unban_request", "set_role_request",
               "update_profile_request"},
}  # fmt: skip
ANY = {"heartbeat", "register_request", "auth_request", "logout_request"}


def documented_table():
    """The same as TABLE, read from the page."""
    text = (ROOT / "docs/protocol.md").read_text()
    lines = iter(text[text.index("| action | none |"):].splitlines())
    columns = [cell.strip() for cell in next(lines).strip("|").split("|")][1:]
    next(lines)
    table = {}
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        action = re.match(r"`(\w+)`", cells[0]).group(1)
        assert set(cells[1:]) <= {"●", "–"} and len(cells) == len(columns) + 1, line
        table[action] = {c: cell == "●" for c, cell in zip(columns, cells[1:])}
    return table


def verdict(action, standing, room_type, archived=False, server=False):
    """None if he may, else the error code. `server`: he is an admin of the server."""
    row = TABLE[action]
    inside = standing in ROLES
    server = server and room_type != "private"
    if not (room_type == "public" or inside or standing == "invited" or server):
        return "ROOM_NOT_FOUND"
    if room_type == "private":
        return None if row["direct"] else "CONFLICT"
    place = standing if inside or standing == "invited" or room_type == "public" else None
    # What somebody who is nothing here may do, one who is invited may in a public room as well.
    by_place = place and row[place]
    if place == "invited" and room_type == "public":
        by_place = by_place or row["none"]
    if not by_place and not (server and row["server"]):
        return "FORBIDDEN"
    return "CONFLICT" if archived and not row["archived"] else None


def rank(standing, server):
    """Nobody acts on his like; admins of the server stand above owners."""
    return len(ROLES) if server else ROLES.index(standing) if standing in ROLES else -1


def may_give(standing, server, role):
    """Roles below one's own, owners any."""
    return server or standing == "owner" or ROLES.index(role) < rank(standing, server)


def scope_refuses(type_, scopes):
    """Whether a token with these scopes (None: no token of a bot) does not reach a request."""
    if scopes is None or type_ in ANY:
        return False
    return not any(type_ in SCOPES[s] for s in scopes)
