# SPDX-License-Identifier: MIT
"""What the chat client does when nodes have a bad day; the nodes are played."""

import subprocess

import pytest
from harness.chat import Chat
from harness.fake_node import ROOM, FakeNode, close, error, message, received
from harness.names import user_id
from harness.process import TOOL, clean_environment, temporary_folder
from harness.waiting import SLOWNESS, wait_until


@pytest.fixture
def played(chat):
    """played({...}) → (node, a client in its room)."""
    nodes = []

    def start(handlers=None, options=(), **more):
        nodes.append(FakeNode(handlers))
        client = chat([nodes[-1]], "bob", "--room", "lobby", *options, **more)
        if more.get("output", "json") == "json":
            client.wait("the room", event="entered")
        return nodes[-1], client

    yield start
    for node in nodes:
        node.stop()


# -- coming back ---------------------------------------------------------------------------------


def test_a_room_that_was_only_joined_is_resumed(played):
    node, bob = played()
    node.cut()
    wait_until(lambda: len(node.of("auth_request")) == 2, "the second sign-in")
    assert node.of("auth_request")[1]["rooms"] == {ROOM: 5}, "from the answer to the join"
    assert bob.finish() == 0


def test_a_room_of_which_nothing_was_heard_is_resumed(chat):
    def joined(data, peer):
        one = {"id": ROOM, "name": "Lobby", "last_seq": 7, "role": "member", "read_seq": 0,
               "unread_count": 0, "mention_count": 0}  # fmt: skip
        mine = data.get("scope", "joined") == "joined"
        return {"type": "room_list_response", "rooms": [one] if mine else []}

    with FakeNode({"room_list_request": joined}) as node:
        bob = chat([node], "bob")
        wait_until(lambda: node.of("room_list_request"), "the client to ask for its rooms")
        bob.say("/rooms")
        bob.wait("an answer after that", event="room")
        node.cut()
        wait_until(lambda: len(node.of("auth_request")) == 2, "the second sign-in")
        assert node.of("auth_request")[1]["rooms"] == {ROOM: 7}
        assert bob.finish() == 0


def test_an_event_moves_the_place_and_history_does_not(played):
    node, bob = played()
    node.tell(received(6, "six"))
    bob.wait_message("six")
    node.last_seq = 9
    bob.say("/history")
    wait_until(lambda: node.of("history_request"), "the request for history")
    node.cut()
    wait_until(lambda: len(node.of("auth_request")) == 2, "the second sign-in")
    assert node.of("auth_request")[1]["rooms"] == {ROOM: 6}, "7 to 9 may still be under way"
    assert bob.finish() == 0


def test_a_replay_that_begins_later_is_a_gap_and_history_is_read(played):
    def pages(data, peer):
        after = data.get("after_seq")
        if after is None:
            return {"type": "history_response", "messages": [], "has_more": False, "last_seq": 5}
        seqs = range(after + 1, min(after + 3, 21))  # two at a time
        return {"type": "history_response", "messages": [message(s, f"old {s}") for s in seqs],
                "has_more": True, "last_seq": 30}  # fmt: skip

    node, bob = played({"history_request": pages})
    node.cut()
    wait_until(lambda: len(node.of("auth_request")) == 2, "the second sign-in")
    node.tell(received(12, "twelve"))
    assert bob.wait("the gap", event="gap") == {
        "event": "gap", "room_id": ROOM, "first_seq": 6, "last_seq": 11}  # fmt: skip
    wait_until(lambda: len(bob.all(event="history")) >= 6, "what was missed")
    assert [e["seq"] for e in bob.all(event="history")] == list(range(6, 12)), "all of it, once"
    assert bob.wait_message("twelve")["seq"] == 12
    assert bob.finish() == 0


def test_notices_are_few_and_for_people(chat):
    down = FakeNode()
    with FakeNode() as node:
        bob = chat([down, node], "bob", "--room", "lobby", output="text")
        wait_until(lambda: "now in Lobby" in bob.complaints, "the room")
        first = bob.complaints
        assert f"connected to {down.address}" in first
        down.cut()
        down.stop()
        wait_until(lambda: f"connected again, to {node.address}" in bob.complaints, "the way back")
        notices = bob.complaints[len(first):].splitlines()
        assert len(notices) == 2, f"one lost, one back: {notices}"
        assert down.address in notices[0] and "1013" in notices[0], notices
        assert bob.finish() == 0


