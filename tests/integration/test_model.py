# SPDX-License-Identifier: MIT
"""Thousands of random requests of several people at three nodes, while rooms are moved from leader
to leader, against chat in memory (harness/model.py): every answer, every page, and in the end
everybody's lists and streams are what the model says."""

import os
import random

from harness.client import Client, new_id
from harness.model import ROLES, Room, World
from harness.names import fresh
from harness.waiting import SLOWNESS, wait_until

STEPS = 3000 // SLOWNESS
MOVE_EVERY = 250
PEOPLE = 6
EMOJI = ["👍", "🎉", "a"]
SEED = int(os.environ.get("GREENROOM_MODEL_SEED", "20261128"))


class Person:
    def __init__(self, cluster, i):
        self.client = Client(cluster.nodes[i % 3], ["json", "msgpack"][i // 3 % 2])
        self.client.register(fresh("model"))
        self.id = self.client.user["id"]
        self.name = self.client.user["username"]
        self.sent = []  # (room, message_id, fields, seq)

    def ask(self, type_, message_id=None, **fields):
        """As clients do: what is UNAVAILABLE is repeated with the same message_id."""
        message_id = message_id or new_id()

        def attempt():
            data = self.client.answer(type_, message_id=message_id, **fields)["data"]
            return data if data.get("code") != "UNAVAILABLE" else None

        return wait_until(attempt, f"{type_} to be answered with more than UNAVAILABLE")


class Play:
    def __init__(self, cluster, rng):
        self.cluster = cluster
        self.rng = rng
        self.world = World()
        self.people = [Person(cluster, i) for i in range(PEOPLE)]
        self.done = {}  # request → {outcome → how often}
        self.step = 0

    # -- what is compared ----------------------------------------------------

    def check(self, what, expected, data, shown):
        got = data["code"] if data["type"] == "error" else "ok"
        wanted = expected if isinstance(expected, str) else "ok"
        where = f"seed {SEED}, step {self.step}: {what} {shown}"
        assert got == wanted, f"{where}: expected {expected}, got {data}"
        if "seq" in data and wanted == "ok":
            assert data["seq"] == expected, f"{where}: expected seq {expected}, got {data}"
        outcomes = self.done.setdefault(what, {})
        outcomes[got] = outcomes.get(got, 0) + 1

    def act(self, who, type_, expected, **fields):
        data = who.ask(type_, **fields)
        self.check(type_, expected, data, f"by {who.name}, {fields}")
        return data

    # -- one step each -------------------------------------------------------

    def some_room(self):
        # The newest are the liveliest, old and deleted ones are met now and then.
        rooms = self.world.rooms
        return self.rng.choice(rooms[-6:] if self.rng.random() < 0.8 else rooms)

    def create(self, who):
        others = [p.id for p in self.people if p is not who and self.rng.random() < 0.5]
        type_ = self.rng.choice(["group", "public"])
        name = f"Room {len(self.world.rooms)}"
        data = self.act(who, "create_room_request", 1, name=name, room_type=type_, members=others)
        roles = {who.id: "owner"} | {other: "member" for other in others}
        self.world.rooms.append(Room(data["room"]["id"], type_, name, roles))
        assert data["room"]["last_seq"] == 1 and set(data["room"]["members"]) == set(roles)

    def direct(self, who):
        other = self.rng.choice([p for p in self.people if p is not who])
        room, was_there = self.world.direct(who.id, other.id)
        data = self.act(who, "direct_room_request", 1, user_id=other.id)
        if was_there:
            assert data["room"]["id"] == room.id and data["duplicate"] is True
        else:
            roles = {who.id: "member", other.id: "member"}
            self.world.rooms.append(Room(data["room"]["id"], "private", "", roles))

    def join(self, who):
        room = self.some_room()
        self.act(who, "join_room_request", room.join(who.id), room_id=room.id)

    def leave(self, who):
        room = self.some_room()
        self.act(who, "leave_room_request", room.leave(who.id), room_id=room.id)

    def invite(self, who):
        room, other = self.some_room(), self.rng.choice(self.people)
        role = self.rng.choice([None, None, "guest", "member"])
        expected = room.invite(who.id, other.id, role)
        self.act(who, "invite_request", expected, room_id=room.id, user_id=other.id, role=role)

    def remove(self, who):
        room, other = self.some_room(), self.rng.choice(self.people)
        ban = self.rng.random() < 0.3
        expected = room.remove(who.id, other.id, ban)
        self.act(who, "remove_member_request", expected, room_id=room.id, user_id=other.id, ban=ban)

    def unban(self, who):
        room, other = self.some_room(), self.rng.choice(self.people)
        self.act(who, "unban_request", room.unban(who.id, other.id), room_id=room.id,
                 user_id=other.id)  # fmt: skip

    def set_role(self, who):
        room, other, role = self.some_room(), self.rng.choice(self.people), self.rng.choice(ROLES)
        expected = room.set_role(who.id, other.id, role)
        self.act(who, "set_role_request", expected, room_id=room.id, user_id=other.id, role=role)

    def update(self, who):
        room = self.some_room()
        field, value = self.rng.choice([
            ("name", f"Name {self.step % 3}"), ("topic", f"Topic {self.step % 3}"),
            ("archived", room.archived and self.rng.random() < 0.5),
            ("archived", self.rng.random() < 0.2),
        ])  # fmt: skip
        expected = room.update(who.id, field, value)
        self.act(who, "update_room_request", expected, room_id=room.id, **{field: value})

    def delete(self, who):
        if self.rng.random() < 0.2:
            room = self.some_room()
            self.act(who, "delete_room_request", room.delete(who.id), room_id=room.id)

    def send(self, who):
        room = self.some_room()
        called = self.rng.choice([None, None, *self.people])
        content = f"step {self.step}" + (f", @{called.name}." if called else "")
        answered = self.rng.choice([None, None, *room.messages[-5:]])
        fields = {"room_id": room.id, "content": content, "message_type": "text",
                  "reply_to": answered and answered.id}  # fmt: skip
        expected = room.send(who.id, content, [called.id] if called else [], fields["reply_to"])
        message_id = new_id()
        data = self.act(who, "send_message_request", expected, message_id=message_id, **fields)
        if data["type"] == "message_ack":
            room.messages[-1].id = data["id"]
            who.sent.append((message_id, fields, data))

    def repeat(self, who):
        if not who.sent:
            return
        message_id, fields, first = self.rng.choice(who.sent[-20:])
        room = next(r for r in self.world.rooms if r.id == fields["room_id"])
        if room.deleted:
            return
        data = who.ask("send_message_request", message_id=message_id, **fields)
        self.check("repeat", first["seq"], data, f"by {who.name}, {fields}")
        assert data["duplicate"] is True and data["id"] == first["id"], data

    def some_message(self):
        rooms = [r for r in self.world.rooms[-8:] if r.messages]
        room = self.rng.choice(rooms) if rooms else None
        return (room, self.rng.choice(room.messages[-6:])) if room else (None, None)

    def edit(self, who):
        room, m = self.some_message()
        if room:
            content = self.rng.choice([m.content or "x", f"edited {self.step}"])
            self.act(who, "edit_message_request", room.edit(who.id, m.id, content),
                     room_id=room.id, id=m.id, content=content)  # fmt: skip

    def delete_message(self, who):
        room, m = self.some_message()
        if room:
            self.act(who, "delete_message_request", room.delete_message(who.id, m.id),
                     room_id=room.id, id=m.id)  # fmt: skip

    def react(self, who):
        room, m = self.some_message()
        if room:
            emoji, add = self.rng.choice(EMOJI), self.rng.random() < 0.7
            self.act(who, "reaction_request", room.react(who.id, m.id, emoji, add),
                     room_id=room.id, id=m.id, emoji=emoji, add=add)  # fmt: skip

    def pin(self, who):
        room, m = self.some_message()
        if room:
            pinned = self.rng.random() < 0.6
            self.act(who, "pin_request", room.pin(who.id, m.id, pinned), room_id=room.id, id=m.id,
                     pinned=pinned)  # fmt: skip

    def mark(self, who):
        room = self.some_room()
        status, seq = self.rng.choice(["delivered", "read"]), self.rng.randint(0, room.seq + 1)
        expected = room.mark(who.id, status, seq)
        data = who.ask("mark_request", room_id=room.id, status=status, seq=seq)
        self.check("mark_request", expected, data, f"by {who.name}, {status} {seq} in {room.id}")

    def history(self, who):
        room = self.some_room()
        fields = {"room_id": room.id, "limit": self.rng.randint(1, 12)}
        side = self.rng.choice([None, "before_seq", "after_seq"])
        if side:
            fields[side] = self.rng.randint(0, room.seq + 1)
        refused = room.may("read", who.id)
        data = who.ask("history_request", **fields)
        self.check("history_request", refused or room.seq, data, f"by {who.name}, {fields}")
        if not refused:
            self.compare_page(room, who, fields, data)

    def compare_page(self, room, who, fields, data):
        messages, has_more = room.page(who.id, fields.get("before_seq"), fields.get("after_seq"),
                                       fields["limit"])  # fmt: skip
        where = f"seed {SEED}, step {self.step}: {fields} by {who.name}"
        assert data["has_more"] == has_more and data["last_seq"] == room.seq, f"{where}: {data}"
        assert data["stale"] is False
        for m, shown in zip(messages, data["messages"], strict=True):
            expected = {
                "seq": m.seq, "id": m.id, "sender_id": m.sender, "content": m.content,
                "mentions": m.mentions, "reply_to": m.reply_to, "pinned": m.pinned,
                "status": room.status(who.id, m),
                "reactions": [{"emoji": e, "count": len(u), "user_ids": u}
                              for e, u in m.reactions.items()],
            }  # fmt: skip
            got = {key: shown[key] for key in expected}
            assert got == expected, f"{where}: expected {expected}, got {got}"
            assert (shown["deleted_at"] is not None) == m.deleted, where
            assert (shown["edited_at"] is not None) == (m.edited_seq > 0), where

    def members(self, who):
        room = self.some_room()
        refused = room.may("read", who.id)
        data = who.ask("room_members_request", room_id=room.id)
        self.check("room_members_request", refused or room.seq, data, f"by {who.name}")
        if not refused:
            got = {m["user"]["id"]: (m["role"], m["delivered_seq"], m["read_seq"])
                   for m in data["members"]}  # fmt: skip
            assert got == {u: (m.role, m.delivered, m.read) for u, m in room.members.items()}

    def look(self, who):
        room = self.some_room()
        refused = room.may("see", who.id)
        data = who.ask("room_request", room_id=room.id)
        self.check("room_request", refused or room.seq, data, f"by {who.name}")
        if not refused:
            shown = data["room"]
            assert (shown["name"], shown["topic"], shown["archived"], shown["last_seq"],
                    shown["member_count"]) == (room.name, room.topic, room.archived, room.seq,
                                               len(room.members))  # fmt: skip

    KINDS = [(create, 1), (direct, 1), (join, 5), (leave, 3), (invite, 4), (remove, 3), (unban, 2),
             (set_role, 4), (update, 4), (delete, 1), (send, 20), (repeat, 3), (edit, 5),
             (delete_message, 3), (react, 6), (pin, 4), (mark, 6), (history, 8), (members, 3),
             (look, 3)]  # fmt: skip

    def play(self, steps):
        self.create(self.people[0])
        kinds, weights = zip(*self.KINDS)
        for self.step in range(1, steps + 1):
            self.rng.choices(kinds, weights)[0](self, self.rng.choice(self.people))
            if self.step % MOVE_EVERY == 0:
                room = self.some_room()
                to = self.rng.choice(self.cluster.nodes)
                moved = self.cluster.nodes[0].console("room", "move", room.id, "--to", to.name)
                assert moved.returncode == 0 or room.deleted, moved.stderr

    # -- the end -------------------------------------------------------------

    def lists_are_right(self, who):
        def standing(room):
            unread, mentions = room.unread(who.id)
            m = room.members[who.id]
            return {"id": room.id, "role": m.role, "read_seq": m.read, "unread_count": unread,
                    "mention_count": mentions, "last_seq": room.seq}  # fmt: skip

        expected = {r.id: standing(r) for r in self.world.joined(who.id)}
        shown = who.ask("room_list_request", scope="joined", limit=200)["rooms"]
        got = {r["id"]: {key: r[key] for key in ("id", "role", "read_seq", "unread_count",
                                                 "mention_count", "last_seq")} for r in shown}
        invited = who.ask("room_list_request", scope="invited", limit=200)["rooms"]
        return got == expected and {r["id"] for r in invited} == {
            r.id for r in self.world.invited(who.id)
        }

    def streams_are_whole(self, who):
        for room in self.world.joined(who.id):
            first = room.members[who.id].joined_seq
            seqs = [e["seq"] for e in who.client.room_events(room.id) if e["seq"] >= first]
            if seqs != list(range(first, room.seq + 1)):
                return False
        return True

    def whole_histories_are_right(self, who):
        for room in self.world.joined(who.id):
            fields = {"room_id": room.id, "after_seq": 0, "limit": 200}
            self.compare_page(room, who, fields, who.ask("history_request", **fields))

    def close(self):
        for person in self.people:
            person.client.close()


def test_random_requests_do_what_the_model_says(cluster):
    cluster.settle()
    play = Play(cluster, random.Random(SEED))
    try:
        play.play(STEPS)
        for person in play.people:
            wait_until(lambda p=person: play.lists_are_right(p), f"{person.name}'s lists")
            wait_until(lambda p=person: play.streams_are_whole(p), f"{person.name}'s streams")
            play.whole_histories_are_right(person)
    finally:
        play.close()
    # A play in which nothing succeeds, or nothing fails, would show nothing.
    for request in (
        "send_message_request", "invite_request", "set_role_request", "pin_request",
        "remove_member_request", "edit_message_request", "history_request",
    ):  # fmt: skip
        outcomes = play.done[request]
        assert outcomes["ok"] >= 5 and len(outcomes) >= 3, f"{request}: {outcomes}"
