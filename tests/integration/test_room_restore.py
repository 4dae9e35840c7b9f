# SPDX-License-Identifier: MIT
"""A room from its file: what it has, who may, and what becomes of one that breaks off."""

import json
import subprocess
from uuid import UUID, uuid5

import pytest
from harness import process
from harness.client import Client, Refused, new_id
from harness.names import fresh
from harness.process import TOOL, Cluster, clean_environment
from harness.waiting import PATIENCE_S, wait_until
from harness.web import Browser


def room_tool(node, verb, *arguments, token, at_node=True):
    environment = clean_environment()
    environment["GREENROOM_TOKEN"] = token
    at = ("--node", f"127.0.0.1:{node.http_port}") if at_node else ()
    return subprocess.run(
        [str(TOOL), "room", verb, *at, *map(str, arguments)], env=environment,
        capture_output=True, timeout=4 * PATIENCE_S,
    )  # fmt: skip


@pytest.fixture
def people(node, person):
    """alice is an admin of the server, bob owns a room in which carol is."""
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    node.rows("user role", user=alice.user["username"], role="admin")
    return alice, bob, carol


def lively_room(bob, carol):
    room = bob.create_room("Tea ☕", alias=fresh("tea"), members=[carol.user["id"]])["id"]
    acks = [bob.send(room, f"text {i} ü\n", metadata={"n": i}) for i in range(6)]
    acks.append(carol.send(room, "answer", reply_to=acks[0]["id"]))
    at = {"room_id": room}
    bob.ask("edit_message_request", id=acks[1]["id"], content="changed", **at)
    bob.ask("delete_message_request", id=acks[2]["id"], **at)
    for one in (bob, carol):
        one.ask("reaction_request", id=acks[3]["id"], emoji="👍", add=True, **at)
    bob.ask("pin_request", id=acks[3]["id"], pinned=True, **at)
    return room


def export(node, owner, room, path):
    result = room_tool(node, "export", room, token=owner.token)
    assert result.returncode == 0, result.stderr.decode()
    path.write_bytes(result.stdout)
    return [json.loads(line) for line in result.stdout.splitlines()]


def restored(result):
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode().split()[1].rstrip(":")


def shown(client, room):
    """The messages of a room, without what may be another in a restored one."""
    return [
        {k: v for k, v in m.items() if k not in ("room_id", "status")}
        for m in client.history(room)["messages"]
    ]


def test_a_room_comes_back_as_it_was(node, people, tmp_path):
    alice, bob, carol = people
    room = lively_room(bob, carol)
    lines = export(node, bob, room, tmp_path / "room.jsonl")
    result = room_tool(node, "restore", tmp_path / "room.jsonl", token=alice.token)
    copy = restored(result)
    assert copy != room

    def listed(who):
        rooms = who.ask("room_list_request", scope="joined")["rooms"]
        return next((r for r in rooms if r["id"] == copy), None)

    for who in (bob, carol):
        wait_until(lambda: listed(who), "the room on his list", PATIENCE_S)
    record = listed(bob)
    assert (record["name"], record["alias"], record["role"]) == ("Tea ☕", None, "owner")
    assert record["last_seq"] == lines[0]["last_seq"] + 1
    assert shown(bob, copy) == shown(bob, room)
    # It goes on, and everybody hears it.
    carol.send(copy, "we are back")
    bob.wait_message("we are back")
    again = export(node, bob, copy, tmp_path / "again.jsonl")
    old = [e["digest"] for e in lines if e["line"] == "entry"]
    assert [e["digest"] for e in again if e["line"] == "entry"][: len(old)] == old


def test_under_its_own_id_when_that_is_free(start_node, tmp_path):
    first, second = start_node(), start_node()
    with Client(first) as bob, Client(first) as carol:
        bob.register(fresh("bob"))
        carol.register(fresh("carol"))
        room = lively_room(bob, carol)
        export(first, bob, room, tmp_path / "room.jsonl")
        name = bob.user["username"]
        taken_by = fresh("root")
        with Client(first) as root:
            root.register(taken_by)
            first.rows("user role", user=taken_by, role="admin")
            taken = room_tool(
                first, "restore", "--keep-id", tmp_path / "room.jsonl", token=root.token
            )
            assert taken.returncode == 1 and b"taken" in taken.stderr
    with Client(second) as bob, Client(second) as root:
        bob.register(name)
        root.register(fresh("root"))
        second.rows("user role", user=root.user["username"], role="admin")
        result = room_tool(
            second, "restore", "--keep-id", tmp_path / "room.jsonl", token=root.token
        )
        assert restored(result) == room
        wait_until(
            lambda: bob.ask("room_list_request", scope="joined")["rooms"], "the list", PATIENCE_S
        )
        assert bob.ask("room_request", room_id=room)["room"]["alias"].startswith("tea")
        assert len(bob.history(room)["messages"]) == 7


