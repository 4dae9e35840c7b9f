# SPDX-License-Identifier: MIT
"""Replicas that come back with less than they have said they have. There is no guard against that
yet: these tests fail, are no part of any run, and say what has to become true."""

import shutil

from harness.waiting import wait_until


def last_log(node):
    return max((node.folder / "store").glob("*.log"), key=lambda p: int(p.stem))


def test_a_restored_copy_of_the_data_folder(trio, stage):
    """F17: peers refuse its vote until it has again what it once had; then it catches up."""
    victim = trio.nodes[1]
    stage.wait_progress()
    victim.stop()
    copy = trio.folder / "backup"
    shutil.copytree(victim.folder, copy, ignore=shutil.ignore_patterns("*.sock"))
    trio.start()
    trio.settle()
    stage.wait_progress(30)
    victim.kill()
    stage.fault("an old copy of the data", victim.name, mute=True)
    shutil.rmtree(victim.folder)
    shutil.copytree(copy, victim.folder)
    trio.start()
    stage.fault("an old copy of the data", victim.name, on=False, mute=True)
    stage.wait_progress()
    stage.end(alone=True)


def test_a_log_that_lost_its_end(trio, stage, rng):
    """F14 with a disk that lies: bytes that were synced are gone. The leader has to notice that the
    replica is shorter than it was, and send it again what it has lost."""
    for victim in trio.nodes[:2]:
        stage.wait_progress()
        victim.kill()
        stage.fault("kill -9", victim.name, mute=True)
        wait_until(lambda v=victim: trio.led_by_none_of(v), "others to lead", 20)
        stage.wait_progress()
        path = last_log(victim)
        size, cut = path.stat().st_size, rng.randrange(1, 4097)
        with open(path, "r+b") as file:
            file.truncate(max(0, size - cut))
        stage.fault(f"{cut} of {size} bytes cut off {path.name}", victim.name)
        trio.start()
        stage.fault("kill -9", victim.name, on=False, mute=True)
        stage.wait_progress()
        trio.settle()
    stage.end(alone=True)
