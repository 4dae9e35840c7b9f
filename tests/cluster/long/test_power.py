# SPDX-License-Identifier: MIT
"""The power goes: one node's, or everybody's at once, under load. What the kernel had not
flushed is gone, so a node that acknowledges before it syncs is found out here."""

import concurrent.futures
import os
import shutil
import subprocess

import pytest
from rig import needs
from rig.disks import Disk

ROUNDS = 4


@pytest.fixture
def disks():
    needs.loop_disks("mkfs.xfs", "xfs_io")
    made = []
    try:
        for _ in range(3):
            made.append(Disk(512))
        yield made
    finally:
        for disk in made:
            disk.end()


@pytest.fixture
def on_disks(disks, make_trio):
    trio = make_trio(folders=[d.data for d in disks])
    yield trio.start()
    trio.kill()


def cut(stage, trio, disks, victims):
    """Power off, and on again."""
    for node in victims:
        stage.fault("power off", node.name, mute=True)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        spans = list(pool.map(lambda n: disks[trio.nodes.index(n)].lose_power(), victims))
    spread = max(begin for begin, _ in spans) - min(begin for begin, _ in spans)
    for node in victims:
        node.kill()
    for node in victims:
        disk = disks[trio.nodes.index(node)]
        disk.off()
        disk.on()
    if len(victims) == 1:
        stage.wait_progress()
    trio.start()
    for node in victims:
        stage.fault("power off", node.name, on=False, mute=True)
    return spread


def test_the_power_of_one_node(on_disks, disks, make_stage, rng):
    """F2."""
    stage = make_stage(on_disks)
    for _ in range(ROUNDS):
        stage.wait_progress()
        cut(stage, on_disks, disks, [rng.choice(on_disks.nodes)])
    stage.wait_progress()
    stage.end(alone=True)


def test_the_power_of_all_nodes(on_disks, disks, make_stage, rng):
    """F3."""
    stage = make_stage(on_disks)
    for _ in range(ROUNDS):
        stage.wait_progress(rng.randrange(3, 15))
        spread = cut(stage, on_disks, disks, on_disks.nodes)
        print(f"three cuts begun within {spread * 1000:.0f} ms")
    stage.wait_progress()
    stage.end(alone=True)


def test_a_lie_about_syncs_is_found(disks, make_trio, make_stage):
    """Nodes that acknowledge what only the kernel has (log.durability = "os") lose it when the
    power of all goes, and the judge says so: a server that lies could not pass the test above."""
    trio = make_trio(folders=[d.data for d in disks], log__durability="os").start()
    try:
        stage = make_stage(trio)
        for disk in disks:  # accounts and rooms stay
            subprocess.run(["sync", "-f", disk.data], check=True)
        stage.wait_progress(10)
        cut(stage, trio, disks, trio.nodes)
        with pytest.raises(AssertionError) as found:
            stage.wait_progress(2)
            stage.end()
        assert "P2 acked is durable" in str(found.value), str(found.value)[:2000]
        shutil.rmtree(trio.kept)
    finally:
        trio.kill()


def test_the_rig_forgets_what_was_not_flushed(disks):
    """The proof that the method can fail: what was written and not synced is not there."""
    disk = disks[0]
    synced, written = disk.data / "synced", disk.data / "written"
    with open(synced, "w") as file:
        file.write("x" * 10000)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(disk.data, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    written.write_text("x" * 10000)
    disk.lose_power()
    disk.off()
    disk.on()
    assert synced.read_text() == "x" * 10000
    assert not written.exists() or written.read_text() != "x" * 10000
