# SPDX-License-Identifier: MIT
"""P1-P7 and P18: what was written, once, at one place, in the order of real time."""

from collections import defaultdict

from .history import FOREVER, Violation

# Refusals that come before anybody looks whether the message is there.
UNASKED = {"RATE_LIMIT", "UNAUTHORIZED"}


def one_truth(history):
    places, ids = {}, {}
    for record, room, seq, id_, h in history.observations():
        known = places.setdefault((room, seq), (id_, record))
        if known[0] != id_:
            yield Violation(f"{room} {seq} is {known[0]} and {id_}", known[1], record)
        known = ids.setdefault(id_, (room, seq, h, record))
        if known[:2] != (room, seq):
            yield Violation(f"{id_} is at {known[:2]} and at {(room, seq)}", known[3], record)
        if known[2] != h and (room, seq) not in history.changed:
            yield Violation(f"{id_} has two contents", known[3], record)


def acked_is_durable(history):
    for (room, _, m), write in history.writes.items():
        log = history.logs.get(room, {})
        for attempt in write.attempts:
            if attempt.outcome != "ok":
                continue
            a, h = attempt.ret, attempt.inv["h"]
            entry = log.get(a["seq"])
            if entry is None:
                yield Violation(f"{m} was acknowledged at {a['seq']} and is lost", attempt.inv, a)
            elif entry.get("id") != a["id"] or (
                entry["h"] != h and (room, a["seq"]) not in history.changed
            ):
                yield Violation(f"{m} was acknowledged at {a['seq']}, where something else is",
                                attempt.inv, a, entry)  # fmt: skip


def nothing_invented(history):
    for room, log in history.logs.items():
        joins = defaultdict(set)
        for op in history.by_call["join"]:
            joins[op.inv["r"], op.inv["u"]].add(op.inv["m"])
        joined = defaultdict(int)
        for entry in log.values():
            if entry["e"] == "joined":
                key = room, entry["u"]
                joined[key] += 1
                if joined[key] > len(joins[key]):
                    yield Violation(f"{entry['u']} joined at {entry['seq']} without asking", entry)
            if entry["e"] != "message":
                continue
            key = room, entry["u"], entry["m"]
            if key not in history.writes:
                yield Violation(f"nobody sent what is at {room} {entry['seq']}", entry)
                continue
            write = history.writes[key]
            if (room, entry["seq"]) not in history.changed and entry["h"] != write.inv["h"]:
                yield Violation(f"{room} {entry['seq']} is not what was sent", write.inv, entry)
            if all(a.outcome == "fail" for a in write.attempts):
                yield Violation(f"{room} {entry['seq']} was refused and is there",
                                write.attempts[-1].ret, entry)  # fmt: skip
            if write.seen and write.seen["t"] < write.inv["t"]:
                yield Violation("seen before it was sent", write.seen, write.inv)


def exactly_once(history):
    for room, log in history.logs.items():
        entries = {}
        for seq in sorted(log):
            entry = log[seq]
            if entry["e"] == "message":
                old = entries.setdefault((entry["u"], entry["m"]), entry)
                if old is not entry:
                    yield Violation(f"{entry['m']} is at {old['seq']} and {seq} of {room}",
                                    old, entry)  # fmt: skip
    for (_, _, m), write in history.writes.items():
        done = [a.ret for a in write.attempts if a.outcome == "ok"]
        for other in done[1:]:
            if (other["seq"], other["id"]) != (done[0]["seq"], done[0]["id"]):
                yield Violation(f"{m} was acknowledged at two places", done[0], other)
        firsts = [a for a in done if not a["dup"]]
        if len(firsts) > 1:
            yield Violation(f"{m} was twice acknowledged as the first", *firsts[:2])


def dense(history):
    for room, record in history.final_of.items():
        log = history.logs[room]
        hole = next((q for q in range(1, record["last"] + 1) if q not in log), None)
        if hole:
            yield Violation(f"{room} has no {hole}, and goes to {record['last']}",
                            {"t": record["t"], "k": "final", "n": record["n"], "r": room})
        beyond = [q for q in log if q > record["last"] or q < 1]
        if beyond:
            yield Violation(f"{room} ends at {record['last']} and has {beyond[0]}",
                            log[beyond[0]])  # fmt: skip


