# SPDX-License-Identifier: MIT
"""Rooms as communities, on three nodes: people on two of them, their rooms led by the third."""

import pytest
from harness import names
from harness.client import Client, new_id
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser


@pytest.fixture(scope="module")
def elsewhere(cluster):
    """elsewhere("stem") → an alias whose room is led by node3."""
    def make(stem):
        leaders = cluster.wait_leading("node3")
        return names.name_led_by("node3", leaders, fresh(stem) + "x", names.room_id)

    return make


def is_kind(room, kind, **fields):
    def fits(data):
        return (data["type"] == "room_event" and data["room_id"] == room and data["kind"] == kind
                and all(data.get(k) == v for k, v in fields.items()))  # fmt: skip

    return fits


def heard(client, room, kind, **fields):
    return client.wait_for(is_kind(room, kind, **fields), f"{kind} in {room}")


def listed(client, scope="joined"):
    return [r["id"] for r in client.ask("room_list_request", scope=scope)["rooms"]]


def role_of(client, room, user):
    members = client.ask("room_members_request", room_id=room)["members"]
    return {m["user"]["id"]: m["role"] for m in members}.get(user["id"])


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_the_directory_is_searched(cluster, people, elsewhere, encoding):
    """By name, alias, topic and description, in rooms of all nodes, page by page; not what is not
    public, or was renamed."""
    owner, guest = people(0, 1, encoding=encoding)
    word = fresh("heron")
    public = {"room_type": "public"}
    by_name = [owner.create_room(f"{word.title()} {n}", **public)["id"] for n in range(5)]
    by_alias = owner.create_room("Afar", alias=elsewhere(word), **public)["id"]
    topic = owner.create_room("Pond", **public)["id"]
    owner.ask("update_room_request", room_id=topic, topic=f"of the {word.upper()}s")
    renamed = owner.create_room(f"{word} no more", **public)["id"]
    owner.ask("update_room_request", room_id=renamed, name="Renamed")
    owner.create_room(f"{word} hidden")
    owner.create_room("Other", description=f"no {word[:-2]}", **public)

    def search(query, scope="public", **more):
        return guest.ask("room_list_request", scope=scope, query=query, **more)

    def pages(query, limit):
        found, cursor = [], {}
        while True:
            page = search(query, limit=limit, **cursor)
            found += [r["id"] for r in page["rooms"]]
            if not page.get("next_cursor"):
                return found
            cursor = {"cursor": page["next_cursor"]}

    wanted = [topic, by_alias, *reversed(by_name)]
    for limit in (2, 3, 200):
        assert pages(word.upper(), limit) == wanted
    assert pages("no room is called this", 50) == []
    assert search(word, "joined")["rooms"] == []
    guest.ask("join_room_request", room_id=topic)
    guest.ask("join_room_request", room_id=by_name[0])
    assert {r["id"] for r in search(word, "joined")["rooms"]} == {topic, by_name[0]}
    browser = Browser(cluster.nodes[2], guest.token)
    answer = browser.get(f"/api/rooms?scope=public&query={word}&limit=200")
    assert [r["id"] for r in answer["rooms"]] == wanted


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_an_invitation_is_seen_and_accepted(people, elsewhere, encoding):
    owner, guest = people(0, 1, encoding=encoding)
    room = owner.create_room("Club", alias=elsewhere("club"))["id"]
    assert guest.code("room_request", room_id=room) == "ROOM_NOT_FOUND"
    assert guest.code("invite_request", room_id=room, user_id=guest.user["id"]) == (
        "ROOM_NOT_FOUND"
    )
    key = new_id()
    asked = {"room_id": room, "user_id": guest.user["id"], "role": "guest"}
    owner.ask("invite_request", message_id=key, **asked)
    assert owner.ask("invite_request", message_id=key, **asked)["duplicate"] is True
    outside = heard(guest, room, "invited", user_id=guest.user["id"], by=owner.user["id"])
    inside = heard(owner, room, "invited", user_id=guest.user["id"])
    assert outside == inside and inside["seq"] == 2, "an invitation has its place in the order"
    assert guest.ask("room_request", room_id=room)["room"]["name"] == "Club"
    assert listed(guest) == [] and listed(guest, "invited") == [room]
    assert guest.code("history_request", room_id=room) == "FORBIDDEN", "not a member yet"
    owner.send(room, "before")
    joined = guest.ask("join_room_request", room_id=room)
    assert (joined["role"], joined["last_seq"]) == ("guest", 4)
    assert listed(guest) == [room] and listed(guest, "invited") == []
    assert guest.code("send_message_request", room_id=room, content="x") == "FORBIDDEN"
    owner.send(room, "after")
    guest.wait_message("after")
    assert [e["seq"] for e in guest.room_events(room)] == [2, 4, 5], (
        "the invitation by itself, then the stream from the own entry on"
    )


