# SPDX-License-Identifier: MIT
"""Networks that are bad in every other way: one-way, flapping, lossy, slow."""

import itertools

import pytest
from harness.waiting import SLOWNESS, wait_until
from rig.relay import Relay

ONE_WAY = {
    "nobody hears node1": [(1, 2), (1, 3)],
    "node1 hears nobody": [(2, 1), (3, 1)],
    "a bridge: node1 and node3 only see node2": [(1, 3), (3, 1)],
    "node1 does not hear node2": [(2, 1)],
}


def longest_gap_s(history, room, begin, end):
    """Between acknowledgements in a room, while a fault was on."""
    times = sorted(a.ret["t"] for a in history.by_call["send"]
                   if a.outcome == "ok" and a.inv["r"] == room and begin <= a.ret["t"] <= end)
    return max((b - a for a, b in itertools.pairwise([begin, *times, end])), default=0) / 1e9


def longest_gap_told(history, begin, end, figure):
    """Of all rooms; it is told, with the terms that the fault has cost."""
    gap = max(longest_gap_s(history, room, begin, end) for room in history.rooms)
    figure(f"{terms(history)} terms in 3 shards, longest gap {gap:.1f} s")
    return gap


def terms(history):
    """How many terms the shards of the rooms have seen."""
    shards = {r["shard"] for r in history.rooms.values()}
    return len({(r["s"], r["term"]) for r in history.by_kind["lead"] if r["s"] in shards})


@pytest.mark.parametrize("what", ONE_WAY)
def test_what_is_not_heard_both_ways(network, apart, make_stage, figure, what):
    """No livelock: each room goes on, and has no gap longer than 10 s."""
    stage = make_stage(apart)
    stage.wait_progress()
    stage.fault(what)
    network.drop(ONE_WAY[what])
    rooms = {r.name: stage.acked(r) for r in stage.rooms}
    wait_until(lambda: stage.check_people() or
               all(stage.acked(r) > rooms[r.name] + 50 for r in stage.rooms),
               "all rooms to go on", 90)  # fmt: skip
    network.heal()
    stage.fault(what, on=False)
    stage.wait_progress()
    history = stage.end()
    on, off = [f["t"] for f in history.faults if f["what"] == what]
    assert longest_gap_told(history, on, off, figure) < 10 * SLOWNESS
    # There and back for each is six; nobody unseats a healthy leader again and again.
    assert terms(history) <= 12 * SLOWNESS


def test_clients_that_do_not_reach_a_node(network, apart, make_stage, figure):
    """It is well for the others, so it goes on leading; its clients go elsewhere."""
    stage = make_stage(apart)
    stage.wait_progress()
    what = "no client reaches node1"
    stage.fault(what, "node1", mute=True)
    network.rules(network.spaces[0], f"ip saddr {network.clients} drop")
    stage.wait_progress(50, within_s=90)
    network.heal()
    stage.fault(what, "node1", on=False, mute=True)
    stage.wait_progress()
    history = stage.end()
    on, off = [f["t"] for f in history.faults if f["what"] == what]
    assert longest_gap_told(history, on, off, figure) < 10 * SLOWNESS


def leads(node):
    """shard → (its leader, its term), as `node` sees it."""
    return {row["shard"]: (row["leader"], row["term"]) for row in node.rows("shards")}


def test_a_flapping_link(network, apart, make_stage, rng, figure):
    """Between two nodes that both reach the third, there or back or both ways: whoever leads goes
    on leading in its term, because with the third it is a majority all the time."""
    stage = make_stage(apart)
    stage.wait_progress()
    one, other = rng.sample((1, 2, 3), 2)
    third = apart.nodes[6 - one - other - 1]
    what = f"the link between node{one} and node{other} flaps"
    before = leads(third)
    stage.fault(what)
    ways = [{(one, other)}, {(other, one)}, {(one, other), (other, one)}]
    for _ in range(12):
        network.drop(rng.choice(ways))
        stage.pause(rng.uniform(0.2, 4))
        network.heal()
        stage.pause(rng.uniform(0.2, 2))
    stage.fault(what, on=False)
    stage.wait_progress()
    after = leads(third)
    history = stage.end()
    moved = {shard: (before[shard], after[shard]) for shard in before
             if before[shard] != after[shard]}
    began, ended = [f["t"] for f in history.faults if f["what"] == what]
    gap = max(longest_gap_s(history, room, began, ended) for room in history.rooms)
    figure(f"{len(moved)} of {len(before)} shards moved, longest gap {gap:.1f} s")
    assert not moved


