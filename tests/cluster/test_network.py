# SPDX-License-Identifier: MIT
"""Nodes that do not hear each other, or freeze: three namespaces on a bridge, and signals."""

import time

from harness import names
from harness.client import Client
from harness.names import fresh
from harness.waiting import SLOWNESS, wait_until


def test_a_leader_in_the_minority(network, apart, make_stage):
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
        began = time.monotonic()
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
    stage.end()


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