def test_an_invitation_is_declined_or_withdrawn(people, elsewhere):
    owner, one, two = people(0, 1, 2)
    room = owner.create_room("Club", alias=elsewhere("club"))["id"]
    for other in (one, two):
        owner.ask("invite_request", room_id=room, user_id=other.user["id"])
        heard(other, room, "invited")
    one.ask("leave_room_request", room_id=room)
    heard(owner, room, "left", user_id=one.user["id"])
    owner.ask("remove_member_request", room_id=room, user_id=two.user["id"])
    assert heard(two, room, "removed")["seq"] == 5
    for other in (one, two):
        wait_until(lambda o=other: listed(o, "invited") == [], "it to leave the list")
        assert other.code("join_room_request", room_id=room) == "ROOM_NOT_FOUND"
    assert owner.code("invite_request", room_id=room, user_id=names.NOBODY) == "USER_NOT_FOUND"
    assert [e["seq"] for e in owner.room_events(room)] == [1, 2, 3, 4, 5]


def test_removed_members_hear_that_last(people, elsewhere):
    owner, other = people(0, 1)
    room = owner.create_room("Hall", alias=elsewhere("hall"), room_type="public")["id"]
    for kind, ban in (("removed", False), ("banned", True)):
        other.ask("join_room_request", room_id=room)
        owner.ask("remove_member_request", room_id=room, user_id=other.user["id"], ban=ban)
        gone = heard(other, room, kind, user_id=other.user["id"])
        owner.send(room, f"after {kind}")
        owner.wait_message(f"after {kind}")
        assert other.code("send_message_request", room_id=room, content="x") == "FORBIDDEN"
        assert other.room_events(room)[-1] == gone, "nothing after it"
        wait_until(lambda: listed(other) == [], "the room to leave his list")
    assert other.code("join_room_request", room_id=room) == "FORBIDDEN", "banned"
    owner.ask("unban_request", room_id=room, user_id=other.user["id"])
    other.ask("join_room_request", room_id=room)
    assert owner.code("remove_member_request", room_id=room, user_id=names.NOBODY) == (
        "USER_NOT_FOUND"
    )
    seqs = [e["seq"] for e in owner.room_events(room)]
    assert seqs == list(range(1, len(seqs) + 1)), "no holes"


def test_roles(people, elsewhere):
    owner, admin, member = people(0, 1, 2)
    ids = [admin.user["id"], member.user["id"]]
    room = owner.create_room("Hall", alias=elsewhere("hall"), members=ids)["id"]
    role = {"room_id": room, "user_id": admin.user["id"], "role": "admin"}
    assert member.code("set_role_request", **role) == "FORBIDDEN"
    owner.ask("set_role_request", **role)
    seq = heard(member, room, "role", user_id=admin.user["id"])["seq"]
    owner.ask("set_role_request", **role)
    assert member.ask("room_request", room_id=room)["room"]["last_seq"] == seq, "no change, no seq"
    for refused in ({"user_id": owner.user["id"], "role": "member"},
                    {"user_id": member.user["id"], "role": "admin"}):  # fmt: skip
        assert admin.code("set_role_request", room_id=room, **refused) == "FORBIDDEN"
    admin.ask("set_role_request", room_id=room, user_id=member.user["id"], role="guest")
    assert role_of(owner, room, member.user) == "guest"
    assert owner.code("leave_room_request", room_id=room) == "CONFLICT", "the last owner"
    owner.ask("set_role_request", room_id=room, user_id=admin.user["id"], role="owner")
    owner.ask("leave_room_request", room_id=room)
    assert role_of(admin, room, admin.user) == "owner"


def test_settings_and_archive(people, elsewhere):
    owner, member = people(0, 1)
    room = owner.create_room("Old", alias=elsewhere("old"), members=[member.user["id"]])["id"]
    refused = member.refusal("update_room_request", room_id=room, topic="mine")
    assert (refused["code"], refused["details"]["field"]) == ("FORBIDDEN", "topic")
    change = {"name": "New", "topic": "tea", "retention": {"max_age_days": 30}}
    new = owner.ask("update_room_request", room_id=room, **change)["room"]
    assert {k: new[k] for k in change} == change and new["last_seq"] == 2
    event = heard(member, room, "updated", by=owner.user["id"])
    assert (event["room"]["name"], event["room"]["topic"]) == ("New", "tea")
    again = owner.ask("update_room_request", room_id=room, **change)["room"]
    assert again["last_seq"] == 2, "what changes nothing takes no seq"
    new = owner.ask("update_room_request", room_id=room, retention={}, topic="", archived=True)
    assert "retention" not in new["room"] and new["room"]["topic"] is None
    assert member.code("send_message_request", room_id=room, content="x") == "CONFLICT"
    assert member.code("invite_request", room_id=room, user_id=names.NOBODY) == "CONFLICT"
    member.history(room)
    owner.ask("update_room_request", room_id=room, archived=False)
    member.send(room, "back")
    too_long = owner.refusal("update_room_request", room_id=room, topic="x" * 1001)
    assert (too_long["code"], too_long["details"]) == ("TOO_LARGE", {"field": "topic",
                                                                     "limit": 1000})  # fmt: skip
    bad = owner.refusal("update_room_request", room_id=room, retention={"max_messages": 0})
    assert bad["details"]["field"] == "retention.max_messages"


