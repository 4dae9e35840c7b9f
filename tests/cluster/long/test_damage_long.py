# SPDX-License-Identifier: MIT
"""Bits that flip in every part of one replica's store, again and again."""

import collections

from rig.damage import PARTS
from rig.replica_damage import damage

ROUNDS = 4


def test_every_part_of_a_store(trio, stage, rng, figure):
    """Nothing that was acknowledged is lost, and at the end each node's own store has it all."""
    stage.wait_progress(20)
    for node in trio.nodes:  # a start writes what is in the log to tables
        stage.fault("SIGTERM", node.name, mute=True)
        node.restart()
        stage.fault("SIGTERM", node.name, on=False, mute=True)
        stage.wait_progress()
    outcomes = collections.Counter()
    for _ in range(ROUNDS):
        for part in PARTS:
            trio.settle()
            stage.wait_progress()
            outcome = damage(trio, stage, rng.choice(trio.nodes), part, rng)
            outcomes[f"{part} {outcome or 'not there yet'}"] += 1
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)
    figure(", ".join(f"{what}: {count}" for what, count in sorted(outcomes.items())))
