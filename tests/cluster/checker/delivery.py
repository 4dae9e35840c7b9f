# SPDX-License-Identifier: MIT
"""P8-P11: what connections, devices and readers got."""

import bisect
from collections import defaultdict

from .history import FOREVER, Violation


def _events(history):
    """connection → room → its events in the order of their arrival."""
    found = defaultdict(lambda: defaultdict(list))
    for event in history.by_kind["evt"]:
        found[event["c"]][event["r"]].append(event)
    return found


def _bases(history):
    """(connection, room) → (seq after which the log-in asked for events, the request)."""
    bases = {}
    for op in history.by_call["auth"]:
        for room, last in (op.inv.get("rooms") or {}).items():
            bases[op.inv["c"], room] = last, op.inv
    return bases


def _restarts(history):
    """(connection, room) → [first seq, request]: each may set the stream back once."""
    found = defaultdict(list)
    for op in history.by_call["resume"]:
        answer = (op.ret or {}).get("rooms", {})
        for room, last in op.inv["rooms"].items():
            first = answer.get(room, {}).get("first", last + 1)
            if first is not None:
                found[op.inv["c"], room].append([first, op.inv])
    return found


def connection_order(history):
    """base + 1, base + 2, …, leaving out only what the person was no member for."""
    bases, restarts = _bases(history), _restarts(history)
    for connection, rooms in _events(history).items():
        user = history.users.get(connection)
        for room, events in rooms.items():
            member = history.members[room, user]
            last, proof = bases.get((connection, room), (None, None))
            jumps = list(restarts[connection, room])
            for event in events:
                seq = event["seq"]
                if last is not None and member.after(last) != seq:
                    jump = next((j for j in jumps if j[0] == seq and j[1]["t"] < event["t"]), None)
                    if jump:
                        jumps.remove(jump)
                    elif not _new_span(member, seq, last, proof):
                        yield Violation(f"after {last} of {room} came {seq} on {connection}",
                                        proof, event)  # fmt: skip
                last, proof = seq, event


def _new_span(member, seq, last, proof):
    """The first event of a connection may begin a later membership than the one that ended while
    nobody listened."""
    return proof["k"] == "inv" and seq > last and any(span[0] == seq for span in member.spans)


def device_order(history):
    """Over all connections of a device that resumes with what it has: each entry once."""
    strict = {op.inv["c"] for op in history.by_call["auth"] if op.inv.get("rooms") is not None}
    loose = {op.inv["c"] for op in history.by_call["resume"]}
    streams = defaultdict(list)
    for event in history.by_kind["evt"]:
        if event["c"] in strict and event["c"] not in loose:
            streams[history.devices[event["c"]], event["r"]].append(event)
    for (device, room), events in streams.items():
        member = history.members[room, history.users[events[0]["c"]]]
        for a, b in zip(events, events[1:]):
            if member.after(a["seq"]) == b["seq"]:
                continue
            if a["c"] != b["c"] and b["seq"] > a["seq"] and any(
                span[0] == b["seq"] for span in member.spans
            ):
                continue  # the rest of a membership that ended while the device was away
            yield Violation(f"{device} got {b['seq']} of {room} after {a['seq']}", a, b)


def complete_at_rest(history):
    """When all is quiet, each device has everything that its person was a member for."""
    rest = history.by_kind["rest"]
    if not rest:
        return
    got = defaultdict(dict)  # (device, room) → seq → event
    for event in history.by_kind["evt"]:
        if event["t"] <= rest[-1]["t"]:
            got[history.devices.get(event["c"]), event["r"]].setdefault(event["seq"], event)
    for device in history.by_kind["device"]:
        room, end = device["r"], history.last_seq(device["r"])
        member, mine = history.members[room, device["u"]], got[device["d"], room]
        seqs = sorted(mine)
        for begin, close in member.spans:
            first, last = max(begin, device["base"] + 1), min(close, end)
            have = bisect.bisect_right(seqs, last) - bisect.bisect_left(seqs, first)
            if have == max(0, last - first + 1):
                continue
            missing = next(q for q in range(first, last + 1) if q not in mine)
            if close != FOREVER and _was_away(history, mine, missing, first, last):
                continue
            before = mine.get(missing - 1) or device
            entry = history.logs.get(room, {}).get(missing)
            yield Violation(f"{device['d']} never got {missing} of {room}", before, entry, rest[-1])


def _was_away(history, mine, missing, first, last):
    """A membership that has ended is told to who is connected: a cut takes its tail away."""
    if any(q in mine for q in range(missing, last + 1)):
        return False
    event = mine.get(missing - 1) if missing > first else None
    return event is None or event["c"] in history.closes


def own_reads(history):
    """Who has been told of something never reads less afterwards, from any node."""
    told = defaultdict(list)  # (room, user) → (time, seq, record)
    for (room, user, _), write in history.writes.items():
        for attempt in write.attempts:
            if attempt.outcome == "ok":
                told[room, user].append((attempt.ret["t"], attempt.ret["seq"], attempt.ret))
    asked = defaultdict(list)
    for op in history.by_call["history"]:
        if op.outcome == "ok" and not op.ret.get("stale"):
            key = op.inv["r"], op.inv["u"]
            asked[key].append(op)
            told[key].append((op.ret["t"], op.ret["last"], op.ret))
    for (room, user), ops in asked.items():
        shown = sorted(told[room, user], key=lambda s: s[0])
        top, proof, at = 0, None, 0
        for op in sorted(ops, key=lambda o: o.inv["t"]):
            while at < len(shown) and shown[at][0] < op.inv["t"]:
                if shown[at][1] > top:
                    top, proof = shown[at][1], shown[at][2]
                at += 1
            if op.ret["last"] < top:
                yield Violation(f"{user} read {room} up to {op.ret['last']} after {top}",
                                _short(proof), op.inv, _short(op.ret))  # fmt: skip


def _short(record):
    return {k: v for k, v in record.items() if k != "items"}


DELIVERY = {
    "P8 connection order": connection_order,
    "P9 device order": device_order,
    "P10 complete at rest": complete_at_rest,
    "P11 own reads": own_reads,
}
