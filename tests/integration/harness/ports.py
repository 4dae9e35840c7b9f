# SPDX-License-Identifier: MIT
"""Ports that no other test process is given: several of them run side by side, and who got a port
need not have opened it yet, or has a node there that is stopped for a while."""

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST, LAST = 20000, 32000  # below those of outgoing connections
# A node of scripts/run also serves clients 1000 ports above the one that it is told. So that this
# one is in the same slice, half a slice is no smaller.
SLICES = 6
_given = set()
_held = []  # the lock of the slice ends with this process


def _own_slice():
    """(first, end) of a slice that nobody else holds; all of them if each is held."""
    size = (LAST - FIRST) // SLICES
    for number in random.sample(range(SLICES), SLICES):
        name = Path(tempfile.gettempdir()) / f"greenroom-test-ports-{number}"
        try:
            lock = os.open(name, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            continue  # of another user
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        _held.append(lock)
        return FIRST + number * size, FIRST + (number + 1) * size
    return FIRST, LAST


_first, _end = _own_slice()
_middle = (_first + _end) // 2
# The other half is for scripts/run, which does not know what is given here.
os.environ["GRTEST_PORTS"] = f"{_middle}-{_end}"


def free_port(count=1):
    """The first of `count` free ports in a row; none is given twice."""
    for _ in range(1000):
        first = random.randrange(_first, _middle - count)
        wanted = range(first, first + count)
        if not _given.isdisjoint(wanted):
            continue
        with contextlib.ExitStack() as sockets:
            try:
                for port in wanted:
                    s = sockets.enter_context(socket.socket())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            except OSError:
                continue
            _given.update(wanted)
            return first
    raise RuntimeError("no free ports")


def own_address():
    """An address of this machine that is not loopback; None: it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        address = s.getsockname()[0]
    return None if address.startswith("127.") else address
