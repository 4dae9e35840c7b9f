# SPDX-License-Identifier: MIT
"""Every request of the protocol, through real sockets, at nodes that do not lead the room: success,
repeat and errors, over WebSocket in both encodings and over HTTP; and everybody's rights in rooms,
as the table of docs/protocol.md has them."""

import contextlib
import functools

import pytest
from harness import names
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.requests_table import CASES, DOCUMENTED, STATUS
from harness.waiting import wait_until
from harness.web import Browser

WHO = ["owner", "member", "stranger", "banned"]


class World:
    """A public room of the owner's, led by node3, with a member; others are in it or not; everybody
    is at one of the other two nodes. Beside it a room of each kind that requests are refused in.
    All of it is made when it is first asked for."""

    def __init__(self, cluster, encoding):
        self.nodes = cluster.nodes
        self.encoding = encoding
        self.people = {}
        self.opened = []
        self.email = f"{fresh('mail')}@example.org"
        self.alias = names.name_led_by("node3", cluster.leaders(), fresh("matrix") + "x",
                                       names.room_id)  # fmt: skip

    # -- people --------------------------------------------------------------

    def open(self, i):
        self.opened.append(Client(self.nodes[i % 2], self.encoding))
        return self.opened[-1]

    def client(self, who):
        if who == "new":
            return self.open(1)
        if who not in self.people:
            client = self.people[who] = self.open(WHO.index(who))
            client.register(fresh(who), **({"email": self.email} if who == "owner" else {}))
            if who == "banned":
                self.client("owner").ask("remove_member_request", room_id=self.room,
                                         user_id=client.user["id"], ban=True)  # fmt: skip
        return self.people[who]

    def id(self, who):
        return self.client(who).user["id"]

    def name(self, who):
        return self.client(who).user["username"]

    @property
    def taken_email(self):
        assert self.client("owner").user["email"] == self.email
        return self.email

    @functools.cached_property
    def other_session(self):
        with Client(self.nodes[0]) as other:
            return other.log_in(username=self.name("owner"), password=PASSWORD)["session_id"]

    # -- rooms and messages --------------------------------------------------

    def made(self, name, **fields):
        return self.client("owner").create_room(name, **fields)["id"]

    @functools.cached_property
    def room(self):
        return self.made("Matrix", alias=self.alias, room_type="public",
                         members=[self.id("member")])  # fmt: skip

    @property
    def taken_alias(self):
        assert self.room == names.room_id(self.alias)
        return self.alias

    @functools.cached_property
    def secret(self):
        return self.made("Secret")

    @functools.cached_property
    def archived(self):
        room = self.made("Archived", room_type="public")
        self.client("owner").ask("update_room_request", room_id=room, archived=True)
        return room

    @functools.cached_property
    def direct(self):
        answer = self.client("owner").ask("direct_room_request", user_id=self.id("member"))
        return answer["room"]["id"]

    def said(self, content, **fields):
        return self.client("owner").send(self.room, content, **fields)["id"]

    @functools.cached_property
    def message(self):
        return self.said("first")

    @functools.cached_property
    def in_thread(self):
        return self.said("answer", thread=self.message)

    @functools.cached_property
    def deleted(self):
        id_ = self.said("oops")
        self.client("owner").ask("delete_message_request", room_id=self.room, id=id_)
        return id_

    def close(self):
        for client in self.opened:
            with contextlib.suppress(AssertionError):
                client.close()


@pytest.fixture
def world(cluster):
    """world("json")"""
    wait_until(lambda: "node3" in cluster.leaders().values(), "node3 to lead", 40)
    made = []

    def make(encoding):
        made.append(World(cluster, encoding))
        return made[-1]

    yield make
    for each in made:
        each.close()


def fields_of(case, w, error=None):
    fields = case.fields(w)
    if error:
        fields |= error.fields(w)
    return {k: v for k, v in fields.items() if v is not None}


def check_error(data, error):
    assert data["code"] == error.code, f"expected {error}: {data}"
    details = data["details"] or {}
    if error.field:
        assert details.get("field") == error.field, f"expected {error}: {data}"
    if error.limit:
        assert details.get("limit") == error.limit, f"expected {error}: {data}"


def test_the_matrix_is_whole():
    assert set(CASES) == set(DOCUMENTED)


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("type_", CASES)
def test_over_websocket(world, type_, encoding):
    w = world(encoding)
    case = CASES[type_]
    # Errors first: none of them has an effect.
    for error in case.errors:
        data = w.client(error.who).refusal(type_, **fields_of(case, w, error))
        check_error(data, error)
    key, fields, client = new_id(), fields_of(case, w), w.client(case.who)
    first = client.ask(type_, message_id=key, **fields)
    assert first["type"] == case.answer and first.get("duplicate", False) is False, first
    if not case.repeat:
        return
    again = (w.client("new") if case.who == "new" else client).ask(type_, message_id=key, **fields)
    assert again["type"] == case.answer and again["duplicate"] is True, again
    for part in ("id", "seq", "created_at", "session_id"):
        assert again.get(part) == first.get(part), f"the first answer again: {first} {again}"
    if "room" in first:
        assert again["room"]["id"] == first["room"]["id"]
    if "room_id" in fields and type_ != "delete_room_request":
        other = {"room_id": w.room, "content": "something else", "message_type": "text"}
        if case.who == "owner":
            assert client.code("send_message_request", message_id=key, **other) == "CONFLICT"


@pytest.mark.parametrize("type_", [t for t, case in CASES.items() if case.http])
def test_over_http(world, type_):
    w = world("json")
    case = CASES[type_]
    browsers = {"new": Browser(w.nodes[1])}

    def browser(who):
        if who not in browsers:
            browsers[who] = Browser(w.nodes[WHO.index(who) % 2], w.client(who).token)
        return browsers[who]

    try:
        for error in case.errors:
            if not error.over_http:
                continue
            method, path, body = case.http(fields_of(case, w, error))
            refused, _ = browser(error.who).refusal(method, path, STATUS[error.code], error.code,
                                                    json=body)  # fmt: skip
            check_error(refused, error)
        method, path, body = case.http(fields_of(case, w))
        key = {"Idempotency-Key": new_id()}
        first = browser(case.who).call(method, path, case.status, json=body, headers=key)
        assert "type" not in first
        if case.repeat:
            answer = browser(case.who).request(method, path, json=body, headers=key)
            assert answer.ok and answer.json()["data"]["duplicate"] is True, answer.text
    finally:
        for each in browsers.values():
            each.close()


def test_nobody_asks_anything_before_authentication(world):
    w = world("msgpack")
    for type_, case in CASES.items():
        if case.who != "new" and type_ != "auth_request":
            assert w.client("new").code(type_, **fields_of(case, w)) == "UNAUTHORIZED", type_
            assert w.client("new").code(type_) == "UNAUTHORIZED", f"{type_}, whatever its fields"
