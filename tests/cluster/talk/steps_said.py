# SPDX-License-Identifier: MIT
"""Steps: what is said, changed and read."""

from . import compare
from .draw import any_message, any_room, content, room_answered
from .people import Refused

EMOJI = ["👍", "🎉", "❤️", "x"]


def send(walk, person):
    room_id = any_room(walk, person)
    fields = {"content": content(walk) if walk.rng.random() > 0.02 else ""}
    if walk.rng.random() < 0.15:
        fields["reply_to"] = any_message(walk, room_id)
    if walk.rng.random() < 0.15:
        fields["thread"] = any_message(walk, room_id)
    if walk.rng.random() < 0.1:
        fields["metadata"] = {"step": walk.step, "list": [1, {"a": None}]}
    if walk.rng.random() < 0.15:
        room = walk.chat.rooms.get(room_id)
        last = room.device_seqs.get((person.user.id, person.device), 0) if room else 0
        fields["device_seq"] = max(0, last + walk.rng.choice([0, 1, 1, 1, 3, -1]))
    if walk.rng.random() < 0.05 and walk.down is None:
        fields["safety"] = "all"
    say(walk, person, room_id, fields)


def say(walk, person, room_id, fields):
    modelled = {k: v for k, v in fields.items() if k != "safety"}

    def rule(message_id):
        return walk.chat.send(person.user, message_id, room_id, device=person.device, **modelled)

    asked = {"room_id": room_id, "message_type": "text", **fields}
    walk.do(person, "send_message_request", rule, asked, learn=last_message_at)


def last_message_at(answer, wanted):
    wanted["message"].room.last_message_at = answer["created_at"]


def burst(walk, person):
    """Several at the same time into one room; their order is the room's, and has no holes."""
    room_id = any_room(walk, person, inside=1)
    room = walk.chat.rooms.get(room_id)
    chat = walk.chat
    if room is None or room.deleted:
        return
    speakers = [p for p in walk.here() if not chat.forbids(p.user, room, "send")]
    asked = []
    for i in range(8 if speakers else 0):
        speaker = walk.rng.choice(speakers)
        asked.append((speaker, walk.new_id(), f"word{walk.step} together {i}"))
    walk.told.append(f"burst of {[(p.user.name, c) for p, _, c in asked]} into {room_id}")
    futures = [p.client.post("send_message_request", id_, room_id=room_id, content=c,
                             message_type="text") for p, id_, c in asked]  # fmt: skip
    acks = []
    for (speaker, id_, text), future in zip(asked, futures):
        data = future.result(30)["data"]
        if data["type"] == "error":  # a leader that moves
            data = speaker.call("send_message_request", id_, room_id=room_id, content=text,
                                message_type="text")  # fmt: skip
        if data["type"] == "error":
            walk.fail(f"expected an ack, got {data}")
        acks.append((data["seq"], speaker, id_, text, data))
    for seq, speaker, id_, text, data in sorted(acks, key=lambda a: a[0]):
        wanted = chat.send(speaker.user, id_, room_id, text)
        walk.same("the next seq", seq, wanted["seq"])
        walk.take_ack(data, wanted["message"])
        last_message_at(data, wanted)


def twice(walk, person):
    """The same document two times at once: one entry, and one of the answers is a duplicate."""
    room_id = any_room(walk, person, inside=1)
    room = walk.chat.rooms.get(room_id)
    if room is None or room.deleted or walk.chat.forbids(person.user, room, "send"):
        return
    id_, text = walk.new_id(), content(walk)
    fields = {"room_id": room_id, "content": text, "message_type": "text"}
    walk.tell(person, "twice send_message_request", fields)
    other = walk.trio.nodes[walk.any_node()]
    with person.another_connection(other) as second:
        futures = [c.post("send_message_request", id_, **fields) for c in (person.client, second)]
        answers = [f.result(30)["data"] for f in futures]
        if any(a["type"] == "error" for a in answers):
            answers = [person.call("send_message_request", id_, **fields)]
            answers.append(answers[0])
        elif sorted(a["duplicate"] for a in answers) != [False, True]:
            walk.fail(f"expected one duplicate: {answers}")
    wanted = walk.chat.send(person.user, id_, room_id, text)
    for answer in answers:
        walk.judge(answer, wanted, None)
        last_message_at(answer, wanted)


