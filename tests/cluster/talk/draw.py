# SPDX-License-Identifier: MIT
"""What steps are about: rooms, people and messages, drawn."""

from harness.client import new_id
from harness.names import NOBODY

from . import compare


def living(walk):
    return [r for r in walk.chat.rooms.values() if not r.deleted]


def any_room(walk, person, inside=0.85):
    """Mostly one of his own; else any, deleted ones and one that never was included."""
    own = [r for r in living(walk) if person.user.id in r.members]
    if own and walk.rng.random() < inside:
        return walk.rng.choice(own).id
    return walk.rng.choice([*walk.chat.rooms, NOBODY])


def anybody(walk):
    if walk.rng.random() < 0.03:
        return NOBODY
    return walk.rng.choice(walk.people).user.id


def any_message(walk, room_id):
    room = walk.chat.rooms.get(room_id)
    if room is None or not room.messages or walk.rng.random() < 0.03:
        return new_id()
    # Newer ones more often, so that things happen to the same message.
    at = int(len(room.messages) * walk.rng.random() ** 0.3)
    return room.messages[at].id


def content(walk):
    words = [f"word{walk.step}", walk.rng.choice(["hello", "naïve 日本", "two\nlines", ""])]
    while walk.rng.random() < 0.25:
        words.append("@" + walk.rng.choice([*(p.user.name for p in walk.people), "room"]))
    return " ".join(w for w in words if w)


def room_answered(walk):
    def learn(answer, wanted):
        compare.check_room(walk, answer["room"], wanted["room"])
        if member := wanted.get("member"):
            walk.same("the answer to a join", [answer[k] for k in ("last_seq", "read_seq", "role")],
                      [wanted["room"].last_seq, member.read, member.role])  # fmt: skip

    return learn
