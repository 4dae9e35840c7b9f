# SPDX-License-Identifier: MIT
"""Clocks that are wrong, and apart, and of different speed: no safety comes from a clock."""

import pytest
from harness.waiting import wait_until
from rig.clocks import ahead_s, certificates_of_the_past, shift_clock

WEEK_S = 7 * 86400


@pytest.mark.parametrize("shifts", [("-1h", "+0", "+1h"), ("-1d", "+1d", "+0")],
                         ids=["hours", "days"])  # fmt: skip
def test_clocks_apart(make_trio, make_stage, shifts):
    """Seqs, ids, repeats and leaders as always; the steady clock is left alone. The first
    node, which issues the tokens, is the earliest: one from more than five minutes ahead is
    refused."""
    with certificates_of_the_past():
        trio = make_trio(auth__access_token_s=WEEK_S)
    for node, shift in zip(trio.nodes, shifts):
        shift_clock(node, shift)
    stage = make_stage(trio)
    stage.wait_progress()
    # And a node whose clock jumps at a restart.
    victim = trio.nodes[1]
    stage.fault("SIGTERM", victim.name, mute=True)
    victim.stop()
    victim.more["FAKETIME"] = "+3h"
    trio.start()
    stage.fault("SIGTERM", victim.name, on=False, mute=True)
    stage.wait_progress()
    nobody_was_logged_out(stage.end())


def test_clocks_that_drift(make_trio, make_stage, rng):
    """One a tenth too fast, one a tenth too slow, while nodes are killed and leaders move."""
    with certificates_of_the_past():
        trio = make_trio(auth__access_token_s=WEEK_S)
    for node, rate in zip(trio.nodes, ("+0 x0.9", "+0", "+0 x1.1")):
        shift_clock(node, rate)
    stage = make_stage(trio)
    for _ in range(4):
        stage.wait_progress(20)
        victim = rng.choice(trio.nodes)
        stage.fault("kill -9", victim.name, mute=True)
        victim.kill()
        stage.wait_progress()
        trio.start()  # and its clock begins at the right time again: a jump
        stage.fault("kill -9", victim.name, on=False, mute=True)
    stage.wait_progress(20)
    wait_until(lambda: ahead_s(trio.nodes[0]) < -0.5 and ahead_s(trio.nodes[2]) > 0.5,
               "the clocks to have drifted", 30)  # fmt: skip
    nobody_was_logged_out(stage.end(alone=True))


def nobody_was_logged_out(history):
    logged_out = [r for r in history.by_kind["close"] if r["code"] == 4401]
    assert not logged_out, logged_out
