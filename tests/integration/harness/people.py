# SPDX-License-Identifier: MIT
"""People whose node may go at any time: they come back at another one, resume, and repeat with the
same message_id what was not acknowledged. What each has seen and sent is kept for judgement."""

import threading
import time

from .client import Client, Lost, new_id
from .waiting import PATIENCE_S, SLOWNESS


class Wanderer:
    """One connection at a time, to whichever node takes it."""

    def __init__(self, nodes, token, start=0):
        self.nodes = nodes
        self.token = token
        self.at = start
        self.client = None
        self.stopping = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.thread.join(4 * PATIENCE_S)
        assert not self.thread.is_alive(), "a person hangs"
        if self.failure:
            raise self.failure

    def _run(self):
        try:
            while not self.stopping.is_set():
                try:
                    self.client = Client(self.nodes[self.at])
                    self.live()
                except (Lost, OSError, AssertionError) as why:
                    if isinstance(why, AssertionError) and "no result" not in str(why):
                        raise
                except Exception as why:  # the handshake of a node that is going
                    if type(why).__module__.split(".")[0] != "websockets":
                        raise
                self.at = (self.at + 1) % len(self.nodes)
                self.stopping.wait(0.05)
        except BaseException as why:  # for the test's thread
            self.failure = why

    def enter(self, **fields):
        """Authenticated, or Lost: no node can promise to have the account's leader at hand."""
        data = self.client.answer("auth_request", token=self.token, **fields)["data"]
        if data["type"] == "error":
            assert data["code"] == "UNAVAILABLE", f"log-in: {data}"
            self.client.close()
            raise Lost("no leader for the account")

    def live(self):
        raise NotImplementedError


class Sender(Wanderer):
    """Says one thing after the other; `said`: (message_id, content, seq, seconds until acked)."""

    def __init__(self, nodes, token, room, name, start=0):
        super().__init__(nodes, token, start)
        self.room = room
        self.name = name
        self.said = []
        self.open = None  # [message_id, content, first sent at]

    def live(self):
        self.enter()
        while not self.stopping.is_set() or self.open:
            if self.open is None:
                self.open = [new_id(), f"{self.name} {len(self.said)}", time.monotonic()]
            message_id, content, began = self.open
            asked = time.monotonic()
            data = self.client.answer(
                "send_message_request", room_id=self.room, content=content, message_type="text",
                message_id=message_id,
            )["data"]  # fmt: skip
            assert time.monotonic() - asked < 5.5 * SLOWNESS, "answered within 5 s"
            if data["type"] == "message_ack":
                self.said.append((message_id, content, data["seq"], time.monotonic() - began))
                self.open = None
            else:
                assert data["code"] == "UNAVAILABLE", f"{content}: {data}"
        self.client.close()

    def slowest_s(self):
        return max(s[3] for s in self.said)


class Listener(Wanderer):
    """Hears everything from `last` on; `heard`: (seq, message_id or None)."""

    def __init__(self, nodes, token, room, last, start=0):
        super().__init__(nodes, token, start)
        self.room = room
        self.last = last
        self.heard = []

    def live(self):
        taken = 0
        self.enter(rooms={self.room: self.last})
        while not self.stopping.is_set():
            taken = self.take(taken)
            if self.client.close_code is not None:
                raise Lost("closed")
            self.stopping.wait(0.02)
        self.take(taken)
        self.client.close()

    def take(self, taken):
        events = self.client.room_events(self.room)
        for e in events[taken:]:
            assert e["seq"] == self.last + 1, f"after {self.last} comes {e['seq']}"
            self.last = e["seq"]
            self.heard.append((e["seq"], e.get("message", {}).get("message_id")))
        return len(events)
