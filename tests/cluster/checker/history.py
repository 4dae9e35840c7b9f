# SPDX-License-Identifier: MIT
"""Records → what the properties ask for."""

import bisect
import json
from collections import defaultdict

FOREVER = 1 << 62

# Errors after which nothing was written; any other error, or none, leaves that open.
PROMISED = {"INVALID_MESSAGE", "FORBIDDEN", "RATE_LIMIT", "TOO_LARGE", "ROOM_NOT_FOUND",
            "MESSAGE_NOT_FOUND", "USER_NOT_FOUND", "NOT_FOUND", "CONFLICT",
            "UNAUTHORIZED"}  # fmt: skip
CHANGES = {"edited", "deleted", "reaction", "pinned"}
LEAVING = {"left", "removed", "banned"}


def load(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


class Violation:
    """Something that must not be: a sentence, and the records that prove it."""

    def __init__(self, text, *records):
        self.name = ""
        self.text = text
        self.records = [r for r in records if r]
        self.at = max((r.get("t", 0) for r in self.records), default=0)


class Op:
    """One request and what became of it."""

    __slots__ = ("inv", "ret", "more", "closed")

    def __init__(self, inv):
        self.inv = inv
        self.ret = None
        self.more = []  # answers beyond the first
        self.closed = None

    @property
    def outcome(self):
        if self.ret is None:
            return "info"
        if self.ret["ok"]:
            return "ok"
        return "fail" if self.ret.get("code") in PROMISED else "info"


class Write:
    """All attempts of one (user, message_id) in a room: one operation."""

    __slots__ = ("attempts", "entry", "seen")

    def __init__(self):
        self.attempts = []
        self.entry = None  # in the final log
        self.seen = None  # the first record that shows it as done

    @property
    def inv(self):
        return self.attempts[0].inv

    def first_ok(self):
        done = [a.ret for a in self.attempts if a.outcome == "ok"]
        return min(done, key=lambda r: r["t"], default=None)


class Member:
    """When somebody belonged to a room: [first, last] seqs, in order."""

    def __init__(self):
        self.spans = []

    def enter(self, seq):
        if not self.spans or self.spans[-1][1] < seq:
            self.spans.append([seq, FOREVER])

    def leave(self, seq):
        if self.spans and self.spans[-1][1] == FOREVER:
            self.spans[-1][1] = seq

    def at(self, seq):
        """The span that holds this seq, or None."""
        i = bisect.bisect_right(self.spans, seq, key=lambda s: s[0]) - 1
        return self.spans[i] if i >= 0 and seq <= self.spans[i][1] else None

    def after(self, seq):
        """The next seq that the person may see, or None."""
        if self.at(seq + 1):
            return seq + 1
        i = bisect.bisect_right(self.spans, seq, key=lambda s: s[0])
        return self.spans[i][0] if i < len(self.spans) else None


def entry_of(row):
    keys = ("seq", "e", "id", "m", "h", "u", "by", "re", "to")
    return dict(zip(keys, row)) if isinstance(row, list) else row


class History:
    def __init__(self, records):
        self.records = records
        self.by_kind = defaultdict(list)
        for number, record in enumerate(records, 1):
            record["line"] = number
            self.by_kind[record["k"]].append(record)
        self.meta = (self.by_kind["meta"] or [{"rooms": {}}])[0]
        self.rooms = self.meta["rooms"]
        self.faults = self.by_kind["fault"]
        self.closes = {r["c"]: r for r in self.by_kind["close"]}
        self.users = {}  # connection → user
        self.devices = {}  # connection → device
        self._operations()
        self._logs()
        self._writes()
        self._members()

    def _operations(self):
        self.ops = {r["op"]: Op(r) for r in self.by_kind["inv"]}
        self.strays = []  # answers to nothing
        self.by_call = defaultdict(list)
        for record in self.by_kind["inv"]:
            op = self.ops[record["op"]]
            op.closed = self.closes.get(record["c"])
            self.users[record["c"]] = record["u"]
            self.devices[record["c"]] = record["d"]
            self.by_call[record["f"]].append(op)
        for record in self.by_kind["ret"]:
            op = self.ops.get(record["op"])
            if op is None:
                self.strays.append(record)
            elif op.ret is None:
                op.ret = record
            else:
                op.more.append(record)

    def _logs(self):
        """The longest final read of a room is its log."""
        self.logs, self.final_of = {}, {}
        for record in self.by_kind["final"]:
            old = self.final_of.get(record["r"])
            if old is None or record["last"] > old["last"]:
                self.final_of[record["r"]] = record
        for room, record in self.final_of.items():
            self.logs[room] = {}
            for row in record["log"]:
                entry = entry_of(row) | {"t": record["t"]}
                self.logs[room].setdefault(entry["seq"], entry)
        self.changed = {(room, e["to"]) for room, log in self.logs.items()
                        for e in log.values() if e["e"] in CHANGES}  # fmt: skip

    def _writes(self):
        self.writes = defaultdict(Write)
        for op in self.by_call["send"]:
            self.writes[op.inv["r"], op.inv["u"], op.inv["m"]].attempts.append(op)
        first = {}
        for event in self.by_kind["evt"]:
            if event["e"] == "message":
                key = event["r"], event["u"], event["m"]
                if key not in first or event["t"] < first[key]["t"]:
                    first[key] = event
        for room, log in self.logs.items():
            for entry in log.values():
                key = room, entry["u"], entry.get("m")
                if entry["e"] == "message" and key in self.writes:
                    write = self.writes[key]
                    write.entry = write.entry or entry
        for key, write in self.writes.items():
            shown = [r for r in (write.first_ok(), first.get(key)) if r]
            write.seen = min(shown, key=lambda r: r["t"], default=None)

    def _members(self):
        self.members = defaultdict(Member)  # (room, user)
        for room, what in self.rooms.items():
            for user in what["members"]:
                self.members[room, user].enter(1)
        for room, log in self.logs.items():
            for seq in sorted(log):
                entry = log[seq]
                if entry["e"] == "joined":
                    self.members[room, entry["u"]].enter(seq)
                elif entry["e"] in LEAVING:
                    self.members[room, entry["u"]].leave(seq)

    def last_seq(self, room):
        return self.final_of[room]["last"] if room in self.final_of else 0

    def observations(self):
        """(record, room, seq, id, hash or None) of everything that shows a message's place."""
        for write in self.writes.values():
            for attempt in write.attempts:
                if attempt.outcome == "ok":
                    a = attempt.ret
                    yield a, attempt.inv["r"], a["seq"], a["id"], attempt.inv["h"]
        for event in self.by_kind["evt"]:
            if event["e"] == "message":
                yield event, event["r"], event["seq"], event["id"], event["h"]
        for op in self.by_call["history"]:
            for seq, id_, h, *_ in (op.ret or {}).get("items", ()):
                yield op.ret, op.inv["r"], seq, id_, h
        for kind in ("final", "replica"):
            for record in self.by_kind[kind]:
                for row in record["log"]:
                    entry = entry_of(row)
                    if entry["e"] == "message":
                        yield record, record["r"], entry["seq"], entry["id"], entry["h"]

    def mute(self, node, begin, end):
        """Whether the node was kept from answering at some time between."""
        on = None
        for fault in self.faults:
            if fault.get("mute") and fault.get("node") in (node, "all"):
                if fault["on"]:
                    on = fault["t"] if on is None else on
                elif on is not None:
                    if on <= end and begin <= fault["t"]:
                        return True
                    on = None
        return on is not None and on <= end
