# SPDX-License-Identifier: MIT
"""A replica with a damaged store: found, named, and repaired from the others, which go on."""

from rig.replica_damage import damage, lose_a_file


def test_a_damaged_log_is_found_and_repaired(trio, stage, rng, figure):
    """The bit is in what was acknowledged: to open with less would be to forget it."""
    stage.wait_progress(20)
    victim = rng.choice(trio.nodes)
    outcome = damage(trio, stage, victim, "log", rng)
    figure(f"{victim.name}: {outcome}")
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)


def test_a_missing_log_is_found_and_repaired(trio, stage, rng, figure):
    """With the rest of the store it would look like an older node, and alone nobody would know."""
    stage.wait_progress(20)
    victim = rng.choice(trio.nodes)
    figure(f"{victim.name}: {lose_a_file(trio, stage, victim, 'log')} was missed")
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)
