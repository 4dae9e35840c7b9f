# SPDX-License-Identifier: MIT
"""Replicas that come back with less than they have said they have: a restored copy of the data
folder, a disk that has lost the end of what it had synced. They must not vote; either they are
refused, or little is missing and the leader's successor sends it again."""

import shutil

from harness.waiting import wait_until


def last_log(node):
    return max((node.folder / "store").glob("*.log"), key=lambda p: int(p.stem))


def test_a_restored_copy_of_the_data_folder(trio, stage):
    """The others refuse it, and go on; with an empty folder it joins and gets everything."""
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
    victim.launch()
    wait_until(lambda: trio.refusals(victim) > 0, "the old copy to be refused", 20)
    stage.wait_progress()
    assert not victim.is_ready(), "it takes no part"
    trio.begin_anew(victim)
    stage.fault("an old copy of the data", victim.name, on=False, mute=True)
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)


def test_a_log_that_lost_its_end(trio, stage, rng):
    """A disk that lies: bytes that were synced are gone."""
    trio.settle()
    wait_until(trio.keeps_up, "three replicas of every shard, the map's too", 60)
    for victim in trio.nodes[:2]:
        stage.wait_progress()
        before = trio.refusals(victim)
        victim.kill()
        stage.fault("kill -9", victim.name, mute=True)
        wait_until(lambda v=victim: trio.led_by_none_of(v), "others to lead", 20)
        stage.wait_progress()
        path = last_log(victim)
        size, cut = path.stat().st_size, rng.randrange(1, 4097)
        with open(path, "r+b") as file:
            file.truncate(max(0, size - cut))
        stage.fault(f"{cut} of {size} bytes cut off {path.name}", victim.name)
        victim.launch()
        wait_until(
            lambda v=victim, n=before: trio.refusals(v) > n or (v.is_ready() and trio.keeps_up()),
            "it to be refused, or to get what it has lost", 60,
        )  # fmt: skip
        if trio.refusals(victim) > before:
            trio.begin_anew(victim)
        stage.fault("kill -9", victim.name, on=False, mute=True)
        stage.wait_progress()
        trio.settle()
    stage.end(alone=True)
