# SPDX-License-Identifier: MIT
"""The binary framing over TCP, written from docs/protocol.md, section 6: frames, bare sockets and a
chat client."""

import asyncio
import socket
import struct
import zlib

import msgpack
import pytest

from . import raw
from .client import Client, Lost, _call, _loop, new_id
from .names import fresh
from .ports import free_port
from .waiting import PATIENCE_S

HEADER = struct.Struct(">HBBI")
ERROR = 0xFFFF
LIMIT = 1024 * 1024

# Section 3, in its order.
REQUESTS = """
    register_request auth_request logout_request session_list_request heartbeat resume_request
    create_room_request direct_room_request room_list_request room_request update_room_request
    delete_room_request join_room_request leave_room_request invite_request remove_member_request
    unban_request set_role_request room_members_request send_message_request edit_message_request
    delete_message_request reaction_request pin_request history_request message_request
    mark_request typing set_presence_request presence_request user_list_request user_request
    update_profile_request change_password_request search_request
""".split()
# Section 4, in its order.
EVENTS = """
    message_received message_updated room_event message_status typing presence session_event
""".split()
NUMBERS = {name: i + 1 for i, name in enumerate(REQUESTS)}
EVENT_NUMBERS = {name: 0x4001 + i for i, name in enumerate(EVENTS)}


def frame(number, document, compress=False, version=1, flags=None, length=None):
    """`document`: bytes, or what is to be packed."""
    payload = document if isinstance(document, bytes) else msgpack.packb(document)
    if compress:
        payload = zlib.compress(payload)
    flags = int(compress) if flags is None else flags
    length = len(payload) if length is None else length
    return HEADER.pack(number, version, flags, length) + payload


def request(type_, message_id, number=None, compress=False, **fields):
    """The frame of a request."""
    document = {"version": "1", "message_id": message_id, "data": {"type": type_, **fields}}
    return frame(NUMBERS[type_] if number is None else number, document, compress)


def unframe(header, payload):
    """Number and document, of a frame that is as it has to be."""
    number, version, flags, length = HEADER.unpack(header)
    assert version == 1 and flags in (0, 1) and 0 < length <= LIMIT, (version, flags, length)
    if flags:
        payload = zlib.decompress(payload)
    return number, msgpack.unpackb(payload, raw=False)


def frames_in(data):
    """All frames of these bytes, which are whole ones."""
    found = []
    while data:
        length = HEADER.unpack(data[:HEADER.size])[3]
        end = HEADER.size + length
        assert len(data) >= end, "a frame is cut"
        found.append(unframe(data[:HEADER.size], data[HEADER.size:end]))
        data = data[end:]
    return found


def listening(**settings):
    """Settings of a node that takes such clients."""
    return {"tcp__listen": f"127.0.0.1:{free_port()}"} | settings


def beat(**changes):
    """The frame of a heartbeat."""
    return request("heartbeat", new_id(), **changes)


def connect(node, receive_bytes=None):
    """A bare socket."""
    sock = socket.socket()
    if receive_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.settimeout(PATIENCE_S)
    sock.connect((node.host, node.tcp_port))
    return sock


def read_frame(sock):
    """Number and document of the next frame."""
    def exactly(count):
        data = b""
        while len(data) < count:
            piece = sock.recv(count - len(data))
            assert piece, f"closed in the middle of a frame, after {data!r}"
            data += piece
        return data

    header = exactly(HEADER.size)
    return unframe(header, exactly(HEADER.unpack(header)[3]))


def last_word(node, data):
    """The data of the one frame that these bytes are answered with before the end."""
    with connect(node) as sock:
        raw.send_until_refused(sock, data)
        frames = frames_in(raw.read_all(sock))
    assert len(frames) == 1, f"expected one frame, got {frames}"
    number, document = frames[0]
    assert number == ERROR and document["data"]["type"] == "error", frames
    return document["data"]


class FramedClient(Client):
    """Like Client, over TCP. close_code is that of the last error, or 1000 when there was none."""

    def __init__(self, node, compress=False, **options):
        self.compress = compress
        self.frames = []  # (number, document), in the order of their arrival
        self._asked = {}  # type of each request, by message_id
        self._reader = self._writer = None
        super().__init__(node, "msgpack", **options)

    def _open(self, node, **_options):
        async def connect():
            return await asyncio.open_connection(node.host, node.tcp_port, limit=2**24)

        self._reader, self._writer = _call(connect())

    async def _read(self):
        said = "closed by the node"
        code = 1000
        try:
            while True:
                header = await self._reader.readexactly(HEADER.size)
                payload = await self._reader.readexactly(HEADER.unpack(header)[3])
                number, document = unframe(header, payload)
                self._check(number, document)
                self.frames.append((number, document))
                if document["data"]["type"] == "error" and document["correlation_id"] is None:
                    said = document["data"]["message"]
                    head = said.split(":", 1)[0]
                    code = int(head) if head.isdigit() else code
                self._take(payload if not header[3] else zlib.decompress(payload))
        except (asyncio.IncompleteReadError, ConnectionError) as why:
            if getattr(why, "partial", b""):
                said, code = "cut in a frame", 1006
        self._writer.close()
        self._ended(code, said)

    def _check(self, number, document):
        type_ = document["data"]["type"]
        if "correlation_id" not in document:
            assert number == EVENT_NUMBERS[type_], f"{type_} came with {number:#x}"
        elif type_ == "error":
            assert number == ERROR, f"an error came with {number:#x}"
        else:
            asked = self._asked.get(document["correlation_id"])
            assert number == 0x8000 + NUMBERS[asked], f"the answer to {asked} has {number:#x}"

    def encode(self, document):
        type_ = document["data"]["type"]
        self._asked[document["message_id"]] = type_
        return frame(NUMBERS[type_], document, self.compress)

    def send_raw(self, data):
        async def write():
            self._writer.write(data)
            await self._writer.drain()

        _call(write())

    async def _send(self, data, future):
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError as why:
            if not future.done():
                future.set_exception(Lost(str(why)))

    def close(self):
        _loop.call_soon_threadsafe(self._writer.close)
        self.wait_closed(PATIENCE_S)

    def abort(self):
        _loop.call_soon_threadsafe(self._writer.transport.abort)
        self.wait_closed(PATIENCE_S)


@pytest.fixture
def alice(node):
    """Somebody who has registered over TCP, for files that import it."""
    with FramedClient(node) as client:
        client.register(fresh("alice"))
        yield client