def test_a_close_that_blames_the_client_fails_the_request(played):
    texts = []

    def blame(data, peer):
        if data["content"] == "poison":
            texts.append(peer.number)
            return close(1009, "too big")
        return node._ordinary(data, peer)

    node, bob = played({"send_message_request": blame})
    bob.say("poison", "and on")
    failed = bob.wait("the failure", event="error", line="poison")
    assert failed["code"] == "TOO_LARGE" and "1009" in failed["message"], failed
    assert failed["message_id"] == node.ids_of("send_message_request")[0]
    bob.wait("the next is sent", event="ack")
    assert texts == [0], "sent once"
    assert bob.finish() == 1


def test_text_that_is_not_utf_8_is_not_sent(played):
    node, bob = played()
    bob.say(b"caf\xe9", "café")
    failed = bob.wait("the failure", event="error")
    assert failed["line"] == "caf\ufffd" and failed["message_id"] is None, failed
    bob.wait("the next is sent", event="ack")
    assert [r["content"] for r in node.of("send_message_request")] == ["café"]
    assert len(node.connected_at) == 1, "and the connection is the first"
    assert bob.finish() == 1


def test_a_node_that_hangs_up_gets_some_peace(chat):
    with FakeNode() as node:
        node.handlers["room_list_request"] = lambda data, peer: close(1013, "not now")
        bob = chat([node], "bob")
        wait_until(lambda: len(node.connected_at) == 8, "the eighth try", 60)
        took = node.connected_at[7] - node.connected_at[0]
        # A quarter of 200 ms, 400 ms, … is the least the pauses can be.
        assert took > 2, f"8 tries in {took:.2f} s"
        bob.kill()


# -- requests that have to be repeated ------------------------------------------------------------


def test_unavailable_is_repeated_with_the_same_id(played):
    def twice(data, peer):
        if len(node.ids_of("send_message_request")) < 3:
            return error("UNAVAILABLE", "shard 23 has no leader", retry_after_ms=10)
        return node._ordinary(data, peer)

    node, bob = played({"send_message_request": twice})
    bob.say("hello")
    ack = bob.wait("the acknowledgement", event="ack")
    ids = node.ids_of("send_message_request")
    assert len(ids) == 3 and set(ids) == {ack["message_id"]}, ids
    assert bob.finish() == 0


def test_a_pipe_waits_for_its_turn(played):
    def limited(data, peer):
        if data["content"] == "two" and len(node.of("send_message_request")) == 2:
            return error("RATE_LIMIT", retry_after_ms=50)
        return node._ordinary(data, peer)

    node, bob = played({"send_message_request": limited})
    bob.say("one", "two", "three")
    assert bob.finish() == 0
    sent = [r["content"] for r in node.of("send_message_request")]
    assert sent == ["one", "two", "two", "three"], "in order, nothing lost"
    assert not bob.all(event="error")


def test_an_answer_of_another_type_is_an_error_and_no_more(played):
    def strange(data, peer):
        return {"type": "heartbeat_response"}

    node, bob = played({kind: strange for kind in (
        "history_request", "room_members_request", "user_list_request", "room_list_request",
        "create_room_request", "send_message_request", "leave_room_request")})  # fmt: skip
    bob.say("/history", "/who", "/users", "/rooms", "/create x", "hello", "/part")
    assert bob.finish() == 1
    assert [e["line"] for e in bob.all(event="error")] == [
        "/history", "/who", "/users", "/rooms", "/create x", "hello", "/part"]  # fmt: skip


def test_history_events_name_their_messages(played):
    old = message(3, "old") | {"message_id": user_id("some id")}
    page = {"type": "history_response", "messages": [old], "has_more": False, "last_seq": 5}
    node, bob = played({"history_request": lambda data, peer: page})
    bob.say("/history")
    event = bob.wait("the message", event="history")
    assert event["id"] == old["id"] and event["message_id"] == old["message_id"]
    assert event["created_at"] == old["created_at"]
    assert bob.finish() == 0


