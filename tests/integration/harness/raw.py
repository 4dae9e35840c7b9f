# SPDX-License-Identifier: MIT
"""Sockets without a library, for what no library would send."""

import base64
import os
import socket
import struct

from .waiting import PATIENCE_S

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def connect(port, timeout_s=PATIENCE_S):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)


def read_all(sock):
    """Everything until the other side closes; a reset counts as closing."""
    received = b""
    while True:
        try:
            piece = sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return received
        if not piece:
            return received
        received += piece


def send_until_refused(sock, data):
    """Sends what the other side takes; it may well hang up in the middle."""
    try:
        sock.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        pass


def exchange(port, data, timeout_s=PATIENCE_S):
    """What comes back until the other side closes."""
    with connect(port, timeout_s) as sock:
        send_until_refused(sock, data)
        return read_all(sock)


def status_of(answer):
    """The status of the first HTTP answer in these bytes, or None if there is none."""
    line = answer.split(b"\r\n", 1)[0].split(b" ")
    return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/1.") else None


def frame(payload, opcode=TEXT, fin=True, masked=True, rsv=0, length=None):
    """One WebSocket frame; `length` may lie."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if masked:
        key = os.urandom(4)
        stretched = key * (len(payload) // 4 + 1)
        whole = int.from_bytes(payload, "big") ^ int.from_bytes(stretched[: len(payload)], "big")
        return head + key + whole.to_bytes(len(payload), "big")
    return head + payload


class RawSocket:
    """A WebSocket whose frames are made by hand, and which answers no pings."""

    def __init__(self, node, subprotocol="greenroom.v1.json", headers=()):
        self.sock = connect(node.http_port)
        lines = [
            "GET /ws HTTP/1.1", f"Host: {node.address}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []), *headers,
        ]  # fmt: skip
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            piece = self.sock.recv(65536)
            assert piece, f"the upgrade was answered with {self.buffer!r}"
            self.buffer += piece
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = status_of(head)
        self.head = head.decode("latin-1")

    def send(self, data):
        send_until_refused(self.sock, data)

    def _take(self, count):
        while len(self.buffer) < count:
            try:
                piece = self.sock.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise EOFError
            self.buffer += piece
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def next_frame(self):
        """(opcode, payload); EOFError when the other side has closed the socket."""
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._take(8))
        return first & 0x0F, self._take(size)

    def close_code(self, count_pings=None):
        """Reads on until the close frame; its code, or None if the socket closed without one."""
        try:
            while True:
                opcode, payload = self.next_frame()
                if opcode == PING and count_pings is not None:
                    count_pings.append(payload)
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if payload else 1005
        except EOFError:
            return None

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.sock.close()
