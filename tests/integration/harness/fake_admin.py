# SPDX-License-Identifier: MIT
"""An operator's socket that answers what a test wants, for what the console does with it.

`FakeAdmin({"nodes": rows})`: rows are a list (the columns are those of the first row), a whole
answer, `None` for silence, or f(args) with one of these. `requests` has all (verb, args).
"""

import contextlib
import json
import socket
import threading

from .process import temporary_folder


def failure(code, message="no"):
    return {"ok": False, "error": {"code": code, "message": message}}


def listing(rows, missing=(), **more):
    columns = list(rows[0]) if rows else ["name"]
    away = [{"node": node, "reason": "no link to it"} for node in missing]
    return {"ok": True, "columns": columns, "rows": rows, "missing": away} | more


class FakeAdmin:
    def __init__(self, answers=None, name="node1"):
        self.answers = {"settings": [{"key": "node.name", "value": name}]} | (answers or {})
        self.requests = []
        self.path = temporary_folder() / "admin.sock"
        self._door = None
        self.start()

    def start(self):
        self.path.unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(self.path))
        self._door.listen(16)
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def stop(self):
        """Nobody answers any more."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self, door):
        while True:
            try:
                peer, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with peer, contextlib.suppress(OSError):
            line = peer.makefile("rb").readline()
            if not line:
                return
            request = json.loads(line)
            verb, args = request["verb"], request["args"]
            self.requests.append((verb, args))
            answer = self.answers.get(verb, failure("usage", f"unknown verb {verb}"))
            if callable(answer):
                answer = answer(args)
            if answer is None:
                peer.recv(1)  # until the tool goes away
                return
            if isinstance(answer, list):
                answer = listing(answer)
            peer.sendall(json.dumps(answer).encode() + b"\n")

    def of(self, verb):
        """The args of the requests of a verb."""
        return [args for name, args in list(self.requests) if name == verb]

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()
