# SPDX-License-Identifier: MIT
"""What all groups have to say to a node goes there together: how many messages pass between nodes
depends on how often they are sent off, and not on how many shards there are."""

import time

import pytest
from harness.process import Cluster, running
from harness.waiting import SLOWNESS, wait_until

FEW, MANY = 8, 64
# Replicas wake up at instants that all of them share; each node sends heartbeats in one, and
# answers to those of the other.
INSTANTS_PER_S = 1000 / 25
WORDS_PER_S = 8  # four to each of two others, whatever the shards do


def sent(node):
    return {what: node.metric(f"greenroom_link_sent_{what}_total")
            for what in ("batches", "frames")}  # fmt: skip


def rates(node, what, count):
    """Batches and frames a second, while the node sends `count` more of `what`."""
    before, began = sent(node), time.monotonic()
    wait_until(lambda: sent(node)[what] >= before[what] + count, f"{node.name} to send", 60)
    after, took = sent(node), time.monotonic() - began
    return {each: (after[each] - before[each]) / took for each in after}


def measured(shards):
    """Of a node of three while all groups rest, and then while one node is away, for which groups
    do not rest: each of them has heartbeats."""
    with running(Cluster(cluster__shards=shards, cluster__election_timeout_ms=750)) as cluster:
        cluster.settle()
        first, second, third = cluster.nodes
        wait_until(lambda: all(n.metric("greenroom_raft_resting_replicas") == shards + 1
                               for n in cluster.nodes), "all groups to rest", 60)  # fmt: skip
        at_rest = rates(first, "batches", 24)
        third.kill()
        wait_until(lambda: set(cluster.leaders().values()) == {first.name, second.name},
                   "the two to lead", 40)  # fmt: skip
        wait_until(lambda: not first.metric("greenroom_raft_resting_replicas"), "none to rest", 40)
        awake = rates(first, "frames", 30 * shards)
        return at_rest, awake


@pytest.fixture(scope="module")
def of_few(programs):
    return measured(FEW)


@pytest.fixture(scope="module")
def of_many(programs):
    return measured(MANY)


def test_groups_that_rest_say_nothing(of_few, of_many):
    for at_rest, _ in (of_few, of_many):
        assert at_rest["batches"] < 2 * WORDS_PER_S, "nodes' words, and a leader's now and then"
        assert at_rest["frames"] < 2 * WORDS_PER_S


def test_heartbeats_of_all_groups_go_together(of_few, of_many):
    (_, few), (_, many) = of_few, of_many
    assert many["frames"] > 4 * few["frames"], f"eight times as many groups: {few}, {many}"
    assert many["frames"] > 4 * many["batches"], f"many frames in a message: {many}"
    # Frames of one instant may find the link in the middle of sending, so there may be some more.
    bound = 1.5 * (2 * INSTANTS_PER_S + WORDS_PER_S) * SLOWNESS
    assert few["batches"] < bound and many["batches"] < bound, f"{few}, {many}"
