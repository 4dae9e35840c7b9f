# SPDX-License-Identifier: MIT
"""What actors are doing, as the console tells it, and the switch that ends their counting."""

import http.client

from harness.client import Client
from harness.names import fresh
from harness.waiting import wait_until

COUNTED = ("queue_depth", "mailbox", "handled", "rate", "busy_us", "busy", "busy_percent",
           "last_message_ms", "last_message", "oldest_message_ms")  # fmt: skip


def spoken_in(node):
    with Client(node) as alice:
        alice.register(fresh("alice"))
        room = alice.create_room("Counted", alias=fresh("counted"))
        alice.send(room["id"], "hello")
    return room


def metrics(node):
    connection = http.client.HTTPConnection(node.host, node.http_port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_an_actor_says_what_it_did_last(start_node):
    node = start_node()
    room = spoken_in(node)

    def at_rest():
        (row,) = node.rows("actors", kind="room", filter=f"name={room['id']}")
        return row if row["queue_depth"] == 0 and row["oldest_message_ms"] is None else None

    row = wait_until(at_rest, "the room to have done all")
    assert row["handled"] > 0 and row["oldest_message_ms"] is None, "nothing waits"
    assert row["last_message"] and "greenroom::" not in row["last_message"]

    def facts_at_rest():  # rooms also look after themselves now and then
        facts = {r["field"]: r["value"] for r in node.rows("actor show", actor=row["id"])}
        return facts if facts["oldest_message_ms"] is None else None

    assert wait_until(facts_at_rest, "the room to have done all again")["last_message"]
    # Who makes this very list has the request in hand.
    (admin,) = node.rows("actors", kind="admin")
    assert admin["last_message"] == "admin_request" and admin["oldest_message_ms"] >= 0
    first = node.rows("actors", sort="oldest_message_ms", limit=1)[0]
    assert first["oldest_message_ms"] is not None, "who has nothing that waits comes last"
    assert "greenroom_actor_messages_total" in metrics(node)


def test_without_figures_nothing_is_claimed(start_node):
    node = start_node(telemetry__actors=False)
    room = spoken_in(node)
    answer = node.admin("actors", limit=1000)
    assert answer["ok"] and answer["rows"]
    assert answer["notes"] == ["the figures of actors are off on node1 (telemetry.actors is false)"]
    for row in answer["rows"]:
        assert {k: row[k] for k in COUNTED} == dict.fromkeys(COUNTED), "not counted is not 0"
        assert row["errors"] == 0 and row["age_ms"] >= 0
    shown = node.console("actors", "--kind", "room")
    assert shown.returncode == 0 and room["id"] in shown.stdout
    assert "the figures of actors are off on node1" in shown.stderr
    (seen,) = node.rows("rooms", filter=f"id={room['id']}")
    assert seen["mailbox"] is None
    (doctor,) = [r for r in node.rows("doctor") if r["check"] == "actors"]
    assert doctor["state"] == "warning" and "telemetry.actors" in doctor["detail"]
    text = metrics(node)
    assert "greenroom_actors{" in text and "greenroom_actor_failures_total{" in text
    assert "greenroom_actor_messages_total" not in text
    assert "greenroom_actor_queue_depth" not in text
