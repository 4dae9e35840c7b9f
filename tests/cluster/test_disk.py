# SPDX-License-Identifier: MIT
"""A disk that is nearly full, and one that is full."""

import signal
import time

import pytest
from harness.client import PASSWORD, Client
from harness.doctor import findings
from harness.names import fresh
from harness.process import Node, running
from harness.waiting import SLOWNESS, wait_until
from rig import needs
from rig.disks import Disk


@pytest.fixture
def small_disk():
    needs.loop_disks("mkfs.ext4")
    made = Disk(96, "ext4")  # of which twelve are reserved
    yield made
    made.end()


def put_on(disk, node):
    node.folder = disk.data
    node.socket_path = node.folder / "admin.sock"


def wait_room(node, room, within_s=20):
    wait_until(lambda: node.metric("greenroom_disk_room") == room, f"{node.name}: room {room}",
               within_s)  # fmt: skip


def leads(trio, name):
    return [shard for shard, leader in trio.leaders().items() if leader == name]


def test_who_has_little_room_leaves_it_to_the_others(small_disk, make_trio, make_stage):
    """It hands over what it leads before it would refuse anything, takes nothing in when hardly
    anything is left, and does its share again when there is room. Nobody starts anything."""
    trio = make_trio(store__write_buffer_mib=4)
    victim = trio.nodes[2]
    put_on(small_disk, victim)
    stage = make_stage(trio, padding=8000)
    stage.wait_progress()
    pid = victim.pid()
    stage.fault("disk low", victim.name)
    small_disk.leave(20)
    wait_room(victim, 1)
    wait_until(lambda: leads(trio, victim.name) == [], "the others to lead all", 40)
    stage.wait_progress()
    stage.fault("disk full", victim.name)
    small_disk.leave(3)
    wait_room(victim, 3)
    taken = victim.metric("greenroom_log_written_bytes_total")
    stage.wait_progress(200)
    assert victim.metric("greenroom_log_written_bytes_total") - taken < 100_000
    code, rows = findings(trio.nodes[0])
    assert rows["disk_space", victim.name]["state"] == "failed", rows
    assert "until there is room" in rows["disk_space", victim.name]["detail"]
    small_disk.free()
    stage.fault("disk full", victim.name, on=False)
    wait_room(victim, 0)
    wait_until(lambda: leads(trio, victim.name), "it to lead something again", 90)
    stage.wait_progress()
    stage.end()
    assert victim.pid() == pid
    trio.kill()


def test_one_node_whose_disk_is_nearly_full(small_disk, programs):
    """It refuses what is new and says why, shows what there is, lets people delete, and goes on
    when there is room."""
    node = Node(small_disk.data, store__write_buffer_mib=4)
    node.log_path = small_disk.folder / "node1.log"
    with running(node):
        alice = Client(node)
        alice.register(fresh("alice"))
        room, other = alice.create_room(), alice.create_room()
        alice.send(room["id"], "before")
        small_disk.leave(8)
        wait_room(node, 2)
        asked = time.monotonic()
        refusal = alice.refusal("send_message_request", room_id=room["id"], content="no",
                                message_type="text")  # fmt: skip
        assert time.monotonic() - asked < 2 * SLOWNESS, "it is final, and said at once"
        assert refusal["code"] == "UNAVAILABLE", refusal
        assert "nearly full" in refusal["message"], refusal
        assert refusal["details"]["retry_after_ms"] > 0, refusal
        assert [m["content"] for m in alice.history(room["id"])["messages"]] == ["before"]
        alice.ask("delete_room_request", room_id=other["id"])
        with Client(node) as again:  # whoever shall make room has to come in
            again.log_in(username=alice.user["username"], password=PASSWORD)
        small_disk.free()
        wait_room(node, 0)
        alice.send(room["id"], "after")
        assert [m["content"] for m in alice.history(room["id"])["messages"]] == ["before", "after"]
        assert node.is_running()


def test_a_full_disk(small_disk, make_trio, make_stage):
    """Without a reserve, or when others take that too, the node ends and says why; the others go
    on; when there is space again, it comes back, and nothing is lost."""
    trio = make_trio(store__write_buffer_mib=4, store__reserve_mib=0)
    victim = trio.nodes[2]
    put_on(small_disk, victim)
    stage = make_stage(trio, padding=8000)  # what was allocated for the log is soon used up
    stage.wait_progress()
    stage.fault("disk full", victim.name, mute=True)
    before = len(victim.log())
    small_disk.fill()
    # RocksDB as Debian builds it stops at an assertion of its own when another write comes between
    # the one that failed and the end of the process.
    status, said = victim.wait_end(60), victim.log()[before:]
    ends = {70: "No space left on device", -signal.SIGABRT: "AssertFalseAndGetStatusForPrevError"}
    assert status in ends and ends[status] in said, f"{status}: {victim.log_tail()}"
    stage.wait_progress()
    small_disk.free()
    trio.start()
    stage.fault("disk full", victim.name, on=False, mute=True)
    stage.wait_progress()
    stage.end()
    trio.kill()
