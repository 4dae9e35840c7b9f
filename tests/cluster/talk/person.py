# SPDX-License-Identifier: MIT
"""Somebody with one connection at a time: asks, repeats what was not answered, and keeps every
event."""

import threading
import time

from harness.client import Client, Lost, new_id
from harness.waiting import SLOWNESS, wait_until

PATIENT_S = 20


class Person:
    def __init__(self, walk, name, node, encoding):
        self.walk = walk
        self.nodes = walk.trio.nodes
        self.user = walk.chat.add(name)
        self.node, self.encoding = node, encoding
        self.device = f"{name}'s"
        self.client = self.token = None
        self.heard = {}  # room → [(document, bytes)]
        self.heard_in = {}  # room → the encoding of each of them
        self.judged = {}  # room → how many of them were compared
        self.taken = 0

    # -- connections ---------------------------------------------------------

    def register(self):
        self.client = Client(self.nodes[self.node], self.encoding)
        self.taken = 0
        answer = self.call("register_request", new_id(), username=self.user.name,
                           password="correct horse battery", device_id=self.device)  # fmt: skip
        assert answer["type"] == "auth_response", answer
        assert answer["user"]["id"] == self.user.id, "ids follow from names"
        self.token = self.client.token = answer["token"]
        self.user.is_online = True

    def go(self):
        self.wait_heard()
        self.user.is_online = False
        self.client.close()

    def come(self, node, encoding):
        """With all rooms that were heard of."""
        self.node, self.encoding = node, encoding
        rooms = {room: self.last(room) for room, heard in self.heard.items() if heard}
        self.client = Client(self.nodes[node], encoding)
        self.taken = 0
        answer = self.call("auth_request", new_id(), token=self.token, device_id=self.device,
                           rooms=rooms)  # fmt: skip
        assert answer["type"] == "auth_response", answer
        self.user.is_online = True
        return rooms

    def another_connection(self, node):
        """Beside the one that is listened to."""
        return Client(node, self.encoding, token=self.token)

    # -- asking --------------------------------------------------------------

    def call(self, type_, message_id, **fields):
        """The data of the answer. `is_repeat` in it: it was asked more than once."""
        deadline = time.monotonic() + PATIENT_S * SLOWNESS
        tries = 0
        while True:
            tries += 1
            try:
                data = self.client.answer(type_, message_id=message_id, **fields)["data"]
            except Lost as why:
                raise AssertionError(f"{self.user.name} lost node{self.node + 1}: {why}") from None
            late = data.get("code") == "UNAVAILABLE" or data.get("stale")
            if not late or time.monotonic() > deadline:
                data["is_repeat"] = tries > 1
                return data
            after_ms = (data.get("details") or {}).get("retry_after_ms") or 50
            threading.Event().wait(min(after_ms, 500) / 1000)  # nobody sets it

    # -- hearing -------------------------------------------------------------

    def take(self):
        events, raw = self.client.events, self.client.raw_events
        while self.taken < len(raw):
            document = events[self.taken]
            data = document["data"]
            if data["type"] in ("message_received", "message_updated", "room_event"):
                self.heard.setdefault(data["room_id"], []).append((document, raw[self.taken]))
                self.heard_in.setdefault(data["room_id"], []).append(self.encoding)
            self.taken += 1

    def seqs(self, room):
        return [d["data"]["seq"] for d, _ in self.heard.get(room, [])]

    def last(self, room):
        return self.heard[room][-1][0]["data"]["seq"]

    def wait_heard(self):
        """Until everything that must arrive has; nothing else may."""
        due = self.walk.chat.heard[self.user.id]

        def is_there():
            self.take()
            return all(len(self.heard.get(room, [])) >= len(seqs) for room, seqs in due.items())

        try:
            wait_until(is_there, "events", PATIENT_S)
        except AssertionError:
            pass  # said better below
        self.take()
        for room in {*due, *self.heard}:
            wanted = [seq for seq, _ in due.get(room, [])]
            assert self.seqs(room) == wanted, (
                f"{self.user.name} at node{self.node + 1}, room {room}: "
                f"heard {self.seqs(room)}, should have heard {wanted}"
            )
