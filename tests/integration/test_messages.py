# SPDX-License-Identifier: MIT
"""What is done to messages that are there: three nodes, people on two, their room on the third."""

import concurrent.futures

import pytest
from harness import names
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.web import Browser


@pytest.fixture
def talk(cluster):
    """alice (JSON, node1) and bob (MessagePack, node2) in a public room led by node3, and one
    message of alice's. alice owns the room."""
    cluster.settle()
    cluster.wait_leading("node3")
    made = Talk(cluster)
    yield made
    for client in made.clients:
        client.close()


class Talk:
    def __init__(self, cluster):
        self.cluster = cluster
        self.clients = []
        self.alice = self.client(0)
        self.bob = self.client(1, "msgpack")
        alias = names.name_led_by("node3", cluster.leaders(), fresh("talk") + "x", names.room_id)
        self.room = self.alice.create_room("Talk", alias=alias, room_type="public")["id"]
        self.bob.ask("join_room_request", room_id=self.room)
        self.said = self.alice.send(self.room, "first", metadata={"k": "v"})
        self.id = self.said["id"]
        self.bob.wait_message("first")

    def client(self, where, encoding="json", **fields):
        made = Client(self.cluster.nodes[where], encoding)
        self.clients.append(made)
        made.register(fresh(f"p{where}"), **fields)
        return made

    def change(self, client, type_, **fields):
        fields.setdefault("id", self.id)
        return client.ask(type_, room_id=self.room, **fields)

    def updated(self, client, seq):
        """The event with this seq in this room."""
        return client.wait_for(
            lambda d: d["type"] == "message_updated"
            and d["room_id"] == self.room
            and d["seq"] == seq,
            f"the change {seq}",
        )

    def last_of(self, client):
        return client.history(self.room)["messages"][-1]


def test_edit(talk):
    alice, bob = talk.alice, talk.bob
    message_id = new_id()
    content = f"second, @{bob.user['username']}"
    ack = talk.change(alice, "edit_message_request", content=content, message_id=message_id)
    assert ack["type"] == "message_ack" and ack["id"] == talk.id
    assert ack["seq"] == talk.said["seq"] + 1 and ack["created_at"] == talk.said["created_at"]
    again = talk.change(alice, "edit_message_request", content=content, message_id=message_id)
    assert again["duplicate"] is True and again["seq"] == ack["seq"]
    same = talk.change(alice, "edit_message_request", content=content)
    assert (same["seq"], same["duplicate"]) == (ack["seq"], False)
    events = [talk.updated(c, ack["seq"]) for c in (alice, bob)]
    assert events[0] == events[1], "the same for all"
    event = events[0]
    assert event["change"] == "edited" and event["by"] == alice.user["id"]
    assert "emoji" not in event
    assert event["message"]["content"] == content
    assert event["message"]["seq"] == talk.said["seq"]
    assert event["message"]["mentions"] == [bob.user["id"]]
    for c in (alice, bob):
        shown = talk.last_of(c)
        assert shown["content"] == content and shown["edited_at"] and not shown["deleted_at"]
    refused = bob.refusal("edit_message_request", room_id=talk.room, id=talk.id, content="mine")
    assert refused["code"] == "FORBIDDEN"
    empty = alice.refusal("edit_message_request", room_id=talk.room, id=talk.id, content="")
    assert (empty["code"], empty["details"]["field"]) == ("INVALID_MESSAGE", "content")
    large = "x" * (16 * 1024 + 1)
    too = alice.refusal("edit_message_request", room_id=talk.room, id=talk.id, content=large)
    assert too["code"] == "TOO_LARGE"
    assert too["details"] == {"field": "content", "limit": 16 * 1024}
    unknown = alice.refusal("edit_message_request", room_id=talk.room, id=new_id(), content="x")
    assert (unknown["code"], unknown["details"]["field"]) == ("MESSAGE_NOT_FOUND", "id")
    assert bob.history(talk.room)["last_seq"] == ack["seq"], "refusals take no seq"


