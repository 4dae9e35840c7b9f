# SPDX-License-Identifier: MIT
"""One node: opening, keeping and losing connections; resuming; limits; what a restart keeps."""

import json
import time

import pytest
from harness import names, raw
from harness.client import PASSWORD, Client, Refused, new_id, refused_upgrade
from harness.names import fresh
from harness.waiting import SLOWNESS, wait_until
from harness.web import Browser

# -- opening -----------------------------------------------------------------------------------


def test_the_subprotocol_chooses_the_encoding(node):
    with Client(node) as c:
        assert c.subprotocol == "greenroom.v1.json"
    with Client(node, "msgpack") as c:
        assert c.subprotocol == "greenroom.v1.msgpack"
        assert c.ask("heartbeat")["type"] == "heartbeat_response"
    with Client(node, subprotocol=False) as c:
        assert c.subprotocol is None and c.ask("heartbeat"), "none offered means JSON"
    with Client(node, subprotocol=["other.v9", "greenroom.v1.json"]) as c:
        assert c.subprotocol == "greenroom.v1.json", "one that is known among others"
    assert refused_upgrade(node, subprotocol=["other.v9"]) == 400, "only others: 400"
    assert Browser(node).request("GET", "/ws").status_code == 400, "no upgrade: 400"


def test_the_wrong_kind_of_frame(node):
    document = {"message_id": new_id(), "data": {"type": "heartbeat"}}
    for encoding, frame in (("json", json.dumps(document).encode()), ("msgpack", "text")):
        c = Client(node, encoding)
        c.send_raw(frame)
        assert c.wait_closed() == 1003, f"{encoding}: the wrong kind of frame is 1003"


@pytest.mark.parametrize("token", ["not.a.token", "x" * 400])
def test_a_bearer_token_that_is_not_valid(node, token):
    """Who sends one takes himself for authenticated: told at once, not at the first request."""
    began = time.monotonic()
    with raw.RawSocket(node, headers=[f"Authorization: Bearer {token}"]) as c:
        opcode, payload = c.next_frame()
        assert (opcode, payload[:2]) == (raw.CLOSE, (4401).to_bytes(2, "big")), payload
        assert payload[2:], "with a reason"
    assert time.monotonic() - began < 8 * SLOWNESS, "long before websocket.auth_timeout_s"


def test_before_authentication(node):
    with Client(node) as c:
        assert c.ask("heartbeat")["type"] == "heartbeat_response"
        for request in ("room_list_request", "logout_request", "user_list_request"):
            assert c.code(request) == "UNAUTHORIZED", request
        assert c.code("send_message_request", room_id=names.NOBODY, content="x") == "UNAUTHORIZED"


@pytest.mark.parametrize("origin, status", [
    ("http://{host}", 101), ("http://evil.example", 403), ("null", 403),
    ("http://{host}.evil.example", 403), ("http://evil-{host}", 403), ("http://{host}0", 403),
    ("http://127.0.0.1:1", 403), ("http://listed.example", 101),
])  # fmt: skip
def test_origins(start_shared, origin, status):
    node = start_shared
    headers = [f"Origin: {origin.format(host=node.address)}"]
    sock = None
    try:
        sock = raw.RawSocket(node, headers=headers)
        got = sock.status
    finally:
        if sock:
            sock.sock.close()
    assert got == status, f"Origin {origin}: expected {status}, got {got}"


@pytest.fixture(scope="module")
def start_shared(programs):
    """A node whose time-outs and limits are small."""
    from harness.process import Node, running

    node = Node(websocket__heartbeat_s=1, limits__max_connections=8,
                http__allowed_origins="http://listed.example", limits__messages_per_minute=5,
                resume__max_entries=4, http__request_timeout_s=1)  # fmt: skip
    with running(node):
        yield node


# -- time-outs and limits ----------------------------------------------------------------------


def test_who_does_not_authenticate_in_time(start_node):
    """At a node of its own: elsewhere a log-in may take as long as the disk lets it."""
    node = start_node(websocket__auth_timeout_s=2)
    began = time.monotonic()
    with Client(node) as c:
        assert c.wait_closed() == 4401, "not authenticated in time is 4401"
        took = time.monotonic() - began
        assert 1.9 < took < 8 * SLOWNESS, f"websocket.auth_timeout_s is 2, it was {took:.1f} s"
    with Client(node) as c:
        assert c.code("auth_request", token="a.b.c") == "UNAUTHORIZED"
        assert c.wait_closed() == 4401, "a failed try does not stop the clock"


