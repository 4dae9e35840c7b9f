# SPDX-License-Identifier: MIT
"""permessage-deflate as python3-websockets speaks it, beside sockets without."""

import pytest
from harness.client import Client
from harness.names import fresh
from harness.waiting import wait_until

LONG = "A long message, in which much comes again and again. " * 150
TEXTS = [LONG, "short", LONG[:2000]]


@pytest.fixture
def node(start_node):
    return start_node()


def entered(node, encoding, compression):
    client = Client(node, encoding, compression=compression)
    client.register(fresh("deflate"))
    return client


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_everybody_gets_the_same_compressed_or_not(node, encoding):
    first = entered(node, encoding, "deflate")
    second = entered(node, encoding, "deflate")
    plain = entered(node, encoding, None)
    everybody = [first, second, plain]
    try:
        for client, agreed in [(first, True), (second, True), (plain, False)]:
            extensions = client.upgrade_headers.get("Sec-WebSocket-Extensions", "")
            assert ("permessage-deflate" in extensions) is agreed
        room = first.create_room(room_type="public")["id"]
        for client in (second, plain):
            client.ask("join_room_request", room_id=room)
        for text in TEXTS:
            first.send(room, text)  # a long one comes compressed
        for client in everybody:
            for text in TEXTS:
                client.wait_message(text)
            messages = [d["message"]["content"] for d in client.room_events(room)
                        if d["type"] == "message_received"]  # fmt: skip
            assert messages == TEXTS
            assert [m["content"] for m in client.history(room)["messages"]] == TEXTS

        def bytes_out():
            """As they went out, by user."""
            return {r["username"]: r["bytes_out"] for r in node.rows("connections")}

        names = [c.user["username"] for c in everybody]
        # The message and the page: three long texts and four, of which hardly anything is left.
        wait_until(lambda: bytes_out()[names[2]] > 2 * len(LONG), "the counters")
        assert bytes_out()[names[1]] < len(LONG)
    finally:
        for client in everybody:
            client.close()


def test_compression_can_be_switched_off(start_node):
    node = start_node(websocket__deflate_from_bytes=0)
    with Client(node, compression="deflate") as client:
        assert "Sec-WebSocket-Extensions" not in client.upgrade_headers
        client.register(fresh("deflate"))
        room = client.create_room()["id"]
        client.send(room, LONG)
        assert client.wait_message(LONG)