def test_delete(talk):
    alice, bob = talk.alice, talk.bob
    talk.change(bob, "reaction_request", emoji="👍", add=True)
    talk.change(alice, "pin_request", pinned=True)
    assert bob.code("delete_message_request", room_id=talk.room, id=talk.id) == "FORBIDDEN"
    ack = talk.change(alice, "delete_message_request")
    event = talk.updated(bob, ack["seq"])
    assert event["change"] == "deleted"
    assert not {"content", "metadata", "reactions", "mentions"} & set(event["message"])
    assert talk.change(alice, "delete_message_request")["seq"] == ack["seq"]
    for c in (alice, bob):
        stone = talk.last_of(c)
        assert stone["id"] == talk.id and stone["deleted_at"], "the place is still there"
        assert (stone["content"], stone["metadata"], stone["reactions"]) == ("", None, [])
        assert stone["pinned"] is False
    edit = alice.refusal("edit_message_request", room_id=talk.room, id=talk.id, content="back")
    assert edit["code"] == "CONFLICT"
    # A moderator deletes what others have said.
    other = bob.send(talk.room, "oops")["id"]
    talk.change(alice, "delete_message_request", id=other)


def test_reactions_and_pins(talk):
    alice, bob = talk.alice, talk.bob
    first = talk.change(bob, "reaction_request", emoji="👍", add=True)
    assert first["seq"] == talk.said["seq"] + 1
    assert talk.change(bob, "reaction_request", emoji="👍", add=True)["seq"] == first["seq"]
    second = talk.change(alice, "reaction_request", emoji="👍", add=True)
    event = talk.updated(alice, second["seq"])
    assert (event["change"], event["emoji"]) == ("reaction", "👍")
    wanted = {"emoji": "👍", "count": 2, "user_ids": [bob.user["id"], alice.user["id"]]}
    assert event["message"]["reactions"] == [wanted]
    assert talk.last_of(bob)["reactions"] == [wanted]
    gone = talk.change(bob, "reaction_request", emoji="👍", add=False)
    assert talk.last_of(alice)["reactions"] == [
        {"emoji": "👍", "count": 1, "user_ids": [alice.user["id"]]}
    ]
    assert talk.change(bob, "reaction_request", emoji="👍", add=False)["seq"] == gone["seq"]
    long = bob.refusal("reaction_request", room_id=talk.room, id=talk.id, emoji="x" * 65, add=True)
    assert (long["code"], long["details"]) == ("TOO_LARGE", {"field": "emoji", "limit": 64})
    assert bob.code("pin_request", room_id=talk.room, id=talk.id, pinned=True) == "FORBIDDEN"
    pin = talk.change(alice, "pin_request", pinned=True)
    assert talk.updated(bob, pin["seq"])["message"]["pinned"] is True
    assert talk.change(alice, "pin_request", pinned=True)["seq"] == pin["seq"]
    assert talk.last_of(bob)["pinned"] is True
    stranger = talk.client(1)
    for type_, fields in (
        ("reaction_request", {"emoji": "x", "add": True}),
        ("pin_request", {"pinned": True}),
        ("delete_message_request", {}),
        ("message_request", {}),
    ):
        code = stranger.code(type_, room_id=talk.room, id=talk.id, **fields)
        assert code == "FORBIDDEN", f"{type_} by one who is no member: {code}"


