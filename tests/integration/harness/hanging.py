# SPDX-License-Identifier: MIT
"""Nodes that stand still and go on."""

import contextlib
import os
import signal


@contextlib.contextmanager
def hanging(*nodes):
    pids = [node.pid() for node in nodes]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
