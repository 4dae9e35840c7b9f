# SPDX-License-Identifier: MIT
"""Members of a room who stop reading, with sockets that hold next to nothing."""

import json
import socket

from harness import raw
from harness.client import new_id
from harness.sleeper import narrow_socket


def issue_tokens(node, name, count):
    """Access tokens of as many new people, who are called so with a number."""
    issued = node.console("token", "issue", "--user", name, "--create", "--count", str(count),
                          timeout_s=120)  # fmt: skip
    assert issued.returncode == 0, issued.stderr
    return issued.stdout.split()

# With less, the kernel that sends may wait for its timer, which is by then one of many seconds,
# after the one that receives has room again: the window is shorter than what it likes to send.
RECEIVE_BYTES = 16 * 1024


class Sleeper:
    """Has joined the room and heard it up to `heard`; reads nothing from then on until he wakes."""

    def __init__(self, node, token, room):
        self.token = token
        self.room = room
        self.heard = 0
        self.taken = []
        self.socket = narrow_socket(node, RECEIVE_BYTES)
        self._say(type="auth_request", token=token)
        self._say(type="join_room_request", room_id=room)

    def _say(self, **data):
        message_id = new_id()
        self.socket.send(raw.frame(json.dumps({"message_id": message_id, "data": data}).encode()))
        while True:
            _, payload = self.socket.next_frame()
            document = json.loads(payload)
            if document.get("correlation_id") == message_id:
                assert document["data"]["type"] != "error", document
                return
            self._hear(document)

    def _hear(self, document):
        seq = document["data"].get("seq")
        if document["data"].get("room_id") != self.room or seq is None:
            return
        assert seq == self.heard + 1 or self.heard == 0, f"{seq} after {self.heard}"
        self.heard = seq

    def wake(self):
        """Takes what is still on its way to him, and looks at nothing, so that it takes hardly any
        time; the code that he is closed with."""
        self.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while True:
            opcode, payload = self.socket.next_frame()
            if opcode == raw.CLOSE:
                self.socket.sock.close()
                return int.from_bytes(payload[:2], "big")
            if opcode == raw.TEXT:
                self.taken.append(payload)

    def look_at_it(self):
        """What he has taken is without a hole."""
        for payload in self.taken:
            self._hear(json.loads(payload))
        self.taken.clear()
