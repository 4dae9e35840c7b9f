# SPDX-License-Identifier: MIT
"""A replica gets a large shard from the others: it has lost its disk, or was away for long."""

import contextlib
import time

from harness import names
from harness.client import Client, new_id
from harness.waiting import wait_until

from .filling import fill


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
    slowest, fetched = 0.0, False
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
            nonlocal slowest, fetched
            before = time.monotonic()
            c.send(room, "meanwhile")
            slowest = max(slowest, time.monotonic() - before)
            with contextlib.suppress(OSError):
                fetched = fetched or victim.metric("greenroom_raft_fetching_replicas") > 0
            assert victim.is_running(), f"{victim.name} has ended:\n{victim.log_tail()}"
            return victim.is_ready() and trio.keeps_up()

        wait_until(whole, f"{victim.name} to have everything", within_s)
        took = time.monotonic() - began
        assert fetched, "the log alone would not have been enough"
        assert lose_disk or trio.refusals(victim) == refused, "its disk has forgotten nothing"
        shard = large["shard"]
        moved = trio.nodes[0].console("shard", "move", str(shard), "--to", victim.name)
        assert moved.returncode == 0, moved.stderr
        wait_until(lambda: trio.leaders()[shard] == victim.name, "it to lead the shard", 40)
        again = c.send(room, "before", message_id=message_id)
        assert (again["seq"], again["id"], again["duplicate"]) == (first["seq"], first["id"], True)
    return (f"{written:.0f} MiB in {took:.1f} s: {written / took:.1f} MiB/s; the slowest send "
            f"meanwhile took {slowest * 1000:.0f} ms")  # fmt: skip
