# SPDX-License-Identifier: MIT
"""A room as a file: who gets it, what is in it, and what its check finds."""

import json
import subprocess

import pytest
from harness import names, process
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.process import TOOL, Cluster, clean_environment
from harness.waiting import PATIENCE_S, wait_until
from harness.web import Browser


@pytest.fixture
def node(start_node):
    return start_node(retention__check_every_ms=100)


@pytest.fixture
def owner(node):
    with Client(node) as client:
        client.name = fresh("owner")
        client.register(client.name)
        yield client


def room_tool(*arguments, token=None, password=None):
    environment = clean_environment({})
    if token:
        environment["GREENROOM_TOKEN"] = token
    if password:
        environment["GREENROOM_PASSWORD"] = password
    return subprocess.run(
        [str(TOOL), "room", *map(str, arguments)], env=environment, capture_output=True,
        timeout=4 * PATIENCE_S,
    )  # fmt: skip


def export(node, room, token, path):
    result = room_tool("export", "--node", f"127.0.0.1:{node.http_port}", room, token=token)
    assert result.returncode == 0, result.stderr.decode()
    path.write_bytes(result.stdout)
    return [json.loads(line) for line in result.stdout.splitlines()]


def verify(path, *options):
    result = room_tool("verify", path, *options)
    return result.returncode, result.stdout.decode() + result.stderr.decode()


def lively_room(owner, count=12):
    """A room with messages, one edited, one deleted, one with a reaction."""
    room = owner.create_room("Tea ☕", alias=fresh("tea"), room_type="public")
    acks = [
        owner.send(room["id"], f"text {i} ü\n", metadata={"n": i, "f": 1.5, "deep": [{"k": None}]})
        for i in range(count)
    ]
    at = {"room_id": room["id"]}
    owner.ask("edit_message_request", id=acks[1]["id"], content="changed", **at)
    owner.ask("delete_message_request", id=acks[2]["id"], **at)
    owner.ask("reaction_request", id=acks[3]["id"], emoji="👍", add=True, **at)
    owner.ask("pin_request", id=acks[3]["id"], pinned=True, **at)
    return room, acks


def of_kind(lines, kind):
    return [line for line in lines if line["line"] == kind]


def test_a_file_has_everything_and_is_right(node, owner, tmp_path):
    room, acks = lively_room(owner)
    path = tmp_path / "room.jsonl"
    lines = export(node, room["alias"], owner.token, path)
    last = owner.ask("room_request", room_id=room["id"])["room"]["last_seq"]
    assert lines[0]["line"] == "room" and lines[0]["room"]["name"] == "Tea ☕"
    assert [e["seq"] for e in of_kind(lines, "entry")] == list(range(1, last + 1))
    assert [m["user_id"] for m in of_kind(lines, "member")] == [owner.user["id"]]
    assert lines[-1] == {"line": "end"}
    by_seq = {e["seq"]: e for e in of_kind(lines, "entry")}
    assert by_seq[acks[1]["seq"]]["message"]["content"] == "changed"
    assert by_seq[acks[2]["seq"]]["message"]["content"] == ""
    status, text = verify(path)
    assert status == 0, text
    head = lines[0]["chain"]
    assert head in text and f"{last} entries" in text
    assert verify(path, "--head", head)[0] == 0
    assert verify(path, "--head", "0" * 64)[0] == 1


