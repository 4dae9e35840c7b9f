# SPDX-License-Identifier: MIT
"""Search while a node hangs: what the others have comes in time, and who is missing is named."""

import time

import pytest
from harness import names
from harness.client import Client
from harness.hanging import hanging, patient_cluster
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import Browser

ANSWERED_S = 5.0  # whatever a client asks for
WAITED_S = 2.5  # for a node that does not answer


@pytest.fixture(scope="module")
def patient(programs):
    """Nobody takes over what a node leads that hangs for less than ten seconds."""
    with patient_cluster(10_000) as made:
        yield made


def texts(answer):
    return [h["message"]["content"] for h in answer["hits"]]


def test_who_hangs_is_named_and_not_waited_for(patient):
    word, leaders = fresh("stopped"), patient.leaders()
    name = names.name_led_by("node1", leaders, fresh("alice") + "x", names.user_id)
    with Client(patient.nodes[0]) as alice:
        alice.register(name)
        web = Browser(patient.nodes[0], alice.token)
        for node in patient.nodes:
            alias = names.name_led_by(node.name, leaders, fresh("room") + "x", names.room_id)
            room = alice.create_room("room", alias=alias)["id"]
            alice.send(room, f"{word} at {node.name}")

        def over_socket():
            return alice.ask("search_request", query=word)

        def over_http():
            return web.get(f"/api/search?query={word}")

        def all_are_found():
            answer = over_socket()
            return len(answer["hits"]) == 3 and answer["late_nodes"] == []

        wait_until(all_are_found, "all to be found")
        for search in (over_socket, over_http):
            with hanging(patient.nodes[2]):
                begun = time.monotonic()
                answer = search()
                took_s = time.monotonic() - begun
            assert texts(answer) == [f"{word} at node2", f"{word} at node1"]
            assert answer["late_nodes"] == ["node3"]
            assert WAITED_S * 0.9 < took_s < ANSWERED_S, f"the answer took {took_s:.2f} s"
            wait_until(all_are_found, "all to be found when it goes on")
        web.close()
