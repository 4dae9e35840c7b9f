# SPDX-License-Identifier: MIT
"""P12-P17: cursors, membership, objects, replicas, leaders, answers."""

from collections import defaultdict

from .history import CHANGES, Violation, entry_of

ANSWER_NS = 7_000_000_000  # 5 s are promised; two more for a machine that is busy
SILENCE_NS = 1_000_000_000  # after a revocation nothing comes


def cursors(history):
    """Cursors only rise, are never above what was marked, and keep what was acknowledged."""
    marked, kept = defaultdict(list), defaultdict(list)
    for op in history.by_call["mark"]:
        for kind in ("delivered", "read"):
            if kind == op.inv["kind"] or kind == "delivered":  # read implies delivered
                key = op.inv["r"], op.inv["u"], kind
                marked[key].append(op.inv)
                if op.outcome == "ok":
                    kept[key].append(op)
    for key in marked:
        marked[key].sort(key=lambda i: i["t"])

    seen = {}
    reach, at = defaultdict(int), defaultdict(int)  # the highest mark so far
    observed = list(history.by_kind["cur"])
    for op in history.by_call["members"]:
        for user, delivered, read in (op.ret or {}).get("cur", ()):
            base = {"t": op.ret["t"], "c": op.inv["c"], "r": op.inv["r"], "u": user, "k": "ret"}
            observed.append(base | {"kind": "delivered", "seq": delivered, "list": True})
            observed.append(base | {"kind": "read", "seq": read, "list": True})
            if read > delivered:
                yield Violation(f"{user} has read {read} of {op.inv['r']} and got {delivered}",
                                op.inv, op.ret)  # fmt: skip
    for cur in sorted(observed, key=lambda c: c["t"]):
        key = cur["r"], cur["u"], cur["kind"]
        observer = (cur["c"], cur.get("list"), *key)
        known = seen.setdefault(observer, cur)
        if cur["seq"] < known["seq"]:
            yield Violation(f"the cursor {key} fell from {known['seq']} to {cur['seq']}",
                            known, cur)  # fmt: skip
        elif cur["seq"] > known["seq"]:
            seen[observer] = cur
        marks = marked[key]
        while at[key] < len(marks) and marks[at[key]]["t"] <= cur["t"]:
            reach[key] = max(reach[key], marks[at[key]]["seq"])
            at[key] += 1
        # Whoever enters has got, and read, what was there before.
        entered = max((s[0] for s in history.members[cur["r"], cur["u"]].spans), default=0)
        if cur["seq"] > max(reach[key], entered):
            yield Violation(f"the cursor {key} is {cur['seq']}, and nobody has marked that", cur)
    final = {}
    for op in history.by_call["members"]:
        if op.inv.get("final"):
            for user, delivered, read in (op.ret or {}).get("cur", ()):
                final[op.inv["r"], user, "delivered"] = delivered, op
                final[op.inv["r"], user, "read"] = read, op
    for key, (cursor, read) in final.items():
        # One that was answered after the reading began may be missing from it.
        before = [m.inv for m in kept[key] if m.ret["t"] < read.inv["t"]]
        mark = max(before, key=lambda inv: inv["seq"], default=None)
        if mark and cursor < mark["seq"]:
            yield Violation(f"the mark {key} {mark['seq']} was kept and is {cursor}",
                            mark, read.ret)  # fmt: skip


def fenced(history):
    """Only members write, and whoever has gone hears nothing."""
    for room, log in history.logs.items():
        for entry in log.values():
            if entry["e"] == "message":
                member = history.members[room, entry["u"]]
                if not member.at(entry["seq"] - 1):
                    yield Violation(f"{entry['u']} wrote {room} {entry['seq']} and was no member",
                                    entry)  # fmt: skip
    for event in history.by_kind["evt"]:
        user = history.users.get(event["c"])
        if event["r"] in history.logs and not history.members[event["r"], user].at(event["seq"]):
            spans = history.members[event["r"], user].spans
            ends = [history.logs[event["r"]].get(s[1]) for s in spans if s[1] < event["seq"]]
            yield Violation(f"{user} got {event['seq']} of {event['r']} and is no member then",
                            ends[-1] if ends else None, event)  # fmt: skip
    revoked = {op.inv["c"]: op.ret for op in history.by_call["logout"] if op.outcome == "ok"}
    for event in history.by_kind["evt"]:
        end = revoked.get(event["c"])
        if end and event["t"] > end["t"] + SILENCE_NS:
            yield Violation(f"{event['c']} was logged out and got {event['seq']}", end, event)


