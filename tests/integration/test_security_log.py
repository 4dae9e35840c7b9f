# SPDX-License-Identifier: MIT
"""What concerns security has its line in the log, once, with ids and addresses and no names."""

from http.client import HTTPConnection

from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import wait_until


def lines(node, words):
    component = '"component":"security"'
    return [line for line in node.log().splitlines() if component in line and words in line]


def wait_for_line(node, words):
    wait_until(lambda: lines(node, words), f"a line of the component security: {words}")
    assert len(lines(node, words)) == 1, lines(node, words)


def test_a_refused_origin(start_node):
    node = start_node()
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
               "Origin": "https://elsewhere.example"}  # fmt: skip
    connection = HTTPConnection(node.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/ws", headers=upgrade)
    assert connection.getresponse().status == 403
    connection.close()
    wait_for_line(node, "a web page of another origin was refused, from 127.0.0.1")
    assert "elsewhere.example" not in node.log()


def test_a_refresh_token_that_is_used_twice(start_node):
    node = start_node()
    name = fresh("twice")
    with Client(node) as alice, Client(node) as thief:
        spent = alice.register(name)["refresh_token"]
        with Client(node) as again:
            again.ask("auth_request", refresh_token=spent)
        assert thief.code("auth_request", refresh_token=spent) == "UNAUTHORIZED"
        wait_for_line(node, f"a refresh token of user {alice.user['id']} was used twice: session")
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
    assert name not in node.log()
