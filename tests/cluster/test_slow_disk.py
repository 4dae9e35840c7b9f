# SPDX-License-Identifier: MIT
"""One disk of three is slow."""

import time

from harness.waiting import SLOWNESS, wait_until
from load.latencies import latencies_ms, percentile
from rig import needs
from rig.inject import strace

SYNC_MS = 100


def test_a_slow_disk_does_not_set_the_pace(trio, stage, figure):
    """Each of its syncs takes 100 ms. Others soon lead what it led, and no send waits for it any
    more; when it is quick again it leads its share again."""
    needs.strace()
    stage.wait_progress(30)
    before = time.monotonic_ns()
    victim = trio.nodes[0]
    what = f"{SYNC_MS} ms for each sync"
    stage.fault(what, victim.name, mute=True)
    victim.stop()
    victim.before = strace("fdatasync", f"delay_enter={SYNC_MS * 1000}")
    trio.start()

    def leads_nothing():
        stage.check_people()
        leaders = trio.leaders(trio.nodes[1])
        return all(name not in (None, victim.name) for shard, name in leaders.items() if shard)

    def slow():
        return victim.metric("greenroom_slow_disk") == 1 and leads_nothing()

    wait_until(slow, "others to lead instead of the slow node", 60)
    moved = time.monotonic_ns()
    stage.wait_progress(60)
    after = time.monotonic_ns()
    assert leads_nothing(), "and it stays so"
    victim.kill()
    victim.before = []
    trio.start()
    stage.fault(what, victim.name, on=False, mute=True)
    trio.settle()
    history = stage.end()
    usual = percentile(latencies_ms(history, 0, before), 99)
    beside = percentile(latencies_ms(history, moved, after), 99)
    figure(f"p99 {usual:.0f} → {beside:.0f} ms")
    assert beside < max(1.5 * usual, 0.9 * SYNC_MS) * SLOWNESS, "sends do not wait for the disk"
