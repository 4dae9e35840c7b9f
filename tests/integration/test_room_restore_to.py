# SPDX-License-Identifier: MIT
"""A room as it was at an entry of its file: what it shows, what is lost, and how it goes on."""

import hashlib
import json

import pytest
from harness.client import Client, new_id
from harness.names import fresh
from harness.waiting import PATIENCE_S, wait_until
from harness.web import Browser
from test_room_restore import copy_id, export, restored, room_tool, shown


@pytest.fixture
def people(node, person):
    """alice is an admin of the server, bob owns a room with carol in it, to which dan comes."""
    alice, bob, carol, dan = (person(stem) for stem in ("alice", "bob", "carol", "dan"))
    node.rows("user role", user=alice.user["username"], role="admin")
    return alice, bob, carol, dan


LAST = 12
#: A message's seq, and the last entry that changes what it says.
CHANGED = {2: 6, 3: 8, 4: 12}


class Story:
    """A public room and what its history said after each entry."""

    def __init__(self, bob, carol, dan):
        self.room = bob.create_room(
            "Tea", alias=fresh("tea"), room_type="public", members=[carol.user["id"]]
        )["id"]  # 1
        self.bob, self.then, self.ids = bob, {1: []}, {}
        at = {"room_id": self.room}
        self.say(bob, "one")  # 2
        self.say(carol, "two")  # 3
        self.say(bob, "three")  # 4
        self.do(carol, "reaction_request", id=self.ids[2], emoji="👍", add=True)  # 5
        self.do(bob, "edit_message_request", id=self.ids[2], content="one!")  # 6
        self.do(bob, "pin_request", id=self.ids[4], pinned=True)  # 7
        self.do(carol, "delete_message_request", id=self.ids[3])  # 8
        self.do(bob, "remove_member_request", user_id=carol.user["id"])  # 9
        dan.ask("join_room_request", **at)  # 10
        self.then[10] = shown(bob, self.room)
        self.say(dan, "four")  # 11
        self.do(bob, "edit_message_request", id=self.ids[4], content="three!")  # 12
        assert len(self.then) == LAST

    def say(self, who, content):
        ack = who.send(self.room, content)
        self.ids[ack["seq"]] = ack["id"]
        self.then[len(self.then) + 1] = shown(self.bob, self.room)

    def do(self, who, type_, **fields):
        who.ask(type_, room_id=self.room, **fields)
        self.then[len(self.then) + 1] = shown(self.bob, self.room)


def lost_at(to):
    return [seq for seq, changed in CHANGED.items() if seq <= to < changed]


