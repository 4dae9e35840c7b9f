# SPDX-License-Identifier: MIT
"""Steps: repeating, resuming, coming back, and leaders that move."""

from harness.names import shard_of

from .draw import living
from .people import Refused


def repeat(walk, person):
    """What was asked before, from wherever the person is now."""
    # What shall be on all three has to wait for the third.
    done = [d for d in walk.done
            if d[0].user.is_online and (walk.down is None or "safety" not in d[3])]  # fmt: skip
    if not done:
        return
    person, type_, message_id, fields, first = walk.rng.choice(done)
    walk.tell(person, f"again {type_}", fields)
    answer = person.call(type_, message_id, **fields)
    room_id = fields.get("room_id") or first.get("room", {}).get("id")
    if answer["type"] == "error":
        room = walk.chat.rooms[room_id]
        # What one may not see (any more) is not shown in an answer from earlier either.
        gone = room.deleted or walk.chat.forbids(person.user, room, "see")
        if not (gone and answer["code"] == "ROOM_NOT_FOUND"):
            walk.fail(f"expected {first} again, got {answer}")
        return
    if answer.get("duplicate") is not True:
        walk.fail(f"expected a duplicate of {first}, got {answer}")
    for key in ("id", "seq", "created_at", "room_id"):
        walk.same(f"{key} of a duplicate", answer.get(key), first.get(key))
    if "room" in first:
        walk.same("the room of a duplicate", answer["room"]["id"], first["room"]["id"])


def alter(walk, person):
    """Something else under a message_id that was used in this room."""
    done = [d for d in walk.done if d[1] == "send_message_request" and d[0].user.is_online]
    if not done:
        return
    person, type_, message_id, fields, _ = walk.rng.choice(done)
    fields = fields | {"content": fields["content"] + " altered"}
    walk.tell(person, f"altered {type_}", fields)
    answer = person.call(type_, message_id, **fields)
    room = walk.chat.rooms[fields["room_id"]]
    codes = {"CONFLICT", walk.chat.forbids(person.user, room, "send")}
    if room.deleted:
        codes.add("ROOM_NOT_FOUND")
    if answer.get("code") not in codes:
        walk.fail(f"expected {codes}, got {answer}")


def resume(walk, person):
    """Over the same connection, from somewhere in what was heard."""
    person.wait_heard()
    rooms = {}
    for room_id, heard in person.heard.items():
        if heard and walk.rng.random() < 0.4:
            rooms[room_id] = max(0, person.last(room_id) - walk.rng.randrange(12))
    if not rooms:
        return
    walk.tell(person, "resume_request", rooms)
    answer = person.call("resume_request", walk.new_id(), rooms=rooms)["rooms"]
    for room_id, last in rooms.items():
        try:
            wanted = walk.chat.resume(person.user, room_id, last)
        except Refused as why:
            walk.same(f"resuming {room_id}", answer[room_id].get("error", {}).get("code"),
                      why.codes[0])  # fmt: skip
            continue
        walk.same(f"resuming {room_id}", answer[room_id], wanted)
    person.wait_heard()


def travel(walk, person):
    """Goes, if others stay, or somebody comes back somewhere else."""
    away = [p for p in walk.people if not p.user.is_online]
    if away and walk.rng.random() < 0.6:
        come_back(walk, walk.rng.choice(away))
    elif len(walk.here()) > 4:
        walk.told.append(f"{person.user.name} goes")
        person.go()


def come_back(walk, person):
    node, encoding = walk.any_node(), walk.rng.choice(["json", "msgpack"])
    walk.told.append(f"{person.user.name} comes back at node{node + 1}, {encoding}")
    for room_id, last in person.come(node, encoding).items():
        try:
            walk.chat.resume(person.user, room_id, last)
        except Refused:
            pass


def move(walk, person):
    """Another node leads a room from now on."""
    if walk.down is not None or not living(walk):
        return
    room = walk.rng.choice(living(walk))
    leaders = walk.trio.leaders()
    shard = shard_of(room.id, max(leaders))
    to = walk.rng.choice([n.name for n in walk.trio.nodes if n.name != leaders[shard]])
    walk.told.append(f"room {room.id} moves to {to}")
    moved = walk.trio.nodes[0].console("room", "move", room.id, "--to", to)
    if moved.returncode != 0:
        walk.fail(f"room move: {moved.stdout}{moved.stderr}")
    walk.moves += 1


def crash(walk, person):
    """A node is killed, and its people go to the others; or it is started again."""
    if walk.down is not None:
        walk.told.append(f"node{walk.down + 1} is started")
        walk.down = None
        walk.trio.settle()
        return
    walk.trio.settle()
    for each in walk.here():
        each.wait_heard()
    walk.down = walk.rng.randrange(3)
    walk.moves += 1
    walk.told.append(f"node{walk.down + 1} is killed")
    gone = [p for p in walk.here() if p.node == walk.down]
    walk.trio.nodes[walk.down].kill()
    for each in gone:
        each.client.wait_closed()
        each.user.is_online = False
    for each in gone:
        come_back(walk, each)
