# SPDX-License-Identifier: MIT
"""The model of rooms: who is in them, as what, and in which order it came about. Each rule either
raises Refused or does it at once, and returns what the answer must say."""

import dataclasses

from harness import names
from harness.rights import ROLES, verdict


class Refused(Exception):
    """The codes that are right, where the contract leaves open which comes first."""

    def __init__(self, *codes):
        super().__init__(" or ".join(codes))
        self.codes = codes


@dataclasses.dataclass
class User:
    id: str
    name: str
    display_name: str = ""
    avatar_url: str = None
    is_server_admin: bool = False
    is_online: bool = False


@dataclasses.dataclass
class Member:
    role: str
    since: int  # the entry with which he came
    delivered: int
    read: int


@dataclasses.dataclass
class Invitation:
    role: str
    by: str


@dataclasses.dataclass
class Entry:
    seq: int
    type: str
    fields: dict  # what the event says, without the object
    message: object = None
    shown: dict = None  # the object as it was then


class Room:
    def __init__(self, id_, **fields):
        self.id = id_
        self.name = fields.get("name", "")
        self.alias = fields.get("alias")
        self.description = fields.get("description")
        self.topic = None
        self.type = fields.get("room_type", "group")
        self.is_private = fields.get("is_private", False)
        self.archived = False
        self.deleted = False
        self.created_by = fields["created_by"]
        self.members = {}
        self.invited = {}
        self.banned = set()
        self.entries = []
        self.messages = []  # in the order of seq
        self.device_seqs = {}  # (user, device) → the last one
        self.last_message_at = None

    @property
    def last_seq(self):
        return len(self.entries)

    def standing(self, user):
        if user.id in self.members:
            return self.members[user.id].role
        if user.id in self.invited:
            return "invited"
        return "banned" if user.id in self.banned else "none"

    def shown(self):
        return {"name": self.name, "topic": self.topic, "description": self.description,
                "archived": self.archived, "member_count": len(self.members),
                "last_seq": self.last_seq}  # fmt: skip

    def owners(self):
        return [m for m in self.members.values() if m.role == "owner"]


