# SPDX-License-Identifier: MIT
"""One WebSocket connection on python3-websockets, recorded."""

import asyncio
import json

import websockets
from harness.client import JSON, new_id

from .recording import hash_of

CONNECT_S = 3
GIVE_UP_S = 8  # 5 s are promised


class Gone(Exception):
    """The connection, and with it the answer."""


class Speaker:
    """`names`: id → short name, of people and rooms, so that a history can be read."""

    def __init__(self, recording, names, person, node):
        self.recording = recording
        self.names = names
        self.person = person
        self.node = node
        self.c = f"c{recording.number()}"
        self.on_event = None  # (room, seq, kind, user)
        self.socket = None
        self.closed = False
        self.close_code = None
        self._waiting = {}
        self._reader = None

    async def open(self):
        try:
            self.socket = await asyncio.wait_for(websockets.connect(
                self.node.ws, subprotocols=[JSON], max_size=None, max_queue=None,
                compression=None, ping_interval=None, close_timeout=1,
            ), CONNECT_S)  # fmt: skip
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as why:
            raise Gone(f"no connection: {why}") from None
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self):
        why = None
        try:
            async for frame in self.socket:
                self._take(json.loads(frame))
        except (websockets.ConnectionClosed, OSError):
            pass
        finally:
            self._gone(self.socket.close_code)

    def _gone(self, code):
        if not self.closed:
            self.closed = True
            self.close_code = code
            self.recording.write(k="close", c=self.c, code=code)
            for _, future in self._waiting.values():
                if not future.done():
                    future.set_exception(Gone(f"closed with {code}"))
            self._waiting.clear()

    def name(self, id_):
        return self.names.get(id_, id_)

    def _take(self, document):
        if self.closed:
            return  # given up: nobody looks at it any more
        data = document["data"]
        if "correlation_id" in document:
            op, future = self._waiting.get(document["correlation_id"], (None, None))
            answer = self._answer(data)
            self.recording.write(k="ret", op=op, **answer)
            if future and not future.done():
                future.set_result((answer, data))
            return
        room = self.name(data.get("room_id"))
        kind = data["type"]
        if kind == "message_received":
            m = data["message"]
            user = self.name(m["sender_id"])
            fields = {"e": "message", "id": m["id"], "m": m["message_id"], "u": user,
                      "h": hash_of(m["content"]), "re": m.get("reply_to")}  # fmt: skip
        elif kind == "room_event":
            user = self.name(data.get("user_id"))
            fields = {"e": data["kind"], "u": user, "by": self.name(data.get("by"))}
        elif kind == "message_updated":
            user = self.name(data["by"])
            m = data["message"]
            fields = {"e": data["change"], "u": user, "to": m["seq"], "h": hash_of(m["content"])}
        elif kind == "message_status":
            self.recording.write(k="cur", c=self.c, r=room, u=self.name(data["user_id"]),
                                 kind=data["status"], seq=data["seq"])  # fmt: skip
            return
        else:
            self.recording.write(k="note", c=self.c, what=data)
            return
        self.recording.write(k="evt", c=self.c, r=room, seq=data["seq"], **fields)
        if self.on_event:
            self.on_event(room, data["seq"], fields, user)

    def _answer(self, data):
        """What of an answer belongs into the history."""
        kind = data["type"]
        if kind == "error":
            return {"ok": False, "code": data["code"]}
        answer = {"ok": True}
        if kind == "message_ack":
            answer |= {"seq": data["seq"], "id": data["id"], "dup": data["duplicate"],
                       "term": data["term"]}  # fmt: skip
        elif kind == "history_response":
            answer |= {"last": data["last_seq"], "stale": data["stale"], "items": [
                [m["seq"], m["id"], hash_of(m["content"])] for m in data["messages"]]}
        elif kind == "resume_response":
            answer["rooms"] = {self.name(r): {"first": a.get("first_seq")}
                               for r, a in data["rooms"].items()}  # fmt: skip
        elif kind == "room_members_response":
            answer["cur"] = [[self.name(m["user"]["id"]), m["delivered_seq"], m["read_seq"]]
                             for m in data["members"]]  # fmt: skip
        return answer

    async def ask(self, f, type_, m=None, fields=None, **said):
        """(what was recorded of the answer, its data), or Gone. `said` goes into the history."""
        if self.closed:
            raise Gone(f"closed with {self.close_code}")
        m = m or new_id()
        op = self.recording.number()
        future = asyncio.get_running_loop().create_future()
        self._waiting[m] = op, future
        self.recording.write(k="inv", op=op, c=self.c, u=self.person.name, d=self.person.device,
                             n=self.node.name, f=f, m=m, **said)  # fmt: skip
        text = json.dumps({"version": "1", "message_id": m, "data": {"type": type_, **fields}})
        try:
            await asyncio.wait_for(self.socket.send(text), GIVE_UP_S)
            return await asyncio.wait_for(future, GIVE_UP_S)
        except asyncio.TimeoutError:
            await self.give_up()
            raise Gone("no answer") from None
        except (websockets.ConnectionClosed, OSError):
            self._gone(self.socket.close_code)
            raise Gone("closed while sending") from None
        finally:
            self._waiting.pop(m, None)
            if future.done() and not future.cancelled():
                future.exception()  # seen, whoever waits

    async def log_in(self, rooms=None, **credentials):
        """`rooms`: id → last seq."""
        fields = credentials or {"token": self.person.token}
        said = {}
        if rooms is not None:
            fields = fields | {"rooms": rooms}
            said["rooms"] = {self.name(r): last for r, last in rooms.items()}
        answer, data = await self.ask("auth", "auth_request", fields=fields, **said)
        if not answer["ok"]:
            assert answer["code"] == "UNAVAILABLE", f"log-in: {data}"
            await self.close()
            raise Gone("no leader for the account")
        return data

    async def give_up(self):
        """As a client that has waited long enough."""
        self._gone("gave up")
        self.socket.transport.abort()

    async def close(self):
        if self.socket and not self.closed:
            try:
                await asyncio.wait_for(self.socket.close(), 3)
            except (asyncio.TimeoutError, OSError):
                self.socket.transport.abort()
            self._gone(1000)
