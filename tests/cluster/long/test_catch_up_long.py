# SPDX-License-Identifier: MIT
"""Two GiB in one shard have to be sent to a node that has lost its disk; a node that was away for
an hour gets what the others' logs do not have any more."""

import shutil

import pytest
from rig.catching_up import catch_up
from rig.clocks import fake_clock, set_clock, wait_clock

HOUR_S = 3600
NEEDED_GIB = 20  # three stores that grow by compaction, and the state beside what is there


def test_two_gib_are_fetched(trio, figure):
    free = shutil.disk_usage(trio.folder).free >> 30
    if free < NEEDED_GIB:
        pytest.skip(f"needs {NEEDED_GIB} GiB on the disk of {trio.folder}, and {free} are free")
    trio.settle()
    figure(catch_up(trio, 2048, "long", 1200))


def test_after_an_hour(make_trio, tmp_path, figure):
    """All clocks have gone on, and the log where it was is cut: it gets the state, and is the same
    node as before, with its leaders."""
    trio = make_trio(auth__access_token_s=86400)
    files = [fake_clock(node, tmp_path) for node in trio.nodes]
    trio.settle()
    was = {row["name"]: row["id"] for row in trio.nodes[0].rows("nodes")}

    def an_hour_passes():
        for file in files:
            set_clock(file, f"+{HOUR_S}")
        for node in trio.nodes[:2]:
            wait_clock(node, HOUR_S)

    figure(catch_up(trio, 128, "hour", 120, lose_disk=False, meanwhile=an_hour_passes))
    assert trio.nodes[0].console("rebalance", "--unpin").returncode == 0
    trio.settle()
    assert {row["name"]: row["id"] for row in trio.nodes[2].rows("nodes")} == was