def test_direct_rooms(people):
    alice, bob, carol = people(0, 1, 2)
    room = alice.ask("direct_room_request", user_id=bob.user["id"])["room"]
    assert room["id"] == names.direct_id(alice.user["id"], bob.user["id"])
    assert room["room_type"] == "private"
    assert set(room["members"]) == {alice.user["id"], bob.user["id"]}
    assert listed(alice) == [room["id"]]
    wait_until(lambda: listed(bob) == [room["id"]], "both to have it on their lists")
    assert bob.ask("direct_room_request", user_id=alice.user["id"])["room"]["id"] == room["id"]
    alice.send(room["id"], "psst")
    assert bob.wait_message("psst")["seq"] == 2
    assert {role_of(alice, room["id"], p.user) for p in (alice, bob)} == {"member"}
    for type_, fields in {
        "invite_request": {"user_id": carol.user["id"]}, "leave_room_request": {},
        "remove_member_request": {"user_id": bob.user["id"]}, "delete_room_request": {},
        "set_role_request": {"user_id": bob.user["id"], "role": "guest"},
        "update_room_request": {"name": "Us"},
    }.items():  # fmt: skip
        assert alice.code(type_, room_id=room["id"], **fields) == "CONFLICT", type_
        assert carol.code(type_, room_id=room["id"], **fields) == "ROOM_NOT_FOUND", type_
    assert carol.code("room_request", room_id=room["id"]) == "ROOM_NOT_FOUND"
    oneself = alice.refusal("direct_room_request", user_id=alice.user["id"])
    assert (oneself["code"], oneself["details"]["field"]) == ("INVALID_MESSAGE", "user_id")
    assert alice.code("direct_room_request", user_id=names.NOBODY) == "USER_NOT_FOUND"


def test_a_deleted_room_ends_for_everybody(cluster, people, elsewhere):
    owner, member, invited = people(0, 1, 2)
    alias = elsewhere("gone")
    room = owner.create_room("Gone", alias=alias, room_type="public",
                             members=[member.user["id"]])["id"]  # fmt: skip
    owner.ask("invite_request", room_id=room, user_id=invited.user["id"])
    heard(invited, room, "invited")
    owner.send(room, "last words")
    assert member.code("delete_room_request", room_id=room) == "FORBIDDEN"
    key = new_id()
    owner.ask("delete_room_request", room_id=room, message_id=key)
    assert owner.ask("delete_room_request", room_id=room, message_id=key)["duplicate"] is True
    for person in (owner, member, invited):
        end = heard(person, room, "deleted", by=owner.user["id"])
        assert person.room_events(room)[-1] == end
        assert person.code("room_request", room_id=room) == "ROOM_NOT_FOUND"
        assert person.code("history_request", room_id=room) == "ROOM_NOT_FOUND"
        assert person.code("join_room_request", alias=alias) == "ROOM_NOT_FOUND"
        assert listed(person) == [] and listed(person, "invited") == []
    assert room not in listed(owner, "public")
    assert owner.code("create_room_request", name="Again", alias=alias) == "CONFLICT"
    with Client(cluster.nodes[2]) as back:
        back.log_in(token=member.token)
        result = back.ask("resume_request", rooms={room: 1})["rooms"][room]
        assert result["error"]["code"] == "ROOM_NOT_FOUND"


def test_a_resume_replays_what_happened_to_people(cluster, people, elsewhere):
    owner, member, other = people(0, 1, 2)
    room = owner.create_room("Log", alias=elsewhere("log"), members=[member.user["id"]])["id"]
    member.close()
    owner.ask("invite_request", room_id=room, user_id=other.user["id"])
    owner.ask("remove_member_request", room_id=room, user_id=other.user["id"], ban=True)
    owner.ask("unban_request", room_id=room, user_id=other.user["id"])
    owner.ask("set_role_request", room_id=room, user_id=member.user["id"], role="moderator")
    owner.ask("update_room_request", room_id=room, topic="new")
    with Client(cluster.nodes[1]) as back:
        back.log_in(token=member.token, rooms={room: 1})
        heard(back, room, "updated")
        kinds = [(e["seq"], e["kind"]) for e in back.room_events(room)]
        assert kinds == [(2, "invited"), (3, "banned"), (4, "unbanned"), (5, "role"),
                         (6, "updated")]  # fmt: skip


