# SPDX-License-Identifier: MIT
"""A disk that is full."""

import signal

import pytest
from rig import needs
from rig.disks import Disk


@pytest.fixture
def small_disk():
    needs.loop_disks("mkfs.ext4")
    made = Disk(96, "ext4")
    yield made
    made.end()


def test_a_full_disk(small_disk, make_trio, make_stage):
    """The node with the full disk ends and says why; the others go on; when there is space
    again, it comes back, and nothing is lost."""
    trio = make_trio(store__write_buffer_mib=4)
    victim = trio.nodes[2]
    victim.folder = small_disk.data
    victim.socket_path = victim.folder / "admin.sock"
    stage = make_stage(trio, padding=8000)  # what was allocated for the log is soon used up
    stage.wait_progress()
    stage.fault("disk full", victim.name, mute=True)
    before = len(victim.log())
    small_disk.fill()
    # RocksDB as Debian builds it stops at an assertion of its own when another write comes between
    # the one that failed and the end of the process.
    status, said = victim.wait_end(60), victim.log()[before:]
    ends = {70: "No space left on device", -signal.SIGABRT: "AssertFalseAndGetStatusForPrevError"}
    assert status in ends and ends[status] in said, f"{status}: {victim.log_tail()}"
    stage.wait_progress()
    small_disk.free()
    trio.start()
    stage.fault("disk full", victim.name, on=False, mute=True)
    stage.wait_progress()
    stage.end()
    trio.kill()
