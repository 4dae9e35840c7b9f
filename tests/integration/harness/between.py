# SPDX-License-Identifier: MIT
"""Somebody with a certificate of the cluster between a node that dials and the node that it dials:
what the caller says of its link protocol is changed on the way."""

import contextlib
import re
import socket
import ssl
import threading

PIECE = 1 << 16

# A record of version 1, an array, and in it the protocol, the caller's id and its name. No version
# may begin otherwise, or it could not be refused for what it is.
HELLO = re.compile(rb"(\x01[\x90-\x9f])\x01(\xc4\x10.{16}[\xa1-\xbf]node)", re.DOTALL)


class Between:
    """`name`: of the certificate that is shown to both. `protocol`: what callers say that they
    speak, 0 to 127; None: what they say."""

    def __init__(self, tls, name, to_port, protocol=None):
        self.protocol, self.to_port = protocol, to_port
        self.changed = 0
        self.inside = ssl.create_default_context(cafile=tls / "ca.crt")
        self.inside.check_hostname = False
        self.outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for context in (self.inside, self.outside):
            context.load_cert_chain(tls / f"{name}.crt", tls / f"{name}.key")
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.sock.getsockname()[1]}"
        self.open = []

    def __enter__(self):
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_):
        for each in [self.sock, *self.open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _take(self):
        with contextlib.suppress(OSError):  # the test is over
            while True:
                caller, _ = self.sock.accept()
                threading.Thread(target=self._join, args=(caller,), daemon=True).start()

    def _join(self, caller):
        with contextlib.suppress(OSError):
            caller = self.outside.wrap_socket(caller, server_side=True)
            called = self.inside.wrap_socket(socket.create_connection(("127.0.0.1", self.to_port)))
            self.open += [caller, called]
            threading.Thread(target=self._pass, args=(called, caller, bytes), daemon=True).start()
            self._pass(caller, called, self._change)

    def _pass(self, one, other, change):
        with contextlib.suppress(OSError, ValueError):
            while piece := one.recv(PIECE):
                other.sendall(change(piece))
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _change(self, piece):
        if self.protocol is None:
            return piece
        piece, count = HELLO.subn(rb"\g<1>" + bytes([self.protocol]) + rb"\g<2>", piece)
        self.changed += count
        return piece
