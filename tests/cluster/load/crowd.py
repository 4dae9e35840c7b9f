# SPDX-License-Identifier: MIT
"""Thousands of people in one thread, on sockets without a library: each has one room and checks
that what he hears of it is 1, 2, 3, … wherever he is connected. Who loses his connection goes on at
another node from what he heard last."""

import base64
import collections
import functools
import heapq
import itertools
import json
import os
import random
import selectors
import socket
import struct
import threading
import time

from harness import raw
from harness.client import new_id

TRY_AGAIN_S = 0.2
COMING_PER_S = 2000
# With jitter, what is waited at most before a try; each that fails doubles it, up to the second.
JITTER_S = (2, 8)
CLOSED = (ConnectionError, OSError)


@functools.lru_cache(maxsize=1024)
def heard(payload):
    """(room, seq, correlation, answer) of a frame. What many hear is the same bytes for each."""
    document = json.loads(payload)
    data = document.get("data", {})
    if "correlation_id" in document:
        return None, None, document["correlation_id"], data
    has_place = "seq" in data and data["type"] != "message_status"
    return data.get("room_id"), data["seq"] if has_place else None, None, data


def person_in(token):
    """The id of the person whose token this is."""
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]


class Guest:
    """One of them. `last`: the seq that he heard last, of his only room."""

    __slots__ = ("token", "id", "room", "last", "node", "sock", "buffer", "asked", "is_in",
                 "in_at", "failed", "turn")  # fmt: skip

    def __init__(self, token):
        self.token, self.id = token, person_in(token)
        self.room, self.last = None, 0
        self.node = None  # the one he is at, or tries
        self.sock, self.buffer = None, b""
        self.asked = None  # the message_id of his log-in
        self.is_in, self.in_at = False, None
        self.failed = 0  # tries in a row

    def begin(self):
        """Without waiting for anything."""
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.buffer, self.asked = b"", None
        self.sock.connect_ex((self.node.host, self.node.http_port))

    def upgrade(self):
        self.sock.send(
            f"GET /ws HTTP/1.1\r\nHost: {self.node.address}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: "
            f"greenroom.v1.json\r\nSec-WebSocket-Key: {new_key()}\r\n\r\n".encode())  # fmt: skip

    def log_in(self):
        self.asked = new_id()
        data = {"type": "auth_request", "token": self.token, "rooms": {self.room: self.last}}
        document = {"message_id": self.asked, "data": data}
        self.sock.send(raw.frame(json.dumps(document).encode()))

    def next_frame(self):
        """(opcode, payload) of what has arrived, or None."""
        if len(self.buffer) < 2:
            return None
        size, begin = self.buffer[1] & 0x7F, 2
        if size == 126:
            begin = 4
        elif size == 127:
            begin = 10
        if len(self.buffer) < begin:
            return None
        if begin > 2:
            size = int.from_bytes(self.buffer[2:begin], "big")
        if len(self.buffer) < begin + size:
            return None
        opcode, payload = self.buffer[0] & 0x0F, self.buffer[begin : begin + size]
        self.buffer = self.buffer[begin + size :]
        return opcode, payload


def new_key():
    return base64.b64encode(os.urandom(16)).decode()


