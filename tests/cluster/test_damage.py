# SPDX-License-Identifier: MIT
"""A replica with a damaged store: found, named, and repaired from the others, which go on."""

from rig.replica_damage import damage


def test_a_damaged_log_is_found_and_repaired(trio, stage, rng, figure):
    """The bit is in what was acknowledged: to open with less would be to forget it."""
    stage.wait_progress(20)
    victim = rng.choice(trio.nodes)
    outcome = damage(trio, stage, victim, "log", rng)
    figure(f"{victim.name}: {outcome}")
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)
