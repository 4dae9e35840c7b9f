# SPDX-License-Identifier: MIT
"""Clocks that jump while nodes run: no safety comes from a clock."""

from harness.client import Client, new_id
from harness.names import fresh
from rig.clocks import certificates_of_the_past, fake_clock, set_clock, wait_clock

DAY_S = 86400


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


def test_a_repeat_a_day_later(make_trio, tmp_path):
    """23 h 59 after it was sent a message is known on every node, also to a leader that has been
    started since; after more than a day it is another one."""
    with certificates_of_the_past():
        trio = make_trio(auth__access_token_s=7 * 86400)
    files = [fake_clock(node, tmp_path) for node in trio.nodes]
    trio.settle()

    def all_ahead(seconds):
        for file, node in zip(files, trio.nodes):
            set_clock(file, f"{seconds:+d}")
            wait_clock(node, seconds)

    message_id = new_id()
    with Client(trio.nodes[1]) as alice:
        alice.register(fresh("alice"))
        token, room = alice.token, alice.create_room("repeats")["id"]
        first = alice.send(room, "once", message_id=message_id)

    def again(node):
        with Client(node, token=token) as c:
            ack = c.send(room, "once", message_id=message_id)
            return ack["seq"], ack["id"], ack["duplicate"]

    all_ahead(DAY_S - 60)
    for node in trio.nodes:
        assert again(node) == (first["seq"], first["id"], True)
    trio.kill()
    trio.settle()
    for node in trio.nodes:
        assert again(node) == (first["seq"], first["id"], True)
    all_ahead(DAY_S + 2 * 3600)
    seq, _, duplicate = again(trio.nodes[0])
    assert seq > first["seq"] and not duplicate
