# SPDX-License-Identifier: MIT
"""Answers that are lost, leaders that move while something is asked, nodes that are not who they
say they are."""

import contextlib
import random
import shutil
import socket

import pytest
from checker.history import FOREVER
from harness import names
from harness.client import Client, new_id
from harness.names import fresh
from harness.process import STARTED, free_port
from harness.waiting import wait_until
from load.latencies import latencies_ms, percentile
from rig.nodes import TrioNode
from rig.relay import Relay

TRIES = 12


class Behind:
    """A node as seen through a relay."""

    def __init__(self, node, relay):
        self.ws = f"ws://{relay.address}/ws"
        self.name = node.name


def low_port():
    """Lower addresses dial: a node there calls at all others."""
    for port in random.sample(range(12000, 20000), 1000):  # others may be looking too
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def wait_written(client, room, content):
    wait_until(lambda: any(m["content"] == content for m in client.history(room)["messages"]),
               f"{content} to be written")  # fmt: skip


def test_repeats_after_lost_answers(trio):
    """The answer is swallowed; the same message_id elsewhere, on another socket, and after a
    restart is one entry with one place, and says that it was there before."""
    trio.settle()
    relay = Relay(("127.0.0.1", trio.nodes[0].http_port))
    try:
        with Client(trio.nodes[1]) as alice:
            alice.register(fresh("alice"))
            room = alice.create_room("repeats")["id"]
            sent = []
            for i in range(TRIES):
                with contextlib.suppress(AssertionError):
                    through = Client(Behind(trio.nodes[0], relay), token=alice.token)
                    through.ask("room_list_request")
                    relay.swallowed = {"back"}
                    message = new_id(), f"swallowed {i}"
                    through.post("send_message_request", message[0], room_id=room,
                                 content=message[1], message_type="text")  # fmt: skip
                    wait_written(alice, room, message[1])
                    through.abort()
                relay.cut()
                relay.swallowed = set()
                elsewhere = trio.nodes[1 + i % 2]
                with Client(elsewhere, token=alice.token) as again:
                    ack = again.send(room, message[1], message_id=message[0])
                assert ack["duplicate"] is True, ack
                sent.append((*message, ack["seq"], ack["id"]))
            trio.nodes[2].restart()
            trio.nodes[1].kill()
            trio.start()
            trio.settle()
            for node in trio.nodes:
                with Client(node, token=alice.token) as again:
                    for message_id, content, seq, id_ in sent:
                        ack = again.send(room, content, message_id=message_id)
                        assert (ack["seq"], ack["id"], ack["duplicate"]) == (seq, id_, True)
                    messages = again.whole_history(room)
                    assert [m["content"] for m in messages] == [s[1] for s in sent], "once each"
    finally:
        relay.end()


def test_every_request_is_answered_while_leaders_move(trio, stage, figure):
    """Nodes are drained (their leaders move first) and killed under load, and shards are moved;
    P17 judges that nobody waits in vain."""
    for victim in trio.nodes:
        for what, end in (("SIGTERM", victim.stop), ("kill -9", victim.kill)):
            stage.wait_progress()
            stage.fault(what, victim.name, mute=True)
            end()
            stage.wait_progress()
            trio.start()
            stage.fault(what, victim.name, on=False, mute=True)
            trio.settle()
    asked = trio.nodes[0]
    for room, to in zip(stage.rooms, [*trio.nodes[1:], trio.nodes[0]]):
        stage.fault(f"{room.name} moves to {to.name}")
        moved = asked.console("room", "move", room.id, "--to", to.name)
        assert moved.returncode == 0, moved.stderr
        shard = names.shard_of(room.id)
        wait_until(lambda s=shard, n=to.name: trio.leaders()[s] == n,
                   f"{to.name} to lead {room.name}", 40)  # fmt: skip
        stage.wait_progress()
    assert asked.console("rebalance", "--unpin").returncode == 0
    trio.settle()
    stage.wait_progress()
    history = stage.end()
    took = latencies_ms(history, 0, FOREVER)
    slow = max(o.ret["t"] - o.inv["t"] for o in history.by_call["send"] if o.ret)
    figure(f"sends: p50 {percentile(took, 50):.0f}, p99 {percentile(took, 99):.0f} ms; the slowest "
           f"answer took {slow / 1e9:.2f} s")  # fmt: skip


@pytest.fixture
def strangers():
    """Nodes that are ended after the test."""
    made = []
    yield made
    for node in made:
        node.kill()
        if node in STARTED:
            STARTED.remove(node)


def test_a_node_of_another_cluster(trio, make_trio, strangers):
    """Refused, with the reason in both logs; nobody is disturbed."""
    other = make_trio()
    shutil.copytree(trio.folder / "tls", other.folder / "tls", dirs_exist_ok=True)
    other.start()
    trio.settle()
    other.settle()
    stray = other.nodes[2]
    stray.stop()
    stray.settings["cluster.seeds"] = f"127.0.0.1:{trio.cluster_ports[0]}"
    stray.launch()
    wait_until(lambda: "another cluster" in trio.nodes[0].log() or
               "another cluster" in stray.log(), "the refusal to be told", 20)  # fmt: skip
    assert len(trio.nodes[0].rows("nodes")) == 3
    with Client(trio.nodes[0]) as c:
        c.register(fresh("undisturbed"))


def test_a_copy_of_a_node(trio, stage, strangers):
    """A copy of the data folder on another port, while the original runs: refused by name, and
    nobody notices anything but the refusal."""
    stage.wait_progress()
    original = trio.nodes[2]
    original.stop()
    folder = trio.folder / "copy"
    shutil.copytree(original.folder, folder)
    trio.start()
    http, port = free_port(), low_port()
    copy = TrioNode(folder, original.name, "127.0.0.1", http)
    copy.settings |= original.settings | {
        "http.port": http, "cluster.port": port, "cluster.advertise": f"127.0.0.1:{port}",
    }  # fmt: skip
    copy.log_path = trio.folder / "copy.log"
    strangers.append(copy)
    stage.fault("copy started", original.name)
    copy.launch()
    wait_until(lambda: "copied data" in copy.log() or not copy.is_running(),
               "the copy to be refused", 20)  # fmt: skip
    stage.wait_progress(20)
    for other in trio.nodes[:2]:
        wait_until(lambda o=other: "this node id is linked from" in o.log(),
                   f"{other.name} to say that it takes no second node3")  # fmt: skip
    assert not copy.is_ready()
    copy.kill()
    stage.fault("copy started", original.name, on=False)
    stage.end()


