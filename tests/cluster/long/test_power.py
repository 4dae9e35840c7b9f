# SPDX-License-Identifier: MIT
"""The power goes: one node's, or everybody's at once, under load. What the kernel had not
flushed is gone, so a node that acknowledges before it syncs is found out here."""

import concurrent.futures
import os
import shutil
import subprocess

import pytest
from harness.waiting import wait_until
from load.stage import is_stopped
from rig import needs
from rig.disks import Disk
from rig.inject import strace

ROUNDS = 4


def acknowledged(history):
    return sum(a.outcome == "ok" for a in history.by_call["send"])


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


def test_the_power_of_one_node(on_disks, disks, make_stage, rng, figure):
    """What it had acknowledged it still has, or the others have."""
    stage = make_stage(on_disks)
    for _ in range(ROUNDS):
        stage.wait_progress()
        cut(stage, on_disks, disks, [rng.choice(on_disks.nodes)])
    stage.wait_progress()
    history = stage.end(alone=True)
    figure(f"{ROUNDS} cuts; {acknowledged(history)} acknowledged, none lost")


def test_the_power_of_all_nodes(on_disks, disks, make_stage, rng, figure):
    """Nothing that was acknowledged is lost when nobody had time to flush."""
    stage, spreads = make_stage(on_disks), []
    for _ in range(ROUNDS):
        stage.wait_progress(rng.randrange(3, 15))
        spreads.append(cut(stage, on_disks, disks, on_disks.nodes))
    stage.wait_progress()
    history = stage.end(alone=True)
    figure(f"{ROUNDS} cuts, of three disks within {max(spreads) * 1000:.0f} ms; "
           f"{acknowledged(history)} acknowledged, none lost")


def test_the_power_in_the_middle_of_a_write(on_disks, disks, make_stage, rng, figure):
    """A node ends in its Nth write or sync, and the power goes with it: files are there in part, or
    without what would make them valid. It opens, and has lost nothing that it had said it has."""
    needs.strace()
    stage, places = make_stage(on_disks), []
    for call in ["write", "fdatasync"] * 3:
        victim, at = rng.choice(on_disks.nodes), rng.randrange(1, 150)
        what = f"power off in {call} {at}"
        stage.wait_progress()
        stage.fault(what, victim.name, mute=True)
        victim.kill()
        victim.before = strace(call, f"signal=KILL:when={at}")
        victim.launch()
        victim.wait_end(90)
        victim.before = []
        disk = disks[on_disks.nodes.index(victim)]
        disk.lose_power()
        disk.off()
        disk.on()
        stage.wait_progress()
        on_disks.start()
        stage.fault(what, victim.name, on=False, mute=True)
        places.append(f"{call} {at}")
    stage.wait_progress()
    stage.end(alone=True)
    figure(", ".join(places))


def test_a_disk_as_it_was_at_some_moment(on_disks, disks, make_stage, rng, figure):
    """The image of a disk that is in use, taken between two of its writes, is as good as the disk
    after a power cut: the file system and the store open, and nothing is missing."""
    stage, moments = make_stage(on_disks), 6
    for _ in range(moments):
        stage.wait_progress(rng.randrange(3, 20))
        victim = rng.choice(on_disks.nodes)
        disk = disks[on_disks.nodes.index(victim)]
        stage.fault("its disk becomes an image of itself", victim.name, mute=True)
        victim.freeze()
        wait_until(lambda v=victim: is_stopped(v.pid()), "all its threads to stop")
        disk.copy()
        victim.kill()
        disk.off()
        disk.become_copy()
        disk.on()
        stage.wait_progress()
        on_disks.start()
        stage.fault("its disk becomes an image of itself", victim.name, on=False, mute=True)
    stage.wait_progress()
    stage.end(alone=True)
    figure(f"{moments} images opened")


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
