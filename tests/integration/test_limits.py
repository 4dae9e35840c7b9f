# SPDX-License-Identifier: MIT
"""Limits of rooms, of requests a minute, and of connections from one address."""

import json
import socket

import pytest
from harness import raw
from harness.bad_fields import REQUESTS
from harness.client import Client, new_id
from harness.names import fresh
from harness.ports import own_address
from harness.requests_table import CASES
from harness.waiting import PATIENCE_S, wait_until
from harness.web import Browser


def test_rooms_a_person_may_be_in(start_node):
    node = start_node(limits__rooms_per_user=2)
    with Client(node) as alice, Client(node) as bob:
        alice.register(fresh("alice"))
        bob.register(fresh("bob"))
        one = alice.create_room("one")["id"]
        two = bob.create_room("two", room_type="public")["id"]
        alice.ask("join_room_request", room_id=two)
        refused = alice.refusal("create_room_request", name="three")
        assert refused["code"] == "CONFLICT" and refused["details"] == {"limit": 2}
        three = bob.create_room("three", room_type="public")["id"]
        web = Browser(node, alice.token)
        error, _ = web.refusal("PUT", f"/api/rooms/{three}/members/me", 409, "CONFLICT")
        assert error["details"] == {"limit": 2}
        web.close()
        alice.ask("direct_room_request", user_id=bob.user["id"])
        alice.ask("join_room_request", room_id=two)
        alice.ask("leave_room_request", room_id=one)
        assert alice.ask("join_room_request", room_id=three)["room"]["id"] == three


def test_members_a_room_may_have(start_node):
    node = start_node(limits__members_per_room=2)
    with Client(node) as alice, Client(node) as bob, Client(node) as carl:
        for who in (alice, bob, carl):
            who.register(fresh("user"))
        room = alice.create_room("two", room_type="public")["id"]
        bob.ask("join_room_request", room_id=room)
        refused = carl.refusal("join_room_request", room_id=room)
        assert refused["code"] == "CONFLICT"
        assert refused["details"] == {"field": "room_id", "limit": 2}
        members = [bob.user["id"], carl.user["id"]]
        refused = alice.refusal("create_room_request", name="three", members=members)
        assert refused["details"] == {"field": "members", "limit": 2}
        bob.ask("leave_room_request", room_id=room)
        carl.ask("join_room_request", room_id=room)


def test_each_action_has_a_limit_of_its_own(start_node):
    node = start_node(limits__messages_per_minute=5)
    with Client(node) as alice:
        alice.register(fresh("alice"))
        room = alice.create_room("r")["id"]
        first = alice.send(room, "m0")["id"]

        def is_refused():
            answer = alice.answer("send_message_request", room_id=room, content="more")["data"]
            return answer["type"] == "error" and answer

        refused = wait_until(is_refused, "the limit of messages")
        assert refused["code"] == "RATE_LIMIT" and refused["details"]["retry_after_ms"] > 0
        assert says_when_and_which(refused, "limits.messages_per_minute"), refused
        alice.ask("reaction_request", room_id=room, id=first, emoji="👍", add=True)
        alice.ask("edit_message_request", room_id=room, id=first, content="changed")
        alice.ask("update_room_request", room_id=room, topic="others are not touched by it")
        codes = [alice.answer("pin_request", room_id=room, id=first, pinned=i % 2 == 0)["data"]
                 for i in range(8)]  # fmt: skip
        assert [c["type"] for c in codes[:5]] == ["message_ack"] * 5
        assert codes[-1].get("code") == "RATE_LIMIT", "each has one"


def says_when_and_which(error, setting):
    wait_ms = error["details"]["retry_after_ms"]
    return error["message"].endswith(f"; try again in {wait_ms} ms ({setting})")


def results(client, type_, count, **fields):
    """The answers to so many requests, of which none waits for another."""
    return [f.result(PATIENCE_S)["data"]
            for f in [client.post(type_, **fields) for _ in range(count)]]  # fmt: skip


