# SPDX-License-Identifier: MIT
"""Replicas that come back with less than they have said they have: a restored copy of the data
folder, a disk that has lost the end of what it had synced. They must not vote; either they are
refused, or little is missing and the leader's successor sends it again."""

import shutil

from harness.waiting import wait_until


def last_log(node):
    return max((node.folder / "store").glob("*.log"), key=lambda p: int(p.stem))


def is_whole(trio):
    """Every shard has three replicas that keep up."""
    rows = trio.nodes[0].rows("shards")
    return all(
        r["state"] == "led" and len(r["replicas"]) == 3 and None not in r["lag"] for r in rows
    )


def refusals(trio, victim):
    return sum(n.log().count("has forgotten something") for n in trio.nodes if n is not victim)


def begin_anew(trio, victim):
    """What an operator does: an empty folder, so a new node in the old one's place."""
    victim.kill()
    shutil.rmtree(victim.folder)
    victim.folder.mkdir(mode=0o700)
    victim.start()
    wait_until(lambda: is_whole(trio), "three replicas of every shard", 90)


def test_a_restored_copy_of_the_data_folder(trio, stage):
    """F17: the others refuse it, and go on; with an empty folder it joins and gets everything."""
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
    wait_until(lambda: refusals(trio, victim) > 0, "the old copy to be refused", 20)
    stage.wait_progress()
    assert not victim.is_ready(), "it takes no part"
    begin_anew(trio, victim)
    stage.fault("an old copy of the data", victim.name, on=False, mute=True)
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)


def test_a_log_that_lost_its_end(trio, stage, rng):
    """F14 with a disk that lies: bytes that were synced are gone."""
    trio.settle()
    wait_until(lambda: is_whole(trio), "three replicas of every shard, the map's too", 60)
    for victim in trio.nodes[:2]:
        stage.wait_progress()
        before = refusals(trio, victim)
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
            lambda v=victim, n=before: refusals(trio, v) > n or (v.is_ready() and is_whole(trio)),
            "it to be refused, or to get what it has lost", 60,
        )  # fmt: skip
        if refusals(trio, victim) > before:
            begin_anew(trio, victim)
        stage.fault("kill -9", victim.name, on=False, mute=True)
        stage.wait_progress()
        trio.settle()
    stage.end(alone=True)
