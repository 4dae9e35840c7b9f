# SPDX-License-Identifier: MIT
"""The history as a file. One clock for all, so the order of records is that of real time."""

import hashlib
import json
import threading
import time


def hash_of(content):
    return hashlib.sha256(content.encode()).hexdigest()[:16]


class Recording:
    def __init__(self, path, **meta):
        self.path = path
        self._file = open(path, "w", buffering=1 << 16)
        self._lock = threading.Lock()
        self._numbers = 0
        self.write(k="meta", **meta)

    def number(self):
        with self._lock:
            self._numbers += 1
            return self._numbers

    def write(self, **fields):
        with self._lock:
            if self._file.closed:
                return
            record = {"t": time.monotonic_ns(), **fields}
            self._file.write(json.dumps(record, separators=(",", ":")) + "\n")

    def close(self):
        with self._lock:
            self._file.close()