def test_what_changes_nothing_has_a_limit_too(start_node):
    limit, too_many = 5, 8
    node = start_node(limits__requests_per_minute=limit, limits__messages_per_minute=50)
    with Client(node) as alice, Client(node) as bob:
        alice.register(fresh("alice"))
        bob.register(fresh("bob"))
        room = alice.create_room("r", room_type="public")["id"]
        first = alice.send(room, "m0")
        bob.ask("join_room_request", room_id=room)
        kinds = {
            "history_request": {"room_id": room},
            "mark_request": {"room_id": room, "status": "read", "seq": first["seq"]},
            "typing": {"room_id": room, "is_typing": True},
            "presence_request": {"user_ids": []},
        }
        for type_, fields in kinds.items():
            answers = results(bob, type_, too_many, **fields)
            refused = [a for a in answers if a["type"] == "error"]
            assert len(refused) == too_many - limit, f"{type_}: {limit}, of its own: {answers}"
            for error in refused:
                assert error["code"] == "RATE_LIMIT" and type_ in error["message"]
                assert 0 < error["details"]["retry_after_ms"] <= 60_000 // limit
                assert says_when_and_which(error, "limits.requests_per_minute"), error
        # What is counted by itself goes on, and so does what is not counted.
        for n in range(3 * limit):
            bob.send(room, f"still {n}")
        for _ in range(3 * limit):
            bob.ask("heartbeat")
            bob.ask("auth_request", token=bob.token)
        assert alice.history(room)["messages"], "it is a limit of each person"
        # The same person over HTTP is the same person.
        web = Browser(node, bob.token)
        history = f"/api/messages/{room}/history"
        error, answer = web.refusal("GET", history, 429, "RATE_LIMIT")
        wait_ms = error["details"]["retry_after_ms"]
        assert 0 < wait_ms <= 60_000 // limit
        assert int(answer.headers["Retry-After"]) == -(-wait_ms // 1000)
        assert says_when_and_which(error, "limits.requests_per_minute"), error
        for _ in range(limit):
            web.get(f"/api/rooms/{room}")
        web.refusal("GET", f"/api/rooms/{room}", 429, "RATE_LIMIT")
        for _ in range(limit):
            web.request("POST", "/api/echo", json={}).raise_for_status()
        web.refusal("POST", "/api/echo", 429, "RATE_LIMIT", json={})
        web.post(f"/api/messages/{room}", 201, json={"content": "x", "message_type": "text"})
        web.close()


NOT_COUNTED = {"heartbeat", "register_request", "auth_request"}  # or by guards of their own


def test_every_request_has_its_limit(start_node):
    """Whatever comes of it: these are about a room and a person that nobody has."""
    limit = 3
    node = start_node(limits__requests_per_minute=limit, limits__messages_per_minute=limit)
    with Client(node) as alice, Client(node) as bob:
        alice.register(fresh("alice"))
        bob.register(fresh("bob"))
        web = Browser(node, bob.token)
        for type_, (fields, _, _) in REQUESTS.items():
            if type_ in NOT_COUNTED:
                continue
            answers = results(alice, type_, limit + 1, **fields)
            codes = [a.get("code") for a in answers]
            assert codes.count("RATE_LIMIT") == 1, f"{type_}: {answers}"
            refused = answers[codes.index("RATE_LIMIT")]
            assert type_ in refused["message"], refused
            assert 0 < refused["details"]["retry_after_ms"] <= 60_000 // limit, refused
            if CASES[type_].http is None or type_ == "set_role_request":
                continue  # the latter is the route of invitations
            method, path, body = CASES[type_].http(fields)
            for _ in range(limit):
                assert web.request(method, path, json=body).status_code != 429, (method, path)
            error, answer = web.refusal(method, path, 429, "RATE_LIMIT", json=body)
            assert int(answer.headers["Retry-After"]) >= 1 and type_ in error["message"]
        web.close()


def test_who_asks_for_many_people_at_once_asks_often(start_node):
    node = start_node(limits__requests_per_minute=12)
    with Client(node) as bob:
        bob.register(fresh("bob"))
        many = [new_id() for _ in range(500)]
        bob.ask("presence_request", user_ids=many)  # counts as 10
        bob.ask("presence_request", user_ids=many[:51])  # counts as 2
        error = bob.refusal("presence_request", user_ids=many)
        assert error["code"] == "RATE_LIMIT" and "presence_request" in error["message"]
        assert 0 < error["details"]["retry_after_ms"] <= 60_000
        assert says_when_and_which(error, "limits.requests_per_minute"), error


def test_connections_a_minute(start_node):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback, which is never limited")
    node = start_node(http__address="0.0.0.0", limits__connects_per_minute_per_address=6)

    def ask():
        with socket.create_connection((address, node.http_port), timeout=10) as s:
            s.sendall(b"GET /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return raw.read_all(s)

    answers = [ask() for _ in range(12)]
    refused = [a for a in answers if raw.status_of(a) == 429]
    assert raw.status_of(answers[0]) == 200 and refused, "six, and no more"
    head, body = refused[0].split(b"\r\n\r\n", 1)
    assert b"\r\nRetry-After: 10\r\n" in head + b"\r\n"
    error = json.loads(body)["error"]
    assert error["code"] == "RATE_LIMIT" and error["details"] == {"retry_after_ms": 10_000}
    assert says_when_and_which(error, "limits.connects_per_minute_per_address"), error
    closing = b"GET /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    local = raw.exchange(node.http_port, closing)
    assert raw.status_of(local) == 200, "loopback is never limited"


def test_connections_at_once_of_an_address(start_node):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback, which is never limited")
    node = start_node(http__address="0.0.0.0", limits__connections_per_address=3,
                      limits__connects_per_minute_per_address=0)  # fmt: skip
    staying = b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n"

    def connect():
        s = socket.create_connection((address, node.http_port), timeout=10)
        s.sendall(staying)
        return s

    def status(s):
        return raw.status_of(s.recv(65536))

    held = [connect() for _ in range(3)]
    assert [status(s) for s in held] == [200, 200, 200]
    with connect() as one_more:
        answer = raw.read_all(one_more)
    head, body = answer.split(b"\r\n\r\n", 1)
    assert raw.status_of(answer) == 429 and b"\r\nRetry-After: 1\r\n" in head + b"\r\n"
    error = json.loads(body)["error"]
    assert error["code"] == "RATE_LIMIT" and "open connections" in error["message"]
    assert says_when_and_which(error, "limits.connections_per_address"), error
    assert node.metric('greenroom_refused_connections_total{reason="address"}') == 1
    path = node.folder / "security.jsonl"
    wait_until(lambda: "too many are open" in path.read_text(), "it in the security log")
    event = json.loads(path.read_text().splitlines()[-1])
    assert (event["event"], event["address"]) == ("rate_limited", address)
    local = raw.exchange(node.http_port, staying.replace(b"x\r\n", b"x\r\nConnection: close\r\n"))
    assert raw.status_of(local) == 200, "loopback is never limited"
    held.pop().close()

    def is_let_in():
        with connect() as s:
            return status(s) == 200

    wait_until(is_let_in, "a place for one who comes when another has gone")
    for s in held:
        s.close()