def test_what_is_forged_makes_no_room(node, people, tmp_path):
    alice, bob, carol = people
    room = lively_room(bob, carol)
    lines = export(node, bob, room, tmp_path / "room.jsonl")
    web = Browser(node, alice.token)
    at = f"/api/admin/rooms/{room}/restore"
    lines[3]["message"]["content"] = "forged"
    path = tmp_path / "forged.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = room_tool(node, "restore", path, token=alice.token)
    assert result.returncode == 1 and b"nothing was sent" in result.stderr
    # Nor when it is sent all the same.
    web.refusal("POST", at, 409, "CONFLICT", json={"lines": path.read_text()})
    for body, code, status in (
        ({}, "INVALID_MESSAGE", 400), ({"lines": 7}, "INVALID_MESSAGE", 400),
        ({"lines": "tea"}, "INVALID_MESSAGE", 400), ({"lines": ""}, "INVALID_MESSAGE", 400),
        ({"lines": " " * (512 * 1024 + 1)}, "TOO_LARGE", 413),
    ):  # fmt: skip
        error, _ = web.refusal("POST", at, status, code, json=body)
        assert error["details"]["field"] == "lines"


def copy_id(creator, key):
    """Of the room that this person restores with this key."""
    space = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
    return str(uuid5(space, f"greenroom:room-of:{creator.user['id']}:{key}"))


def begun(node, alice, bob, carol, tmp_path):
    """A room of which only the first half has come."""
    room = lively_room(bob, carol)
    lines = export(node, bob, room, tmp_path / "room.jsonl")
    key = new_id()
    web = Browser(node, alice.token)
    copy = copy_id(alice, key)
    text = "".join(json.dumps(line) + "\n" for line in lines[:6])
    answer = web.call(
        "POST", f"/api/admin/rooms/{copy}/restore", headers={"Idempotency-Key": key},
        json={"lines": text},
    )  # fmt: skip
    assert answer["room"]["last_seq"] == 5
    return web, room, copy


def test_half_a_room_is_seen_by_nobody_and_goes_on(node, people, tmp_path):
    alice, bob, carol = people
    web, room, copy = begun(node, alice, bob, carol, tmp_path)
    for who in (alice, bob, carol):
        assert who.code("room_request", room_id=copy) == "ROOM_NOT_FOUND"
    assert bob.code("history_request", room_id=copy) == "ROOM_NOT_FOUND"
    result = room_tool(
        node, "restore", "--go-on", copy, tmp_path / "room.jsonl", token=alice.token
    )
    assert restored(result) == copy
    assert shown(bob, copy) == shown(bob, room)
    web.refusal("DELETE", f"/api/admin/rooms/{copy}/restore", 409, "CONFLICT")
    actions = [
        json.loads(line) for line in (node.folder / "audit.jsonl").read_text().splitlines()
    ]
    about = [e for e in actions if e["on"] == f"room {copy}"]
    assert about and {e["action"] for e in about} == {"room restore", "room restore abandon"}


def test_half_a_room_can_be_given_up(node, people, tmp_path):
    alice, bob, carol = people
    _, room, copy = begun(node, alice, bob, carol, tmp_path)
    path = tmp_path / "room.jsonl"
    gone = room_tool(node, "restore", "--go-on", copy, "--abandon", token=alice.token)
    assert gone.returncode == 0, gone.stderr.decode()
    assert bob.code("room_request", room_id=copy) == "ROOM_NOT_FOUND"
    result = room_tool(node, "restore", path, token=alice.token)
    assert shown(bob, restored(result)) == shown(bob, room)


def test_only_server_admins_restore(node, people, tmp_path):
    _, bob, carol = people
    room = lively_room(bob, carol)
    export(node, bob, room, tmp_path / "room.jsonl")
    result = room_tool(node, "restore", tmp_path / "room.jsonl", token=bob.token)
    assert result.returncode == 4
    web = Browser(node, bob.token)
    at = f"/api/admin/rooms/{room}/restore"
    web.refusal("POST", at, 403, "FORBIDDEN", json={"lines": "{}"})
    web.refusal("DELETE", at, 403, "FORBIDDEN")
    Browser(node).refusal("POST", at, 401, "UNAUTHORIZED", json={"lines": "{}"})


def test_a_restored_room_is_on_all_replicas(programs, tmp_path):
    cluster = Cluster()
    try:
        cluster.start().settle()
        node = cluster.nodes[0]
        with Client(node) as alice, Client(node) as bob, Client(node) as carol:
            for one, name in ((alice, "root"), (bob, "bob"), (carol, "carol")):
                one.register(fresh(name))
            node.rows("user role", user=alice.user["username"], role="admin")
            room = lively_room(bob, carol)
            export(node, bob, room, tmp_path / "room.jsonl")
            copy = restored(
                room_tool(cluster.nodes[1], "restore", tmp_path / "room.jsonl", token=alice.token)
            )
            before = shown(bob, room)
            cluster.nodes[2].kill()

            def same():
                try:
                    return shown(bob, copy) == before
                except Refused:
                    return False

            wait_until(same, "the room by whoever leads it", 4 * PATIENCE_S)
    finally:
        cluster.kill()
        process.STARTED.remove(cluster)
