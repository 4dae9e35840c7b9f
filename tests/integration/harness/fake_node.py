# SPDX-License-Identifier: MIT
"""A node that says what a test wants, for what a real one does only on bad days.

`FakeNode({"send_message_request": f})`: f(data, peer) returns the `data` of the answer, `None` for
no answer, or `close(code, reason)`. What is not named is answered as a node with one public room
would. `requests` has everything that came: (number of the connection, message_id, data).
"""

import asyncio
import json
import time

import websockets

from .client import JSON, _call, _loop
from .names import room_id, user_id

ROOM = room_id("lobby")
NOW = "2026-11-24T07:03:48.123Z"


class close:
    def __init__(self, code, reason=""):
        self.code, self.reason = code, reason


def error(code, message="no", **details):
    return {"type": "error", "code": code, "message": message, "details": details or None}


def user(name):
    return {"id": user_id(name), "username": name, "display_name": name, "avatar_url": None,
            "is_online": True, "last_seen": None, "created_at": NOW, "role": "user"}  # fmt: skip


def room(last_seq):
    return {"id": ROOM, "name": "Lobby", "alias": "lobby", "room_type": "public",
            "is_private": False, "archived": False, "members": None, "member_count": 2,
            "created_by": user_id("alice"), "created_at": NOW, "last_seq": last_seq}  # fmt: skip


def message(seq, content, sender="alice"):
    return {"id": f"018f6b1e-00aa-7000-8000-{seq:012d}", "message_id": None, "room_id": ROOM,
            "seq": seq, "sender_id": user_id(sender), "message_type": "text", "content": content,
            "pinned": False, "status": "sent", "created_at": NOW}  # fmt: skip


def received(seq, content, sender="alice"):
    return {"type": "message_received", "room_id": ROOM, "seq": seq,
            "message": message(seq, content, sender)}  # fmt: skip


class Peer:
    def __init__(self, number, socket):
        self.number, self._socket = number, socket

    async def send(self, document):
        await self._socket.send(json.dumps({"version": "1", "timestamp": NOW} | document))

    def event(self, data):
        """From a handler: after its answer."""
        asyncio.ensure_future(self.send({"data": data}))

    def hang_up(self):
        """As when the network goes: no close frame. From any thread."""
        _loop.call_soon_threadsafe(self._socket.transport.abort)

    def close(self, code, reason):
        _call(self._socket.close(code, reason))


class FakeNode:
    def __init__(self, handlers=None, last_seq=5, port=0):
        self.handlers = {"auth_request": self._signed_in, "register_request": self._signed_in}
        self.handlers |= handlers or {}
        self.last_seq = last_seq
        self.requests, self.connected_at, self.peers = [], [], []
        self._server = _call(self._serve(port))
        self.http_port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.http_port}"

    async def _serve(self, port):
        return await websockets.serve(self._take, "127.0.0.1", port, subprotocols=[JSON],
                                      ping_interval=None, max_size=1 << 20)  # fmt: skip

    async def _take(self, socket):
        peer = Peer(len(self.connected_at), socket)
        self.connected_at.append(time.monotonic())
        self.peers.append(peer)
        try:
            async for frame in socket:
                document = json.loads(frame)
                data = document["data"]
                self.requests.append((peer.number, document["message_id"], data))
                handler = self.handlers.get(data["type"], self._ordinary)
                answer = handler(data, peer)
                if isinstance(answer, close):
                    await socket.close(answer.code, answer.reason)
                elif answer is not None:
                    await peer.send({"correlation_id": document["message_id"], "data": answer})
        except websockets.ConnectionClosed:
            pass

    def _signed_in(self, data, peer):
        name = data.get("username") or "bob"
        return {"type": "auth_response", "success": True, "token": "access", "expires_at": NOW,
                "refresh_token": "refresh" if "token" not in data else "", "user": user(name),
                "session_id": user_id("session")}  # fmt: skip

    def _ordinary(self, data, peer):
        kind = data["type"]
        if kind == "join_room_request":
            return {"type": "room_response", "room": room(self.last_seq),
                    "last_seq": self.last_seq, "read_seq": 0, "role": "member"}  # fmt: skip
        if kind == "room_list_request":
            return {"type": "room_list_response", "rooms": [], "next_cursor": None}
        if kind == "history_request":
            return {"type": "history_response", "messages": [], "has_more": False,
                    "last_seq": self.last_seq, "stale": False}  # fmt: skip
        if kind == "room_members_request":
            return {"type": "room_members_response", "members": [], "next_cursor": None}
        if kind == "user_request":
            known = {user_id(name): name for name in ("alice", "bob", "carol")}
            name = known[data["user_id"]]
            return {"type": "user_response", "user": user(name)}
        if kind == "send_message_request":
            self.last_seq += 1
            return {"type": "message_ack", "room_id": ROOM, "seq": self.last_seq, "term": 1,
                    "id": message(self.last_seq, "")["id"], "created_at": NOW,
                    "duplicate": False, "replicas": 1}  # fmt: skip
        return {"type": "ok"}

    def of(self, kind):
        """The `data` of the requests of a type."""
        return [data for _, _, data in list(self.requests) if data["type"] == kind]

    def ids_of(self, kind):
        return [i for _, i, data in list(self.requests) if data["type"] == kind]

    def tell(self, data):
        """An event, to the newest connection."""
        _call(self.peers[-1].send({"data": data}))

    def cut(self, code=1013, reason="resume"):
        """Ends the newest connection."""
        self.peers[-1].close(code, reason)

    def stop(self):
        async def end():
            self._server.close()
            await self._server.wait_closed()

        _call(end())

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()
