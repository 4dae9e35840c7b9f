# SPDX-License-Identifier: MIT
"""The tool: two people in a pipe, reconnecting to another node, and the console's answers."""

import json
import subprocess

import pytest
from harness import names
from harness.client import Client
from harness.names import fresh
from harness.process import TOOL, clean_environment
from harness.waiting import wait_until


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()
    cluster.wait_even()


def test_two_people_in_a_pipe(cluster, chat):
    alias = fresh("pipe")
    alice = chat([cluster.nodes[0]], fresh("alice"), "--register")
    alice.say(f'/create "The pipe" {alias}')
    room = alice.wait("the room", event="entered")["room_id"]
    bob = chat([cluster.nodes[1]], fresh("bob"), "--register", "--room", alias)
    bob.wait("the room", event="entered", room_id=room)
    alice.say("hello bob 👋", "//not a command")
    seq = bob.wait_message("hello bob 👋")["seq"]
    assert bob.wait_message("/not a command")["seq"] == seq + 1
    bob.say("hello alice \u001b[31m")
    alice.wait_message("hello alice \u001b[31m")
    alice.wait("an acknowledgement", event="ack", seq=seq)
    assert alice.finish() == 0 and bob.finish() == 0, "0 when all was acknowledged"


def test_everything_of_a_pipe_is_sent_before_the_end(cluster, chat):
    with Client(cluster.nodes[2]) as reader:
        reader.register(fresh("reader"))
        room = reader.create_room("r", alias=fresh("many"), room_type="public")
        writer = chat([cluster.nodes[0]], fresh("writer"), "--register", "--room", room["alias"])
        lines = [f"line {i}" for i in range(300)]
        writer.say(*lines)
        assert writer.finish() == 0
        assert [m["content"] for m in reader.whole_history(room["id"])] == lines, "all, in order"


def test_reconnecting_to_another_node(cluster, chat):
    alias = names.name_led_by("node1", cluster.leaders(), fresh("re") + "x", names.room_id)
    user = names.name_led_by("node1", cluster.leaders(), fresh("bob") + "x", names.user_id)
    with Client(cluster.nodes[0]) as alice:
        name = names.name_led_by("node1", cluster.leaders(), fresh("al") + "x", names.user_id)
        alice.register(name)
        room = alice.create_room("r", alias=alias, room_type="public")["id"]
        bob = chat([cluster.nodes[1], cluster.nodes[2], cluster.nodes[0]], user, "--register",
                   "--room", alias)  # fmt: skip
        bob.wait("the room", event="entered", room_id=room)
        alice.send(room, "before")
        bob.wait_message("before")
        cluster.nodes[1].stop()
        alice.send(room, "meanwhile")
        bob.wait_message("meanwhile")
        bob.say("I am back")
        alice.wait_message("I am back")
        seqs = [e["seq"] for e in bob.events if e.get("event") == "message_received"]
        assert seqs == sorted(set(seqs)), f"nothing twice: {seqs}"
        assert seqs == list(range(seqs[0], seqs[-1] + 1)), f"nothing missed: {seqs}"
        assert bob.finish() == 0


def test_a_message_waits_for_the_node_that_leads_its_room(cluster, chat):
    alias = names.name_led_by("node3", cluster.leaders(), fresh("away") + "x", names.room_id)
    user = names.name_led_by("node1", cluster.leaders(), fresh("bob") + "x", names.user_id)
    bob = chat([cluster.nodes[0]], user, "--register")
    bob.say(f"/create away {alias}")
    room = bob.wait("the room", event="entered")["room_id"]
    cluster.node("node3").stop()
    bob.say("while it is away")
    cluster.start()
    ack = bob.wait("the acknowledgement, once the room is back", event="ack", room_id=room)
    bob.wait_message("while it is away")
    assert not bob.all(event="error"), "nothing was refused meanwhile"
    assert bob.finish() == 0
    with Client(cluster.nodes[1]) as reader:
        reader.register(names.name_led_by("node1", cluster.leaders(), fresh("re"), names.user_id))
        reader.ask("join_room_request", room_id=room)
        found = [m for m in reader.whole_history(room) if m["content"] == "while it is away"]
        assert [m["seq"] for m in found] == [ack["seq"]], "once"


def test_what_chat_cannot_do(cluster, chat):
    nobody = chat([cluster.nodes[0]], fresh("nobody"), password="wrong password")
    assert nobody.leave() == 4, "4: refused"
    assert nobody.complaints, "with a sentence"
    lost = chat([cluster.nodes[0]], fresh("lost"), "--register")
    lost.say("/create here")
    lost.wait("the room", event="entered")
    lost.say("/jion there")
    assert lost.finish() == 1, "1: a command was mistyped"
    assert "/join" in lost.complaints, f"did you mean /join: {lost.complaints}"


# -- the console -------------------------------------------------------------------------------


COLUMNS = {
    "nodes": {"name", "id", "state", "address", "version", "shards_led", "connections", "actors"},
    "shards": {"shard", "state", "leader", "term", "replicas"},
    "actors": {"kind", "name", "node", "queue_depth", "handled", "restarts"},
}  # fmt: skip


