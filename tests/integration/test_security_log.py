# SPDX-License-Identifier: MIT
"""What concerns security has its line in the log, and in a file of its own, once, with ids and
addresses and no names."""

import json
import stat
from http.client import HTTPConnection

from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser


def lines(node, words):
    component = '"component":"security"'
    return [line for line in node.log().splitlines() if component in line and words in line]


def wait_for_line(node, words):
    wait_until(lambda: lines(node, words), f"a line of the component security: {words}")
    assert len(lines(node, words)) == 1, lines(node, words)


def events(node, what):
    """Lines of security.jsonl about such an event."""
    text = (node.folder / "security.jsonl").read_text()
    return [e for e in map(json.loads, text.splitlines()) if e["event"] == what]


def the_event(node, what):
    """Its one line, once it is there."""
    wait_until(lambda: events(node, what), f"an event {what}")
    (event,) = events(node, what)
    assert event["node"] == node.name and event["time"].endswith("Z")
    return event


def ask_from_elsewhere(node):
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
               "Origin": "https://elsewhere.example"}  # fmt: skip
    connection = HTTPConnection(node.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/ws", headers=upgrade)
    assert connection.getresponse().status == 403
    connection.close()


def test_a_refused_origin(start_node):
    node = start_node()
    ask_from_elsewhere(node)
    wait_for_line(node, "a web page of another origin was refused, from 127.0.0.1")
    event = the_event(node, "origin_refused")
    assert event["address"] == "127.0.0.1" and len(event["request"]) == 36
    assert "user" not in event and "more" not in event
    mode = (node.folder / "security.jsonl").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    # One who tries again and again has a line a minute, and what was left out is counted.
    for _ in range(20):
        ask_from_elsewhere(node)
    assert len(lines(node, "another origin was refused")) == 1
    node.stop()
    first, last = events(node, "origin_refused")
    assert first == event and last["more"] == 19
    assert "and 19 more like it" in lines(node, "another origin was refused")[1]
    assert "elsewhere.example" not in node.log() + json.dumps([first, last])


def test_a_refresh_token_that_is_used_twice(start_node):
    node = start_node()
    name = fresh("twice")
    with Client(node) as alice, Client(node) as thief:
        spent = alice.register(name)["refresh_token"]
        with Client(node) as again:
            again.ask("auth_request", refresh_token=spent)
        assert thief.code("auth_request", refresh_token=spent) == "UNAUTHORIZED"
        wait_for_line(node, f"a refresh token of user {alice.user['id']} was used twice: session")
        event = the_event(node, "refresh_reused")
        assert (event["user"], event["address"]) == (alice.user["id"], "127.0.0.1")
    assert spent not in node.log() and name not in node.log()


def test_a_session_that_is_revoked(start_node):
    node = start_node()
    name, key = fresh("leaver"), new_id()
    with Client(node) as alice, Client(node) as other:
        alice.register(name)
        session = other.ask("auth_request", username=name, password=PASSWORD)["session_id"]
        for _ in range(2):
            alice.ask("logout_request", message_id=key, session_id=session)
        wait_for_line(node, f"user {alice.user['id']}: 1 sessions revoked by himself")
        assert not lines(node, ": 0 sessions revoked"), "a repeat revokes nothing"
        event = the_event(node, "sessions_revoked")
        assert (event["user"], event["request"]) == (alice.user["id"], key)
    assert name not in node.log()


def test_wrong_passwords(start_node):
    node = start_node(auth__failed_logins_per_minute=3)
    with Client(node) as alice:
        alice.register(fresh("guessed"))
        user = alice.user["id"]
        wrong = {"username": alice.user["username"], "password": PASSWORD + "x"}
        browser = Browser(node)
        ids = [browser.request("POST", "/api/auth/login", json=wrong).json()["request_id"]
               for _ in range(8)]
        browser.close()
        wait_until(lambda: len(events(node, "login_failed")) >= 3, "three failures")
        failed = events(node, "login_failed")
        assert [e["request"] for e in failed] == ids[:3], "each has a line"
        assert {(e["user"], e["address"]) for e in failed} == {(user, "127.0.0.1")}
        limited = the_event(node, "rate_limited")
        assert (limited["user"], limited["address"]) == (user, "127.0.0.1")
        assert limited["request"] == ids[3], "the others are counted"


def test_too_many_messages_and_requests(start_node):
    node = start_node(limits__messages_per_minute=3, limits__requests_per_minute=5)
    with Client(node) as alice:
        alice.register(fresh("talker"))
        user = alice.user["id"]
        room = alice.create_room("R")["id"]
        for _ in range(10):
            alice.answer("send_message_request", room_id=room, content="so much to say")
            alice.answer("room_list_request")
        wait_until(lambda: len(events(node, "rate_limited")) == 2, "a line of each kind")
        found = events(node, "rate_limited")
        assert {(e["user"], e["address"]) for e in found} == {(user, "127.0.0.1")}
        kinds = {e["text"].rsplit(": ", 1)[1] for e in found}
        assert kinds == {"send_message_request", "room_list_request"}
    node.stop()
    more = sorted(e["more"] for e in events(node, "rate_limited") if "more" in e)
    assert more == [3, 5], "7 and 5 were refused; one of each was told at once, one at the end"


def test_what_only_admins_may_do(start_node):
    node = start_node()
    with Client(node) as alice:
        alice.register(fresh("curious"))
        browser = Browser(node, alice.token)
        for _ in range(5):
            browser.refusal("POST", f"/api/admin/users/{new_id()}/deactivate", 403, "FORBIDDEN")
        browser.close()
        event = the_event(node, "forbidden")
        assert (event["user"], event["address"]) == (alice.user["id"], "127.0.0.1")
        assert len(lines(node, "asked for what only server admins may do")) == 1
