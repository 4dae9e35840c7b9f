# SPDX-License-Identifier: MIT
"""Who may do what in a room: the table of section 3.3 of docs/protocol.md, read from there."""

import re

from .process import ROOT

ROLES = ["guest", "member", "moderator", "admin", "owner"]
STANDINGS = ["none", "banned", "invited", *ROLES]


def read_table():
    """action → {column: may he}; columns are STANDINGS, `server`, `direct` and `archived`."""
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
    assert columns == [*STANDINGS, "server", "direct", "archived"], columns
    return table


TABLE = read_table()


def verdict(action, standing, room_type, archived=False, server=False):
    """None if he may, else the error code."""
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
