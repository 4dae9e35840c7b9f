# SPDX-License-Identifier: MIT
"""A good history of a cluster that does not exist: a small model of the server and its clients in
simulated time, with lost answers, repeats, reconnects, people who come and go, edits and marks.
What the checker says about it, and about what is broken on purpose in it, is known beforehand."""

import hashlib
import heapq
import itertools
import random

NODES = ["node1", "node2", "node3"]
MS = 1_000_000


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Model:
    def __init__(self, seed, sends=250):
        self.rng = random.Random(seed)
        self.now = 10**12
        self.queue, self.tie = [], itertools.count()
        self.ids = itertools.count(1)
        self.records = []
        self.rooms = {"room1": [], "room2": []}
        self.term = {"room1": 1, "room2": 1}
        self.known = {}  # (user, m) → ack
        self.cursors = {}
        self.connections = {}  # c → (user, node, {room: last handed over})
        self.left = sends
        people = [f"w{i}" for i in range(4)] + ["l0", "l1", "rover"]
        self.members = {r: set(people) - {"rover"} for r in self.rooms}
        self.people = people
        self.where = {}  # user → connection, open or not
        self.last = {user: dict.fromkeys(self.rooms, 1) for user in people}
        self.write(k="meta", seed=seed, rooms={
            r: {"members": sorted(self.members[r]), "creator": "w0", "shard": i + 1}
            for i, r in enumerate(self.rooms)
        })  # fmt: skip
        for room in self.rooms:
            self.append(room, e="created", u="w0", by="w0")
        for user in people:
            for room in self.rooms:
                self.write(k="device", d=f"{user}.d", u=user, r=room, base=1)

    # -- time ----------------------------------------------------------------

    def write(self, **fields):
        self.records.append({"t": self.now, **fields})

    def after(self, ms, what, *arguments):
        delay = int(ms * self.rng.uniform(0.3, 1.7) * MS)
        heapq.heappush(self.queue, (self.now + delay, next(self.tie), what, arguments))

    def run(self):
        for user in self.people:
            self.connect(user)
        for user in self.people[:4]:
            self.after(5, self.say, user, None, 0)
        self.after(40, self.fault, True)
        self.after(30, self.rove)
        self.after(10, self.mark)
        self.after(10, self.read)
        self.after(50, self.edit)
        self.drain()
        self.end()
        return self.records

    def drain(self):
        while self.queue:
            self.now, _, what, arguments = heapq.heappop(self.queue)
            what(*arguments)

    # -- the server ----------------------------------------------------------

    def append(self, room, **entry):
        log = self.rooms[room]
        log.append({"seq": len(log) + 1} | entry)
        if entry["e"] == "joined":
            self.members[room].add(entry["u"])
            for user, _, handed in self.connections.values():
                if user == entry["u"]:
                    handed[room] = len(log) - 1
        for c in list(self.connections):
            self.feed(c, room)
        if entry["e"] == "left":
            self.members[room].discard(entry["u"])
        return log[-1]

    def feed(self, c, room):
        """Entries travel for a while, and arrive in order."""
        user, _, handed = self.connections[c]
        if user not in self.members[room]:
            return
        for entry in self.rooms[room][handed[room]:]:
            handed[room] = entry["seq"]
            self.write(k="evt", c=c, r=room, **entry)

    # -- people --------------------------------------------------------------

    def call(self, user, f, **fields):
        c = self.where[user]
        op = next(self.ids)
        self.write(k="inv", op=op, c=c, u=user, d=f"{user}.d", n=self.connections[c][1], f=f,
                   **fields)  # fmt: skip
        return op

    def connect(self, user):
        if self.where.get(user) not in self.connections:
            c = f"c{next(self.ids)}"
            self.where[user] = c
            self.connections[c] = (user, self.rng.choice(NODES), dict(self.last[user]))
            op = self.call(user, "auth", rooms=dict(self.last[user]))
            self.write(k="ret", op=op, ok=True)
            for room in self.rooms:
                if user in self.members[room]:
                    handed = self.connections[c][2]
                    begin = max((e["seq"] for e in self.rooms[room]
                                 if e["e"] == "joined" and e["u"] == user), default=0)  # fmt: skip
                    handed[room] = max(handed[room], begin - 1)
                    self.feed(c, room)

    def cut(self, user):
        c = self.where[user]
        if c in self.connections:
            self.last[user] = self.connections.pop(c)[2]
            self.write(k="close", c=c, code=1006)

    def say(self, user, again, tries):
        if again is None:
            if self.left == 0:
                return
            self.left -= 1
            room = self.rng.choice(list(self.rooms))
            m = f"m{next(self.ids)}"
            earlier = [e["id"] for e in self.rooms[room] if e["e"] == "message"]
            again = {"r": room, "m": m, "h": hash_of(m)}
            if earlier and self.rng.random() < 0.1:
                again["re"] = self.rng.choice(earlier)
        self.connect(user)
        op = self.call(user, "send", **again)
        self.after(1, self.apply, user, op, again, tries, self.rng.random())

    def apply(self, user, op, what, tries, luck):
        lost = tries < 3 and luck < 0.15
        if lost and luck < 0.05:  # the request
            self.after(1, self.unanswered, user, op, what, tries)
            return
        key = user, what["m"]
        dup = key in self.known
        if not dup:
            room = what["r"]
            entry = self.append(room, e="message", id=f"id{next(self.ids)}", m=what["m"],
                                h=what["h"], u=user, re=what.get("re"))  # fmt: skip
            self.known[key] = {"seq": entry["seq"], "id": entry["id"], "term": self.term[room]}
        if lost:
            self.after(1, self.unanswered, user, op, what, tries)
        else:
            self.after(1, self.acked, user, op, dup, self.known[key])

    def acked(self, user, op, dup, ack):
        self.write(k="ret", op=op, ok=True, dup=dup, **ack)
        self.after(2, self.say, user, None, 0)

    def unanswered(self, user, op, what, tries):
        if self.rng.random() < 0.5:
            self.write(k="ret", op=op, ok=False, code="UNAVAILABLE")
        else:
            self.cut(user)
        self.after(3, self.say, user, what, tries + 1)

    def rove(self):
        """In and out of rooms."""
        if self.left == 0:
            return
        self.connect("rover")
        for room in self.rooms:
            if self.rng.random() < 0.5:
                inside = "rover" in self.members[room]
                m = f"m{next(self.ids)}"
                op = self.call("rover", "leave" if inside else "join", r=room, m=m)
                self.append(room, e="left" if inside else "joined", u="rover", by="rover")
                self.write(k="ret", op=op, ok=True)
        if self.rng.random() < 0.3:
            self.cut("rover")
        self.after(20, self.rove)

    def mark(self):
        if self.left == 0:
            return
        user, room = self.rng.choice(["l0", "l1"]), self.rng.choice(list(self.rooms))
        self.connect(user)
        kind = self.rng.choice(["delivered", "read"])
        seq = len(self.rooms[room])
        op = self.call(user, "mark", r=room, kind=kind, seq=seq)
        for each in {kind, "delivered"}:
            key = room, user, each
            if seq > self.cursors.get(key, 0):
                self.cursors[key] = seq
                self.now += MS // 10
                self.write(k="cur", c=self.where["l0"], r=room, u=user, kind=each, seq=seq)
        self.write(k="ret", op=op, ok=True)
        self.after(10, self.mark)

    def read(self):
        if self.left == 0:
            return
        user, room = self.rng.choice(self.people[:6]), self.rng.choice(list(self.rooms))
        self.connect(user)
        op = self.call(user, "history", r=room)
        log = self.rooms[room]
        items = [[e["seq"], e["id"], e["h"]] for e in log[-20:] if e["e"] == "message"]
        self.now += MS // 10
        self.write(k="ret", op=op, ok=True, last=len(log), items=items, stale=False)
        self.after(10, self.read)

    def edit(self):
        if self.left == 0:
            return
        room = "room2"
        targets = [e for e in self.rooms[room] if e["e"] == "message" and e["u"] == "w1"]
        if targets:
            target = self.rng.choice(targets)
            self.connect("w1")
            h, m = hash_of(f"edited {next(self.ids)}"), f"m{next(self.ids)}"
            op = self.call("w1", "edit", r=room, m=m, to=target["seq"], h=h)
            entry = self.append(room, e="edited", by="w1", u="w1", to=target["seq"], h=h)
            self.now += MS // 10
            self.write(k="ret", op=op, ok=True, dup=False, seq=entry["seq"], id=target["id"])
        self.after(50, self.edit)

    def fault(self, on):
        if self.left == 0 and on:
            return
        self.write(k="fault", what="cut", node="node2", on=on)
        if on:
            for room in self.rooms:
                self.term[room] += 1
        for i, room in enumerate(self.rooms):
            for node in NODES:
                self.write(k="lead", n=node, s=i + 1, term=self.term[room],
                           leader=NODES[self.term[room] % 3])  # fmt: skip
        self.after(40, self.fault, not on)

    def end(self):
        for user in self.people:
            self.now += MS
            self.connect(user)
        op = self.call("l0", "logout")
        self.write(k="ret", op=op, ok=True)
        self.write(k="rest")
        for node in NODES:
            for i, (room, log) in enumerate(self.rooms.items()):
                objects = {e["seq"]: e["h"] for e in log if e["e"] == "message"}
                objects |= {e["to"]: e["h"] for e in log if e["e"] == "edited"}
                self.write(k="final", n=node, r=room, last=len(log), objects=objects,
                           log=[dict(e) for e in log])  # fmt: skip
                self.write(k="replica", n=node, r=room, last=len(log),
                           log=[dict(e) for e in log if e["e"] == "message"])  # fmt: skip
                self.write(k="hash", n=node, s=i + 1, i=len(log), h=hash_of(str(len(log))))
        for room in self.rooms:
            op = self.call("w0", "members", r=room, final=True)
            self.write(k="ret", op=op, ok=True, cur=[
                [u, self.cursors.get((room, u, "delivered"), 0),
                 self.cursors.get((room, u, "read"), 0)] for u in ("l0", "l1")
            ])  # fmt: skip
