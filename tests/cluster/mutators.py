# SPDX-License-Identifier: MIT
"""What may go wrong with a cluster, done to a good history: each of MUTATORS takes the records and
a random.Random, changes the records in place, and is to be caught by the property of its name."""

import copy

MUTATORS = {}


def mutator(what):
    def keep(function):
        MUTATORS[f"{function.__name__.split('_')[0].upper()} {what}"] = function
        return function

    return keep


# -- finding something to break --------------------------------------------------


def all_of(records, k, **fields):
    return [r for r in records if r["k"] == k
            and all(r.get(key) == value for key, value in fields.items())]  # fmt: skip


def op_of(records):
    return {r["op"]: r for r in records if r["k"] == "inv"}


def acked(records):
    """[(inv, ret)] of sends that were acknowledged."""
    ops = op_of(records)
    return [(ops[r["op"]], r) for r in records
            if r["k"] == "ret" and r["ok"] and ops[r["op"]]["f"] == "send"]  # fmt: skip


def copies(records, room, kinds=("final", "replica")):
    """The logs of a room, from all nodes."""
    return [r for r in records if r["k"] in kinds and r["r"] == room]


def unchanged(records, room):
    edited = {e.get("to") for r in all_of(records, "final", r=room) for e in r["log"]}
    return [(i, a) for i, a in acked(records) if i["r"] == room and a["seq"] not in edited]


def insert(records, at, record):
    records.insert(records.index(at) + 1, record)


# -- what was written ------------------------------------------------------------


@mutator("a page shows another message at a place")
def p1_other_id(records, rng):
    page = rng.choice([r for r in records if r["k"] == "ret" and r.get("items")])
    page["items"] = [list(i) for i in page["items"]]
    page["items"][-1][1] = "another"


@mutator("a listener gets another text than the others")
def p1_other_text(records, rng):
    inv, ack = rng.choice(unchanged(records, "room1"))
    rng.choice(all_of(records, "evt", r="room1", seq=ack["seq"]))["h"] = "other"


@mutator("an acknowledged message is lost at the end")
def p2_lost(records, rng):
    inv, ack = max(unchanged(records, "room1"), key=lambda w: w[1]["seq"])
    for record in copies(records, "room1"):
        record["log"] = [e for e in record["log"] if e["seq"] < ack["seq"]]
        record["last"] = ack["seq"] - 1


@mutator("an acknowledged message became another one")
def p2_replaced(records, rng):
    inv, ack = rng.choice(unchanged(records, "room1"))
    for record in copies(records, "room1"):
        for entry in record["log"]:
            if entry["seq"] == ack["seq"]:
                entry["id"], entry["h"] = "another", "other"


@mutator("an entry that nobody sent")
def p3_invented(records, rng):
    for record in copies(records, "room1"):
        record["last"] += 1
        record["log"].append({"seq": record["last"], "e": "message", "id": "new", "m": "never",
                              "h": "x", "u": "w0"})  # fmt: skip


@mutator("a message that was refused is in the log")
def p3_refused(records, rng):
    ops = op_of(records)
    tries = [o["m"] for o in ops.values() if o["f"] == "send"]
    inv, _ = rng.choice([w for w in acked(records) if tries.count(w[0]["m"]) == 1])
    for r in all_of(records, "ret"):
        if ops[r["op"]].get("m") == inv["m"]:
            for key in ("seq", "id", "dup", "term"):
                r.pop(key, None)
            r.update(ok=False, code="FORBIDDEN")


@mutator("somebody joined without asking")
def p3_joined(records, rng):
    for record in copies(records, "room1", ["final"]):
        record["last"] += 1
        record["log"].append({"seq": record["last"], "e": "joined", "u": "rover", "by": "w0"})
    records[:] = [r for r in records if r["k"] != "inv" or r["f"] != "join"
                  or r["r"] != "room1"]  # fmt: skip


@mutator("a repeat was written again")
def p4_twice(records, rng):
    inv, ack = rng.choice(acked(records))
    for record in copies(records, inv["r"]):
        first = next(e for e in record["log"] if e["seq"] == ack["seq"])
        record["last"] += 1
        record["log"].append(first | {"seq": record["last"], "id": "second"})


@mutator("a repeat was acknowledged as the first")
def p4_two_firsts(records, rng):
    inv, ack = rng.choice(acked(records))
    other = inv | {"op": 10**9, "t": ack["t"] + 1}
    insert(records, ack, other)
    insert(records, other, ack | {"op": 10**9, "t": ack["t"] + 2, "dup": False})
    ack["dup"] = False