# -- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["event", "close code", "refused"])
def test_a_revoked_session_ends_the_program(played, how):
    node, bob = played()
    bob.say("an acknowledged message")
    bob.wait("it", event="ack")
    node.handlers["auth_request"] = lambda data, peer: error("UNAUTHORIZED", "revoked")
    if how == "event":
        node.tell({"type": "session_event", "kind": "revoked"})
    elif how == "close code":
        node.cut(4403, "revoked")
    else:
        node.cut()
    assert bob.leave() == 4, "4: refused; standard input is still open"
    assert "not valid any more" in bob.complaints, bob.complaints


def test_a_pipe_marks_what_came_as_delivered(played):
    node, bob = played()
    node.tell(received(6, "six"))
    node.tell(received(7, "seven"))
    bob.wait_message("seven")
    assert bob.finish() == 0
    marks = node.of("mark_request")
    assert marks and marks[-1] == {"type": "mark_request", "room_id": ROOM, "seq": 7,
                                   "status": "delivered"}, marks  # fmt: skip
    assert len(marks) <= 2, "batched"


def test_names_come_before_their_lines(played):
    node, bob = played(output="text")
    wait_until(lambda: "now in Lobby" in bob.complaints, "the room")
    node.tell(received(6, "hi", sender="carol"))
    node.tell(received(7, "from me", sender="bob"))
    wait_until(lambda: len(bob.lines) == 2, "both lines")
    assert bob.lines[0].endswith(" carol: hi"), bob.lines
    assert bob.lines[1].endswith(" bob: from me"), bob.lines
    assert len(node.of("user_request")) == 1
    assert bob.finish() == 0


# -- the command line ----------------------------------------------------------------------------


def run_chat(*words, **environment):
    home = str(temporary_folder())
    return subprocess.run(
        [str(TOOL), "chat", "--user", "bob", *words], capture_output=True, text=True,
        env=clean_environment() | {"HOME": home, "XDG_STATE_HOME": home} | environment,
        stdin=subprocess.DEVNULL, timeout=90 * SLOWNESS,
    )  # fmt: skip


@pytest.mark.parametrize("node", ["127.0.0.1:notaport", "127.0.0.1:0", "127.0.0.1:65536", ":8080",
                                  "", "::1:8080", "127.0.0.1:8080,x:y"])  # fmt: skip
def test_a_node_that_cannot_be_is_a_mistake_of_usage(node):
    result = run_chat("--node", node, GREENROOM_PASSWORD="irrelevant")
    assert result.returncode == 2 and result.stderr, f"{node}: {result}"


def test_a_password_file_that_is_not_there_is_a_mistake_of_usage():
    result = run_chat("--password-file", "/nonexistent/secret")
    assert result.returncode == 2 and "/nonexistent/secret" in result.stderr, result


def test_the_default_port_is_named():
    home = temporary_folder()
    process = subprocess.Popen(
        [str(TOOL), "chat", "--user", "bob", "--node", "127.0.0.2", "--output", "json"],
        env=clean_environment() | {"GREENROOM_PASSWORD": "x", "HOME": str(home)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert '"node":"127.0.0.2:8080"' in process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_execute_leaves_a_pipe_unread(chat):
    with FakeNode() as node:
        bob = Chat([node], "bob", "--room", "lobby", "--execute", "from the command line")
        assert bob.leave() == 0, "though its input is still open"
        assert [r["content"] for r in node.of("send_message_request")] == ["from the command line"]


def test_mistakes_are_events_too(chat):
    with FakeNode() as node:
        bob = chat([node], "bob")
        bob.say("to nobody", "/jion lobby", "/create")
        assert bob.finish() == 1
        lines = [e["line"] for e in bob.all(event="error")]
        assert lines == ["to nobody", "/jion lobby", "/create"]
        assert bob.complaints.count("\n") >= 3, "and sentences"
