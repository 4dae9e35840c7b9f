# SPDX-License-Identifier: MIT
"""Nodes that stand still and go on, and a cluster that waits for them."""

import contextlib
import os
import signal

from .process import Cluster, running


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


@contextlib.contextmanager
def patient_cluster(election_timeout_ms):
    """Nobody takes over what a node leads that hangs for less than that; each leads its share."""
    with running(Cluster(cluster__election_timeout_ms=election_timeout_ms)) as made:
        made.settle()
        made.wait_even()
        yield made