@pytest.mark.parametrize("verb", COLUMNS)
def test_lists_as_json(cluster, verb):
    before = cluster.nodes[0].console("-o", "json", verb)
    after = cluster.nodes[1].console(verb, "-o", "json")
    for result in (before, after):
        assert result.returncode == 0, f"{verb}: {result.stderr}"
        rows = json.loads(result.stdout)
        assert isinstance(rows, list) and rows, f"{verb}: one array of objects"
        for row in rows:
            assert COLUMNS[verb] <= set(row), f"{verb}: expected {COLUMNS[verb]}, got {row}"
            assert all(key == key.lower() and " " not in key for key in row), "snake_case"
    nodes = {row.get("node") for row in json.loads(before.stdout)}
    assert verb != "actors" or nodes == {"node1", "node2", "node3"}, f"all nodes, got {nodes}"
    table = cluster.nodes[0].console(verb)
    assert table.returncode == 0 and len(table.stdout.splitlines()) > len(rows) // 2
    singular = cluster.nodes[0].console(verb.rstrip("s"), "-o", "json")
    assert singular.returncode == 0, "singular and plural are the same"


def test_actors_of_all_kinds(cluster):
    with Client(cluster.nodes[0]) as c:
        c.register(fresh("alice"))
        room = c.create_room("r")["id"]
        c.send(room, "x")
        c.wait_message("x")  # so its relay is there
        result = cluster.nodes[2].console("actors", "-o", "json")
        kinds = {row["kind"] for row in json.loads(result.stdout)}
        expected = {"node", "cluster", "link", "gate", "shard", "room", "user", "relay", "session",
                    "connection", "worker", "admin"}  # fmt: skip
        assert expected <= kinds, f"missing: {expected - kinds}"
        result = cluster.nodes[1].console("actors", "--kind", "room", "-o", "json")
        rooms = json.loads(result.stdout)
        assert {row["kind"] for row in rooms} == {"room"} and room in {r["name"] for r in rooms}


def test_a_list_of_more_than_ten_thousand_is_whole(start_node):
    node = start_node(log__durability="os")
    user = fresh("many")
    issued = node.console("token", "issue", "--user", user, "--create", "--count", "10100",
                          timeout_s=120)  # fmt: skip
    assert issued.returncode == 0 and len(issued.stdout.splitlines()) == 10_100, issued.stderr
    result = node.console("actors", "--kind", "user", "--limit", "20000", "-o", "json")
    assert result.returncode == 0, result.stderr
    assert len({row["name"] for row in json.loads(result.stdout)}) >= 10_100


def test_tokens(cluster):
    user = fresh("bot")
    one = cluster.nodes[0].console("token", "issue", "--user", user)
    assert one.returncode == 3, f"3: there is no such account; got {one.returncode} {one.stderr}"
    one = cluster.nodes[0].console("token", "issue", "--user", user, "--create")
    assert one.returncode == 0 and len(one.stdout.splitlines()) == 1, one.stderr
    with Client(cluster.nodes[1], token=one.stdout.strip()) as c:
        assert c.ask("user_request", username=user)["user"]["id"] == names.user_id(user)
    many = cluster.nodes[2].console("token", "issue", "--user", user, "--create", "--count", "50")
    tokens = many.stdout.splitlines()
    assert many.returncode == 0 and len(set(tokens)) == 50, many.stderr
    for number in (1, 50):
        with Client(cluster.nodes[0], token=tokens[number - 1]) as c:
            got = c.ask("user_request", username=f"{user}{number}")["user"]["id"]
            assert got == names.user_id(f"{user}{number}"), "in the order of the names"


def test_exit_codes(cluster):
    node = cluster.nodes[0]
    wait_until(lambda: node.console("health").returncode == 0, "all to be ready")
    for words in (["nods"], [], ["nodes", "--no-such"], ["token", "issue"], ["-o", "xml", "nodes"],
                  ["token", "issue", "--user", "no spaces"]):  # fmt: skip
        result = node.console(*words)
        assert result.returncode == 2, f"{words}: expected 2, got {result.returncode}"
        assert result.stderr and not result.stdout, f"{words}: a sentence on stderr"
    assert "nodes" in node.console("nods").stderr, "the nearest verb is named"
    assert node.console("chaos", "fail", "room").returncode == 4, "4: refused"
    gone = subprocess.run([str(TOOL), "console", "--node", "/nonexistent/admin.sock", "nodes"],
                          env=clean_environment(), capture_output=True, text=True)  # fmt: skip
    assert gone.returncode == 5 and gone.stderr, f"5: unreachable, got {gone.returncode}"


def test_a_missing_node_is_exit_status_7(cluster):
    cluster.nodes[1].stop()

    def told():
        result = cluster.nodes[0].console("-o", "json", "nodes")
        shown = {row["name"]: row["state"] for row in json.loads(result.stdout or "[]")}
        wanted = {"node1": "ready", "node2": "down", "node3": "ready"}
        return result if result.returncode == 7 and shown == wanted else None

    result = wait_until(told, "exit status 7, and which of them is down")
    assert "node2" in result.stderr, f"the missing node is named: {result.stderr}"
    cluster.start()
    wait_until(lambda: cluster.nodes[0].console("nodes").returncode == 0, "all three back")


def test_the_socket_is_the_owners_alone(cluster):
    mode = cluster.nodes[0].socket_path.stat().st_mode & 0o777
    assert mode == 0o600, f"admin.sock: expected 0600, got {mode:o}"