def test_who_has_received_and_read(talk):
    alice, bob = talk.alice, talk.bob
    ids = {alice.user["id"], bob.user["id"]}
    message = talk.change(alice, "message_request")["message"]
    assert message["content"] == "first" and message["status"] == "sent"
    assert message["delivered_to"] == message["read_by"] == [alice.user["id"]]
    bob.ask("mark_request", room_id=talk.room, status="delivered", seq=talk.said["seq"])
    message = talk.change(bob, "message_request")["message"]
    assert set(message["delivered_to"]) == ids and message["read_by"] == [alice.user["id"]]
    bob.ask("mark_request", room_id=talk.room, status="read", seq=talk.said["seq"])
    message = talk.change(alice, "message_request")["message"]
    assert set(message["read_by"]) == ids and message["status"] == "read"
    late = talk.client(2)
    late.ask("join_room_request", room_id=talk.room)
    message = talk.change(late, "message_request")["message"]
    assert set(message["delivered_to"]) == ids, "who came later has not been there"
    code = late.code("message_request", room_id=talk.room, id=new_id())
    assert code == "MESSAGE_NOT_FOUND"


def test_unread_and_mentions(talk):
    alice, bob = talk.alice, talk.bob

    def counts(client):
        rooms = client.ask("room_list_request")["rooms"]
        room = next(r for r in rooms if r["id"] == talk.room)
        return room["unread_count"], room["mention_count"], room["role"], room["read_seq"]

    joined = talk.said["seq"] - 1
    assert counts(bob) == (1, 0, "member", joined)
    mention = alice.send(talk.room, f"@{bob.user['username']}?")["id"]
    alice.send(talk.room, "@room!")
    bob.send(talk.room, f"@room is not his to say, @{bob.user['username']}")
    assert counts(bob) == (3, 2, "member", joined)
    assert counts(alice)[:3] == (1, 0, "owner")
    talk.change(alice, "edit_message_request", id=mention, content="nobody")
    assert counts(bob)[:2] == (3, 1)
    talk.change(alice, "delete_message_request", id=mention)
    assert counts(bob)[:2] == (2, 1)
    last = bob.history(talk.room)["last_seq"]
    bob.ask("mark_request", room_id=talk.room, status="read", seq=last)
    assert counts(bob) == (0, 0, "member", last)


def test_resume_replays_changes_with_the_message_as_it_is(talk):
    alice, bob = talk.alice, talk.bob
    talk.change(alice, "edit_message_request", content="second")
    talk.change(bob, "reaction_request", emoji="x", add=True)
    last = talk.change(alice, "edit_message_request", content="third")["seq"]
    with Client(talk.cluster.nodes[2], token=bob.token) as again:
        resumed = again.ask("resume_request", rooms={talk.room: talk.said["seq"] - 1})
        assert resumed["rooms"][talk.room]["complete"] is True
        talk.updated(again, last)
        replay = again.room_events(talk.room)
        assert [e["seq"] for e in replay] == list(range(talk.said["seq"], last + 1))
        assert {e["message"]["content"] for e in replay} == {"third"}
        assert [e.get("change") for e in replay] == [None, "edited", "reaction", "edited"]
    talk.change(alice, "delete_message_request")
    with Client(talk.cluster.nodes[0], token=bob.token) as again:
        again.ask("resume_request", rooms={talk.room: talk.said["seq"] - 1})
        talk.updated(again, last + 1)
        assert all("content" not in e["message"] for e in again.room_events(talk.room))


def test_device_seq(talk):
    alice = talk.alice
    bare = alice.refusal("send_message_request", room_id=talk.room, content="x", device_seq=1)
    assert (bare["code"], bare["details"]["field"]) == ("INVALID_MESSAGE", "device_seq")
    phone = talk.client(0, device_id="phone")
    phone.ask("join_room_request", room_id=talk.room)
    message_id = new_id()
    first = phone.send(talk.room, "1", device_seq=1, message_id=message_id)
    second = phone.send(talk.room, "2", device_seq=2)
    assert second["seq"] == first["seq"] + 1
    again = phone.send(talk.room, "1", device_seq=1, message_id=message_id)
    assert again["duplicate"] is True and again["id"] == first["id"]
    late = phone.refusal("send_message_request", room_id=talk.room, content="?", device_seq=2)
    assert (late["code"], late["details"]["field"]) == ("CONFLICT", "device_seq")
    # The session has its device wherever its token is used; a connection may name another one.
    with Client(talk.cluster.nodes[1], token=phone.token) as same:
        code = same.code("send_message_request", room_id=talk.room, content="?", device_seq=2)
        assert code == "CONFLICT"
    with Client(talk.cluster.nodes[1]) as other:
        other.log_in(token=phone.token, device_id="laptop")
        other.send(talk.room, "laptop", device_seq=1)
    with Client(talk.cluster.nodes[1]) as other:
        username = phone.user["username"]
        other.log_in(username=username, password=PASSWORD, device_id="laptop")
        code = other.code("send_message_request", room_id=talk.room, content="?", device_seq=1)
        assert code == "CONFLICT"


