# SPDX-License-Identifier: MIT
"""What `doctor` says of faults that it takes a machine for: a disk that is nearly full, a wrong
clock, an actor whose disk hangs, a node that is dead. Each with its exit code, and each over when
the fault is."""

import contextlib
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from harness.client import Client
from harness.doctor import OK, UNHEALTHY, findings
from harness.names import fresh
from harness.process import STARTED, Node, running
from harness.waiting import wait_until
from rig import needs
from rig.clocks import certificates_of_the_past, fake_clock, set_clock
from rig.disks import Disk


def wait_judged(node, code, wanted, what, within_s=30):
    """Until one answer of `doctor` has this exit code and all of these states,
    {(check, node): state}; the rows."""
    last = []

    def judged():
        last[:] = findings(node)
        known = last[1]
        is_so = {key: known[key]["state"] if key in known else None for key in wanted} == wanted
        return known if is_so and last[0] == code else None

    try:
        return wait_until(judged, what, within_s)
    except AssertionError as why:
        raise AssertionError(f"{why}; the last answer: {last}") from None


# -- space ---------------------------------------------------------------------------------------


@pytest.fixture
def disk():
    needs.loop_disks("mkfs.ext4")
    made = Disk(3 << 10, "ext4")  # sparse: nothing of it is ever written
    yield made
    made.end()


def node_on(disk):
    node = Node(disk.data)
    node.log_path = disk.folder / "node1.log"
    return running(node)


def test_a_disk_that_is_nearly_full(programs, disk):
    space = ("disk_space", "node1")
    with node_on(disk) as node:
        assert shutil.disk_usage(disk.mount).free > 2 << 30
        found = wait_judged(node, OK, {space: "ok"}, "the disk to be large enough")
        assert " MiB free" in found[space]["detail"], found[space]
        for mib, state, code in ((1500, "warning", OK), (300, "failed", UNHEALTHY)):
            disk.leave(mib)
            found = wait_judged(node, code, {space: state}, f"{mib} MiB to be too little")
            left = int(found[space]["detail"].split()[0])
            assert mib - 20 < left <= mib, found[space]
        disk.free()
        wait_judged(node, OK, {space: "ok"}, "the space to be back")


# -- clocks --------------------------------------------------------------------------------------


def test_a_clock_that_is_wrong(make_trio, tmp_path):
    """One of three: who is asked takes his own for right."""
    with certificates_of_the_past():
        trio = make_trio()
    file = fake_clock(trio.nodes[1], tmp_path)
    trio.start()
    asked = trio.nodes[0]
    right = {("clock", n.name): "ok" for n in trio.nodes}
    wait_judged(asked, OK, right, "all clocks to be right", 60)
    for ahead, state, code in ((2, "warning", OK), (60, "failed", UNHEALTHY)):
        set_clock(file, f"{ahead:+d}")
        found = wait_judged(asked, code, right | {("clock", "node2"): state},
                            f"node2's clock to be {ahead} s ahead")  # fmt: skip
        off_ms = int(found["clock", "node2"]["detail"].split()[0])
        assert (ahead - 1) * 1000 < off_ms < (ahead + 1) * 1000, found["clock", "node2"]
    wait_judged(trio.nodes[1], UNHEALTHY, {("clock", "node1"): "failed", ("clock", "node2"): "ok",
                                           ("clock", "node3"): "failed"},
                "the others to be wrong for node2")  # fmt: skip
    set_clock(file, "+0")
    wait_judged(asked, OK, right, "all clocks to be right again")


# -- actors --------------------------------------------------------------------------------------


@contextlib.contextmanager
def slow_reads(node):
    """Each read of a file of the store takes so long that whoever waits for it is seen at it:
    something has to wait behind the read, and to be there at both of the two looks, which are a
    second apart, of one `doctor` of several."""
    with subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64", "-e",
                           "inject=pread64:delay_enter=8s", "-p", str(node.pid())],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as strace:  # fmt: skip

        def is_traced():
            assert strace.poll() is None, strace.stderr.read()
            status = [p.read_text() for p in tasks.glob("*/status")]
            return all(f"TracerPid:\t{strace.pid}\n" in text for text in status)

        tasks = Path(f"/proc/{node.pid()}/task")
        try:
            wait_until(is_traced, "strace to be there")
            yield
        finally:
            strace.terminate()






def test_an_actor_that_is_stuck(programs):
    needs.strace()
    node = Node()
    try:
        node.start()
        with Client(node) as alice:
            alice.register(fresh("alice"))
            room = alice.create_room("Read from the disk", room_type="public")["id"]
            for n in range(20):
                alice.send(room, f"{n} " + "x" * 3000)
        # What was written is in tables on the disk, of which a new process has read nothing.
        assert node.console("store", "compact").returncode == OK
        node.restart()
        actors = ("actors", "node1")
        wait_judged(node, OK, {actors: "ok"}, "no actor to be stuck")

        def join():
            with contextlib.suppress(AssertionError), Client(node) as bob:
                bob.register(fresh("bob"))
                bob.post("join_room_request", room_id=room)
                bob.answer("room_request", room_id=room)  # waits behind the first

        with slow_reads(node):
            joining = threading.Thread(target=join)
            joining.start()
            found = wait_judged(node, UNHEALTHY, {actors: "failed"}, "an actor to be stuck")
            detail = found[actors]["detail"]
            assert "messages wait and none was handled for a second: " in detail, detail
            assert " s or more)" in detail, "at what it is, and for how long"
        joining.join()
        wait_judged(node, OK, {actors: "ok"}, "all actors to go on")
        node.stop()
    finally:
        node.kill()
        STARTED.remove(node)


# -- nodes ---------------------------------------------------------------------------------------


def test_a_node_whose_loss_would_stop_shards(trio):
    """Of three nodes one is dead: neither of the others can be spared, and the shards that miss a
    replica are named."""
    asked = trio.nodes[0]
    everywhere = {(c, "all"): "ok" for c in ("nodes", "leaders", "replicas", "quorum")}
    wait_judged(asked, OK, everywhere, "all to be well", 60)
    trio.nodes[2].kill()
    all_shards = ", ".join(str(n) for n in range(33))

    def is_critical():
        code, found = findings(asked)
        says = {c: (found[c, "all"]["state"], found[c, "all"]["detail"]) for c, _ in everywhere}
        return code == UNHEALTHY and says == {
            "nodes": ("failed", "no answer from node3"),
            "leaders": ("ok", "every shard is led"),
            "replicas": ("warning", f"a replica is behind or away in shard {all_shards}"),
            "quorum": ("warning", "shards would stop without node1, node2 (shards 0-32)"),
        }  # fmt: skip

    wait_until(is_critical, "two that cannot be spared, and every shard to miss a replica", 60)
    trio.start()
    wait_judged(asked, OK, everywhere, "all to be well again", 90)
