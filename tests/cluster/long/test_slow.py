# SPDX-License-Identifier: MIT
"""Nodes that work, but slowly: a gray failure is worse than a dead node."""

import contextlib

import pytest
from harness.waiting import SLOWNESS
from rig import needs
from rig.disks import Disk, Group


def latencies_ms(history, begin, end):
    """From the first attempt to the acknowledgement, sorted."""
    found = [(ok["t"] - w.inv["t"]) / 1e6 for w in history.writes.values()
             if (ok := w.first_ok()) and begin <= w.inv["t"] <= end]  # fmt: skip
    return sorted(found)


def percentile(values, percent):
    return values[min(len(values) - 1, len(values) * percent // 100)]


def report(history, what):
    on, off = [f["t"] for f in history.faults if f["what"] == what]
    start = min(w.inv["t"] for w in history.writes.values())
    before, during = latencies_ms(history, start, on), latencies_ms(history, on, off)
    print(f"{what}: p50 {percentile(before, 50):.0f} → {percentile(during, 50):.0f} ms, "
          f"p99 {percentile(before, 99):.0f} → {percentile(during, 99):.0f} ms")  # fmt: skip
    return before, during


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
def test_slow_disks(disks, groups, make_trio, make_stage, slow):
    """F11: 40 writes a second on one node, or on two: slower, and nothing is lost."""
    folder = needs.cgroup("blkio", "blkio.throttle.write_iops_device")
    trio = make_trio(folders=[d.data for d in disks]).start()
    try:
        stage = make_stage(trio)
        stage.wait_progress(20)
        what = f"slow disk of {slow}"
        for node, disk in list(zip(trio.nodes, disks))[:slow]:
            group = Group(folder, node.name)
            groups.append(group)
            group.set("blkio.throttle.write_iops_device", f"{disk.numbers()} 40")
            group.take(node.pid())
        stage.fault(what)
        memory = [n.memory_kib() for n in trio.nodes]
        stage.wait_progress(10, within_s=120)
        grown = max(n.memory_kib() - m for n, m in zip(trio.nodes, memory))
        for group in groups:
            group.end()
        groups.clear()
        stage.fault(what, on=False)
        stage.wait_progress()
        report(stage.end(), what)
        assert grown < 200 * 1024 * SLOWNESS, f"queues are bounded: {grown} KiB"
    finally:
        trio.kill()


def test_little_of_a_processor(trio, make_stage, groups):
    """F10: 5 % of a processor for one node."""
    folder = needs.cgroup("cpu", "cpu.cfs_quota_us")
    stage = make_stage(trio)
    stage.wait_progress(20)
    group = Group(folder, "starved")
    groups.append(group)
    group.set("cpu.cfs_quota_us", "5000")
    group.take(trio.nodes[2].pid())
    stage.fault("5 % of a processor", "node3", mute=True)
    with contextlib.suppress(AssertionError):  # people at node3 may get nowhere
        stage.wait_progress(10, within_s=30)
    group.end()
    stage.fault("5 % of a processor", "node3", on=False, mute=True)
    stage.wait_progress(within_s=60)
    report(stage.end(), "5 % of a processor")