def test_threads(talk):
    alice, bob = talk.alice, talk.bob
    inside = bob.send(talk.room, "inside", thread=talk.id, reply_to=talk.id)["id"]
    shown = alice.wait_message("inside")["message"]
    assert shown["thread"] == shown["reply_to"] == talk.id
    deeper = alice.refusal(
        "send_message_request", room_id=talk.room, content="deeper", thread=inside
    )
    assert (deeper["code"], deeper["details"]["field"]) == ("INVALID_MESSAGE", "thread")
    lost = alice.refusal("send_message_request", room_id=talk.room, content="x", thread=new_id())
    assert (lost["code"], lost["details"]["field"]) == ("MESSAGE_NOT_FOUND", "thread")
    alice.send(talk.room, "beside", reply_to=inside, thread=talk.id)


def test_over_http(talk):
    web = Browser(talk.cluster.nodes[1], talk.alice.token)
    path = f"/api/messages/{talk.room}/{talk.id}"
    try:
        shown = web.get(path)["message"]
        assert shown["content"] == "first" and shown["read_by"] == [talk.alice.user["id"]]
        key = {"Idempotency-Key": new_id()}
        ack = web.call("PATCH", path, json={"content": "patched"}, headers=key)
        assert ack["id"] == talk.id and ack["duplicate"] is False
        again = web.call("PATCH", path, json={"content": "patched"}, headers=key)
        assert again["duplicate"] is True and again["seq"] == ack["seq"]
        assert talk.updated(talk.bob, ack["seq"])["message"]["content"] == "patched"
        web.refusal("PATCH", path, 400, "INVALID_MESSAGE", json={})
        ack = web.call("DELETE", path)
        assert talk.updated(talk.bob, ack["seq"])["change"] == "deleted"
        assert web.get(path)["message"]["deleted_at"]
        web.refusal("PATCH", path, 409, "CONFLICT", json={"content": "back"})
        web.refusal("GET", f"/api/messages/{talk.room}/{new_id()}", 404, "MESSAGE_NOT_FOUND")
        web.refusal("GET", f"/api/messages/{talk.room}/nonsense", 400, "INVALID_MESSAGE")
    finally:
        web.close()


def test_many_at_once_take_every_seq_once(talk):
    people = [talk.alice, talk.bob]
    futures = []
    for n in range(60):
        futures.append(
            people[n % 2].post(
                "reaction_request", room_id=talk.room, id=talk.id, emoji=f"e{n // 2 % 15}", add=True
            )
        )
    done, _ = concurrent.futures.wait(futures, 20)
    assert len(done) == 60
    acks = [f.result()["data"] for f in futures]
    assert {a["type"] for a in acks} == {"message_ack"}
    # 15 kinds and two people; the second time nothing changes.
    first = talk.said["seq"] + 1
    assert sorted({a["seq"] for a in acks}) == list(range(first, first + 30))
    talk.updated(talk.bob, first + 29)
    seqs = [e["seq"] for e in talk.bob.room_events(talk.room)]
    assert seqs == list(range(seqs[0], first + 30)), "in order, without a hole"
    assert sum(r["count"] for r in talk.last_of(talk.alice)["reactions"]) == 30
