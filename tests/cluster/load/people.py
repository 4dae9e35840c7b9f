# SPDX-License-Identifier: MIT
"""What people do while nodes come and go. When a connection goes, or a node cannot answer, they go
on at another one, and repeat with the same message_id what they do not know the end of."""

import asyncio
import random

from harness.client import PASSWORD, new_id

from .recording import hash_of
from .speaker import Gone, Speaker

PAUSE_S = 0.02  # between two things that a person does
READ_EVERY = 25
MARK_EVERY = 40


class Person:
    def __init__(self, stage, name, start):
        self.stage = stage
        self.name = name
        self.device = f"{name}.d"
        self.token = None
        self.username = None
        self.id = None
        self.at = start
        self.rng = random.Random(f"{stage.seed} {name}")
        self.speaker = None
        self.stopping = False
        self.resting = False  # begins nothing more, and listens on
        self.failure = None
        self.refused = None  # what nobody should refuse; the judge may know why

    async def live(self):
        """Until stop(); a failure is kept for the test."""
        try:
            while not self.done():
                node = self.stage.nodes[self.at % len(self.stage.nodes)]
                self.speaker = Speaker(self.stage.recording, self.stage.names, self, node)
                try:
                    await self.speaker.open()
                    await self.be_there(self.speaker)
                except Gone:
                    pass
                finally:
                    await self.speaker.close()
                self.at += 1
                await asyncio.sleep(PAUSE_S)
        except Exception as why:
            self.failure = why

    def done(self):
        return self.stopping

    async def be_there(self, speaker):
        raise NotImplementedError

    async def pause(self):
        await asyncio.sleep(PAUSE_S * self.rng.uniform(0.5, 1.5))


class Writer(Person):
    """Says one thing after the other, each until it is known to be there, or not to be."""

    def __init__(self, stage, name, start, room):
        super().__init__(stage, name, start)
        self.room = room
        self.acked = 0
        self.open = None  # what has no answer yet
        self.last_id = None

    def done(self):
        return self.stopping and self.open is None

    async def be_there(self, speaker):
        await speaker.log_in()
        while not self.done():
            if self.open is None:
                text = f"{self.name} says {self.acked} {self.rng.getrandbits(32):x}"
                text += self.stage.padding
                reply = self.last_id if self.rng.random() < 0.1 else None
                self.open = new_id(), text, reply
            m, text, reply = self.open
            fields = {"room_id": self.room.id, "content": text, "message_type": "text"}
            if reply:
                fields["reply_to"] = reply
            answer, data = await speaker.ask("send", "send_message_request", m, fields,
                                             r=self.room.name, h=hash_of(text), re=reply)
            if answer["ok"]:
                self.open = None
                self.acked += 1
                self.last_id = answer["id"]
                if self.acked % READ_EVERY == 0:
                    await self.read(speaker)
                await self.pause()
            else:
                if answer["code"] in ("UNAVAILABLE", "INTERNAL"):
                    return  # another node may know more
                self.refused = self.refused or f"{text}: {data}"
                self.open = self.last_id = None
                await self.pause()

    async def read(self, speaker):
        await speaker.ask("history", "history_request", r=self.room.name,
                          fields={"room_id": self.room.id, "limit": 20})  # fmt: skip


