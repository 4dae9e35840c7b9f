# SPDX-License-Identifier: MIT
"""Members of rooms who take what they are sent, and whose reading takes next to no time, so that
what is measured is the node: bytes are counted and thrown away where they lie."""

import json
import select
import socket
import time

from harness import raw
from harness.client import new_id
from harness.waiting import PATIENCE_S

AT_ONCE = 1 << 20  # bytes that are taken with one call


def ask(door, **data):
    """Waits for the answer, and passes over what comes before it."""
    message_id = new_id()
    door.send(raw.frame(json.dumps({"message_id": message_id, "data": data}).encode()))
    while True:
        _, payload = door.next_frame()
        document = json.loads(payload)
        if document.get("correlation_id") == message_id:
            assert document["data"]["type"] != "error", document
            return document["data"]


def join(node, tokens, rooms):
    """Makes members of all of them; nobody is connected afterwards."""
    for token in tokens:
        with raw.RawSocket(node) as door:
            ask(door, type="auth_request", token=token)
            for room in rooms:
                ask(door, type="join_room_request", room_id=room)


class Readers:
    """A connection for each token, on which nothing has been sent yet."""

    def __init__(self, node, tokens):
        self.poll = select.epoll()
        self.doors = {}  # by file
        self.space = bytearray(AT_ONCE)
        for token in tokens:
            door = raw.RawSocket(node)
            ask(door, type="auth_request", token=token)
            self.doors[door.sock.fileno()] = door
            self.poll.register(door.sock, select.EPOLLIN)

    def take_whole(self, count):
        """Each reads so many messages, before any is taken by its size. The bytes of the last."""
        for door in self.doors.values():
            for _ in range(count):
                opcode = raw.PING
                while opcode != raw.TEXT:
                    opcode, payload = door.next_frame()
            assert not door.buffer, "more than was said"
            door.sock.setblocking(False)
        return len(raw.frame(payload, masked=False))

    def take(self, size, percent):
        """Waits until everybody has got a message of that many bytes; when so many percent had
        it."""
        end = time.monotonic() + 3 * PATIENCE_S
        missing = dict.fromkeys(self.doors, size)
        then_missing = len(self.doors) * (100 - percent) // 100
        at = None
        while missing:
            assert time.monotonic() < end, f"{len(missing)} did not get what was said"
            for file, _ in self.poll.poll(1):
                left = missing.get(file, 0) - self._drain(file)
                if left > 0:
                    missing[file] = left
                else:
                    missing.pop(file, None)
                    if at is None and len(missing) <= then_missing:
                        at = time.monotonic()
        return at

    def _drain(self, file):
        try:
            got = self.doors[file].sock.recv_into(self.space, AT_ONCE, socket.MSG_TRUNC)
        except BlockingIOError:
            return 0
        assert got, "hung up on who reads"
        return got

    def close(self):
        for door in self.doors.values():
            door.sock.close()
        self.poll.close()
