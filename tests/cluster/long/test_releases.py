# SPDX-License-Identifier: MIT
"""Nodes are replaced one after the other under load: by the same program, by a newer one, by an
older one. GREENROOM_OTHER_BIN_DIR names the programs of the other release."""

import itertools

import pytest
from harness.waiting import SLOWNESS
from rig import needs

GAP_S = 2  # of a room, while nodes go in good order


def longest_gap_s(history):
    """Between two acknowledgements of a room, over all rooms."""
    gaps = [0.0]
    for room in history.rooms:
        times = sorted(a.ret["t"] for a in history.by_call["send"]
                       if a.outcome == "ok" and a.inv["r"] == room)  # fmt: skip
        gaps += [(b - a) / 1e9 for a, b in itertools.pairwise(times)]
    return max(gaps)


def replace_all(trio, stage, nodes, program=None):
    for node in nodes:
        stage.wait_progress()
        stage.fault("replaced", node.name, mute=True)
        node.stop()
        node.program = program
        trio.start()
        stage.fault("replaced", node.name, on=False, mute=True)
        stage.wait_progress()
        trio.settle()


@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_nodes_are_restarted_in_turn(trio, stage, figure, order):
    """Clients notice a delay at most, and nothing is lost."""
    replace_all(trio, stage, trio.nodes if order == "forwards" else trio.nodes[::-1])
    history = stage.end(alone=True)
    gap = longest_gap_s(history)
    figure(f"the longest gap in a room: {gap:.2f} s")
    assert gap < GAP_S * SLOWNESS


@pytest.mark.parametrize("way", ["up", "down"])
def test_releases_are_mixed(make_trio, make_stage, figure, way):
    """Each mixture on the way is a cluster that works."""
    other = needs.other_release()
    first, then = (other, None) if way == "up" else (None, other)
    trio = make_trio()
    for node in trio.nodes:
        node.program = first
    stage = make_stage(trio.start())
    replace_all(trio, stage, trio.nodes, then)
    stage.wait_progress()
    history = stage.end(alone=True)
    figure(f"the longest gap in a room: {longest_gap_s(history):.2f} s")
