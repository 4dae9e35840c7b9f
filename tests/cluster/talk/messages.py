# SPDX-License-Identifier: MIT
"""The model of what is said in rooms: messages, what becomes of them, cursors and counts."""

import re

from .people import People, Refused


class Message:
    def __init__(self, room, sender, content, message_id, **fields):
        self.room = room
        self.id = None  # the server's, known from the acknowledgement
        self.created_at = None
        self.seq = room.last_seq + 1
        self.sender = sender
        self.content = content
        self.message_id = message_id
        self.metadata = fields.get("metadata")
        self.reply_to = fields.get("reply_to")
        self.thread = fields.get("thread")
        self.mentions = []
        self.pinned = self.edited = self.deleted = False
        self.reactions = {}  # emoji → users, in the order in which they came
        # Which change made it as it is.
        self.edited_seq = self.deleted_seq = self.pinned_seq = self.seq
        self.reacted_seq = {}
        self.versions = []

    def now(self):
        return {
            "id": self.id, "seq": self.seq, "sender_id": self.sender, "content": self.content,
            "message_id": self.message_id, "metadata": self.metadata, "reply_to": self.reply_to,
            "thread": self.thread, "mentions": sorted(self.mentions), "pinned": self.pinned,
            "is_edited": self.edited, "is_deleted": self.deleted,
            "reactions": [{"emoji": e, "count": len(u), "user_ids": list(u)}
                          for e, u in self.reactions.items()],
        }  # fmt: skip

    def shown(self):
        """As it is with the entry that is being written; kept."""
        self.versions.append(self.now())
        return self.versions[-1]

    def acknowledged(self, id_, created_at):
        self.id, self.created_at = id_, created_at
        self.versions[0]["id"] = id_


def as_shown(data):
    """What an answer or event says of a message, comparable with Message.shown()."""
    found = {k: data.get(k) for k in ("id", "seq", "sender_id", "message_id", "metadata",
                                      "reply_to", "thread", "pinned")}  # fmt: skip
    found["content"] = data.get("content", "")
    found["mentions"] = sorted(data.get("mentions", []))
    found["reactions"] = data.get("reactions", [])
    found["is_edited"] = bool(data.get("edited_at"))
    found["is_deleted"] = bool(data.get("deleted_at"))
    return found


