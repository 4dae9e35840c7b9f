# SPDX-License-Identifier: MIT
"""Nodes that end under load: at any time, at exact places, with a log that is torn, or with a disk
that fails."""

import struct
import time

from harness.waiting import SLOWNESS, wait_until
from rig import needs
from rig.inject import strace

BACK_S = 3


def last_log(node):
    """The write-ahead log that is written to."""
    return max((node.folder / "store").glob("*.log"), key=lambda p: int(p.stem))


def start_again(trio, node, times):
    began = time.monotonic()
    trio.start()
    times.append(time.monotonic() - began)


def test_crashes_at_random_times(trio, stage, rng, figure):
    """Each node once, in random order, then all at once."""
    times = []
    stage.wait_progress()
    for victim in rng.sample(trio.nodes, 3):
        acked = stage.acked() + rng.randrange(20, 200)
        wait_until(lambda n=acked: stage.check_people() or stage.acked() >= n, "the load", 30)
        stage.fault("kill -9", victim.name, mute=True)
        victim.kill()
        stage.wait_progress()
        start_again(trio, victim, times)
        stage.fault("kill -9", victim.name, on=False, mute=True)
    stage.wait_progress()
    stage.fault("kill -9", "all", mute=True)
    trio.kill()
    trio.start()
    stage.fault("kill -9", "all", on=False, mute=True)
    stage.wait_progress()
    stage.end(alone=True)
    figure(f"back after {', '.join(f'{t:.2f}' for t in times)} s")
    assert sorted(times)[1] < BACK_S * SLOWNESS, "a node is back soon"


def test_crashes_at_exact_places(trio, stage, rng):
    """In the Nth fdatasync of the thread that writes the log."""
    needs.strace()
    for victim in trio.nodes:
        at = rng.randrange(1, 120)
        stage.wait_progress()
        victim.kill()
        victim.before = strace("fdatasync", f"signal=KILL:when={at}")
        stage.fault(f"kill -9 in fdatasync {at}", victim.name, mute=True)
        victim.launch()
        assert victim.wait_end(60) == -9, "killed by the signal"
        victim.before = []
        stage.wait_progress()
        trio.start()
        stage.fault(f"kill -9 in fdatasync {at}", victim.name, on=False, mute=True)
    stage.end()


def test_a_sync_that_fails(trio, stage, rng):
    """After a failed fsync nobody knows what is on the disk: the node ends, and says why. What
    it had not synced was not acknowledged."""
    needs.strace()
    victim, at = rng.choice(trio.nodes), rng.randrange(20, 120)
    stage.wait_progress()
    victim.stop()
    victim.before = strace("fdatasync", f"error=EIO:when={at}")
    stage.fault(f"EIO in fdatasync {at}", victim.name, mute=True)
    before = len(victim.log())
    victim.launch()
    assert victim.wait_end(60) == 70, victim.log_tail()
    assert "Input/output error" in victim.log()[before:] or "IO error" in victim.log()[before:]
    stage.wait_progress()
    victim.before = []
    trio.start()
    stage.fault(f"EIO in fdatasync {at}", victim.name, on=False, mute=True)
    stage.wait_progress()
    stage.end()


def test_a_torn_end_of_the_log(trio, stage, rng):
    """What was being written when the power went is there in part. The node starts without it,
    and has lost nothing that it had said it has."""
    for victim in trio.nodes:
        stage.wait_progress()
        stage.fault("kill -9", victim.name, mute=True)
        victim.kill()
        path = last_log(victim)
        torn = torn_record(rng, path.stat().st_size)
        with open(path, "ab") as file:
            file.write(torn)
        stage.fault(f"{len(torn)} bytes of a record at the end of {path.name}", victim.name)
        stage.wait_progress()
        trio.start()
        stage.fault("kill -9", victim.name, on=False, mute=True)
        stage.wait_progress()
        trio.settle()
    stage.end(alone=True)


def torn_record(rng, at):
    """The beginning of a record: 7 bytes of header (checksum, length, kind 1: a whole one), and
    less than the length of it. Records do not cross the border of a block of 32 KiB: where no
    header fits there are zeros, and the next block begins."""
    left = 32768 - at % 32768
    filler = b"" if left > 8 else bytes(left)
    length = min(rng.randrange(100, 4097), (left if not filler else 32768) - 7)
    header = struct.pack("<IHB", rng.getrandbits(32), length, 1)
    return filler + header + rng.randbytes(rng.randrange(0, length))
