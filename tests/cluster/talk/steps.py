# SPDX-License-Identifier: MIT
"""What a step of the walk can be, and how often it is; each draws what is asked, asks the model and
the node."""

from . import steps_again, steps_people, steps_said

WEIGHTS = {
    "send": 24, "burst": 1.5, "twice": 1.5, "edit": 6, "erase": 3, "react": 7, "pin": 3, "mark": 9,
    "history": 8, "members": 2, "message": 5, "look": 3, "lists": 1.5, "create": 1, "direct": 1,
    "join": 5, "leave": 1.2, "invite": 4, "remove": 2, "unban": 1, "set_role": 4, "update": 3,
    "delete": 0.15, "repeat": 6, "alter": 2, "resume": 2, "travel": 1.5, "profile": 1,
    "register": 0.1, "move": 0.4,
}  # fmt: skip

# What is remembered by its message_id. Marks are not.
REPEATABLE = {
    "create_room_request", "direct_room_request", "update_room_request", "delete_room_request",
    "join_room_request", "leave_room_request", "invite_request", "remove_member_request",
    "unban_request", "set_role_request", "send_message_request", "edit_message_request",
    "delete_message_request", "reaction_request", "pin_request",
}  # fmt: skip


def find(name):
    """The step of this name."""
    return next(getattr(m, name) for m in (steps_said, steps_people, steps_again)
                if hasattr(m, name))  # fmt: skip