class Chat(People):
    # -- what is common ------------------------------------------------------

    def find_message(self, user, room_id, id_):
        room = self.find(user, room_id, "read")
        message = next((m for m in room.messages if m.id == id_), None)
        if message is None:
            raise Refused("MESSAGE_NOT_FOUND")
        return room, message

    def mentions(self, user, room, content):
        found = []
        for word in re.findall(r"(?<!\S)@([a-z0-9._-]+)(?!\S)", content):
            id_ = None
            if word == "room" and not self.forbids(user, room, "mention_all"):
                id_ = room.id
            else:
                id_ = next((u for u in room.members if self.users[u].name == word), None)
            if id_ and id_ not in found:
                found.append(id_)
        return found

    def changed(self, user, room, message, change, **fields):
        self.append(room, "message_updated", message=message, by=user.id, change=change, **fields)
        return self.ack(message, room.last_seq)

    @staticmethod
    def ack(message, seq):
        return {"message": message, "seq": seq}

    def why_not(self, user, room_id, action):
        """The code, or an empty text."""
        try:
            self.find(user, room_id, action)
        except Refused as why:
            return why.codes[0]
        return ""

    # -- saying --------------------------------------------------------------

    def send(self, user, message_id, room_id, content, device=None, **fields):
        if content == "":
            raise Refused("INVALID_MESSAGE", self.why_not(user, room_id, "send"))
        room = self.find(user, room_id, "send")
        wrong = []
        place = None
        if "device_seq" in fields:
            place = user.id, device
            if fields["device_seq"] <= room.device_seqs.get(place, -1):
                wrong.append("CONFLICT")
        known = {m.id: m for m in room.messages}
        for name in ("reply_to", "thread"):
            if fields.get(name) and fields[name] not in known:
                wrong.append("MESSAGE_NOT_FOUND")
        first = known.get(fields.get("thread"))
        if first and first.thread:
            wrong.append("INVALID_MESSAGE")
        if wrong:
            raise Refused(*wrong)
        if place:
            room.device_seqs[place] = fields["device_seq"]
        message = Message(room, user.id, content, message_id, **fields)
        message.mentions = self.mentions(user, room, content)
        room.messages.append(message)
        self.append(room, "message_received", message=message)
        return self.ack(message, message.seq)

    def edit(self, user, room_id, id_, content):
        room, message = self.find_message(user, room_id, id_)
        wrong = [self.forbids(user, room, "change_own")]
        if message.sender != user.id:
            wrong.append("FORBIDDEN")
        if message.deleted:
            wrong.append("CONFLICT")
        if content == "":
            wrong.append("INVALID_MESSAGE")
        self.refuse(wrong)
        if content == message.content:
            return self.ack(message, message.edited_seq)
        message.content, message.edited = content, True
        message.mentions = self.mentions(user, room, content)
        message.edited_seq = room.last_seq + 1
        return self.changed(user, room, message, "edited")

    def erase(self, user, room_id, id_):
        room, message = self.find_message(user, room_id, id_)
        if message.sender == user.id:
            bad = None
            if room.archived:
                bad = "CONFLICT"
        else:
            bad = self.forbids(user, room, "delete_any")
        self.refuse([bad])
        if message.deleted:
            return self.ack(message, message.deleted_seq)
        message.content, message.metadata, message.mentions = "", None, []
        message.reactions, message.deleted = {}, True
        message.deleted_seq = room.last_seq + 1
        if message.pinned:
            message.pinned, message.pinned_seq = False, message.deleted_seq
        return self.changed(user, room, message, "deleted")

    def react(self, user, room_id, id_, emoji, add):
        room, message = self.find_message(user, room_id, id_)
        wrong = [self.forbids(user, room, "react")]
        users = message.reactions.get(emoji, [])
        if message.deleted and add:
            wrong.append("CONFLICT")
        elif add and not users and len(message.reactions) >= 20:
            wrong.append("CONFLICT")
        self.refuse(wrong)
        if message.deleted:
            return self.ack(message, message.deleted_seq)
        key = user.id, emoji
        if (user.id in users) == add:
            return self.ack(message, message.reacted_seq.get(key, message.seq))
        if add:
            message.reactions.setdefault(emoji, []).append(user.id)
        else:
            users.remove(user.id)
            if not users:
                del message.reactions[emoji]
        message.reacted_seq[key] = room.last_seq + 1
        return self.changed(user, room, message, "reaction", emoji=emoji)

    def pin(self, user, room_id, id_, pinned):
        room, message = self.find_message(user, room_id, id_)
        wrong = [self.forbids(user, room, "pin")]
        if message.deleted and pinned:
            wrong.append("CONFLICT")
        self.refuse(wrong)
        if message.pinned == pinned:
            return self.ack(message, message.pinned_seq)
        message.pinned, message.pinned_seq = pinned, room.last_seq + 1
        return self.changed(user, room, message, "pinned")

    @staticmethod
    def refuse(wrong):
        wrong = [w for w in wrong if w]
        if wrong:
            raise Refused(*wrong)

    # -- reading -------------------------------------------------------------

    def mark(self, user, room_id, status, seq):
        room = self.find(user, room_id, "read")
        if seq > room.last_seq:
            raise Refused("INVALID_MESSAGE")
        member = room.members[user.id]
        if status == "read":
            member.read = max(member.read, seq)
        member.delivered = max(member.delivered, member.read, seq)
        return {}

    def page(self, user, room_id, before=None, after=None, limit=50):
        """(messages, has_more)"""
        if before is not None and after is not None:
            raise Refused("INVALID_MESSAGE")  # what is wrong with a document comes first
        room = self.find(user, room_id, "read")
        if after is not None:
            all_ = [m for m in room.messages if m.seq > after]
            return all_[:limit], len(all_) > limit
        all_ = [m for m in room.messages if before is None or m.seq < before]
        return all_[-limit:], len(all_) > limit

    @staticmethod
    def status(user, room, message):
        """For the sender: what somebody else has done with it."""
        at = message.seq
        if message.sender == user.id:
            who = [m for id_, m in room.members.items() if id_ != user.id and m.since <= at]
        else:
            who = [room.members[user.id]]
        if any(m.read >= at for m in who):
            return "read"
        return "delivered" if any(m.delivered >= at for m in who) else "sent"

    @staticmethod
    def receivers(room, message):
        """(delivered_to, read_by)"""
        at = message.seq
        there = {id_: m for id_, m in room.members.items() if m.since <= at}
        return tuple({id_ for id_, m in there.items()
                      if id_ == message.sender or getattr(m, cursor) >= at}
                     for cursor in ("delivered", "read"))  # fmt: skip

    @staticmethod
    def unread(user, room):
        """(unread_count, mention_count)"""
        new = [m for m in room.messages if m.seq > room.members[user.id].read
               and m.sender != user.id and not m.deleted]  # fmt: skip
        return len(new), sum(user.id in m.mentions or room.id in m.mentions for m in new)

    # -- coming back ---------------------------------------------------------

    def resume(self, user, room_id, last):
        """first_seq, last_seq, complete; what is replayed must arrive."""
        room = self.rooms.get(room_id)
        if room is None or room.deleted or user.id not in room.members:
            raise Refused("ROOM_NOT_FOUND")
        first = max(last + 1, room.members[user.id].since)
        heard = self.heard[user.id].setdefault(room_id, [])
        heard += [(seq, True) for seq in range(first, room.last_seq + 1)]
        return {"first_seq": first, "last_seq": room.last_seq, "complete": first == last + 1}
