# SPDX-License-Identifier: MIT
"""Everything that everybody sees, beside the model."""

from harness.waiting import wait_until

from .messages import as_shown
from .people import Refused

ROOM_FIELDS = ["name", "alias", "description", "topic", "is_private", "archived", "created_by",
               "last_seq", "last_message_at"]  # fmt: skip


def ask(walk, person, type_, **fields):
    return person.call(type_, walk.new_id(), **fields)


def room_as_modelled(room):
    wanted = {k: getattr(room, k) for k in ROOM_FIELDS}
    wanted |= {"id": room.id, "room_type": room.type, "member_count": len(room.members),
               "members": sorted(room.members)}  # fmt: skip
    # A direct room has no name.
    return wanted


def room_as_shown(data):
    found = {k: data[k] for k in ROOM_FIELDS}
    found |= {k: data[k] for k in ("id", "room_type", "member_count")}
    found["members"] = sorted(data["members"])
    return found


def check_room(walk, data, room):
    walk.same(f"room {room.id}", room_as_shown(data), room_as_modelled(room))


def check_message(walk, data, message, user, room):
    walk.same(f"message {message.seq} of {room.id}",
              as_shown(data) | {"status": data["status"], "created_at": data["created_at"]},
              message.now() | {"status": walk.chat.status(user, room, message),
                               "created_at": message.created_at})  # fmt: skip


