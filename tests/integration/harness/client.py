# SPDX-License-Identifier: MIT
"""A chat client on python3-websockets, which this project did not write.

Calls block; behind them one event loop in a thread serves all clients of the process.
"""

import asyncio
import concurrent.futures
import json
import threading
import uuid

import msgpack
import websockets

from . import planted
from .planted import MARK
from .waiting import PATIENCE_S

PASSWORD = MARK + "correct horse battery"
JSON = "greenroom.v1.json"
MSGPACK = "greenroom.v1.msgpack"

_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, daemon=True).start()


def _call(coroutine, timeout_s=PATIENCE_S):
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop)
    try:
        return future.result(timeout_s)
    except concurrent.futures.TimeoutError:
        future.cancel()
        raise AssertionError(f"no result within {timeout_s:.0f} s") from None


async def _open(*arguments, **options):
    return await websockets.connect(*arguments, **options)


class Refused(Exception):
    """The answer was an `error`."""

    def __init__(self, data, request):
        super().__init__(f"{request}: {data.get('code')} {data.get('message')} "
                         f"{data.get('details')}")  # fmt: skip
        self.code = data.get("code")
        self.details = data.get("details") or {}
        self.data = data


class Lost(Exception):
    """The connection went away before the answer."""


def new_id():
    return str(uuid.uuid4())


