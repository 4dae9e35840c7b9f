# SPDX-License-Identifier: MIT
"""Whoever tries names with a password learns nothing: neither from the answer nor from the work."""

import statistics

from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.web import Browser

TRIES = 7
# Without the hashing a try costs a tenth or less, as heartbeats below do; what is in between is the
# machine's.
LEAST, MOST = 0.5, 2.0


class Measured:
    """What is done, and what the node works for it."""

    def __init__(self, node):
        self.node = node
        self.costs = []
        self.errors = []

    def of(self, act):
        before = self.node.cpu_s()
        self.errors.append(act())
        self.costs.append(self.node.cpu_s() - before)

    def median(self):
        return statistics.median(self.costs)


def without_times(document):
    return {k: v for k, v in document.items() if k not in ("timestamp", "request_id")}


def test_a_name_that_nobody_has_costs_and_says_the_same(start_node):
    node = start_node(auth__argon2_memory_mib=16, auth__argon2_ops=3,
                      auth__failed_logins_per_minute=1000,
                      websocket__auth_timeout_s=600)  # fmt: skip
    with Client(node) as alice, Client(node) as gone, Client(node) as guesser:
        known = fresh("alice")
        alice.register(known)
        closed = fresh("gone")
        gone.register(closed)
        browser = Browser(node, gone.token)
        browser.post("/api/users/me/deactivate", json={"password": PASSWORD})
        nobody = fresh("nobody")

        def guess(name):
            return guesser.refusal("auth_request", username=name, password="wrong horse")

        def guess_at_the_door(name):
            words = {"username": name, "password": "wrong horse"}
            answer = browser.request("POST", "/api/auth/login", token=False, json=words)
            return answer.status_code, without_times(answer.json())

        guesses = {
            "a known name": lambda: guess(known),
            "an unknown name": lambda: guess(fresh("nobody")),
            "an unknown name again": lambda: guess(nobody),
            "a closed account": lambda: guess(closed),
            "a known name over HTTP": lambda: guess_at_the_door(known),
            "an unknown name over HTTP": lambda: guess_at_the_door(fresh("nobody")),
        }
        made = {what: Measured(node) for what in guesses}
        idle = Measured(node)
        for _ in range(TRIES):  # in turns, so that whatever else the machine does is in all of them
            for what, act in guesses.items():
                made[what].of(act)
            idle.of(lambda: guesser.ask("heartbeat"))
        usual = made["a known name"].median()
        assert idle.median() < usual * LEAST / 2, "hashing is seen in what is measured"
        for what, of in made.items():
            ratio = of.median() / usual
            assert LEAST < ratio < MOST, f"{what}: {ratio:.2f} of a known one's {usual:.3f} s"
            like = made["a known name over HTTP" if "HTTP" in what else "a known name"]
            assert all(e == like.errors[0] for e in of.errors), f"{what} is answered otherwise"
        assert made["a known name"].errors[0]["code"] == "INVALID_CREDENTIALS"
        assert made["a known name over HTTP"].errors[0][0] == 401
        # What they were told for was the password.
        guesser.log_in(username=known, password=PASSWORD)
        browser.close()