def test_over_http(cluster, people, elsewhere):
    owner, other = people(0, 1)
    web, guest = Browser(cluster.nodes[0], owner.token), Browser(cluster.nodes[1], other.token)
    alias = elsewhere("web")
    room = web.post("/api/rooms", 201, json={"name": "Web", "alias": alias})["room"]["id"]
    path, member = f"/api/rooms/{room}", f"/api/rooms/{room}/members/{other.user['id']}"
    guest.refusal("PATCH", path, 404, "ROOM_NOT_FOUND", json={"topic": "x"})
    web.call("PUT", member, json={"role": "moderator"})
    wait_until(lambda: [r["id"] for r in guest.get("/api/rooms?scope=invited")["rooms"]] == [room],
               "the invitation on his list")  # fmt: skip
    assert guest.call("PUT", member)["role"] == "moderator", "one's own: joins"
    assert guest.call("PATCH", path, json={"topic": "tea"})["room"]["topic"] == "tea"
    guest.refusal("PATCH", path, 403, "FORBIDDEN", json={"name": "x"})
    web.call("PUT", member, json={"role": "admin"})
    assert role_of(owner, room, other.user) == "admin", "a member: his role"
    guest.refusal("DELETE", f"{path}/members/{owner.user['id']}", 403, "FORBIDDEN")
    web.call("DELETE", f"{member}?ban=true")
    guest.refusal("PUT", f"{path}/members/me", 404, "ROOM_NOT_FOUND")
    web.refusal("PUT", member, 409, "CONFLICT")
    web.call("DELETE", f"{path}/bans/{other.user['id']}")
    web.call("PUT", member)
    guest.call("DELETE", f"{path}/members/me")
    assert guest.get("/api/rooms?scope=invited")["rooms"] == [], "declined"
    web.call("DELETE", path)
    web.refusal("GET", path, 404, "ROOM_NOT_FOUND")
    direct = web.post("/api/rooms", 201, json={"user_id": other.user["id"]})["room"]
    again = guest.post("/api/rooms", 200, json={"user_id": owner.user["id"]})["room"]
    assert direct["id"] == again["id"] and direct["room_type"] == "private"
    web.close()
    guest.close()


def test_pages_of_ones_own_rooms(cluster, people):
    """Each room once, newest first, though it is written to between two pages; what one has left,
    or was removed from, meanwhile is not on the next."""
    alice, owner = people(0, 1)
    rooms = [alice.create_room(f"Page {n}")["id"] for n in range(8)]
    theirs = owner.create_room("Of another", members=[alice.user["id"]])["id"]
    wait_until(lambda: theirs in listed(alice), "both to know it")
    whole = listed(alice)
    first = [r for r in whole if r in [*rooms, theirs]]
    assert len(first) == 9

    def pages(limit, between=lambda: None):
        found, cursor = [], None
        while True:
            page = alice.ask("room_list_request", scope="joined", limit=limit,
                             **({"cursor": cursor} if cursor else {}))  # fmt: skip
            assert len(page["rooms"]) <= limit
            found.append([r["id"] for r in page["rooms"]])
            cursor = page["next_cursor"]
            if not cursor:
                return found
            between()

    assert [r for page in pages(4) for r in page] == whole
    assert [r for page in pages(1) for r in page] == whole
    last = whole[-1]
    assert last in rooms
    alice.ask("leave_room_request", room_id=last)
    whole.remove(last)
    assert [r for page in pages(4) for r in page] == whole

    def lose_one():
        if whole[-1] in rooms:
            alice.ask("leave_room_request", room_id=whole.pop())

    assert [r for page in pages(7, between=lose_one) for r in page] == whole
    owner.send(theirs, "news")
    page = alice.ask("room_list_request", scope="joined", limit=4)
    rest = [r for r in whole if r not in [x["id"] for x in page["rooms"]]]
    owner.ask("remove_member_request", room_id=theirs, user_id=alice.user["id"])
    heard(alice, theirs, "removed")
    if theirs in rest:
        rest.remove(theirs)
    again = alice.ask("room_list_request", scope="joined", limit=50, cursor=page["next_cursor"])
    assert [r["id"] for r in again["rooms"]] == rest
    other = alice.ask("room_list_request", scope="invited", limit=50, cursor=page["next_cursor"])
    assert other["rooms"] == [], "a cursor of one list says nothing of another"
