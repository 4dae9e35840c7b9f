# SPDX-License-Identifier: MIT
"""A node that has a processor of its own."""

import contextlib
import os

from harness.process import Node, running


@contextlib.contextmanager
def alone(**settings):
    """One node on the first processor, and what is started from here on the others."""
    node = Node(limits__connects_per_minute_per_address=0, **settings)
    others = set(range(1, os.cpu_count())) or {0}
    usual = os.sched_getaffinity(0)
    with running(node):
        for thread in os.listdir(f"/proc/{node.pid()}/task"):
            os.sched_setaffinity(int(thread), {0})
        os.sched_setaffinity(0, others)
        try:
            yield node
        finally:
            os.sched_setaffinity(0, usual)
