# SPDX-License-Identifier: MIT
"""What a node has in memory when nothing happens."""

import time

from .waiting import SLOWNESS, wait_until

_SETTLES_S = 3  # longer than what an actor that is let go of keeps it in memory for
_NOISE_BYTES = 32 << 10


def in_use(node):
    """Bytes that malloc has given out: what is resident besides is malloc's, for later. RocksDB's
    cache is not counted: it has a size of its own (`store.cache_mib`), whoever filled it."""
    return node.metric("greenroom_heap_used_bytes") - node.metric("greenroom_store_cache_bytes")


def is_at_rest(node):
    """People's actors are gone, but for those who are connected, and in no group happens
    anything."""
    roles = ("leader", "follower", "candidate")
    replicas = sum(node.metric(f'greenroom_raft_replicas{{role="{r}"}}') for r in roles)
    people = node.metric('greenroom_actors{kind="user"}')
    return people < 10 and node.metric("greenroom_raft_resting_replicas") == replicas > 0


def in_use_at_rest(node, within_s=300):
    """All that was written is in tables, nothing is under way, and nothing more is let go of."""
    rows = node.rows("store compact", timeout_s=600)
    assert all(row["state"] == "done" for row in rows), rows
    least, since = in_use(node), time.monotonic()

    def is_settled():
        nonlocal least, since
        now = in_use(node)
        if not is_at_rest(node) or now < least - _NOISE_BYTES:
            least, since = now, time.monotonic()
        return time.monotonic() - since > _SETTLES_S * SLOWNESS

    wait_until(is_settled, f"{node.name} to be at rest", within_s)
    return least
