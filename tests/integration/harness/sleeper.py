# SPDX-License-Identifier: MIT
"""Clients that are open and read nothing."""

import json
import socket

from . import raw
from .client import new_id


def narrow_socket(node, receive_bytes=4096):
    """A WebSocket for which the kernel keeps little on this side."""
    plain = socket.create_connection

    def narrow(address, timeout):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        s.settimeout(timeout)
        s.connect(address)
        return s

    socket.create_connection = narrow
    try:
        return raw.RawSocket(node)
    finally:
        socket.create_connection = plain


def sleeping_session(node, user, room):
    """A session of `user` in the room whose client is open and reads nothing after it has logged
    in."""
    sleeper = narrow_socket(node)
    data = {"type": "auth_request", "token": user["token"], "rooms": {room: 0}}
    sleeper.send(raw.frame(json.dumps({"message_id": new_id(), "data": data}).encode()))
    _, payload = sleeper.next_frame()
    assert json.loads(payload)["data"]["type"] == "auth_response"
    return sleeper