def edit(walk, person):
    room_id = any_room(walk, person)
    room = walk.chat.rooms.get(room_id)
    own = [m for m in room.messages if m.sender == person.user.id] if room else []
    target = any_message(walk, room_id)
    if own and walk.rng.random() < 0.8:
        target = walk.rng.choice(own).id
    text = content(walk)
    if walk.rng.random() < 0.15:
        text = next((m.content for m in own if m.id == target), text)
    walk.do(person, "edit_message_request",
            lambda _: walk.chat.edit(person.user, room_id, target, text),
            {"room_id": room_id, "id": target, "content": text})  # fmt: skip


def erase(walk, person):
    room_id = any_room(walk, person)
    target = any_message(walk, room_id)
    walk.do(person, "delete_message_request",
            lambda _: walk.chat.erase(person.user, room_id, target),
            {"room_id": room_id, "id": target})  # fmt: skip


def react(walk, person):
    room_id = any_room(walk, person)
    target = any_message(walk, room_id)
    emoji, add = walk.rng.choice(EMOJI), walk.rng.random() < 0.7
    if walk.rng.random() < 0.3:
        emoji = f"e{walk.rng.randrange(25)}"
    walk.do(person, "reaction_request",
            lambda _: walk.chat.react(person.user, room_id, target, emoji, add),
            {"room_id": room_id, "id": target, "emoji": emoji, "add": add})  # fmt: skip


def pin(walk, person):
    room_id = any_room(walk, person)
    target, pinned = any_message(walk, room_id), walk.rng.random() < 0.6
    walk.do(person, "pin_request", lambda _: walk.chat.pin(person.user, room_id, target, pinned),
            {"room_id": room_id, "id": target, "pinned": pinned})  # fmt: skip


def mark(walk, person):
    room_id = any_room(walk, person)
    room = walk.chat.rooms.get(room_id)
    last = room.last_seq if room else 1
    seq = max(0, last - int(walk.rng.expovariate(0.3)) + (walk.rng.random() < 0.05))
    status = walk.rng.choice(["delivered", "read", "read"])
    walk.do(person, "mark_request", lambda _: walk.chat.mark(person.user, room_id, status, seq),
            {"room_id": room_id, "status": status, "seq": seq})  # fmt: skip


def history(walk, person):
    room_id = any_room(walk, person)
    room = walk.chat.rooms.get(room_id)
    around = walk.rng.randrange(room.last_seq + 2) if room else 1
    ways = [{}, {"before_seq": around}, {"after_seq": around}]
    fields = dict(walk.rng.choice(ways), limit=walk.rng.choice([1, 3, 10, 50]))
    if walk.rng.random() < 0.03:
        fields |= {"before_seq": around, "after_seq": around}

    def rule(_):
        messages, more = walk.chat.page(person.user, room_id, fields.get("before_seq"),
                                        fields.get("after_seq"), fields["limit"])  # fmt: skip
        return {"messages": messages, "has_more": more}

    def learn(answer, wanted):
        walk.same("messages", [m["seq"] for m in answer["messages"]],
                  [m.seq for m in wanted["messages"]])  # fmt: skip
        walk.same("has_more", answer["has_more"], wanted["has_more"])
        walk.same("last_seq", answer["last_seq"], room.last_seq)
        for data, message in zip(answer["messages"], wanted["messages"]):
            compare.check_message(walk, data, message, person.user, room)

    walk.do(person, "history_request", rule, {"room_id": room_id, **fields}, learn)


def members(walk, person):
    room_id = any_room(walk, person, inside=1)
    room = walk.chat.rooms.get(room_id)
    try:
        walk.chat.find(person.user, room_id, "read")
    except Refused:
        return
    walk.tell(person, "room_members_request", room_id)
    compare.check_members(walk, person, room)


def message(walk, person):
    room_id = any_room(walk, person)
    target = any_message(walk, room_id)

    def learn(answer, wanted):
        room, found = wanted["found"]
        compare.check_message(walk, answer["message"], found, person.user, room)
        sets = tuple(set(answer["message"][k]) for k in ("delivered_to", "read_by"))
        walk.same("delivered_to and read_by", sets, walk.chat.receivers(room, found))

    walk.do(person, "message_request",
            lambda _: {"found": walk.chat.find_message(person.user, room_id, target)},
            {"room_id": room_id, "id": target}, learn)  # fmt: skip


def look(walk, person):
    room_id = any_room(walk, person, inside=0.3)
    walk.do(person, "room_request", lambda _: walk.chat.look(person.user, room_id),
            {"room_id": room_id}, room_answered(walk))  # fmt: skip


def lists(walk, person):
    walk.tell(person, "room_list_request", "all scopes")
    compare.check_lists(walk, person)
