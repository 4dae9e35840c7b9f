# SPDX-License-Identifier: MIT
"""Guessing passwords from one address: refused there, for every account, and nowhere else."""

import http.client
import json

import pytest
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.ports import own_address
from harness.waiting import PATIENCE_S, wait_until

A_MINUTE = 12
AGAIN_MS = 60_000 // A_MINUTE  # until another attempt is taken


class From:
    """Somebody who calls this node's address `to` from his address `own`."""

    def __init__(self, node, to, own):
        self.there, self.own = (to, node.http_port), (own, 0)

    def ask(self, method, path, body=None, token=None):
        """(status, error or None, headers)"""
        line = http.client.HTTPConnection(*self.there, timeout=PATIENCE_S, source_address=self.own)
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())["error"], answer.headers
        finally:
            line.close()

    def log_in(self, name, password=PASSWORD):
        words = {"username": name, "password": password}
        return self.ask("POST", "/api/auth/login", words)


def is_refused(asked):
    status, error, headers = asked
    assert (status, error["code"]) == (429, "RATE_LIMIT"), asked
    wait_ms = error["details"]["retry_after_ms"]
    assert 0 < wait_ms <= AGAIN_MS, error
    assert int(headers["Retry-After"]) == -(-wait_ms // 1000), headers
    assert error["message"] == (
        f"too many log-ins from this address have failed; try again in {wait_ms} ms"
        " (auth.failed_logins_per_minute_per_address)")  # fmt: skip


def test_an_address_that_guesses_is_refused(start_node):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback, which is never limited")
    node = start_node(http__address="0.0.0.0",
                      auth__failed_logins_per_minute_per_address=A_MINUTE)  # fmt: skip
    alice, bob = fresh("alice"), fresh("bob")
    with Client(node) as client:
        client.register(alice)
        token = client.token
    with Client(node) as client:
        client.register(bob)
    here = From(node, address, address)
    neighbour = From(node, "127.0.0.2", "127.0.0.2")

    # What is wrong for one account or for many: it is the address that is counted. While the node
    # works tokens come back, so that a few more may be taken.
    taken = 0
    while (asked := here.log_in(fresh("nobody"), "wrong horse"))[0] == 401:
        assert asked[1]["code"] == "INVALID_CREDENTIALS", asked
        taken += 1
        assert taken <= 4 * A_MINUTE, "guesses are taken for ever"
    assert taken >= A_MINUTE, f"only {taken} were taken"
    is_refused(asked)

    def all_are_refused():
        is_refused(here.log_in(alice))
        is_refused(here.log_in(bob))
        who = {"username": fresh("new"), "password": PASSWORD}
        is_refused(here.ask("POST", "/api/auth/register", who))
        is_refused(here.ask("POST", "/api/users", who))
        is_refused(here.ask("POST", "/api/auth/refresh", {"refresh_token": "any"}))

    all_are_refused()
    # Who is logged in goes on, and so do other addresses, for the same accounts.
    assert here.ask("GET", "/api/users/me", token=token)[0] == 200
    assert neighbour.log_in(alice)[0] == 200
    assert neighbour.log_in(bob)[0] == 200
    said = [json.loads(line) for line in (node.folder / "security.jsonl").read_text().splitlines()]
    limited = [s for s in said if s["event"] == "rate_limited"]
    assert {s["address"] for s in limited} == {address}, limited
    # Loopback is never limited, as section 2 of docs/protocol.md says.
    for _ in range(2 * A_MINUTE):
        assert neighbour.log_in(fresh("nobody"), "wrong horse")[0] == 401
    wait_until(lambda: here.log_in(bob)[0] == 200, "another attempt to be taken")
