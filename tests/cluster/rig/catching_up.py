# SPDX-License-Identifier: MIT
"""A replica with an empty disk gets a large shard from the others."""

import time

from harness import names
from harness.client import Client
from harness.waiting import wait_until

from .filling import fill


def catch_up(trio, mib, salt, within_s):
    """Fills a shard, empties a node's disk, and waits until it has it all again, while somebody
    goes on talking. Returns the sentence for the table."""
    written = fill(trio, mib, salt)
    wait_until(trio.keeps_up, "all replicas to keep up", 60)
    victim = trio.nodes[2]
    victim.kill()
    wait_until(lambda: trio.led_by_none_of(victim), "others to lead", 30)
    slowest = 0.0
    with Client(trio.nodes[0]) as c:
        c.register(names.fresh("talks"))
        room = c.create_room("meanwhile")["id"]
        began = time.monotonic()
        trio.renew(victim)

        def whole():
            nonlocal slowest
            before = time.monotonic()
            c.send(room, "meanwhile")
            slowest = max(slowest, time.monotonic() - before)
            assert victim.is_running(), f"{victim.name} has ended:\n{victim.log_tail()}"
            return victim.is_ready() and trio.keeps_up()

        wait_until(whole, f"{victim.name} to have everything", within_s)
        took = time.monotonic() - began
    return (f"{written:.0f} MiB in {took:.1f} s: {written / took:.1f} MiB/s; the slowest send "
            f"meanwhile took {slowest * 1000:.0f} ms")  # fmt: skip