def check_members(walk, person, room):
    found, cursor = {}, None
    limit = walk.rng.choice([2, 5, 200])
    while True:
        page = ask(walk, person, "room_members_request", room_id=room.id, limit=limit,
                   cursor=cursor)  # fmt: skip
        for m in page["members"]:
            found[m["user"]["id"]] = m["role"], m["delivered_seq"], m["read_seq"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    wanted = {id_: (m.role, m.delivered, m.read) for id_, m in room.members.items()}
    walk.same(f"members of {room.id} (role, delivered, read)", found, wanted)


def check_history(walk, person, room):
    limit = walk.rng.choice([7, 50, 200, 200])
    if len(room.messages) > 100:
        limit = 200
    found, after = [], 0
    while True:
        page = ask(walk, person, "history_request", room_id=room.id, after_seq=after, limit=limit)
        walk.same("last_seq", page["last_seq"], room.last_seq)
        found += page["messages"]
        if not page["has_more"]:
            break
        after = found[-1]["seq"]
    walk.same(f"messages of {room.id}", [m["seq"] for m in found], [m.seq for m in room.messages])
    for data, message in zip(found, room.messages):
        check_message(walk, data, message, person.user, room)


def list_all(walk, person, scope):
    found, cursor = [], None
    while True:
        page = ask(walk, person, "room_list_request", scope=scope, cursor=cursor, limit=200)
        found += page["rooms"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def joined_as_modelled(walk, user):
    wanted = {}
    for room in walk.chat.rooms.values():
        if user.id in room.members and not room.deleted:
            member = room.members[user.id]
            wanted[room.id] = (room.last_seq, member.role, member.read,
                               *walk.chat.unread(user, room))  # fmt: skip
    return wanted


def check_lists(walk, person):
    user, chat = person.user, walk.chat
    living = [r for r in chat.rooms.values() if not r.deleted]

    def joined():
        return {r["id"]: (r["last_seq"], r["role"], r["read_seq"], r["unread_count"],
                          r["mention_count"])
                for r in list_all(walk, person, "joined")}  # fmt: skip

    walk.eventually(f"joined rooms of {user.name} (last_seq, role, read, unread, mentions)", joined,
                    joined_as_modelled(walk, user))  # fmt: skip
    rooms = list_all(walk, person, "joined")
    order = [(r["last_message_at"] or "", r["created_at"]) for r in rooms]
    walk.same("the order of joined rooms", order, sorted(order, reverse=True))
    for data in rooms:
        check_room(walk, data, chat.rooms[data["id"]])
    walk.eventually(f"invitations of {user.name}",
                    lambda: {r["id"] for r in list_all(walk, person, "invited")},
                    {r.id for r in living if user.id in r.invited})  # fmt: skip
    walk.eventually("the directory",
                    lambda: {r["id"] for r in list_all(walk, person, "public")},
                    {r.id for r in living if r.type == "public" and not r.is_private})  # fmt: skip


def check_events(walk, person):
    """What has come since the last time, entry by entry."""
    person.wait_heard()
    for room_id, due in walk.chat.heard[person.user.id].items():
        room = walk.chat.rooms[room_id]
        heard = person.heard[room_id]
        for i in range(person.judged.get(room_id, 0), len(due)):
            seq, is_replay = due[i]
            document, raw = heard[i]
            check_event(walk, room, document["data"], room.entries[seq - 1], is_replay)
            if not is_replay and not walk.late_views:
                first = walk.bytes.setdefault((room_id, seq, person.heard_in[room_id][i]), raw)
                walk.same(f"the bytes of {seq} of {room_id}", raw, first)
        person.judged[room_id] = len(due)


def check_event(walk, room, data, entry, is_replay):
    at = f"entry {entry.seq} of {room.id}"
    walk.same(at, {k: data.get(k) for k in ["type", *entry.fields]},
              {"type": entry.type, **entry.fields})  # fmt: skip
    if entry.message is None:
        found = {k: data["room"].get(k, "" if k == "name" else None) for k in entry.shown}
        if is_replay or (walk.moves and entry.seq < found["last_seq"] <= room.last_seq):
            walk.late_views += not is_replay
        else:
            walk.same(f"the room in {at}", found, entry.shown)
        return
    found = as_shown(data["message"])
    later = entry.message.versions[entry.message.versions.index(entry.shown):]
    if found != entry.shown and found in later and (is_replay or walk.moves):
        walk.late_views += not is_replay  # caught up after a move: the message as it is now
        return
    walk.same(f"the message in {at}", found, entry.shown)


def check_search(walk, person):
    """Three words: found by members only, and only what is there still."""
    rooms = [r for r in walk.chat.rooms.values() if r.messages and not r.deleted]
    for _ in range(3):
        room = walk.rng.choice(rooms)
        message = walk.rng.choice(room.messages)
        word = f"word{walk.rng.randrange(walk.step + 1)}"
        if message.content.startswith("word"):
            word = message.content.split()[0]
        wanted = {m.id for r in rooms if person.user.id in r.members for m in r.messages
                  if m.content.split()[:1] == [word]}  # fmt: skip
        walk.tell(person, "search_request", word)
        walk.eventually(f"hits of {word}", lambda w=word: hits(walk, person, w), wanted)


def hits(walk, person, word):
    # A last word is also a beginning; a phrase is not.
    answer = ask(walk, person, "search_request", query=f'"{word}"', limit=200)
    if answer["type"] == "error":
        walk.fail(f"search for {word}: {answer}")
    return {h["message"]["id"] for h in answer["hits"]}


def everything(walk):
    chat = walk.chat
    for person in walk.here():
        user = person.user
        for room in chat.rooms.values():
            try:
                chat.look(user, room.id)
                data = ask(walk, person, "room_request", room_id=room.id)
                if data["type"] == "error":
                    walk.fail(f"{user.name} should see {room.id}: {data}")
                check_room(walk, data["room"], room)
            except Refused as why:
                data = ask(walk, person, "room_request", room_id=room.id)
                walk.same(f"{user.name} and {room.id}", data.get("code"), why.codes[0])
                continue
            if user.id in room.members:
                check_history(walk, person, room)
                check_members(walk, person, room)
            else:
                found = ask(walk, person, "history_request", room_id=room.id).get("code")
                walk.same(f"{user.name} reading {room.id}", found,
                          chat.why_not(user, room.id, "read"))  # fmt: skip
        check_lists(walk, person)
        check_events(walk, person)
    check_search(walk, walk.rng.choice(walk.here()))
    if walk.down is None:
        wait_until(lambda: all(n.is_ready() for n in walk.trio.nodes), "all nodes to be ready")
