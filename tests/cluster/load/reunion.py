# SPDX-License-Identifier: MIT
"""Many people on one node, who come back on others when it dies: each checks that what he hears of
his room has no hole and nothing twice."""

import asyncio
import contextlib
import json
import random
import threading
import time

import websockets
from harness.client import Client, new_id
from harness.waiting import PATIENCE_S, wait_until

SPEAKER = "speaker"
AT_A_TIME = 50  # who connect, of one process
TRY_AGAIN_S = 0.2


class Guest:
    """One of them."""

    def __init__(self, reunion, token):
        self.reunion = reunion
        self.token = token
        self.id = None
        self.room = None
        self.last = 0
        self.back_at = None
        self.failure = None

    async def live(self, nodes):
        """At one node after the other."""
        try:
            for i, node in enumerate(nodes):
                while not self.reunion.over and not await self.be_at(node, first=i == 0):
                    await asyncio.sleep(TRY_AGAIN_S)
                if self.reunion.over:
                    return
                await asyncio.sleep(random.uniform(0, self.reunion.pause_s))
        except Exception as why:  # for the test's thread
            self.failure = why

    async def be_at(self, node, first):
        """True when he was let in, and the connection has ended since."""
        try:
            async with self.reunion.door:
                socket = await websockets.connect(
                    node.ws, subprotocols=["greenroom.v1.json"], max_queue=None, compression=None,
                    ping_interval=None, open_timeout=PATIENCE_S, close_timeout=1,
                )  # fmt: skip
                data = {"type": "auth_request", "token": self.token}
                if self.room:
                    data["rooms"] = {self.room: self.last}
                await socket.send(json.dumps({"message_id": new_id(), "data": data}))
                early = []
                while "correlation_id" not in (answer := json.loads(await socket.recv())):
                    early.append(answer["data"])
                answer = answer["data"]
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
            return False
        if answer["type"] == "error":
            assert answer["code"] == "UNAVAILABLE", answer
            await socket.close()
            return False
        self.id = answer["user"]["id"]
        if not first:
            self.back_at = time.monotonic()
        self.reunion.sockets.add(socket)
        try:
            for data in early:
                self.hear(data)
            async for frame in socket:
                self.hear(json.loads(frame).get("data", {}))
        except websockets.ConnectionClosed:
            pass
        self.reunion.sockets.discard(socket)
        return True

    def hear(self, data):
        if "seq" not in data or data.get("room_id") != self.room or self.room is None:
            return
        if data["type"] == "message_status":
            return
        assert data["seq"] == self.last + 1 or self.last == 0, f"{data['seq']} after {self.last}"
        self.last = data["seq"]


class Reunion:
    def __init__(self, trio, people, rooms):
        self.trio = trio
        self.over = False
        self.pause_s = 0
        self.sockets = set()
        self.door = asyncio.Semaphore(AT_A_TIME)
        issued = trio.nodes[0].console("token", "issue", "--user", "guest", "--create", "--count",
                                       str(people), timeout_s=120)  # fmt: skip
        assert issued.returncode == 0, issued.stderr
        self.guests = [Guest(self, token) for token in issued.stdout.split()]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        others = trio.nodes[1:]
        self.lives = [
            asyncio.run_coroutine_threadsafe(
                g.live([trio.nodes[0], others[i % len(others)]]), self.loop)
            for i, g in enumerate(self.guests)
        ]
        wait_until(lambda: self.check() or all(g.id for g in self.guests), "all guests", 120)
        self.speaker = Client(others[0])
        self.speaker.register(SPEAKER)
        self.rooms = []
        for r in range(rooms):
            here = self.guests[r::rooms]
            room = self.speaker.create_room(f"Table {r}", members=[g.id for g in here])["id"]
            for g in here:
                g.room = room
            self.rooms.append(room)
        self.stop = threading.Event()
        self.failure = None

    def check(self):
        """Nobody has heard what he must not."""
        for g in self.guests:
            if g.failure:
                raise g.failure

    @contextlib.contextmanager
    def speaking(self):
        """Somebody says something in each room, again and again, at a node that lives on."""
        thread = threading.Thread(target=self._speak, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()
        if self.failure:
            raise self.failure

    def _speak(self):
        try:
            while not self.stop.is_set():
                for room in self.rooms:
                    self._say(room, new_id())
        except BaseException as why:  # for the test's thread
            self.failure = why

    def _say(self, room, message_id):
        end = time.monotonic() + 6 * PATIENCE_S
        while True:
            data = self.speaker.answer(
                "send_message_request", room_id=room, content="Cheers", message_type="text",
                message_id=message_id,
            )["data"]  # fmt: skip
            if data["type"] == "message_ack":
                return
            assert data["code"] == "UNAVAILABLE" and time.monotonic() < end, data
            self.stop.wait(TRY_AGAIN_S)

    def wait_heard(self):
        wait_until(lambda: self.check() or all(g.last > 2 for g in self.guests),
                   "everybody to hear something", 60)  # fmt: skip

    def wait_back(self):
        wait_until(lambda: self.check() or all(g.back_at for g in self.guests), "all to be back",
                   60)  # fmt: skip

    @property
    def back(self):
        return [g.back_at for g in self.guests]

    def end(self):
        """All have heard all that was said; then they go."""
        last = {r: self.speaker.ask("room_request", room_id=r)["room"]["last_seq"]
                for r in self.rooms}  # fmt: skip
        wait_until(lambda: self.check() or all(g.last == last[g.room] for g in self.guests),
                   "everybody to hear the end", 60)  # fmt: skip
        self.over = True
        for socket in list(self.sockets):
            asyncio.run_coroutine_threadsafe(socket.close(), self.loop)
        for life in self.lives:
            life.result(2 * PATIENCE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        self.speaker.close()
