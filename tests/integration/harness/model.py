# SPDX-License-Identifier: MIT
"""Chat as docs/protocol.md describes it, in memory and as simple as can be. Each request is a
function of the room or of the world that returns either the code of its error, or what its answer
says of the order: the seq."""

import dataclasses
import itertools

from .rights import ROLES, verdict

RANK = {role: i for i, role in enumerate(ROLES)}


@dataclasses.dataclass
class Message:
    seq: int
    id: str
    sender: str
    content: str
    mentions: list
    reply_to: str = None
    pinned: bool = False
    deleted: bool = False
    reactions: dict = dataclasses.field(default_factory=dict)  # emoji → users, in order
    # The change that made it so.
    edited_seq: int = 0
    deleted_seq: int = 0
    pinned_seq: int = 0
    reaction_seqs: dict = dataclasses.field(default_factory=dict)  # (user, emoji) → seq


@dataclasses.dataclass
class Member:
    role: str
    joined_seq: int
    delivered: int
    read: int


@dataclasses.dataclass
class Outsider:
    banned: bool
    role: str = "member"
    by: str = None


class Room:
    def __init__(self, id_, type_, name, roles):
        self.id = id_
        self.type = type_
        self.name = name
        self.topic = None
        self.archived = False
        self.deleted = False
        self.seq = 1
        self.members = {user: Member(role, 1, 1, 1) for user, role in roles.items()}
        self.outsiders = {}
        self.messages = []

    def standing(self, user):
        if user in self.members:
            return self.members[user].role
        known = self.outsiders.get(user)
        return "none" if known is None else "banned" if known.banned else "invited"

    def may(self, action, user, as_at_least=None):
        if self.deleted:
            return "ROOM_NOT_FOUND"
        standing = self.standing(user)
        if as_at_least and standing in RANK:
            standing = max(standing, as_at_least, key=RANK.get)
        return verdict(action, standing, self.type, self.archived)

    def take_seq(self):
        self.seq += 1
        return self.seq

    def message(self, id_):
        return next(m for m in self.messages if m.id == id_)

    def keeps_an_owner(self, member):
        owners = [m for m in self.members.values() if m.role == "owner"]
        return not (member.role == "owner" and len(owners) == 1 and len(self.members) > 1)

    # -- people --------------------------------------------------------------

    def join(self, user):
        if not self.deleted and user in self.members:
            return self.seq
        if refused := self.may("join", user):
            return refused
        invited = self.outsiders.pop(user, None)
        seq = self.take_seq()
        self.members[user] = Member(invited.role if invited else "member", seq, seq, seq)
        return seq

    def leave(self, user):
        if refused := self.may("leave", user):
            return refused
        if member := self.members.get(user):
            if not self.keeps_an_owner(member):
                return "CONFLICT"
            del self.members[user]
        else:
            del self.outsiders[user]
        return self.take_seq()

    def invite(self, user, other, role):
        if refused := self.may("invite", user):
            return refused
        if member := self.members.get(other):
            return "CONFLICT" if role and role != member.role else self.seq
        known = self.outsiders.get(other)
        if known and known.banned:
            return "CONFLICT"
        role = role or (known.role if known else "member")
        if known and known.role == role:
            return self.seq
        self.outsiders[other] = Outsider(False, role, user)
        return self.take_seq()

    def remove(self, user, other, ban):
        known = self.outsiders.get(other)
        invited = known is not None and not known.banned
        own = not ban and invited and known.by == user and user in self.members
        if self.deleted or self.type == "private" or not own:
            if refused := self.may("ban" if ban else "remove", user):
                return refused
        if user == other:
            return "INVALID_MESSAGE"
        if member := self.members.get(other):
            if RANK[self.standing(user)] <= RANK[member.role]:
                return "FORBIDDEN"
            del self.members[other]
        elif not ban and not invited:
            return "USER_NOT_FOUND"
        elif ban and known and known.banned:
            return self.seq
        self.outsiders.pop(other, None)
        if ban:
            self.outsiders[other] = Outsider(True)
        return self.take_seq()

    def unban(self, user, other):
        if refused := self.may("unban", user):
            return refused
        known = self.outsiders.get(other)
        if known is None or not known.banned:
            return self.seq
        del self.outsiders[other]
        return self.take_seq()

    def set_role(self, user, other, role):
        if refused := self.may("set_role", user):
            return refused
        member = self.members.get(other)
        if member is None:
            return "USER_NOT_FOUND"
        if member.role == role:
            return self.seq
        own = RANK[self.standing(user)]
        if user != other and own <= RANK[member.role]:
            return "FORBIDDEN"
        if self.standing(user) != "owner" and RANK[role] >= own:
            return "FORBIDDEN"
        if not self.keeps_an_owner(member):
            return "CONFLICT"
        member.role = role
        return self.take_seq()

    # -- the room ------------------------------------------------------------

    def update(self, user, field, value):
        action = {"name": "set_details", "topic": "set_topic", "archived": "archive"}[field]
        if refused := self.may(action, user):
            return refused
        if getattr(self, field) == value:
            return self.seq
        setattr(self, field, value)
        return self.take_seq()

    def delete(self, user):
        if refused := self.may("delete_room", user):
            return refused
        self.take_seq()
        self.deleted = True
        return self.seq

    # -- messages ------------------------------------------------------------

    def send(self, user, content, mentions, reply_to):
        if refused := self.may("send", user):
            return refused
        mentioned = [other for other in mentions if other in self.members]
        self.messages.append(Message(self.take_seq(), None, user, content, mentioned, reply_to))
        return self.seq

    def edit(self, user, id_, content):
        if refused := self.may("read", user) or self.may("change_own", user):
            return refused
        m = self.message(id_)
        if m.sender != user:
            return "FORBIDDEN"
        if m.deleted:
            return "CONFLICT"
        if m.content == content:
            return m.edited_seq or m.seq
        m.content, m.mentions, m.edited_seq = content, [], self.take_seq()
        return self.seq

    def delete_message(self, user, id_):
        if refused := self.may("read", user):
            return refused
        m = self.message(id_)
        refused = (self.may("change_own", user, as_at_least="member") if m.sender == user
                   else self.may("delete_any", user))  # fmt: skip
        if refused:
            return refused
        if m.deleted:
            return m.deleted_seq
        m.deleted, m.deleted_seq = True, self.take_seq()
        m.content, m.mentions, m.reactions, m.reaction_seqs = "", [], {}, {}
        if m.pinned:
            m.pinned, m.pinned_seq = False, m.deleted_seq
        return self.seq

    def react(self, user, id_, emoji, add):
        if refused := self.may("read", user) or self.may("react", user):
            return refused
        m = self.message(id_)
        if m.deleted:
            return "CONFLICT" if add else m.deleted_seq
        users = m.reactions.get(emoji, [])
        if (user in users) == add:
            return m.reaction_seqs.get((user, emoji)) or m.seq
        m.reactions[emoji] = [*users, user] if add else [u for u in users if u != user]
        if not m.reactions[emoji]:
            del m.reactions[emoji]
        m.reaction_seqs[user, emoji] = self.take_seq()
        return self.seq

    def pin(self, user, id_, pinned):
        if refused := self.may("read", user) or self.may("pin", user):
            return refused
        m = self.message(id_)
        if m.pinned == pinned:
            return m.pinned_seq or m.seq
        if m.deleted:
            return "CONFLICT"
        m.pinned, m.pinned_seq = pinned, self.take_seq()
        return self.seq

    def mark(self, user, status, seq):
        if refused := self.may("read", user):
            return refused
        if seq > self.seq:
            return "INVALID_MESSAGE"
        member = self.members[user]
        member.delivered = max(member.delivered, seq)
        if status == "read":
            member.read = max(member.read, seq)
        return self.seq

    # -- what is seen --------------------------------------------------------

    def status(self, user, m):
        if m.sender != user:
            own = self.members[user]
            if own.read >= m.seq:
                return "read"
            return "delivered" if own.delivered >= m.seq else "sent"
        others = [o for who, o in self.members.items() if who != user and o.joined_seq <= m.seq]
        if any(o.read >= m.seq for o in others):
            return "read"
        return "delivered" if any(o.delivered >= m.seq for o in others) else "sent"

    def page(self, user, before, after, limit):
        """(messages, has_more)"""
        if after is not None:
            found = [m for m in self.messages if m.seq > after]
            return found[:limit], len(found) > limit
        found = [m for m in self.messages if before is None or m.seq < before]
        return found[-limit:], len(found) > limit

    def unread(self, user):
        """(unread_count, mention_count)"""
        read = self.members[user].read
        new = [m for m in self.messages if m.seq > read and m.sender != user and not m.deleted]
        return len(new), sum(user in m.mentions for m in new)


class World:
    def __init__(self):
        self.rooms = []
        self.names = itertools.count()

    def direct(self, one, other):
        """The room of the two, and whether it is there already."""
        for room in self.rooms:
            if room.type == "private" and set(room.members) == {one, other}:
                return room, True
        return None, False

    def joined(self, user):
        return [r for r in self.rooms if not r.deleted and user in r.members]

    def invited(self, user):
        return [r for r in self.rooms if not r.deleted and r.standing(user) == "invited"]