def test_flapping(network, apart, make_stage, rng, figure):
    """Links on and off at random, then all off, and back one after the other at random. Most of
    the time some node has no majority, so leaders go; but a change of links costs a shard a term at
    most, and nobody stands for election again and again while nothing changes."""
    stage = make_stage(apart)
    pairs = [(a, b) for a in (1, 2, 3) for b in (1, 2, 3) if a != b]
    dropped = set()

    def drop(new, longest_s):
        nonlocal dropped
        dropped = new
        network.drop(dropped)
        stage.fault(f"dropped: {sorted(dropped)}")
        stage.pause(rng.uniform(0.2, longest_s))

    for _ in range(30):
        drop(dropped ^ {rng.choice(pairs)}, 3)
    drop(set(pairs), 3)
    for pair in rng.sample(pairs, len(pairs)):
        drop(dropped - {pair}, 1)
    stage.fault("dropped", on=False)
    stage.wait_progress(within_s=60)
    history = stage.end(alone=True)
    began = next(f["t"] for f in history.faults if f["what"].startswith("dropped: "))
    ended = next(f["t"] for f in history.faults if f["what"] == "dropped")
    longest_gap_told(history, began, ended, figure)
    changes = sum(f["what"].startswith("dropped") for f in history.faults)
    assert terms(history) <= 3 * (1 + changes) * SLOWNESS


@pytest.mark.parametrize("percent", [1, 5, 15, 30])
def test_loss(network, apart, make_stage, figure, percent):
    """Packets of everybody are lost at random, those of clients too."""
    stage = make_stage(apart)
    stage.wait_progress()
    for space in network.spaces:
        network.rules(space, f"numgen random mod 100 < {percent} drop")
    stage.fault(f"{percent} % of the packets are lost", "all", mute=True)
    before = stage.acked()
    stage.pause(10)
    during = stage.acked() - before
    network.heal()
    stage.fault("loss", "all", on=False, mute=True)
    figure(f"{during / 10:.0f} acknowledged a second")
    if percent <= 5:
        assert during > 10, "progress at 5 %"
    stage.wait_progress(within_s=60)
    stage.end()


def test_resets(network, apart, make_stage, rng):
    """Connections between nodes are reset again and again."""
    stage = make_stage(apart)
    for _ in range(8):
        stage.wait_progress(2)
        a, b = rng.sample((1, 2, 3), 2)
        stage.fault(f"reset between {a} and {b}")
        network.rules(network.spaces[b - 1],
                      f"ip saddr {network.hosts[a - 1]} meta l4proto tcp reject with tcp reset")
        stage.pause(0.5)
        network.heal()
        stage.fault(f"reset between {a} and {b}", on=False)
    stage.wait_progress()
    stage.end()


def test_delay(make_trio, make_stage, seed, figure):
    """200 ± 100 ms there and back between nodes: nobody is taken for dead."""
    relays, ports = [], {}

    def dial(i, port):
        ports[i] = port
        relays.append(Relay(lambda: ("127.0.0.1", ports[i]), seed + i))
        return relays[-1].address

    trio = make_trio(dial=dial)
    try:
        trio.start()
        trio.settle()
        stage = make_stage(trio)
        stage.wait_progress()
        trio.settle()
        losses = [n.log().count("down: ") for n in trio.nodes]
        stage.fault("delay 200 ms")
        for relay in relays:
            relay.delay_s, relay.jitter_s = 0.1, 0.05
        stage.wait_progress(20, within_s=120)
        stage.fault("delay", on=False)
        for relay in relays:
            relay.delay_s = relay.jitter_s = 0.0
        stage.wait_progress()
        assert [n.log().count("down: ") for n in trio.nodes] == losses, "no link was given up"
        history = stage.end()
        figure(f"{terms(history)} terms in 3 shards")
    finally:
        trio.kill()
        for relay in relays:
            relay.end()
