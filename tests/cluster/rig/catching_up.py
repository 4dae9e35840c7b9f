# SPDX-License-Identifier: MIT
"""A replica gets a large shard from the others: it has lost its disk, or was away for long."""

import contextlib
import time

from harness import names
from harness.client import Client, new_id
from harness.waiting import SANITIZED, wait_until

from .filling import fill

MEMORY_MIB = 400  # of a node, its caches included, however large what it gives or takes is


def catch_up(trio, mib, salt, within_s, lose_disk=True, meanwhile=lambda: None):
    """Fills a shard, and empties a node's disk; or fills it while that node is away, and then does
    what `meanwhile` does. Waits until the node has all of it again, while somebody goes on talking;
    leading the shard it knows a message_id of before. Returns the sentence for the table."""
    victim = trio.nodes[2]
    refused = trio.refusals(victim)
    if lose_disk:
        written = fill(trio, mib, salt)
        wait_until(trio.keeps_up, "all replicas to keep up", 60)
    victim.kill()
    wait_until(lambda: trio.led_by_none_of(victim), "others to lead", 30)
    if not lose_disk:
        written = fill(trio, mib, salt)
    large = max((r for r in trio.nodes[0].rows("shards") if r["shard"]), key=lambda r: r["index"])
    slowest, fetched, most_kib = 0.0, False, 0
    with Client(trio.nodes[0]) as c:
        c.register(names.fresh("talks"))
        alias = names.name_led_by("it", {large["shard"]: "it", 32: None}, names.fresh("in") + "x",
                                  names.room_id)  # fmt: skip
        room = c.create_room("meanwhile", alias=alias)["id"]
        message_id = new_id()
        first = c.send(room, "before", message_id=message_id)
        meanwhile()
        began = time.monotonic()
        if lose_disk:
            trio.renew(victim)
        else:
            victim.launch()

        def whole():
            nonlocal slowest, fetched, most_kib
            before = time.monotonic()
            c.send(room, "meanwhile")
            slowest = max(slowest, time.monotonic() - before)
            with contextlib.suppress(OSError):
                fetched = fetched or victim.metric("greenroom_raft_fetching_replicas") > 0
            assert victim.is_running(), f"{victim.name} has ended:\n{victim.log_tail()}"
            most_kib = max(most_kib, *(n.memory_kib() for n in trio.nodes))
            return victim.is_ready() and trio.keeps_up()

        wait_until(whole, f"{victim.name} to have everything", within_s)
        took = time.monotonic() - began
        assert fetched, "the log alone would not have been enough"
        assert SANITIZED or most_kib < MEMORY_MIB * 1024, f"a node had {most_kib / 1024:.0f} MiB"
        assert lose_disk or trio.refusals(victim) == refused, "its disk has forgotten nothing"
        shard = large["shard"]
        moved = trio.nodes[0].console("shard", "move", str(shard), "--to", victim.name)
        assert moved.returncode == 0, moved.stderr
        wait_until(lambda: trio.leaders()[shard] == victim.name, "it to lead the shard", 40)
        again = c.send(room, "before", message_id=message_id)
        assert (again["seq"], again["id"], again["duplicate"]) == (first["seq"], first["id"], True)
    return (f"{written:.0f} MiB in {took:.1f} s: {written / took:.1f} MiB/s; the slowest send "
            f"meanwhile took {slowest * 1000:.0f} ms; a node had {most_kib / 1024:.0f} MiB "
            f"at most")  # fmt: skip