def audited(node, copy):
    lines = (node.folder / "audit.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["on"] == f"room {copy}"]


def restore(node, path, token, *options):
    return room_tool(node, "restore", *options, path, token=token)


def half(node, alice, lines, to):
    """A room up to `to`, of which only the first entries have come."""
    key = new_id()
    copy = copy_id(alice, key)
    answer = Browser(node, alice.token).call(
        "POST", f"/api/admin/rooms/{copy}/restore", headers={"Idempotency-Key": key},
        json={"lines": "".join(json.dumps(line) + "\n" for line in lines[:4]), "to": to},
    )  # fmt: skip
    assert answer["room"]["last_seq"] == 3
    return copy


@pytest.mark.parametrize("to", [1, 4, 7, 9, LAST])
def test_a_room_is_as_it_was_at_an_entry(node, people, tmp_path, to):
    alice, bob, carol, dan = people
    story = Story(bob, carol, dan)
    path = tmp_path / "room.jsonl"
    lines = export(node, bob, story.room, path)
    result = restore(node, path, alice.token, "--to", to)
    copy = restored(result)
    lost = lost_at(to)
    said = result.stdout.decode()
    assert f"restored up to entry {to}," in said
    named = [line for line in said.splitlines() if line.startswith("  message ")]
    assert [int(line.split()[1].rstrip(",")) for line in named] == lost, said

    # What it shows is what history said then; what is lost is a place.
    now = {m["seq"]: m for m in shown(bob, copy)}
    then = {m["seq"]: m for m in story.then[to]}
    assert list(now) == list(then)
    for seq, message in then.items():
        if seq not in lost:
            assert now[seq] == message
            continue
        assert now[seq]["deleted_at"] and not now[seq]["content"]
        for name in ("id", "sender_id", "created_at", "message_id"):
            assert now[seq][name] == message[name], name

    # Its log is the file's up to there; behind it what is lost is deleted, and it is opened.
    again = tmp_path / "again.jsonl"
    new = export(node, bob, copy, again)
    verified = room_tool(node, "verify", again, token=bob.token, at_node=False)
    assert verified.returncode == 0, verified.stderr.decode()
    entries = [line for line in new if line["line"] == "entry"]
    old = [line["digest"] for line in lines if line["line"] == "entry"][:to]
    assert [e["digest"] for e in entries[:to]] == old
    assert [e["message_seq"] for e in entries[to:-1]] == lost
    assert {e["by"] for e in entries[to:]} == {alice.user["id"]}
    assert [e["seq"] for e in entries] == list(range(1, to + len(lost) + 2))
    head = bytes(32)
    for digest in old:
        head = hashlib.sha256(head + bytes.fromhex(digest)).digest()
    assert f"head {head.hex()} up to entry {to}" in said
    members = {line["user_id"] for line in new if line["line"] == "member"}
    wanted = {bob.user["id"]}
    wanted |= {carol.user["id"]} if to < 9 else set()
    wanted |= {dan.user["id"]} if to >= 10 else set()
    assert members == wanted

    # And it goes on: without a hole, for who is in it and who comes.
    last = to + len(lost) + 1
    everything = {"first_seq": 1, "last_seq": last, "complete": True}
    wait_until(
        lambda: bob.ask("resume_request", rooms={copy: 0})["rooms"][copy] == everything,
        "the whole room to be replayed", PATIENCE_S,
    )  # fmt: skip
    wait_until(
        lambda: {e["seq"] for e in bob.room_events(copy)} == set(range(1, last + 1)),
        "all of its entries", PATIENCE_S,
    )  # fmt: skip
    if dan.user["id"] not in wanted:
        assert dan.ask("join_room_request", room_id=copy)["last_seq"] == last + 1
        last += 1
    ack = dan.send(copy, "here again")
    assert ack["seq"] == last + 1
    bob.wait_message("here again")
    for seq in set(now) - set(lost):
        if then[seq]["sender_id"] == bob.user["id"]:
            bob.ask("edit_message_request", room_id=copy, id=then[seq]["id"], content="anew")
    if lost:
        request = {"room_id": copy, "id": then[lost[0]]["id"], "content": "anew"}
        wanted_code = "CONFLICT" if then[lost[0]]["sender_id"] == bob.user["id"] else "FORBIDDEN"
        assert bob.code("edit_message_request", **request) == wanted_code
    export(node, bob, copy, again)
    verified = room_tool(node, "verify", again, token=bob.token, at_node=False)
    assert verified.returncode == 0, verified.stderr.decode()
    about = audited(node, copy)
    assert about and all(f"up to entry {to}" in entry["details"] for entry in about)


def test_what_was_restored_can_be_restored(node, people, tmp_path):
    alice, bob, carol, dan = people
    story = Story(bob, carol, dan)
    path = tmp_path / "room.jsonl"
    export(node, bob, story.room, path)
    first = restored(restore(node, path, alice.token, "--to", 7))
    export(node, bob, first, path)
    second = restored(restore(node, path, alice.token, "--to", 7))
    third = restored(restore(node, path, alice.token))
    assert shown(bob, third) == shown(bob, first)
    for copy in (first, second, third):
        assert [m["content"] or "" for m in shown(bob, copy)] == ["one!", "", ""]


def test_an_entry_that_cannot_be(node, people, tmp_path):
    alice, bob, carol, dan = people
    story = Story(bob, carol, dan)
    path = tmp_path / "room.jsonl"
    export(node, bob, story.room, path)
    for to in (0, LAST + 1):
        result = restore(node, path, alice.token, "--to", to)
        assert result.returncode == 2 and f"1 to {LAST}".encode() in result.stderr, result.stderr
    for to in ("tea", "", "7 ", "-7"):
        assert restore(node, path, alice.token, f"--to={to}").returncode == 2, to
    assert restore(node, path, bob.token, "--to", 7).returncode == 4
    web = Browser(node, alice.token)
    at = f"/api/admin/rooms/{story.room}/restore"
    for to in (0, -1, 1.5, "7", 2**63 - 1):
        error, _ = web.refusal(
            "POST", at, 400, "INVALID_MESSAGE", json={"lines": "{}", "to": to}
        )
        assert error["details"]["field"] == "to"
    Browser(node, bob.token).refusal("POST", at, 403, "FORBIDDEN", json={"lines": "{}", "to": 7})


def test_it_is_gone_on_with_to_the_same_entry(node, people, tmp_path):
    alice, bob, carol, dan = people
    story = Story(bob, carol, dan)
    path = tmp_path / "room.jsonl"
    lines = export(node, bob, story.room, path)
    copy = half(node, alice, lines, to=7)
    assert bob.code("room_request", room_id=copy) == "ROOM_NOT_FOUND"
    for other in (("--to", 6), ("--to", 9), ()):
        result = restore(node, path, alice.token, "--go-on", copy, *other)
        assert result.returncode == 1 and b"up to entry 7" in result.stderr, result.stderr
    result = restore(node, path, alice.token, "--go-on", copy, "--to", 7)
    assert restored(result) == copy
    assert [m["content"] or "" for m in shown(bob, copy)] == ["one!", "", ""]
    # Once it is there too.
    assert restored(restore(node, path, alice.token, "--go-on", copy, "--to", 7)) == copy
    assert restore(node, path, alice.token, "--go-on", copy, "--to", 8).returncode == 1

    other = half(node, alice, lines, to=7)
    gone = room_tool(node, "restore", "--go-on", other, "--to", 7, "--abandon", token=alice.token)
    assert gone.returncode == 0, gone.stderr.decode()


def test_what_is_lost_has_to_be_said(node, people, tmp_path):
    alice, bob, carol, dan = people
    story = Story(bob, carol, dan)
    lines = export(node, bob, story.room, tmp_path / "room.jsonl")
    key = new_id()
    copy = copy_id(alice, key)
    web = Browser(node, alice.token)

    def send(last, code=None):
        head = bytes(32)
        for line in lines[1:8]:
            head = hashlib.sha256(head + bytes.fromhex(line["digest"])).digest()
        chain = {"line": "chain", "last_seq": 7, "chain": head.hex()}
        text = "".join(json.dumps(line) + "\n" for line in [*lines[:8], chain, *last])
        options = {"headers": {"Idempotency-Key": key}, "json": {"lines": text, "to": 7}}
        at = f"/api/admin/rooms/{copy}/restore"
        if code is None:
            return web.call("POST", at, **options)
        error, _ = web.refusal("POST", at, 400, code, **options)
        return error

    lost = [{"line": "lost", "message_seq": seq} for seq in lost_at(7)]
    assert len(lost) == 2
    end = {"line": "end"}
    for wrong in ([end], [lost[0], end], [*lost, {"line": "lost", "message_seq": 2}, end]):
        assert send(wrong, "INVALID_MESSAGE")["details"]["field"] == "lines"
    assert send([*lost, end])["room"]["last_seq"] == 7 + 2 + 1


def test_what_retention_took_is_no_entry_to_go_to(start_node, tmp_path):
    node = start_node(retention__check_every_ms=100)
    with Client(node) as root, Client(node) as bob:
        root.register(fresh("root"))
        bob.register(fresh("bob"))
        node.rows("user role", user=root.user["username"], role="admin")
        room = bob.create_room("Short")["id"]  # 1
        acks = [bob.send(room, f"text {i}") for i in range(6)]  # 2 to 7
        bob.ask("update_room_request", room_id=room, retention={"max_messages": 3})  # 8
        wait_until(lambda: len(shown(bob, room)) == 3, "the oldest to go", PATIENCE_S)
        bob.ask("edit_message_request", room_id=room, id=acks[5]["id"], content="changed")  # 9
        path = tmp_path / "room.jsonl"
        lines = export(node, bob, room, path)
        assert lines[0]["purged_seq"] == 4
        for to in (1, 4, 10):
            result = restore(node, path, root.token, "--to", to)
            assert result.returncode == 2 and b"5 to 9" in result.stderr, result.stderr
        copy = restored(restore(node, path, root.token, "--to", 7))
        wait_until(lambda: bob.ask("room_request", room_id=copy), "the room", PATIENCE_S)
        assert [m["content"] or "" for m in shown(bob, copy)] == ["text 3", "text 4", ""]
        # It is kept as short as the first.
        bob.send(copy, "one more")
        wait_until(lambda: len(shown(bob, copy)) == 3, "the oldest one to go", PATIENCE_S)
        new = export(node, bob, copy, path)
        assert new[0]["purged_seq"] == 5
        verified = room_tool(node, "verify", path, token=bob.token, at_node=False)
        assert verified.returncode == 0, verified.stderr.decode()
