# SPDX-License-Identifier: MIT
"""One disk of three is slow."""

import time

from harness.waiting import SLOWNESS, wait_until
from load.latencies import latencies_ms, percentile
from rig import needs
from rig.inject import strace

# A disk is slow beside those of the others, so theirs decide what is slow.
SYNC_MS_AT_LEAST = 100
TIMES = 12
# Who has come back may be given his share while the verdict is on its way to the others; he gives
# it back at once, so nothing has moved for good before that is over.
KNOWN_AFTER_S = 3


def test_a_slow_disk_does_not_set_the_pace(trio, stage, figure):
    """Each of its syncs takes 100 ms or more. Others soon lead what it led, and no send waits for
    it any more; when it is quick again it leads its share again."""
    needs.strace()
    stage.wait_progress(30)
    before = time.monotonic_ns()
    usual_sync_ms = max(n.metric("greenroom_log_sync_median_seconds") for n in trio.nodes) * 1000
    assert usual_sync_ms > 0, "the disks have been measured"
    sync_ms = round(max(SYNC_MS_AT_LEAST, TIMES * usual_sync_ms))
    victim = trio.nodes[0]
    what = f"{sync_ms} ms for each sync"
    stage.fault(what, victim.name, mute=True)
    victim.stop()
    victim.before = strace("fdatasync", f"delay_enter={sync_ms * 1000}")
    trio.start()

    def leads_nothing():
        stage.check_people()
        leaders = trio.leaders(trio.nodes[1])
        return all(name not in (None, victim.name) for name in leaders.values())

    since = None

    def moved_for_good():
        nonlocal since
        if victim.metric("greenroom_slow_disk") != 1 or not leads_nothing():
            since = None
            return False
        since = since or time.monotonic()
        return time.monotonic() - since > KNOWN_AFTER_S * SLOWNESS

    wait_until(moved_for_good, "others to lead instead of the slow node", 60)
    moved = time.monotonic_ns()
    stage.wait_progress(200)
    after = time.monotonic_ns()
    assert leads_nothing(), "and it stays so"
    victim.kill()
    victim.before = []
    trio.start()
    stage.fault(what, victim.name, on=False, mute=True)
    trio.settle()
    history = stage.end()
    usual, beside = latencies_ms(history, 0, before), latencies_ms(history, moved, after)
    figure(f"a sync {usual_sync_ms:.0f} → {sync_ms} ms; sends: median "
           f"{percentile(usual, 50):.0f} → {percentile(beside, 50):.0f} ms, "
           f"p99 {percentile(usual, 99):.0f} → {percentile(beside, 99):.0f} ms")  # fmt: skip
    most = max(1.5 * percentile(usual, 99), 0.9 * sync_ms)
    assert percentile(beside, 99) < most * SLOWNESS, "sends do not wait for the disk"