def registration():
    data = {"type": "register_request", "username": fresh("mute"), "password": PASSWORD}
    return json.dumps({"message_id": new_id(), "data": data}).encode()


def test_who_does_not_answer_pings(start_shared):
    began = time.monotonic()
    with raw.RawSocket(start_shared) as c:
        c.send(raw.frame(registration()))
        pings = []
        assert c.close_code(pings) == 4408, "two missed heartbeats are 4408"
        assert pings, "it is pinged before"
        assert 1.9 < time.monotonic() - began < 8 * SLOWNESS, "after about three silent seconds"


def test_whose_library_answers_pings_stays(start_shared):
    with Client(start_shared) as c:  # python3-websockets answers pings by itself
        c.register(fresh("calm"))
        with raw.RawSocket(start_shared) as other:  # measures the time
            other.send(raw.frame(registration()))
            assert other.close_code() == 4408
        assert c.ask("heartbeat")["type"] == "heartbeat_response"


def test_one_connection_too_many(start_shared):
    node = start_shared
    wait_until(lambda: node.metric("greenroom_websocket_connections") == 0, "earlier ones to go")
    first = Client(node)
    first.register(fresh("first"))
    others = [Client(node, token=first.token) for _ in range(7)]
    for c in others:
        assert c.ask("heartbeat")
    try:
        try:
            c = Client(node, token=first.token)
            assert c.wait_closed() == 1013, "one more is refused with 1013"
        except Exception as why:
            status = getattr(why, "status_code", None)
            assert status == 503, f"one more is refused with 503, got {why!r}"
        answer = raw.exchange(node.http_port, b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.status_of(answer) == 503, "over HTTP too"
        assert b"retry-after:" in answer.lower()
        answer = raw.exchange(node.http_port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.status_of(answer) == 200, "a node that is full is alive"
    finally:
        for c in (first, *others):
            c.close()


def test_too_many_messages_a_minute(start_shared):
    with Client(start_shared) as c, Client(start_shared, "msgpack") as other:
        c.register(fresh("busy"))
        other.register(fresh("calm"))
        room = c.create_room("r", room_type="public")["id"]
        refused = None
        for i in range(8):
            answer = c.answer("send_message_request", room_id=room, content=f"m{i}")["data"]
            if answer["type"] == "error":
                refused = answer
                break
        assert refused is not None and i >= 3, "five writes a minute, and no more"
        assert refused["code"] == "RATE_LIMIT"
        assert 0 < refused["details"]["retry_after_ms"] <= 60_000, refused
        assert c.ask("heartbeat") and c.history(room)["messages"], "reading goes on"
        web = Browser(start_shared, c.token)
        error, answer = web.refusal("POST", f"/api/messages/{room}", 429, "RATE_LIMIT",
                                    json={"content": "by another door"})  # fmt: skip
        assert int(answer.headers["Retry-After"]) >= 1
        web.close()
        other.ask("join_room_request", room_id=room)
        assert other.send(room, "somebody else may")


# -- resuming ----------------------------------------------------------------------------------


def test_too_far_behind_to_resume(start_shared):
    node = start_shared
    with Client(node) as alice, Client(node) as bob:
        alice.register(fresh("alice"))
        bob.register(fresh("bob"))
        room = alice.create_room("r", members=[bob.user["id"]])["id"]
        for client in (alice, bob):
            for i in range(4):
                client.send(room, f"{i} of {client.user['username']}")  # 2 to 9
        got = alice.ask("resume_request", rooms={room: 1})["rooms"][room]
        assert got["complete"] is False and got["last_seq"] == 9, got
        assert got["first_seq"] == 6, "resume.max_entries is 4: the last four"


def test_resume(node, room_of_two):
    alice, bob, room = room_of_two
    token = bob.token
    bob.abort()
    for i in range(5):
        alice.send(room["id"], f"missed {i}")  # 3 to 7
    with Client(node) as back:
        back.log_in(token=token, rooms={room["id"]: 2})
        back.wait_message("missed 4")
        alice.send(room["id"], "live")
        back.wait_message("live")
        seqs = [e["seq"] for e in back.room_events(room["id"])]
        assert seqs == [3, 4, 5, 6, 7, 8], "what was missed and then what is new, without a hole"
        at = len(back.room_events(room["id"]))
        got = back.ask("resume_request", rooms={room["id"]: 5})["rooms"][room["id"]]
        assert got == {"first_seq": 6, "last_seq": 8, "complete": True}
        alice.send(room["id"], "after")
        back.wait_message("after")
        again = [e["seq"] for e in back.room_events(room["id"])[at:]]
        assert again == [6, 7, 8, 9], "the room restarts at last_seq + 1"
        beyond = back.ask("resume_request", rooms={room["id"]: 99})["rooms"][room["id"]]
        assert beyond["complete"] is False, "beyond the room's last seq"
        early = back.ask("resume_request", rooms={room["id"]: 0})["rooms"][room["id"]]
        assert (early["first_seq"], early["complete"]) == (2, False), "begins with one's joining"
        other = back.ask("resume_request", rooms={names.NOBODY: 0})["rooms"][names.NOBODY]
        assert other["error"]["code"] == "ROOM_NOT_FOUND"


def test_a_member_who_leaves_gets_no_more(room_of_two):
    alice, bob, room = room_of_two
    # His stream begins after the answer to his joining.
    bob.wait_for(lambda d: d.get("room_id") == room["id"] and d.get("seq") == 2, "his joining")
    bob.ask("leave_room_request", room_id=room["id"])
    alice.send(room["id"], "alone")
    alice.wait_message("alone")
    bob.ask("heartbeat")
    seqs = [e["seq"] for e in bob.room_events(room["id"])]
    assert seqs == [2, 3], "the last event is one's own leaving"
    bob.ask("join_room_request", room_id=room["id"])
    alice.send(room["id"], "back")
    assert bob.wait_message("back")["seq"] == 6
    with pytest.raises(Refused):
        bob.ask("mark_request", room_id=room["id"], status="read", seq=7)


# -- restart -----------------------------------------------------------------------------------


def test_a_restart_keeps_everything(start_node):
    node = start_node()
    name, message_id, created = fresh("alice"), new_id(), new_id()
    with Client(node) as alice:
        session = alice.register(name)
        room = alice.create_room("Kept", alias="kept", message_id=created)
        first = alice.send(room["id"], "before", message_id=message_id)
        alice.ask("mark_request", room_id=room["id"], status="read", seq=first["seq"])
        node.stop()
        assert alice.wait_closed() == 1001, "going away is 1001"
    node.start()
    with Client(node, token=session["token"]) as alice:
        messages = alice.history(room["id"])["messages"]
        assert [(m["content"], m["seq"], m["id"]) for m in messages] == [
            ("before", 2, first["id"])]  # fmt: skip
        again = alice.send(room["id"], "before", message_id=message_id)
        assert again["duplicate"] is True and again["id"] == first["id"], "remembered on disk"
        once = alice.ask("create_room_request", name="Kept", alias="kept", message_id=created)
        assert once["duplicate"] is True and once["room"]["id"] == room["id"]
        assert alice.send(room["id"], "after")["seq"] == 3
        listed = alice.ask("room_list_request")["rooms"]
        assert [r["id"] for r in listed] == [room["id"]] and listed[0]["last_seq"] == 3
    with Client(node) as alice:
        alice.log_in(username=name, password=PASSWORD, rooms={room["id"]: 1})
        alice.wait_message("after")
        assert [e["seq"] for e in alice.room_events(room["id"])] == [2, 3]
    with Client(node) as alice:
        renewed = alice.log_in(refresh_token=session["refresh_token"])
        assert renewed["session_id"] == session["session_id"]


def test_a_port_of_ones_own_choice(start_node):
    node = start_node(http__address="127.0.0.1")
    row = node.rows("nodes")[0]
    assert row["address"].endswith(f":{node.http_port}"), row
    with pytest.raises(Refused), Client(node) as c:
        c.ask("auth_request", token="x")