def objects(history):
    """Changes and replies point back, and an object is what its changes made of it."""
    for room, log in history.logs.items():
        seq_of, content = {}, {}
        for seq in sorted(log):
            entry = log[seq]
            if entry["e"] == "message":
                reply = entry.get("re")
                if reply and reply not in seq_of:
                    yield Violation(f"{room} {seq} answers {reply}, which is not before it", entry)
                seq_of[entry["id"]] = seq
                content[seq] = entry["h"]
            elif entry["e"] in CHANGES:
                target = entry.get("to")
                if target not in content:
                    yield Violation(f"{room} {seq} changes {target}, which is no message", entry)
                elif entry["e"] == "edited":
                    content[target] = entry["h"]
                elif entry["e"] == "deleted":
                    content[target] = None
        for kind in ("final", "replica"):
            for record in history.by_kind[kind]:
                for seq, h in record.get("objects", {}).items() if record["r"] == room else ():
                    if int(seq) in content and content[int(seq)] != h:
                        yield Violation(f"{room} {seq} is not what its changes made of it",
                                        _short(record), log[int(seq)])  # fmt: skip


def _short(record):
    return {k: v for k, v in record.items() if k not in ("log", "items", "objects")}


def replicas_agree(history):
    """Nodes show the same room, stores hold the same messages, equal states have one hash."""
    for room, truth in history.final_of.items():
        for record in history.by_kind["final"]:
            if record["r"] == room and record["last"] != truth["last"]:
                yield Violation(f"{room} ends at {record['last']} on {record['n']} and at "
                                f"{truth['last']} on {truth['n']}",
                                _short(record), _short(truth))  # fmt: skip
        said = {q: (e["id"], e["h"]) for q, e in history.logs[room].items() if e["e"] == "message"}
        for record in history.by_kind["replica"]:
            if record["r"] != room:
                continue
            held = {e["seq"]: (e["id"], e["h"]) for e in map(entry_of, record["log"])}
            for seq in sorted(held.keys() | said.keys()):
                if held.get(seq) != said.get(seq) and (room, seq) not in history.changed:
                    yield Violation(f"{record['n']} holds {held.get(seq)} at {room} {seq}, the "
                                    f"room has {said.get(seq)}", _short(record))  # fmt: skip
                    break
    hashes = {}
    for record in history.by_kind["hash"]:
        known = hashes.setdefault((record["s"], record["i"]), record)
        if known["h"] != record["h"]:
            yield Violation(f"shard {record['s']} has two states at {record['i']}", known, record)


def one_leader(history):
    """A term has one leader, and what is behind it in a log is of no earlier term."""
    leaders = {}
    for record in history.by_kind["lead"]:
        if record["leader"]:
            known = leaders.setdefault((record["s"], record["term"]), record)
            if known["leader"] != record["leader"]:
                yield Violation(f"shard {record['s']} has two leaders in term {record['term']}",
                                known, record)  # fmt: skip
    rooms = defaultdict(dict)
    for (room, _, m), write in history.writes.items():
        for attempt in write.attempts:
            if attempt.outcome == "ok" and attempt.ret.get("term"):
                known = rooms[room].setdefault(attempt.ret["seq"], attempt.ret)
                if known["term"] != attempt.ret["term"]:
                    yield Violation(f"{m} is of terms {known['term']} and {attempt.ret['term']}",
                                    known, attempt.ret)  # fmt: skip
    for room, acks in rooms.items():
        top = None
        for seq in sorted(acks):
            if top and acks[seq]["term"] < top["term"]:
                yield Violation(f"{room} {seq} is of term {acks[seq]['term']}, and {top['seq']} "
                                f"before it of {top['term']}", top, acks[seq])  # fmt: skip
            elif not top or acks[seq]["term"] > top["term"]:
                top = acks[seq]


def answered(history):
    """One answer to each request, in time, unless the connection went."""
    end = max((r.get("t", 0) for r in history.records), default=0)
    for stray in history.strays:
        yield Violation("an answer to nothing", stray)
    for op in history.ops.values():
        if op.more:
            yield Violation("answered twice", op.inv, op.ret, op.more[0])
        begin = op.inv["t"]
        finish = op.ret["t"] if op.ret else op.closed["t"] if op.closed else end
        gave_up = not op.ret and (not op.closed or op.closed.get("code") == "gave up")
        if finish - begin <= ANSWER_NS and not gave_up:
            continue
        if not history.mute(op.inv["n"], begin, finish):
            yield Violation(f"no answer within {(finish - begin) / 1e9:.1f} s", op.inv,
                            op.ret or op.closed)  # fmt: skip


RULES = {
    "P12 cursors": cursors,
    "P13 membership fenced": fenced,
    "P14 objects": objects,
    "P15 replicas agree": replicas_agree,
    "P16 one leader": one_leader,
    "P17 answered once": answered,
}