class Crowd:
    """All of them, who live in a thread of their own until `end()`. `jitter`: whether they wait
    for a time of their own before they try. `refused`: how often somebody was not let in, by why.
    """

    def __init__(self, tokens, rooms):
        """`rooms`: for each token the id of the room whose seqs are checked."""
        self.guests = [Guest(t) for t in tokens]
        for guest, room in zip(self.guests, rooms, strict=True):
            guest.room = room
        self.jitter = False
        self.refused = collections.Counter()
        self.ended = collections.Counter()  # connections of those who were in, by close code
        self.cpu_s = 0.0
        self._others = ()
        self._selector = selectors.EpollSelector()
        self._due = []  # (when, number, guest)
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def come(self, home, others):
        """All of them to this node; who loses his connection goes to the others in turn."""
        self._others = tuple(others)
        now = time.monotonic()
        for i, guest in enumerate(self.guests):
            guest.node, guest.turn = home, i
            # In good order: the load is what comes afterwards.
            heapq.heappush(self._due, (now + i / COMING_PER_S, next(self._numbers), guest))
        self._thread.start()

    def check(self):
        """Nobody has heard what he must not."""
        if self._failure:
            raise self._failure

    def number_in(self):
        return sum(g.is_in for g in self.guests)

    def end(self):
        self._over.set()
        self._thread.join()
        for guest in self.guests:
            if guest.sock:
                guest.sock.close()
        self._selector.close()
        self.check()

    def _run(self):
        try:
            while not self._over.is_set():
                self._begin_those_due()
                wait_s = 0.1
                if self._due:
                    wait_s = max(0, min(wait_s, self._due[0][0] - time.monotonic()))
                for key, events in self._selector.select(wait_s):
                    self._turn(key.data, events)
                self.cpu_s = time.thread_time()
        except BaseException as why:  # for the test's thread
            self._failure = why

    def _begin_those_due(self):
        now = time.monotonic()
        for _ in range(100):  # then those who have something to read
            if not self._due or self._due[0][0] > now:
                return
            guest = heapq.heappop(self._due)[2]
            guest.begin()
            self._selector.register(guest.sock, selectors.EVENT_WRITE, guest)

    def _turn(self, guest, events):
        try:
            if events & selectors.EVENT_WRITE:
                code = guest.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise ConnectionError(os.strerror(code))
                guest.upgrade()
                self._selector.modify(guest.sock, selectors.EVENT_READ, guest)
                return
            piece = guest.sock.recv(65536)
            if not piece:
                raise ConnectionError("hung up")
            guest.buffer += piece
            if guest.asked is None and not self._take_upgrade(guest):
                return
            while (frame := guest.next_frame()) is not None:
                if not self._take(guest, *frame):
                    return
        except BlockingIOError:
            pass
        except CLOSED as why:
            self._gone(guest, type(why).__name__)

    def _take_upgrade(self, guest):
        """True when there is something behind it."""
        if b"\r\n\r\n" not in guest.buffer:
            return False
        head, guest.buffer = guest.buffer.split(b"\r\n\r\n", 1)
        status = raw.status_of(head)
        if status != 101:
            self._gone(guest, status)
            return False
        guest.log_in()
        return True

    def _take(self, guest, opcode, payload):
        """False when he is gone."""
        if opcode == raw.PING:
            guest.sock.send(raw.frame(payload, raw.PONG))
        elif opcode == raw.CLOSE:
            self._gone(guest, struct.unpack(">H", payload[:2])[0] if payload else 1005)
            return False
        elif opcode == raw.TEXT:
            room, seq, correlation, data = heard(payload)
            if correlation is not None and correlation == guest.asked:
                if data["type"] == "error":
                    assert data["code"] == "UNAVAILABLE", data
                    self._gone(guest, "UNAVAILABLE")
                    return False
                guest.is_in, guest.in_at, guest.failed = True, time.monotonic(), 0
            elif seq is not None and room == guest.room:
                assert seq == guest.last + 1, f"{guest.id}: {seq} after {guest.last} of {room}"
                guest.last = seq
        return True

    def _gone(self, guest, why):
        (self.ended if guest.is_in else self.refused)[why] += 1
        self._selector.unregister(guest.sock)
        guest.sock.close()
        guest.sock = None
        was_in, guest.is_in = guest.is_in, False
        guest.failed += 0 if was_in else 1
        wait_s = 0 if was_in else TRY_AGAIN_S
        if self.jitter:
            wait_s = random.uniform(0, min(JITTER_S[0] * 2**guest.failed, JITTER_S[1]))
        if was_in or guest.in_at:
            guest.turn += 1
            guest.node = self._others[guest.turn % len(self._others)]
        heapq.heappush(self._due, (time.monotonic() + wait_s, next(self._numbers), guest))
