# SPDX-License-Identifier: MIT
"""Clocks that jump while nodes run: no safety comes from a clock."""

from rig.clocks import certificates_of_the_past, fake_clock, set_clock, wait_clock


def test_clocks_that_jump(make_trio, make_stage, tmp_path, figure):
    """Forward and back, by minutes and by hours, each node's by itself and a leader's too: seqs,
    ids, repeats and leaders as always, and nobody is logged out. The first node, which issues the
    tokens, stays the earliest: one from more than five minutes ahead is refused."""
    with certificates_of_the_past():
        trio = make_trio(auth__access_token_s=86400)
    files = [fake_clock(node, tmp_path) for node in trio.nodes]
    stage = make_stage(trio)
    jumps = [(1, 2 * 3600), (2, 4 * 3600), (1, 180), (2, 60), (0, -120), (1, 5 * 3600), (2, 0)]
    for i, ahead in jumps:
        stage.fault(f"its clock is {ahead} s ahead", trio.nodes[i].name)
        set_clock(files[i], f"{ahead:+d}")
        wait_clock(trio.nodes[i], ahead)
        stage.wait_progress(10)
    history = stage.end()
    logged_out = [r for r in history.by_kind["close"] if r["code"] == 4401]
    assert not logged_out, logged_out
    figure(f"{len(jumps)} jumps")