def test_parts_make_the_same_file(node, owner):
    room, _ = lively_room(owner)
    browser = Browser(node, owner.token)
    whole = browser.request("GET", f"/api/rooms/{room['id']}/export")
    assert whole.headers["Content-Type"] == "application/x-ndjson"
    lines = []
    query = "limit=3"
    while query:
        answer = browser.request("GET", f"/api/rooms/{room['id']}/export?{query}")
        assert answer.status_code == 200, answer.text
        part = answer.text.splitlines()
        assert len(part) <= 3 + 2, "the room and the chain's head come on top"
        lines += part
        link = answer.links.get("next", {}).get("url", "")
        query = link.partition("?")[2]
    assert json.loads(lines[-1]) == {"line": "end"}
    entries = [json.loads(line) for line in lines]
    assert [e["seq"] for e in of_kind(entries, "entry")] == list(
        range(1, entries[0]["last_seq"] + 1)
    )


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda lines: lines[3]["message"].update(content="forged"), "line 4"),
        (lambda lines: lines.pop(3), "line 4"),
        (lambda lines: lines[3].update(by="00000000-0000-0000-0000-000000000001"), "line 4"),
        (lambda lines: lines.pop(), "cut off"),
    ],
    ids=["content", "missing", "by", "cut"],
)
def test_what_is_forged_is_found(node, owner, tmp_path, change, said):
    room, _ = lively_room(owner)
    path = tmp_path / "room.jsonl"
    lines = export(node, room["id"], owner.token, path)
    assert verify(path)[0] == 0
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    status, text = verify(path)
    assert status == 1 and said in text, text


def test_after_a_purge_the_rest_is_right(node, owner, tmp_path):
    room, acks = lively_room(owner)
    owner.ask("update_room_request", room_id=room["id"], retention={"max_messages": 4})

    def left():
        return len(owner.ask("history_request", room_id=room["id"])["messages"]) == 4

    wait_until(left, "what is beyond the number to go", PATIENCE_S)
    path = tmp_path / "room.jsonl"
    lines = export(node, room["id"], owner.token, path)
    assert lines[0]["purged_seq"] == acks[-5]["seq"]
    assert of_kind(lines, "entry")[0]["seq"] == acks[-4]["seq"]
    status, text = verify(path)
    assert status == 0, text


def test_what_retention_takes_during_an_export_is_told(node, owner):
    """The first part shows a message, and waits in a pipe while the message goes; its change is in
    the second part, without it."""
    room = owner.create_room("Tea")["id"]
    first = owner.send(room, "to be changed")
    more = [owner.post("send_message_request", room_id=room, content="x" * 200,
                       message_type="text") for _ in range(510)]  # fmt: skip
    for answer in more:
        answer.result(PATIENCE_S)
    owner.ask("edit_message_request", room_id=room, id=first["id"], content="changed")
    tool = subprocess.Popen(
        [str(TOOL), "room", "export", "--node", node.address, room], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, bufsize=0,
        env=clean_environment({}) | {"GREENROOM_TOKEN": owner.token},
    )  # fmt: skip
    try:
        begun = tool.stdout.read(1)
        owner.ask("update_room_request", room_id=room, retention={"max_messages": 505})
        asked = {"room_id": room, "id": first["id"]}
        wait_until(
            lambda: owner.answer("message_request", **asked)["data"]["type"] == "error", "it to go"
        )
        rest, said = tool.communicate(timeout=4 * PATIENCE_S)
    finally:
        tool.kill()
        tool.wait()
    assert tool.returncode == 1, said
    assert f"has taken message {first['seq']} meanwhile" in said.decode()
    shown = json.loads((begun + rest).splitlines()[first["seq"]])
    assert shown["message"]["content"] == "changed", "it had been written, as it was"


def test_who_may_have_it(node, owner, tmp_path):
    room, _ = lively_room(owner, count=4)
    at = f"/api/rooms/{room['id']}/export"
    as_admin = f"/api/admin/rooms/{room['id']}/export"
    with Client(node) as member, Client(node) as admin:
        member.register(fresh("member"))
        member.ask("join_room_request", room_id=room["id"])
        Browser(node, member.token).refusal("GET", at, 403, "FORBIDDEN")
        Browser(node, member.token).refusal("GET", as_admin, 403, "FORBIDDEN")
        Browser(node, owner.token).refusal("GET", as_admin, 403, "FORBIDDEN")
        Browser(node).refusal("GET", at, 401, "UNAUTHORIZED")
        name = fresh("admin")
        admin.register(name)
        Browser(node, admin.token).refusal("GET", at, 403, "FORBIDDEN")
        node.rows("user role", user=name, role="admin")
        for path in (at, as_admin):
            assert Browser(node, admin.token).request("GET", path).status_code == 200
    browser = Browser(node, owner.token)
    for query, field in (
        ("limit=0", "limit"), ("limit=501", "limit"), ("after_seq=x", "after_seq"),
        ("after_member=x", "after_member"),
        ("after_seq=1&after_member=00000000-0000-0000-0000-000000000000", "after_member"),
    ):  # fmt: skip
        error, _ = browser.refusal("GET", f"{at}?{query}", 400, "INVALID_MESSAGE")
        assert error["details"]["field"] == field, query
    nowhere = "/api/rooms/00000000-0000-0000-0000-000000000001/export"
    browser.refusal("GET", nowhere, 404, "ROOM_NOT_FOUND")