class Client:
    def __init__(
        self, node, encoding="json", token=None, subprotocol=True, headers=None, **options
    ):
        """`node` is anything with `.ws`. `subprotocol`: False offers none, a list offers that."""
        self.encoding = encoding
        self.events = []  # documents in the order of their arrival
        self.raw_events = []  # the bytes of the same
        self.orphans = []  # answers with correlation_id null
        self.close_code = None
        self.close_reason = None
        self.user = None
        self.token = token
        self._changed = threading.Condition()
        self._waiting = {}
        self._open(node, subprotocol=subprotocol, headers=dict(headers or {}), **options)
        asyncio.run_coroutine_threadsafe(self._read(), _loop)

    def _open(self, node, subprotocol, headers, **options):
        offered = {True: [JSON if self.encoding == "json" else MSGPACK], False: None}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        protocols = offered[subprotocol] if isinstance(subprotocol, bool) else subprotocol
        self._socket = _call(_open(
            node.ws, subprotocols=protocols, extra_headers=headers, max_size=None, max_queue=None,
            ping_interval=None, open_timeout=PATIENCE_S, close_timeout=1,
            **({"compression": None} | options),
        ))  # fmt: skip
        self.subprotocol = self._socket.subprotocol
        self.upgrade_headers = self._socket.response_headers

    # -- what arrives --------------------------------------------------------

    async def _read(self):
        try:
            async for frame in self._socket:
                self._take(frame)
        except websockets.ConnectionClosed:
            pass
        self._ended(self._socket.close_code, self._socket.close_reason)

    def _ended(self, code, reason):
        with self._changed:
            self.close_code = code
            self.close_reason = reason
            for future in self._waiting.values():
                future.set_exception(Lost(f"closed with {self.close_code} {self.close_reason}"))
            self._waiting.clear()
            self._changed.notify_all()

    def _take(self, frame):
        if self.encoding == "json":
            document = json.loads(frame)
        else:
            document = msgpack.unpackb(frame, raw=False)
        if isinstance(document, dict) and "correlation_id" in document:
            data = document.get("data")
            if isinstance(data, dict) and data.get("type") == "auth_response":
                planted.keep_answer(data)
        with self._changed:
            if "correlation_id" not in document:
                self.events.append(document)
                self.raw_events.append(frame)
            elif document["correlation_id"] is None:
                self.orphans.append(document)
            else:
                future = self._waiting.pop(document["correlation_id"], None)
                if future:
                    future.set_result(document)
                else:
                    self.orphans.append(document)
            self._changed.notify_all()

    # -- requests ------------------------------------------------------------

    def encode(self, document):
        if self.encoding == "json":
            return json.dumps(document, ensure_ascii=False)
        return msgpack.packb(document, use_bin_type=True)

    def send_raw(self, frame):
        """A string goes as a text frame, bytes as a binary one."""
        _call(self._socket.send(frame))

    def post(self, type_, message_id=None, envelope=None, **fields):
        """Sends, and returns a future of the whole answer document."""
        message_id = message_id or new_id()
        document = {"version": "1", "message_id": message_id, "data": {"type": type_, **fields}}
        document.update(envelope or {})
        planted.keep_content(fields.get("content"))
        future = concurrent.futures.Future()
        with self._changed:
            if self.close_code is not None:
                raise Lost(f"closed with {self.close_code} {self.close_reason}")
            self._waiting[message_id] = future
        asyncio.run_coroutine_threadsafe(self._send(self.encode(document), future), _loop)
        return future

    async def _send(self, frame, future):
        try:
            await self._socket.send(frame)
        except websockets.ConnectionClosed as why:
            if not future.done():
                future.set_exception(Lost(str(why)))

    def answer(self, type_, timeout_s=PATIENCE_S, **fields):
        """The whole answer document, errors too."""
        try:
            return self.post(type_, **fields).result(timeout_s)
        except concurrent.futures.TimeoutError:
            raise AssertionError(f"{type_}: no answer within {timeout_s:.0f} s") from None

    def ask(self, type_, **fields):
        """The `data` of a positive answer; an error raises Refused."""
        data = self.answer(type_, **fields)["data"]
        if data["type"] == "error":
            raise Refused(data, type_)
        return data

    def refusal(self, type_, **fields):
        """The `data` of the error that is expected."""
        data = self.answer(type_, **fields)["data"]
        assert data["type"] == "error", f"{type_} {fields}: expected an error, got {data}"
        return data

    def code(self, type_, **fields):
        return self.refusal(type_, **fields)["code"]

    # -- everyday life -------------------------------------------------------

    def register(self, username, password=PASSWORD, **fields):
        return self._entered(
            self.ask("register_request", username=username, password=password, **fields)
        )

    def log_in(self, **fields):
        return self._entered(self.ask("auth_request", **fields))

    def _entered(self, data):
        self.user = data["user"]
        self.token = data["token"]
        return data

    def create_room(self, name="room", **fields):
        return self.ask("create_room_request", name=name, **fields)["room"]

    def send(self, room_id, content, **fields):
        return self.ask("send_message_request", room_id=room_id, content=content,
                        message_type="text", **fields)  # fmt: skip

    def history(self, room_id, **fields):
        return self.ask("history_request", room_id=room_id, **fields)

    def whole_history(self, room_id, page=200):
        """All messages, oldest first, by pages from the beginning."""
        messages, after = [], 0
        while True:
            answer = self.history(room_id, after_seq=after, limit=page)
            messages += answer["messages"]
            if not answer["has_more"]:
                return messages
            assert answer["messages"], "a page is empty only if has_more is false"
            after = messages[-1]["seq"]

    # -- waiting -------------------------------------------------------------

    def wait_for(self, predicate, what="an event", timeout_s=PATIENCE_S):
        """The `data` of the first event, past or coming, for which predicate(data) holds."""
        at = 0

        def found():
            nonlocal at
            while at < len(self.events):
                at += 1
                if predicate(self.events[at - 1]["data"]):
                    return True
            return False

        with self._changed:
            if not self._changed.wait_for(found, timeout_s):
                last = [e["data"] for e in self.events[-5:]]
                raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}; last: {last}")
            return self.events[at - 1]["data"]

    def wait_message(self, content, timeout_s=PATIENCE_S):
        return self.wait_for(
            lambda d: d["type"] == "message_received"
            and d["message"].get("content", "") == content,
            f"the message {content[:60]!r}", timeout_s,
        )  # fmt: skip

    def wait_count(self, count, predicate, what, timeout_s=PATIENCE_S):
        """All events for which predicate(data) holds, once there are `count`."""

        found, at = [], 0

        def enough():
            nonlocal at
            while at < len(self.events):
                at += 1
                if predicate(self.events[at - 1]["data"]):
                    found.append(self.events[at - 1]["data"])
            return len(found) >= count

        with self._changed:
            assert self._changed.wait_for(enough, timeout_s), (
                f"expected {count} of {what} within {timeout_s:.0f} s, got {len(found)}"
            )
            return found

    def room_events(self, room_id):
        """What has come of one room's stream so far."""
        with self._changed:
            return [e["data"] for e in self.events
                    if e["data"].get("room_id") == room_id and "seq" in e["data"]
                    and e["data"]["type"] != "message_status"]  # fmt: skip

    def wait_orphan(self, timeout_s=PATIENCE_S):
        with self._changed:
            if not self._changed.wait_for(lambda: self.orphans, timeout_s):
                raise AssertionError("expected an answer with correlation_id null")
            return self.orphans.pop(0)["data"]

    def wait_closed(self, timeout_s=PATIENCE_S):
        """The close code."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.close_code is not None, timeout_s):
                raise AssertionError(f"the connection was not closed within {timeout_s:.0f} s")
            return self.close_code

    def close(self):
        _call(self._socket.close())

    def abort(self):
        """As when the network goes: no close frame."""
        _loop.call_soon_threadsafe(self._socket.transport.abort)
        self.wait_closed()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        try:
            self.close()
        except AssertionError:
            self.abort()


def refused_upgrade(node, **options):
    """The HTTP status with which the upgrade is refused."""
    try:
        Client(node, **options).close()
    except websockets.InvalidStatusCode as why:
        return why.status_code
    raise AssertionError("expected the upgrade to be refused, and it was accepted")
