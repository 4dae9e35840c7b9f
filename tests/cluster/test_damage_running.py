# SPDX-License-Identifier: MIT
"""A table of the store is damaged while the node runs: whoever asks is told, the node leads no
more, the others serve everything, and from them it gets everything again."""

import re

from harness import names
from harness.client import Client
from harness.waiting import wait_until

MESSAGES = 300
PAGE = 50
# The name of a table's family is the value of its property, which is not compressed.
OF_MESSAGES = re.compile(rb"namemessage(?!_)")


def damage_tables(folder):
    """Bits flip all over the content of the tables with messages. How many tables there are."""
    found = 0
    for path in (folder / "store").glob("*.sst"):
        data = path.read_bytes()
        if not OF_MESSAGES.search(data):
            continue
        found += 1
        with path.open("r+b") as file:  # in place: the node has it open
            for at in range(16, len(data) // 2, 64):
                file.seek(at)
                file.write(bytes([data[at] ^ 0x10]))
    return found


def knows(victim):
    try:
        return victim.metric("greenroom_store_damaged") == 1
    except OSError:
        return False  # it does not serve yet, or no longer


def test_a_table_is_damaged_while_the_node_runs(trio, figure):
    trio.settle()
    victim, other = trio.nodes[0], trio.nodes[1]
    with Client(other) as c:
        c.register(names.fresh("talks"))
        alias = names.name_led_by(victim.name, trio.leaders(), "damaged", names.room_id)
        room = c.create_room("meanwhile", alias=alias)["id"]
        for i in range(MESSAGES):
            c.send(room, f"message {i} " + "x" * 200)
        token = c.token
    # What it had in memory and in its log is in tables after a start, and in no cache.
    victim.stop()
    trio.settle()
    shard = names.shard_of(room)
    wait_until(lambda: trio.leaders()[shard] == victim.name, "it to lead the room again", 40)
    assert victim.metric("greenroom_store_damaged") == 0
    assert damage_tables(victim.folder) > 0

    with Client(victim, token=token) as c:
        answer = c.answer("history_request", room_id=room, after_seq=0, limit=PAGE)["data"]
        assert answer["type"] == "error", "a damaged page is not taken for an empty one"
        figure(f"who asks is told {answer['code']}")
    wait_until(lambda: trio.led_by_none_of(victim), "others to lead", 30)
    assert "store is damaged" in victim.log() or "the store stops the process" in victim.log()
    assert "Corruption" in (victim.folder / "store/DAMAGED").read_text()
    # Started again it knows from the beginning, if it does not come across the place at once.
    victim.kill()
    victim.launch()
    wait_until(lambda: not victim.is_running() or knows(victim), "the damage to be known", 30)

    with Client(other, token=token) as c:
        assert len(c.whole_history(room)) == MESSAGES
        c.send(room, "afterwards")
    trio.begin_anew(victim)
    assert victim.metric("greenroom_store_damaged") == 0
    with Client(victim, token=token) as c:
        assert len(c.whole_history(room)) == MESSAGES + 1
