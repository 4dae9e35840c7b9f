# SPDX-License-Identifier: MIT
"""What is a frame of the binary framing over TCP and what is none, docs/protocol.md, section 6."""

import contextlib
import random
import re
import socket
import struct
import time
import zlib

import msgpack
import pytest
from harness import framed, raw
from harness.client import new_id
from harness.framed import (ERROR, HEADER, NUMBERS, FramedClient, alice, beat,  # noqa: F401
                            connect, frame, frames_in, last_word, listening, read_frame,
                            request)  # fmt: skip
from harness.names import fresh
from harness.process import ROOT

NODE = listening()  # of the fixture `node`


def test_half_frames_and_several_in_a_packet(node):
    with connect(node) as sock:
        for byte in beat():
            sock.sendall(bytes([byte]))
        number, document = read_frame(sock)
        assert number == 0x8000 + NUMBERS["heartbeat"]
        ids = [new_id() for _ in range(5)]
        many = b"".join(request("heartbeat", i) for i in ids)
        sock.sendall(many + beat()[:5])
        answers = [read_frame(sock)[1]["correlation_id"] for _ in ids]
        assert sorted(answers) == sorted(ids)
        sock.sendall(beat()[5:])
        assert read_frame(sock)[0] == 0x8000 + NUMBERS["heartbeat"]


def test_compressed_requests(node):
    with FramedClient(node, compress=True) as alice:
        alice.register(fresh("alice"))
        room = alice.create_room()["id"]
        content = "the same again, " * 900
        alice.send(room, content)
        assert alice.wait_message(content)


@pytest.mark.parametrize("data, code, field", [
    (beat(number=0), "INVALID_MESSAGE", "type"),
    (beat(number=36), "INVALID_MESSAGE", "type"),
    (beat(number=0x8005), "INVALID_MESSAGE", "type"),
    (beat(number=ERROR), "INVALID_MESSAGE", "type"),
    (beat(number=NUMBERS["typing"]), "INVALID_MESSAGE", "type"),
    (frame(5, b"\xc0", version=0), "INVALID_MESSAGE", "version"),
    (frame(5, b"\xc0", version=2), "INVALID_MESSAGE", "version"),
    (frame(5, b"\xc0", flags=2), "INVALID_MESSAGE", "flags"),
    (frame(5, b"\xc0", flags=0x81), "INVALID_MESSAGE", "flags"),
    (frame(5, b""), "INVALID_MESSAGE", "length"),
    (frame(5, b"", length=2**32 - 1), "TOO_LARGE", "length"),
    (frame(5, b"", length=64 * 1024 + 1), "TOO_LARGE", "length"),
    (frame(5, b"no zlib", flags=1), "INVALID_MESSAGE", "document"),
    (frame(5, zlib.compress(b"\xc0" * 1000)[:-1], flags=1), "INVALID_MESSAGE", "document"),
    (frame(5, zlib.compress(b"\xc0" * 2**26), flags=1), "TOO_LARGE", None),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "INVALID_MESSAGE", "version"),
])  # fmt: skip
def test_what_is_no_frame_is_told_once_and_closed(node, data, code, field):
    error = last_word(node, data + beat())
    assert error["code"] == code
    if field:
        assert error["details"]["field"] == field
    if code == "TOO_LARGE":
        assert error["details"]["limit"] == 64 * 1024, "nobody is logged in"


def test_the_limit_of_a_message_is_that_of_a_websocket(node, alice):
    room = alice.create_room()["id"]
    pad = "x" * (framed.LIMIT - 400)
    # An unknown field is ignored, however long: the document is near the limit.
    assert alice.ask("typing", room_id=room, is_typing=False, pad=pad)["type"] == "ok"
    alice.send_raw(HEADER.pack(5, 1, 0, framed.LIMIT + 1))
    assert alice.wait_closed()
    number, document = alice.frames[-1]
    assert number == ERROR and document["data"]["code"] == "TOO_LARGE"
    assert document["data"]["details"]["limit"] == framed.LIMIT


def test_a_bomb_of_a_known_client(node, alice):
    alice.send_raw(frame(5, zlib.compress(b"\xc0" * 50_000_000), flags=1))
    assert alice.wait_closed()
    assert alice.frames[-1][1]["data"]["code"] == "TOO_LARGE"


def test_who_sends_what_inflates_to_much_is_read_more_slowly(node, alice):
    """A kilobyte that is a megabyte costs the thread of all its clients milliseconds."""
    pad = "x" * (framed.LIMIT - 1000)
    began = time.monotonic()
    with connect(node) as sock:
        sock.sendall(request("auth_request", new_id(), token=alice.token))
        read_frame(sock)
        sock.sendall(b"".join(request("heartbeat", new_id(), compress=True, pad=pad)
                              for _ in range(9)))  # fmt: skip
        for _ in range(9):
            assert read_frame(sock)[0] == 0x8000 + NUMBERS["heartbeat"]
    took = time.monotonic() - began
    assert took > 8 * 0.2, f"4 MiB of it a second, and not 8 MiB in {took:.2f} s"


def test_documents_that_are_wrong_are_answered_and_the_connection_stays(node, alice):
    alice.send_raw(frame(5, b"\xc1"))
    assert alice.wait_orphan()["code"] == "INVALID_MESSAGE"
    alice.send_raw(frame(5, {"version": "1", "data": {"type": "heartbeat"}}))
    assert alice.wait_orphan()["details"]["field"] == "message_id"
    refused = alice.refusal("create_room_request", name="x" * 101)
    assert refused["code"] == "TOO_LARGE" and refused["details"]["field"] == "name"
    assert alice.ask("heartbeat")


def test_random_bytes_harm_nobody(node, alice):
    chance = random.Random(20261128)
    for _ in range(60):
        data = bytearray(beat() + request("room_list_request", new_id()))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with connect(node) as sock:
            raw.send_until_refused(sock, bytes(data))
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_WR)
            frames_in(raw.read_all(sock))  # whole frames, whatever they are
    assert alice.ask("heartbeat")


def test_numbers_of_the_document():
    """The table of this test against the text of docs/protocol.md."""
    text = (ROOT / "docs/protocol.md").read_text()
    found = {name: int(number) for number, name in re.findall(r"\*\*(\d+) `([a-z_]+)`\*\*", text)}
    assert found == NUMBERS
    assert struct.calcsize(">HBBI") == HEADER.size == 8
    assert msgpack.unpackb(beat()[8:])["data"]["type"] == "heartbeat"