class People:
    def __init__(self):
        self.users = {}
        self.rooms = {}
        self.taken = {}  # alias → room
        self.heard = {}  # user → {room: [(seq, is it a replay)]} that must arrive

    def add(self, name):
        user = User(names.user_id(name), name, display_name=name)
        self.users[user.id] = user
        self.heard[user.id] = {}
        return user

    # -- what is common to all -----------------------------------------------

    def find(self, user, room_id, action):
        """The room, if he may do this there."""
        room = self.rooms.get(room_id)
        if room is None or room.deleted:
            raise Refused("ROOM_NOT_FOUND")
        bad = self.forbids(user, room, action)
        if bad:
            raise Refused(bad)
        return room

    @staticmethod
    def forbids(user, room, action):
        return verdict(action, room.standing(user), room.type, room.archived, user.is_server_admin)

    @staticmethod
    def rank(user, room):
        if user.is_server_admin:
            return len(ROLES)
        member = room.members.get(user.id)
        return ROLES.index(member.role) if member else -1

    def may_give(self, user, room, role):
        rank = self.rank(user, room)
        return rank >= ROLES.index("owner") or ROLES.index(role) < rank

    def append(self, room, type_, audience=(), message=None, outside=(), **fields):
        """The next entry; `audience` hears it beside those who are members now. So do those
        `outside`, but by themselves and a moment later: they see the room as it is then."""
        entry = Entry(room.last_seq + 1, type_, fields, message)
        room.entries.append(entry)
        entry.shown = message.shown() if message else room.shown()
        for user_id in {*room.members, *audience, *outside}:
            if self.users[user_id].is_online:
                due = self.heard[user_id].setdefault(room.id, [])
                due.append((entry.seq, user_id in outside))
        return entry

    def happened(self, room, kind, by, subject=None, audience=(), outside=()):
        subject = subject or by
        return self.append(room, "room_event", audience, outside=outside, kind=kind,
                           user_id=subject, by=by)  # fmt: skip

    @staticmethod
    def enter(room, user_id, role, seq):
        room.members[user_id] = Member(role, seq, seq, seq)

    def keeps_an_owner(self, room, user_id):
        member = room.members[user_id]
        if member.role == "owner" and len(room.owners()) == 1 and len(room.members) > 1:
            raise Refused("CONFLICT")

    # -- rooms ---------------------------------------------------------------

    def create(self, user, message_id, **fields):
        alias = fields.get("alias")
        if any(m not in self.users for m in fields.get("members", [])):
            raise Refused("USER_NOT_FOUND", *(["CONFLICT"] if alias in self.taken else []))
        if alias in self.taken:
            raise Refused("CONFLICT")
        id_ = names.room_id(alias) if alias else names.room_id_of_creation(user.id, message_id)
        return {"room": self.new(id_, user, "owner", **fields)}

    def new(self, id_, user, role, members=(), **fields):
        room = Room(id_, created_by=user.id, **fields)
        self.rooms[id_] = room
        if room.alias:
            self.taken[room.alias] = room
        self.enter(room, user.id, role, 1)
        for other in members:
            if other not in room.members:
                self.enter(room, other, "member", 1)
        self.happened(room, "created", user.id)
        return room

    def direct(self, user, other_id):
        """And whether it was there."""
        if other_id == user.id:
            raise Refused("INVALID_MESSAGE")
        id_ = names.direct_id(user.id, other_id)
        if id_ in self.rooms:
            return {"room": self.rooms[id_], "duplicate": True}
        if other_id not in self.users:
            raise Refused("USER_NOT_FOUND")
        return {"room": self.new(id_, user, "member", [other_id], room_type="private",
                                 is_private=True)}  # fmt: skip

    def look(self, user, room_id):
        return {"room": self.find(user, room_id, "see")}

    def update(self, user, room_id, **fields):
        actions = {"name": "set_details", "description": "set_details", "topic": "set_topic",
                   "archived": "archive"}  # fmt: skip
        for field in fields:
            room = self.find(user, room_id, actions[field])
        new = {k: v if v != "" else None for k, v in fields.items()}
        if any(getattr(room, k) != v for k, v in new.items()):
            for key, value in new.items():
                setattr(room, key, value)
            self.happened(room, "updated", user.id)
        return {"room": room}

    def delete(self, user, room_id):
        room = self.find(user, room_id, "delete_room")
        room.deleted = True
        self.happened(room, "deleted", user.id, outside=room.invited)
        return {}

    # -- people in rooms -----------------------------------------------------

    def join(self, user, room_id):
        room = self.rooms.get(room_id)
        if room and not room.deleted and user.id in room.members:
            return {"room": room, "member": room.members[user.id]}
        room = self.find(user, room_id, "join")
        invitation = room.invited.pop(user.id, None)
        self.enter(room, user.id, invitation.role if invitation else "member", room.last_seq + 1)
        self.happened(room, "joined", user.id)
        return {"room": room, "member": room.members[user.id]}

    def leave(self, user, room_id):
        room = self.find(user, room_id, "leave")
        if user.id in room.members:
            self.keeps_an_owner(room, user.id)
            del room.members[user.id]
            self.happened(room, "left", user.id, audience=[user.id])
        else:
            del room.invited[user.id]
            self.happened(room, "left", user.id, outside=[user.id])
        return {}

    def invite(self, user, room_id, other_id, role=None):
        room = self.find(user, room_id, "invite")
        if other_id not in self.users:
            # Whether he may give the role is looked at elsewhere than whether the person is there.
            also = [] if self.may_invite_as(user, room, role or "member") else ["FORBIDDEN"]
            raise Refused("USER_NOT_FOUND", *also)
        if other_id in room.members:
            if role and role != room.members[other_id].role:
                raise Refused("CONFLICT")
            return {}
        if other_id in room.banned:
            raise Refused("CONFLICT")
        known = room.invited.get(other_id)
        role = role or (known.role if known else "member")
        if known and known.role == role:
            return {}
        for each in [role, known.role if known else "guest"]:
            if not self.may_invite_as(user, room, each):
                raise Refused("FORBIDDEN")
        room.invited[other_id] = Invitation(role, user.id)
        self.happened(room, "invited", user.id, other_id, outside=[other_id])
        return {}

    def may_invite_as(self, user, room, role):
        return role in ("guest", "member") or self.may_give(user, room, role)

    def remove(self, user, room_id, other_id, ban=False):
        room = self.rooms.get(room_id)
        invitation = room.invited.get(other_id) if room else None
        own = (invitation and not ban and invitation.by == user.id and user.id in room.members
               and not room.deleted)  # fmt: skip
        if not own:
            room = self.find(user, room_id, "ban" if ban else "remove")
        if other_id == user.id:
            raise Refused("INVALID_MESSAGE")
        if other_id not in self.users:
            raise Refused("USER_NOT_FOUND")
        if other_id in room.members:
            if self.rank(user, room) <= ROLES.index(room.members[other_id].role):
                raise Refused("FORBIDDEN")
            self.keeps_an_owner(room, other_id)
            del room.members[other_id]
            told = {"audience": [other_id]}
        elif other_id in room.invited:
            del room.invited[other_id]
            told = {"outside": [other_id]}
        elif not ban:
            raise Refused("USER_NOT_FOUND")
        elif other_id in room.banned:
            return {}
        else:
            room.banned.add(other_id)
            self.happened(room, "banned", user.id, other_id)
            return {}
        if ban:
            room.banned.add(other_id)
        self.happened(room, "banned" if ban else "removed", user.id, other_id, **told)
        return {}

    def unban(self, user, room_id, other_id):
        room = self.find(user, room_id, "unban")
        if other_id in room.banned:
            room.banned.discard(other_id)
            self.happened(room, "unbanned", user.id, other_id)
        return {}

    def set_role(self, user, room_id, other_id, role):
        room = self.find(user, room_id, "set_role")
        if other_id not in room.members:
            raise Refused("USER_NOT_FOUND")
        member = room.members[other_id]
        if member.role == role:
            return {}
        if other_id != user.id and self.rank(user, room) <= ROLES.index(member.role):
            raise Refused("FORBIDDEN")
        if not self.may_give(user, room, role):
            raise Refused("FORBIDDEN")
        self.keeps_an_owner(room, other_id)
        member.role = role
        self.happened(room, "role", user.id, other_id)
        return {}
