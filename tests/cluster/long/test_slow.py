# SPDX-License-Identifier: MIT
"""Nodes that work, but slowly: a gray failure is worse than a dead node."""

import contextlib

import pytest
from harness.waiting import SLOWNESS, wait_until
from load.latencies import latencies_ms, percentile
from rig import needs
from rig.disks import Disk, Group


FROZEN_S = 20
NOISE_MS = 20  # of a machine whose processors do other things too


def told(history, what, without=None):
    """p50 and p99 before the fault and while it lasted, of what can do without that node."""
    on, off = [f["t"] for f in history.faults if f["what"] == what]
    before = latencies_ms(history, 0, on, without)
    during = latencies_ms(history, on, off, without)
    text = (f"p50 {percentile(before, 50):.0f} → {percentile(during, 50):.0f} ms, "
            f"p99 {percentile(before, 99):.0f} → {percentile(during, 99):.0f} ms")  # fmt: skip
    return text, percentile(before, 99), percentile(during, 99)


@pytest.fixture
def groups():
    made = []
    yield made
    for group in made:
        group.end()


@pytest.fixture
def disks():
    needs.loop_disks("mkfs.ext4")
    made = []
    try:
        for _ in range(3):
            made.append(Disk(512, "ext4"))
        yield made
    finally:
        for disk in made:
            disk.end()


@pytest.mark.parametrize("slow", [1, 2])
def test_slow_disks(disks, groups, make_trio, make_stage, figure, slow):
    """15 writes a second on one node, or on two. Of one slow disk nobody notices anything once
    others lead what its node led; with two it is slower. Nothing is lost, queues are bounded."""
    folder = needs.cgroup("blkio", "blkio.throttle.write_iops_device")
    trio = make_trio(folders=[d.data for d in disks]).start()
    try:
        stage = make_stage(trio)
        stage.wait_progress(20)
        what = f"slow disk of {slow}"
        for node, disk in list(zip(trio.nodes, disks))[:slow]:
            group = Group(folder, node.name)
            groups.append(group)
            group.set("blkio.throttle.write_iops_device", f"{disk.numbers()} 15")
            group.take(node.pid())
        if slow == 1:
            wait_until(lambda: stage.check_people() or leads_nothing(trio, trio.nodes[0]),
                       "others to lead instead of node1", 90)  # fmt: skip
        stage.fault(what)
        memory = [n.memory_kib() for n in trio.nodes]
        stage.wait_progress(40 if slow == 1 else 10, within_s=120)
        grown = max(n.memory_kib() - m for n, m in zip(trio.nodes, memory))
        stage.fault(what, on=False)
        for group in groups:
            group.end()
        groups.clear()
        stage.wait_progress()
        trio.settle(within_s=180)  # a disk has to be well for a minute
        text, usual, during = told(stage.end(), what)
        figure(text)
        assert grown < 200 * 1024 * SLOWNESS, f"queues are bounded: {grown} KiB"
        if slow == 1:
            assert during <= 1.5 * usual + NOISE_MS, text
    finally:
        trio.kill()


def leads_nothing(trio, node):
    leaders = trio.leaders(trio.nodes[2])
    return all(name not in (None, node.name) for shard, name in leaders.items() if shard)


def test_little_of_a_processor(trio, make_stage, groups, figure):
    """5 % of a processor for one node: who does not need it as a leader does not wait for it."""
    folder = needs.cgroup("cpu", "cpu.cfs_quota_us")
    stage = make_stage(trio)
    stage.wait_progress(50)
    group = Group(folder, "starved")
    groups.append(group)
    group.set("cpu.cfs_quota_us", "5000")
    group.take(trio.nodes[2].pid())
    what = "5 % of a processor"
    stage.fault(what, "node3", mute=True)
    with contextlib.suppress(AssertionError):  # people at node3 may get nowhere
        stage.wait_progress(10, within_s=30)
    group.end()
    stage.fault(what, "node3", on=False, mute=True)
    stage.wait_progress(within_s=60)
    history = stage.end()
    text, usual, during = told(history, what, without="node3")
    figure(f"all: {told(history, what)[0]}; without node3: {text}")
    assert during <= (1.5 * usual + NOISE_MS) * SLOWNESS, text


def test_a_node_that_is_frozen_for_long(trio, make_stage, groups, figure):
    """All of it at once, by the freezer, for longer than links and elections wait: it finds others
    in its place, acknowledges nothing of what it had begun, and catches up."""
    folder = needs.cgroup("freezer", "cgroup.procs")  # the root has no state
    stage = make_stage(trio)
    stage.wait_progress(20)
    group = Group(folder, "frozen")
    groups.append(group)
    group.take(trio.nodes[0].pid())
    what = f"frozen for {FROZEN_S} s"
    stage.fault(what, "node1", mute=True)
    group.set("freezer.state", "FROZEN")
    try:
        stage.pause(FROZEN_S / SLOWNESS)
    finally:
        group.set("freezer.state", "THAWED")
    stage.fault(what, "node1", on=False, mute=True)
    stage.wait_progress(within_s=60)
    figure(told(stage.end(alone=True), what)[0])
