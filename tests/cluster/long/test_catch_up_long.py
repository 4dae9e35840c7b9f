# SPDX-License-Identifier: MIT
"""Two GiB in one shard have to be sent to a node that has lost its disk."""

import shutil

import pytest
from rig.catching_up import catch_up

NEEDED_GIB = 20  # three stores that grow by compaction, and the state beside what is there


def test_two_gib_are_fetched(trio, figure):
    free = shutil.disk_usage(trio.folder).free >> 30
    if free < NEEDED_GIB:
        pytest.skip(f"needs {NEEDED_GIB} GiB on the disk of {trio.folder}, and {free} are free")
    trio.settle()
    figure(catch_up(trio, 2048, "long", 1200))
