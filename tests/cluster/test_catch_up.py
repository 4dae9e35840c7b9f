# SPDX-License-Identifier: MIT
"""A shard that is large has to be sent to a node that has lost its disk."""

from rig.catching_up import catch_up


def test_a_large_shard_is_fetched(trio, figure):
    """Twice as large as its log may be, so it comes as a state."""
    trio.settle()
    figure(catch_up(trio, 128, "short", 60))
