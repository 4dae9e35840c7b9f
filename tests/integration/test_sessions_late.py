# SPDX-License-Identifier: MIT
"""Whether a session still is, is not the word of a leader that nobody confirms: elsewhere it may
have been revoked, and what it opens can be on nodes that are well."""

import pytest
from harness import names
from harness.client import Client
from harness.hanging import hanging, patient_cluster
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser


@pytest.fixture(scope="module")
def patient(programs):
    """A leader without the others takes itself for one for half a minute."""
    with patient_cluster(30_000) as made:
        yield made


def test_a_session_is_confirmed(patient):
    first, *others = patient.nodes
    name = names.name_led_by(first.name, patient.leaders(), fresh("alice") + "x", names.user_id)
    shard = names.shard_of(names.user_id(name))
    with Client(first) as alice:
        alice.register(name)
        web = Browser(first, alice.token)

        def by_http():
            return web.request("GET", "/api/users/me").status_code

        def by_socket():
            with Client(first) as again:
                answer = again.answer("auth_request", token=alice.token)["data"]
            return answer.get("code", answer["type"])

        assert (by_http(), by_socket()) == (200, "auth_response")
        with hanging(*others):
            assert (by_http(), by_socket()) == (503, "UNAVAILABLE")
            led = {row["shard"]: row["leader"] for row in first.rows("shards")}
            assert led[shard] == first.name, "it takes itself for the leader all the while"
        wait_until(lambda: by_http() == 200, "the session to be confirmed", 40)
        wait_until(lambda: by_socket() == "auth_response", "the session to be opened", 40)
        web.close()
