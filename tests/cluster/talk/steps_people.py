# SPDX-License-Identifier: MIT
"""Steps: rooms, and who is in them."""

from harness.rights import ROLES

from .draw import any_room, anybody, living, room_answered

LIVING_ROOMS = 12  # beside those of people among themselves


def create(walk, person):
    if len(living(walk)) >= LIVING_ROOMS + len(walk.people):
        return
    fields = {"name": f"room {walk.step}", "room_type": walk.rng.choice(["group", "public"])}
    if walk.rng.random() < 0.5:
        taken = [*walk.chat.taken, f"room-{walk.number}-{walk.seed}-{walk.step}"]
        fields["alias"] = taken[-1] if walk.rng.random() < 0.8 else walk.rng.choice(taken)
    if walk.rng.random() < 0.3:
        fields["description"] = "about"
    if walk.rng.random() < 0.2:
        fields["is_private"] = True
    if walk.rng.random() < 0.7:
        fields["members"] = [anybody(walk) for _ in range(walk.rng.randrange(5))]
    walk.do(person, "create_room_request",
            lambda id_: walk.chat.create(person.user, id_, **fields), fields,
            room_answered(walk))  # fmt: skip


def direct(walk, person):
    other = anybody(walk)
    walk.do(person, "direct_room_request", lambda _: walk.chat.direct(person.user, other),
            {"user_id": other}, room_answered(walk))  # fmt: skip


def update(walk, person):
    room_id = any_room(walk, person)
    room = walk.chat.rooms.get(room_id)
    fields = {}
    if walk.rng.random() < 0.4:
        fields["topic"] = walk.rng.choice(["tea", "coffee", ""])
    if walk.rng.random() < 0.3:
        fields["name"] = walk.rng.choice(["one", "two"])
    if walk.rng.random() < 0.3:
        fields["description"] = walk.rng.choice(["short", ""])
    is_archived = bool(room and room.archived)
    if not fields or is_archived or walk.rng.random() < 0.1:
        fields["archived"] = not is_archived if fields or is_archived else walk.rng.random() < 0.2
    walk.do(person, "update_room_request",
            lambda _: walk.chat.update(person.user, room_id, **fields),
            {"room_id": room_id, **fields}, room_answered(walk))  # fmt: skip


def delete(walk, person):
    room_id = any_room(walk, person)
    walk.do(person, "delete_room_request", lambda _: walk.chat.delete(person.user, room_id),
            {"room_id": room_id})  # fmt: skip


def join(walk, person):
    invited = [r.id for r in living(walk) if person.user.id in r.invited]
    room_id = any_room(walk, person, inside=0.05)
    if invited and walk.rng.random() < 0.4:
        room_id = walk.rng.choice(invited)
    walk.do(person, "join_room_request", lambda _: walk.chat.join(person.user, room_id),
            {"room_id": room_id}, room_answered(walk))  # fmt: skip


def leave(walk, person):
    room_id = any_room(walk, person)
    walk.do(person, "leave_room_request", lambda _: walk.chat.leave(person.user, room_id),
            {"room_id": room_id})  # fmt: skip


def invite(walk, person):
    room_id, other = any_room(walk, person), anybody(walk)
    fields = {"role": walk.rng.choice(ROLES)} if walk.rng.random() < 0.4 else {}
    walk.do(person, "invite_request",
            lambda _: walk.chat.invite(person.user, room_id, other, **fields),
            {"room_id": room_id, "user_id": other, **fields})  # fmt: skip


def remove(walk, person):
    room_id, other, ban = any_room(walk, person), anybody(walk), walk.rng.random() < 0.4
    # By and of somebody by chance, which is refused as a rule, or where it can be done.
    lower = [(r.id, other) for r in living(walk) for other in sorted(r.members)
             if walk.chat.rank(person.user, r) > ROLES.index(r.members[other].role)]  # fmt: skip
    if lower and walk.rng.random() < 0.7:
        room_id, other = walk.rng.choice(lower)
    walk.do(person, "remove_member_request",
            lambda _: walk.chat.remove(person.user, room_id, other, ban),
            {"room_id": room_id, "user_id": other, "ban": ban})  # fmt: skip


def unban(walk, person):
    room_id, other = any_room(walk, person), anybody(walk)
    room = walk.chat.rooms.get(room_id)
    if room and room.banned and walk.rng.random() < 0.8:
        other = walk.rng.choice(sorted(room.banned))
    walk.do(person, "unban_request", lambda _: walk.chat.unban(person.user, room_id, other),
            {"room_id": room_id, "user_id": other})  # fmt: skip


def set_role(walk, person):
    room_id, other, role = any_room(walk, person), anybody(walk), walk.rng.choice(ROLES)
    room = walk.chat.rooms.get(room_id)
    if room and room.members and walk.rng.random() < 0.7:
        other = walk.rng.choice(sorted(room.members))
    walk.do(person, "set_role_request",
            lambda _: walk.chat.set_role(person.user, room_id, other, role),
            {"room_id": room_id, "user_id": other, "role": role})  # fmt: skip


def profile(walk, person):
    new = walk.rng.choice([{"display_name": f"called {walk.step}"}, {"display_name": ""},
                           {"avatar_url": f"https://example.org/{walk.step}"}])  # fmt: skip

    def rule(_):
        for key, value in new.items():
            setattr(person.user, key, value or person.user.name)
        return {}

    def learn(answer, _):
        walk.same("the own record", [answer["user"][k] for k in ("display_name", "avatar_url")],
                  [person.user.display_name, person.user.avatar_url])  # fmt: skip

    walk.do(person, "update_profile_request", rule, new, learn)


def register(walk, person):
    if len(walk.people) < walk.people_max:
        walk.told.append("one more registers")
        walk.add_person()