def _by_room(history):
    rooms = defaultdict(list)
    for (room, _, _), write in history.writes.items():
        if write.entry:
            rooms[room].append(write)
    return rooms


def real_time_order(history):
    """Whoever is sent after another has been seen comes behind it."""
    for room, writes in _by_room(history).items():
        ended = sorted((w for w in writes if w.seen), key=lambda w: w.seen["t"])
        top, at = None, 0
        for write in sorted(writes, key=lambda w: w.inv["t"]):
            while at < len(ended) and ended[at].seen["t"] < write.inv["t"]:
                if top is None or ended[at].entry["seq"] > top.entry["seq"]:
                    top = ended[at]
                at += 1
            if top and write.entry["seq"] < top.entry["seq"]:
                yield Violation(
                    f"in {room} {write.entry['seq']} was sent after {top.entry['seq']} was done",
                    top.seen, write.inv,
                )  # fmt: skip


def reads(history):
    """A read shows all that was acknowledged before it, and nothing that was sent after it."""
    rooms = _by_room(history)
    asked = defaultdict(list)
    for op in history.by_call["history"]:
        if op.outcome == "ok":
            asked[op.inv["r"]].append(op)
    for room, ops in asked.items():
        sent = {w.entry["seq"]: w for w in rooms[room]}
        shown = [(r["t"], w.entry["seq"], r) for w in rooms[room] if (r := w.first_ok())]
        shown += [(o.ret["t"], o.ret["last"], o.ret) for o in ops if not o.ret.get("stale")]
        shown.sort(key=lambda s: s[0])
        low, proof, at = 0, None, 0
        for op in sorted(ops, key=lambda o: o.inv["t"]):
            last = op.ret["last"]
            while at < len(shown) and shown[at][0] < op.inv["t"]:
                if shown[at][1] > low:
                    low, proof = shown[at][1], shown[at][2]
                at += 1
            if last < low and not op.ret.get("stale"):
                yield Violation(f"{room} was read up to {last} after {low} was there", proof,
                                op.inv, _short(op.ret))  # fmt: skip
            write = sent.get(last)
            if write and write.inv["t"] > op.ret["t"]:
                yield Violation(f"{room} was read up to {last} before that was sent",
                                _short(op.ret), write.inv)  # fmt: skip
            if room in history.final_of and last > history.last_seq(room):
                yield Violation(f"{room} was read up to {last} and ends before", _short(op.ret))


def _short(record):
    return {k: v for k, v in record.items() if k != "items"}


def unknowns_resolve(history):
    """A repeat tells what had become of an attempt whose answer was lost."""
    for (room, _, m), write in history.writes.items():
        lost = None
        for attempt in sorted(write.attempts, key=lambda a: (a.ret or {}).get("t", FOREVER)):
            if attempt.outcome == "info":
                lost = lost or attempt
        if lost is None or room not in history.logs:
            continue
        definite = [a for a in write.attempts
                    if a.outcome != "info" and a.inv["t"] > lost.inv["t"]
                    and a.ret.get("code") not in UNASKED]  # fmt: skip
        for attempt in definite:
            if attempt.outcome == "fail" and write.entry:
                yield Violation(f"{m} was said not to be written and is at {write.entry['seq']}",
                                lost.inv, attempt.ret, write.entry)  # fmt: skip
            if attempt.outcome == "ok" and (
                not write.entry or write.entry["seq"] != attempt.ret["seq"]
            ):
                yield Violation(f"{m} is not where the repeat said", lost.inv, attempt.ret,
                                write.entry)  # fmt: skip


TRUTH = {
    "P1 one truth": one_truth,
    "P2 acked is durable": acked_is_durable,
    "P3 nothing invented": nothing_invented,
    "P4 exactly once": exactly_once,
    "P5 dense": dense,
    "P6 real-time order": real_time_order,
    "P7 reads": reads,
    "P18 unknowns resolve": unknowns_resolve,
}
