# SPDX-License-Identifier: MIT
"""Finding TCP ports."""

import os
import random
import socket

LAST = 65535


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the node does it: connections in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            # A listener elsewhere with SO_REUSEADDR is only noticed here.
            probe.listen(1)
        except OSError:
            return False
    return True


def _wanted_range() -> range:
    own = os.environ.get("GRTEST_PORTS")  # of tests that run side by side
    if own:
        first, end = own.split("-")
        return range(int(first), int(end))
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            first_ephemeral = int(file.read().split()[0])
    except OSError:
        first_ephemeral = 32768
    return range(20000, max(first_ephemeral, 20100))


def choose(avoid) -> int:
    """A free port outside the range from which the kernel takes ports for outgoing connections:
    it is meant to be free at the next start as well."""
    candidates = [p for p in _wanted_range() if p not in avoid]
    random.shuffle(candidates)
    for port in candidates:
        if is_free(port):
            return port
    raise OSError("no free TCP port for the cluster")