class Listener(Person):
    """Has everything, on one device: comes back with what it has. `way`: says so when logging in,
    or asks afterwards."""

    def __init__(self, stage, name, start, rooms, way="log-in"):
        super().__init__(stage, name, start)
        self.rooms = {r.name: r for r in rooms}
        self.way = way
        self.last = {r.name: 1 for r in rooms}
        self.marked = {r.name: 1 for r in rooms}
        self.since_read = 0

    def hear(self, room, seq, fields, user):
        if room in self.last and seq == self.last[room] + 1:
            self.last[room] = seq
        elif self.way == "log-in" and room in self.last:
            self.last[room] = max(seq, self.last[room])  # the checker will say what it thinks

    async def be_there(self, speaker):
        speaker.on_event = self.hear
        have = {self.rooms[r].id: last for r, last in self.last.items()}
        if self.way == "log-in":
            await speaker.log_in(have)
        else:
            await speaker.log_in()
            await self.resume(speaker)
        while not self.stopping:
            if speaker.closed:
                raise Gone("closed")
            await self.do_something(speaker)
            await self.pause()

    async def resume(self, speaker):
        left = set(self.rooms)
        while left and not self.stopping:
            have = {r: self.last[r] for r in left}
            answer, data = await speaker.ask(
                "resume", "resume_request", rooms=have,
                fields={"rooms": {self.rooms[r].id: n for r, n in have.items()}},
            )  # fmt: skip
            if answer["ok"]:
                left -= {r for r, a in answer["rooms"].items() if a["first"] is not None}
            await self.pause()

    async def do_something(self, speaker):
        self.since_read += 1
        for name, room in self.rooms.items():
            last = self.last[name]
            if last >= self.marked[name] + MARK_EVERY:
                kind = self.rng.choice(["delivered", "read"])
                answer, _ = await speaker.ask(
                    "mark", "mark_request", r=name, kind=kind, seq=last,
                    fields={"room_id": room.id, "status": kind, "seq": last},
                )  # fmt: skip
                if answer["ok"]:
                    self.marked[name] = last
        if self.since_read >= READ_EVERY:
            self.since_read = 0
            room = self.rng.choice(list(self.rooms.values()))
            await speaker.ask("history", "history_request", r=room.name,
                              fields={"room_id": room.id, "limit": 20})  # fmt: skip


class Rover(Listener):
    """Joins and leaves a public room again and again, and listens while inside; leaves only when
    the own joining has been heard."""

    def __init__(self, stage, name, start, rooms):
        super().__init__(stage, name, start, rooms)
        self.last = {r.name: 0 for r in rooms}
        self.inside = {r.name: False for r in rooms}
        self.heard = {r.name: False for r in rooms}
        self.open = None

    def done(self):
        return self.stopping and self.open is None

    def hear(self, room, seq, fields, user):
        self.last[room] = max(seq, self.last[room])
        if user == self.name and fields["e"] in ("joined", "left"):
            self.heard[room] = fields["e"] == "joined"

    async def be_there(self, speaker):
        joining = self.open[0].name if self.open and self.open[1] == "join" else None
        for name, inside in self.inside.items():
            if not inside and name != joining:
                self.heard[name] = False  # a new connection does not hear of an old leaving
        await super().be_there(speaker)

    async def do_something(self, speaker):
        if self.open is None and self.resting:
            return
        if self.open is None:
            room = self.rng.choice(list(self.rooms.values()))
            if self.rng.random() > 0.1 or self.inside[room.name] != self.heard[room.name]:
                return
            what = "leave" if self.inside[room.name] else "join"
            self.open = room, what, new_id(), speaker
        room, what, m, begun_on = self.open
        answer, data = await speaker.ask(what, f"{what}_room_request", m, r=room.name,
                                         fields={"room_id": room.id})  # fmt: skip
        if answer["ok"]:
            self.inside[room.name] = what == "join"
            self.open = None
            if what == "leave" and begun_on is not speaker:
                self.heard[room.name] = False  # it may have left before this connection was made
        elif answer["code"] in ("UNAVAILABLE", "INTERNAL"):
            raise Gone("another node may know more")
        else:
            self.refused = self.refused or f"{what}: {data}"
            self.inside[room.name] = self.heard[room.name] = what == "join"
            self.open = None


class Visitor(Person):
    """Logs in with a password, listens for a while, logs out, and stays to hear what comes."""

    async def be_there(self, speaker):
        await speaker.log_in(username=self.username, password=PASSWORD)
        for _ in range(20):
            if not self.stopping:
                await self.pause()
        answer, _ = await speaker.ask("logout", "logout_request", fields={})
        for _ in range(100):
            if answer["ok"] and not speaker.closed and not self.stopping:
                await self.pause()
