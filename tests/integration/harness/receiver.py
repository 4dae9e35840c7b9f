# SPDX-License-Identifier: MIT
"""An HTTP server that outgoing webhooks deliver to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Takes deliveries; `answer` is the status of all answers from now on, and they wait for
    `released`."""

    def __init__(self):
        self.answer = 204
        self.came = []  # (headers, body), also those that were refused
        self.released = threading.Event()
        self.released.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append((dict(self.headers), body))
                receiver.released.wait(60)
                self.send_response(receiver.answer)
                if 300 <= receiver.answer < 400:
                    self.send_header("Location", receiver.url + "elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *ignored):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def contents(self):
        return [json.loads(body)["data"].get("message", {}).get("content")
                for _, body in list(self.came)]  # fmt: skip

    def stop(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
