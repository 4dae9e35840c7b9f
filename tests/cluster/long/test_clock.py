# SPDX-License-Identifier: MIT
"""Clocks that are wrong, and apart: no safety comes from a clock."""

import contextlib
import os

import pytest
from rig import needs

WEEK_S = 7 * 86400


@contextlib.contextmanager
def faked(library, shift):
    """For programs that are started within: certificates that are valid for early clocks too."""
    fake = {"LD_PRELOAD": str(library), "FAKETIME": shift}
    os.environ.update(fake)
    try:
        yield
    finally:
        for name in fake:
            del os.environ[name]


@pytest.mark.parametrize("shifts", [("-1h", "+0", "+1h"), ("-1d", "+1d", "+0")])
def test_clocks_apart(make_trio, make_stage, shifts):
    """F16: seqs, ids, repeats and leaders as always; the steady clock is left alone. The first
    node, which issues the tokens, is the earliest: one from more than five minutes ahead is
    refused."""
    library = needs.faketime()
    with faked(library, "-3d"):
        trio = make_trio(auth__access_token_s=WEEK_S)
    for node, shift in zip(trio.nodes, shifts):
        node.more = {"LD_PRELOAD": str(library), "FAKETIME": shift,
                     "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
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
    history = stage.end()
    times = {r["code"] for r in history.by_kind["close"] if r["code"] == 4401}
    assert not times, "nobody was logged out"