@mutator("a repeat was acknowledged at another place")
def p4_elsewhere(records, rng):
    inv, ack = rng.choice(acked(records))
    other = inv | {"op": 10**9, "t": ack["t"] + 1}
    insert(records, ack, other)
    insert(records, other, ack | {"op": 10**9, "t": ack["t"] + 2, "dup": True,
                                  "seq": ack["seq"] + 1})  # fmt: skip


@mutator("a room leaves a number out")
def p5_hole(records, rng):
    seq = rng.randrange(2, all_of(records, "final", r="room1")[0]["last"])
    for record in copies(records, "room1"):
        record["log"] = [e for e in record["log"] if e["seq"] != seq]


@mutator("two messages have changed places, in all that was ever seen")
def p6_swapped(records, rng):
    room = "room1"
    done = sorted(unchanged(records, room), key=lambda w: w[1]["seq"])
    i = rng.randrange(len(done) // 2)
    a, b = done[i][1]["seq"], done[i + len(done) // 3][1]["seq"]
    change = {a: b, b: a}
    ops = op_of(records)
    for r in records:
        if r["k"] == "ret" and ops[r["op"]].get("r") == room:
            if "seq" in r:
                r["seq"] = change.get(r["seq"], r["seq"])
            r["items"] = [[change.get(q, q), *rest] for q, *rest in r.get("items", ())]
        elif r["k"] == "evt" and r["r"] == room:
            r["seq"] = change.get(r["seq"], r["seq"])
    for record in copies(records, room):
        for entry in record["log"]:
            entry["seq"] = change.get(entry["seq"], entry["seq"])


@mutator("a read misses what was acknowledged before")
def p7_stale(records, rng):
    reads = [r for r in records if r["k"] == "ret" and r.get("last", 0) > 20]
    rng.choice(reads)["last"] -= 10


@mutator("a read shows what is sent later")
def p7_future(records, rng):
    reads = [r for r in records if r["k"] == "ret" and "last" in r]
    reads[len(reads) // 3]["last"] += 40


# -- what arrived ----------------------------------------------------------------


def streams(records):
    found = {}
    for r in all_of(records, "evt"):
        found.setdefault((r["c"], r["r"]), []).append(r)
    return [s for s in found.values() if len(s) > 10]


@mutator("a relay skips one event")
def p8_skipped(records, rng):
    stream = rng.choice(streams(records))
    records.remove(stream[len(stream) // 2])


@mutator("two events come in the wrong order")
def p8_reordered(records, rng):
    stream = rng.choice(streams(records))
    a, b = stream[4], stream[5]
    for key in a.keys() | b.keys() - {"t"}:
        a[key], b[key] = b.get(key), a.get(key)


@mutator("an event comes twice")
def p8_repeated(records, rng):
    event = rng.choice(streams(records))[5]
    insert(records, event, dict(event))


def reconnects(records):
    """(last event before, first event after) a change of connection."""
    ops = {r["c"]: r["d"] for r in records if r["k"] == "inv"}
    last = {}
    for r in all_of(records, "evt"):
        key = ops[r["c"]], r["r"]
        if key in last and last[key]["c"] != r["c"] and r["seq"] == last[key]["seq"] + 1:
            yield last[key], r
        last[key] = r


@mutator("a device gets again what it had when it came back")
def p9_again(records, rng):
    before, after = rng.choice(list(reconnects(records)))
    records.insert(records.index(after), before | {"c": after["c"], "t": after["t"]})


@mutator("a device misses what came while it was away")
def p9_missed(records, rng):
    _, after = rng.choice(list(reconnects(records)))
    records.remove(after)


@mutator("the last event never arrives")
def p10_tail(records, rng):
    records.remove(all_of(records, "evt", c=all_of(records, "inv", u="l0")[-1]["c"])[-1])


@mutator("a connection hears nothing of a room")
def p10_deaf(records, rng):
    closed = {r["c"] for r in all_of(records, "close")}
    deaf = [s for s in streams(records) if s[0]["c"] not in closed]
    for event in rng.choice(deaf):
        records.remove(event)


@mutator("an author does not find the own message")
def p11_own(records, rng):
    inv, ack = rng.choice(acked(records))
    op = {"t": ack["t"] + 1, "k": "inv", "op": 10**9, "c": inv["c"], "u": inv["u"],
          "d": inv["d"], "n": "node3", "f": "history", "r": inv["r"]}  # fmt: skip
    insert(records, ack, op)
    insert(records, op, {"t": ack["t"] + 2, "k": "ret", "op": 10**9, "ok": True, "stale": False,
                         "last": ack["seq"] - 1, "items": []})  # fmt: skip


# -- rules -------------------------------------------------------------------------


@mutator("a cursor goes back")
def p12_back(records, rng):
    cur = rng.choice(all_of(records, "cur"))
    insert(records, cur, cur | {"seq": cur["seq"] - 1})


@mutator("a cursor is where nobody has put it")
def p12_above(records, rng):
    rng.choice(all_of(records, "cur"))["seq"] = 10**6


@mutator("a kept mark is gone")
def p12_lost(records, rng):
    row = [r for r in records if r["k"] == "ret" and r.get("cur")][0]
    row["cur"] = [[u, 1, 1] for u, _, _ in row["cur"]]


@mutator("who left still hears")
def p13_after_leaving(records, rng):
    rover = {r["c"] for r in all_of(records, "inv", u="rover")}
    joins = {(r["r"], e["seq"]) for r in all_of(records, "final") for e in r["log"]
             if e["e"] == "joined"}  # fmt: skip
    end = rng.choice([r for r in all_of(records, "evt", e="left") if r["c"] in rover
                      and (r["r"], r["seq"] + 1) not in joins])  # fmt: skip
    insert(records, end, end | {"e": "message", "seq": end["seq"] + 1, "id": "leak", "m": "leak",
                                "h": "leak"})  # fmt: skip


@mutator("a stranger writes")
def p13_stranger(records, rng):
    inv, ack = rng.choice(unchanged(records, "room1"))
    for record in copies(records, "room1"):
        for entry in record["log"]:
            if entry["seq"] == ack["seq"]:
                entry["u"] = "stranger"


@mutator("who is logged out still hears")
def p13_logged_out(records, rng):
    op = all_of(records, "inv", f="logout")[0]
    event = all_of(records, "evt", c=op["c"])[-1]
    records.append(event | {"t": op["t"] + 3 * 10**9})


@mutator("a change of what comes later")
def p14_target(records, rng):
    for record in copies(records, "room2", ["final"]):
        next(e for e in record["log"] if e["e"] == "edited")["to"] = record["last"]


@mutator("an answer to no message of the room")
def p14_reply(records, rng):
    for record in copies(records, "room1", ["final"]):
        next(e for e in record["log"] if e["e"] == "message")["re"] = "nowhere"


@mutator("an edit is forgotten")
def p14_forgotten(records, rng):
    record = copies(records, "room2", ["final"])[1]
    target = next(e for e in record["log"] if e["e"] == "edited")["to"]
    record["objects"][target] = "as it was"


@mutator("one store has another message")
def p15_store(records, rng):
    record = rng.choice(all_of(records, "replica", r="room1"))
    rng.choice(record["log"])["h"] = "other"


@mutator("one store ends before the others")
def p15_short(records, rng):
    rng.choice(all_of(records, "replica", r="room1"))["log"].pop()


@mutator("one node does not show the end")
def p15_node(records, rng):
    record = rng.choice(all_of(records, "final", r="room1"))
    record["last"] -= 1
    record["log"].pop()


@mutator("equal states have two hashes")
def p15_hash(records, rng):
    rng.choice(all_of(records, "hash"))["h"] = "other"


@mutator("two leaders in one term")
def p16_two(records, rng):
    lead = rng.choice(all_of(records, "lead"))
    lead["leader"] = {"node1": "node2", "node2": "node3", "node3": "node1"}[lead["leader"]]


@mutator("a leader that was replaced goes on acknowledging")
def p16_old_term(records, rng):
    max((a for _, a in acked(records)), key=lambda a: a["t"])["term"] = 1


@mutator("a request is answered twice")
def p17_twice(records, rng):
    _, ack = rng.choice(acked(records))
    insert(records, ack, ack | {"t": ack["t"] + 1})


@mutator("a request is never answered")
def p17_never(records, rng):
    closed = {r["c"] for r in all_of(records, "close")}
    records.remove(rng.choice([a for i, a in acked(records) if i["c"] not in closed]))
    records.append({"t": records[-1]["t"] + 10 * 10**9, "k": "rest"})


@mutator("an answer to what was not asked")
def p17_stray(records, rng):
    _, ack = rng.choice(acked(records))
    insert(records, ack, ack | {"op": 10**9})


@mutator("a repeat says that nothing was written")
def p18_denied(records, rng):
    inv, ack = rng.choice([w for w in acked(records) if w[1]["dup"]])
    again = inv | {"op": 10**9, "t": ack["t"] + 1}
    insert(records, ack, again)
    insert(records, again, {"t": ack["t"] + 2, "k": "ret", "op": 10**9, "ok": False,
                            "code": "MESSAGE_NOT_FOUND"})  # fmt: skip


@mutator("a repeat names another place than the log")
def p18_moved(records, rng):
    _, ack = rng.choice([w for w in acked(records) if w[1]["dup"]])
    ack["seq"] += 1


def mutate(name, records, rng):
    """A changed copy."""
    changed = copy.deepcopy(records)
    MUTATORS[name](changed, rng)
    return changed