def test_the_tool_says_what_is_wrong(node, owner, tmp_path):
    at = ("--node", f"127.0.0.1:{node.http_port}")
    room, _ = lively_room(owner, count=4)
    assert room_tool("export", *at, room["id"]).returncode == 2, "no token"
    assert room_tool("export", *at, room["id"], token="nonsense").returncode == 4
    assert room_tool("export", *at, fresh("none"), token=owner.token).returncode == 3
    assert room_tool("verify", tmp_path / "none").returncode == 3
    signed_in = room_tool("export", *at, "--user", owner.name, room["alias"], password=PASSWORD)
    assert signed_in.returncode == 0, signed_in.stderr.decode()
    assert signed_in.stdout.endswith(b'{"line":"end"}\n')
    wrong = room_tool("export", *at, "--user", owner.name, room["alias"], password="wrong horse")
    assert wrong.returncode == 4


@pytest.fixture
def three(programs):
    made = Cluster(retention__check_every_ms=100)
    try:
        yield made.start()
    finally:
        made.kill()
        process.STARTED.remove(made)


def test_all_replicas_have_the_same_chain(three, tmp_path):
    """Led by node3, which ends: another one has the same entries, from the same beginning."""
    three.settle()
    three.wait_even()
    alias = names.name_led_by("node3", three.leaders(), fresh("tea") + "x", names.room_id)
    user = names.name_led_by("node1", three.leaders(), fresh("al") + "x", names.user_id)
    with Client(three.nodes[0]) as alice:
        alice.register(user)
        room = alice.create_room("Tea", alias=alias)["id"]
        for i in range(10):
            alice.send(room, f"text {i}")
        alice.ask("update_room_request", room_id=room, retention={"max_messages": 4})

        def left():
            return len(alice.ask("history_request", room_id=room)["messages"]) == 4

        wait_until(left, "what is beyond the number to go", PATIENCE_S)
        before = export(three.nodes[1], room, alice.token, tmp_path / "before.jsonl")
        three.nodes[2].kill()
        token = alice.token

        def another():
            result = room_tool(
                "export", "--node", f"127.0.0.1:{three.nodes[1].http_port}", room, token=token
            )
            return result.stdout if result.returncode == 0 else None

        after = wait_until(another, "another leader's export", 4 * PATIENCE_S)
        path = tmp_path / "after.jsonl"
        path.write_bytes(after)
        status, text = verify(path, "--head", before[0]["chain"])
        assert status == 0, text
        again = [json.loads(line) for line in after.splitlines()]
        assert of_kind(again, "entry") == of_kind(before, "entry")
        assert again[0]["anchor"] == before[0]["anchor"]


def test_an_export_waits_for_its_turn(start_node, tmp_path):
    node = start_node(limits__messages_per_minute=20)
    with Client(node) as client:
        client.register(fresh("owner"))
        room = client.create_room("Tea")["id"]
        web = Browser(node, client.token)
        wait_until(
            lambda: web.request("GET", f"/api/rooms/{room}/export").status_code == 429, "the limit"
        )
        lines = export(node, room, client.token, tmp_path / "room.jsonl")
        assert lines[0]["line"] == "room"
        web.close()
