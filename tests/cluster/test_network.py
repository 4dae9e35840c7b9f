# SPDX-License-Identifier: MIT
"""Nodes that do not hear each other, or freeze: three namespaces on a bridge, and signals."""

import time

from harness import names
from harness.client import Client
from harness.names import fresh
from harness.waiting import SLOWNESS, wait_until


def test_a_leader_in_the_minority(network, apart, make_stage, figure):
    """It refuses, with UNAVAILABLE and retry_after, and acknowledges nothing; the majority goes
    on."""
    stage = make_stage(apart)
    stage.wait_progress()
    cut_off = apart.nodes[0]
    room = stage.room_led_by(cut_off)
    with Client(cut_off) as inside:
        leaders = apart.leaders()
        inside.register(names.name_led_by(cut_off.name, leaders, fresh("in") + "x", names.user_id))
        alias = names.name_led_by(cut_off.name, leaders, fresh("alone") + "x", names.room_id)
        alone = inside.create_room("alone", alias=alias)["id"]
        stage.fault("isolated", cut_off.name)
        network.isolate(1)
        began, cut = time.monotonic(), time.monotonic_ns()
        before = stage.acked(room)
        refused = inside.refusal("send_message_request", room_id=alone, content="to nobody",
                                 message_type="text")  # fmt: skip
        assert refused["code"] == "UNAVAILABLE" and refused["details"]["retry_after_ms"] > 0
        assert time.monotonic() - began < 5.5 * SLOWNESS, "refused within 5 s"
        wait_until(lambda: stage.check_people() or stage.acked(room) > before + 2,
                   "the majority to take the room over", 30)  # fmt: skip
        stage.wait_progress(10)
        stage.fault("isolated", cut_off.name, on=False)
        network.heal()
    stage.wait_progress()
    history = stage.end()
    healed = next(f["t"] for f in history.faults if f["what"] == "isolated" and not f["on"])
    acks = [op for op in history.by_call["send"] if op.outcome == "ok"]
    inside = [op for op in acks if op.inv["n"] == cut_off.name and op.ret["t"] < healed]
    late = [op.inv for op in inside if op.inv["t"] > cut]
    assert not late, f"{cut_off.name} was alone and acknowledged: {late}"
    last = max(op.ret["t"] for op in inside)
    first = min(op.ret["t"] for op in acks if op.inv["r"] == room.name and op.inv["t"] > cut)
    figure(f"last acknowledgement in the minority {(cut - last) / 1e6:.0f} ms before the cut, "
           f"first of the majority {(first - cut) / 1e6:.0f} ms after it")  # fmt: skip


def terms(node):
    """shard → its term, as `node` sees it."""
    return {row["shard"]: row["term"] for row in node.rows("shards")}


def test_a_second_of_silence(trio, stage, figure):
    """Shorter than most elections take to begin: of what the silent node leads, leadership may
    go and come back once, and nothing else stands for election."""
    stage.wait_progress()
    rises = []
    for victim in trio.nodes:
        trio.settle()
        other = next(n for n in trio.nodes if n is not victim)
        before, led = terms(other), [s for s, n in trio.leaders(other).items() if n == victim.name]
        stage.fault("SIGSTOP", victim.name, mute=True)
        victim.freeze()
        try:
            stage.pause(1 / SLOWNESS)  # a second, however slow the programs are
        finally:
            victim.thaw()
        stage.fault("SIGSTOP", victim.name, on=False, mute=True)
        stage.wait_progress()
        trio.settle()
        after = terms(other)
        rises.append(sum(after.values()) - sum(before.values()))
        # Gone and come back are two terms; a vote that is split is a third.
        assert rises[-1] <= 3 * len(led) * SLOWNESS, f"{before} became {after}"
        stage.wait_progress(20)
    stage.end()
    figure(f"{', '.join(map(str, rises))} terms of 33 shards")


def test_who_says_nothing_is_gone_in_time(make_trio, figure):
    """A peer whose connections stay open, as those of a machine without power do, is given up
    after `cluster.connection_timeout_ms`, which may be two heartbeats."""
    trio = make_trio(cluster__heartbeat_ms=500, cluster__connection_timeout_ms=1000)
    trio.start().settle()
    victim, others = trio.nodes[2], trio.nodes[:2]
    before = {n: n.log().count(f"down: {victim.name} ") for n in others}
    began = time.monotonic()
    victim.freeze()
    try:
        wait_until(lambda: all(n.log().count(f"down: {victim.name} ") > before[n] for n in others),
                   "both others to give it up", 10)  # fmt: skip
        took = time.monotonic() - began
        wait_until(lambda: trio.led_by_none_of(victim), "others to lead", 20)
    finally:
        victim.thaw()
    figure(f"given up after {took:.2f} s")
    assert took < 2.5 * SLOWNESS, "two heartbeats, and the one in which that is noticed"
    trio.settle()


def test_a_frozen_node(trio, stage, rng):
    """A leader that was stopped for longer than an election takes acknowledges nothing when it
    goes on; short pauses of anybody do no harm."""
    stage.wait_progress()
    for long in (False, True, False):
        victim = rng.choice(trio.nodes)
        stage.fault("SIGSTOP", victim.name, mute=True)
        victim.freeze()
        try:
            if long:
                others = [n for n in trio.nodes if n is not victim]
                wait_until(lambda v=victim, o=others: all(
                    leader not in (None, v.name) for leader in trio.leaders(o[0]).values()
                ), "the others to lead", 30)  # fmt: skip
                stage.wait_progress()
            else:
                wait_until(lambda n=stage.acked() + 5: stage.acked() >= n, "some progress", 20)
        finally:
            victim.thaw()
        stage.fault("SIGSTOP", victim.name, on=False, mute=True)
        stage.wait_progress()
    stage.end()
