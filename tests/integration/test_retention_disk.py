# SPDX-License-Identifier: MIT
"""What a room does not keep leaves the disk of every node: tables, logs, and logs before tables."""

import secrets

import pytest
from harness import process
from harness.client import Client
from harness.names import fresh
from harness.process import Cluster
from harness.waiting import PATIENCE_S, wait_until

MESSAGES = 400
AT_ONCE = 100
PADDING = 8000
KEPT = 5
# Of what is random nothing is saved by compression, and each message is there at least twice.
WRITTEN = 2 * MESSAGES * PADDING // 2
WITHIN_S = 30


@pytest.fixture(scope="module")
def nodes(programs):
    # Disks are given something back after ten looks at rooms, here once a second. The file of the
    # search keeps words for longer.
    made = Cluster(retention__check_every_ms=100, search__enabled="false")
    with process.running(made):
        made.settle()
        yield made.nodes


def store_files(node):
    """(name, bytes) of everything in the node's folder that can be read now."""
    for path in sorted(node.folder.rglob("*")):
        try:
            if path.is_file():
                yield path.name, path.read_bytes()
        except FileNotFoundError:
            pass  # a table that has just been replaced


def traces(node, mark):
    return [name for name, data in store_files(node) if mark in data]


def size_of(node):
    return sum(len(data) for _, data in store_files(node))


def write(client, room, mark):
    for first in range(0, MESSAGES, AT_ONCE):
        sent = [
            client.post(
                "send_message_request",
                room_id=room, message_type="text",
                content=f"{mark} {i} {secrets.token_hex(PADDING // 2)}",
            )
            for i in range(first, first + AT_ONCE)
        ]  # fmt: skip
        for future in sent:
            answer = future.result(PATIENCE_S)["data"]
            assert answer["type"] != "error", answer


def fill(nodes, owner, mark):
    """A new room whose messages have reached every disk; and how large the nodes were before."""
    room = owner.create_room("Short", room_type="public")["id"]
    before = [size_of(node) for node in nodes]
    write(owner, room, mark)
    for node, size in zip(nodes, before):
        wait_until(lambda n=node: traces(n, mark.encode()), f"{mark} on {node.name}")
        wait_until(lambda n=node, s=size: size_of(n) - s > WRITTEN, f"it all on {node.name}")
    return room, before


def wait_until_gone(nodes, mark, before):
    for node, size in zip(nodes, before):
        wait_until(
            lambda n=node: not traces(n, mark.encode()), f"{mark} to leave {node.name}", WITHIN_S
        )
        wait_until(
            lambda n=node, s=size: size_of(n) - s < WRITTEN // 8,
            f"{node.name} to have its disk back", WITHIN_S,
        )  # fmt: skip


@pytest.mark.parametrize("compacted", [False, True], ids=["as written", "in deep tables"])
def test_messages_that_are_not_kept_leave_every_disk(nodes, compacted):
    mark = fresh("gone")
    with Client(nodes[0]) as owner:
        owner.register(fresh("owner"))
        room, before = fill(nodes, owner, mark)
        newer = [f"{fresh('stays')} {i}" for i in range(KEPT)]
        for text in newer:
            owner.send(room, text)
        if compacted:
            rows = nodes[0].rows("store compact", timeout_s=60)
            assert [row["state"] for row in rows] == ["done"] * len(nodes)
        owner.ask("update_room_request", room_id=room, retention={"max_messages": KEPT})
        wait_until_gone(nodes, mark, before)
        token = owner.token
    for node in nodes:
        with Client(node) as reader:
            reader.log_in(token=token)
            answer = reader.ask("history_request", room_id=room)
            assert [m["content"] for m in answer["messages"]] == newer


def test_messages_of_a_deleted_room_leave_every_disk(nodes):
    mark = fresh("gone")
    with Client(nodes[1]) as owner:
        owner.register(fresh("owner"))
        room, before = fill(nodes, owner, mark)
        owner.ask("delete_room_request", room_id=room)
        wait_until_gone(nodes, mark, before)
        assert owner.code("history_request", room_id=room) == "ROOM_NOT_FOUND"
