# SPDX-License-Identifier: MIT
"""The chat client on a terminal."""

import shlex

import pytest
from harness.client import PASSWORD, Client
from harness.fake_node import ROOM, FakeNode, received
from harness.names import fresh, user_id
from harness.process import TOOL
from harness.terminal import Terminal
from harness.waiting import wait_until


@pytest.fixture
def terminal():
    made = []

    def make(**environment):
        made.append(Terminal(**environment))
        return made[-1]

    yield make
    for each in made:
        each.close()


def start_chat(screen, node, user, *options):
    screen.type(shlex.join([str(TOOL), "chat", "--node", node.address, "--user", user, *options])
                + "; echo status $?")  # fmt: skip


def count(lines, text):
    return sum(text in line for line in lines)


def sign_in(screen, node, user, *options):
    """With the password asked for; until the prompt is there."""
    start_chat(screen, node, user, *options)
    screen.wait_last(f"Password for {user}:")  # and nothing before it
    screen.type(PASSWORD)


def test_every_character_arrives(node, terminal):
    screen = terminal(GREENROOM_PASSWORD=PASSWORD)
    alias = fresh("room")
    start_chat(screen, node, fresh("alice"), "--register")
    screen.wait("signed in")
    screen.type(f"/create room {alias}")
    screen.wait(f"{alias}>")
    screen.type("grüße 😀")
    with Client(node) as other:
        other.register(fresh("bob"))
        room = other.ask("join_room_request", alias=alias)["room"]["id"]
        messages = wait_until(lambda: other.history(room)["messages"], "the message")
        assert [m["content"] for m in messages] == ["grüße 😀"]


def test_rooms_are_called_by_their_names(node, terminal):
    """Which is an alias, the other one of a direct room, or else the room's name."""
    alice, bob, garden = fresh("alice"), fresh("bob"), fresh("garden")
    screen = terminal(GREENROOM_PASSWORD=PASSWORD)
    start_chat(screen, node, alice, "--register")
    screen.wait("signed in")
    screen.type(f"/create The {garden}")
    screen.wait(f'made the public room "The" with the alias {garden}; a name with spaces')
    screen.wait_last(f"{garden}>")
    with Client(node) as other:
        other.register(bob)
        direct = other.ask("direct_room_request", user_id=user_id(alice))["room"]["id"]
        other.send(direct, "just for you")
        screen.wait(f"new in {bob}")
        group = other.create_room("Quiet corner", members=[user_id(alice)])["id"]
        other.send(group, "all of you")
        screen.wait("new in Quiet corner")
        screen.type("/rooms")
        screen.wait(f"{bob} ({direct}), 2 members")
        screen.type(f"/join {direct}")
        screen.wait(f"now in {bob}")
        screen.wait_last(f"{bob}>")


def test_rooms_are_searched(node, terminal):
    """Of one's own and of the public ones those that have the text somewhere; or it says so."""
    alice, word = fresh("alice"), fresh("herb")
    screen = terminal(GREENROOM_PASSWORD=PASSWORD)
    start_chat(screen, node, alice, "--register")
    screen.wait("signed in")
    with Client(node) as other:
        other.register(fresh("bob"))
        other.create_room("Garden", room_type="public", alias=f"{word}s")
        other.create_room("Kitchen", room_type="public", description=f"all about {word.upper()}")
        other.create_room("Cellar", room_type="public")
        other.create_room(f"Hidden {word}")
        other.create_room(f"Shared {word}", members=[user_id(alice)])
    screen.type(f"/rooms {word}")
    lines = screen.wait("+ Garden")
    shown = [line.strip() for line in lines if " members" in line]
    assert [line.split(" (")[0] for line in shown] == [
        f"Shared {word}", "+ Kitchen", "+ Garden"], lines  # fmt: skip
    screen.type("/rooms nothing of the sort")
    screen.wait("no room has that in its name, alias, topic or description")


def test_a_whole_conversation(node, terminal):
    alice, bob = fresh("alice"), fresh("bob")
    alias = fresh("room")
    screen = terminal()
    sign_in(screen, node, alice, "--register")
    screen.wait_last("Once more:")
    screen.type(PASSWORD)
    screen.wait_last(">")
    screen.type(f'/create "A room" {alias}')
    screen.wait_last(f"{alias}>")
    screen.type("grüße 😀")
    lines = screen.wait(f"{alice}: grüße 😀")
    assert count(lines, "grüße") == 1, f"shown once: {lines}"
    with Client(node) as other:
        other.register(bob)
        room = other.ask("join_room_request", alias=alias)["room"]["id"]
        screen.wait(f"{bob} joined")
        content = [m["content"] for m in other.history(room)["messages"]]
        assert content == ["grüße 😀"], "every character arrived"
        screen.type("half a sen", enter=False)
        screen.wait_last(f"{alias}> half a sen")
        other.send(room, "meanwhile")
        lines = screen.wait(f"{bob}: meanwhile")
        screen.wait_last(f"{alias}> half a sen")
        assert count(screen.lines(), "half a sen") == 1, "what is typed is drawn again, once"
        screen.type("tence")
        screen.wait(f"{alice}: half a sentence")
        screen.wait_last(f"{alias}>")
        other.send(room, "after it")
        screen.wait(f"{bob}: after it")
        screen.wait_last(f"{alias}>")
        assert count(screen.lines(), "sentence") == 1, "nothing stale is drawn"
        mine = other.ask("room_members_request", room_id=room)["members"]
        seq = other.history(room)["messages"][-1]["seq"]

        def is_read():
            members = other.ask("room_members_request", room_id=room)["members"]
            return next(m for m in members if m["user"]["username"] == alice)["read_seq"] == seq

        wait_until(is_read, f"read up to {seq}, was {mine}")
        other.send(room, "one more")
        screen.wait(f"{bob}: one more")
    screen.type("/rooms")
    lines = screen.wait("(%s), 2 members" % alias)
    assert not count(lines, "unread"), "what is on the screen is read"
    screen.type("/quit")
    screen.wait("status 0")
    screen.wait_last("$")
    at = next(i for i, line in enumerate(screen.lines()) if line == "status 0")
    assert screen.lines()[at - 1].endswith("/quit"), f"no prompt is left over: {screen.lines()}"


def test_people_in_history_have_names(node, terminal, person):
    alice, carol = person("alice"), person("carol")
    room = alice.create_room("Old", alias=fresh("old"), room_type="public")
    carol.ask("join_room_request", room_id=room["id"])
    alice.send(room["id"], "first")
    carol.send(room["id"], "second")
    carol.ask("leave_room_request", room_id=room["id"])
    screen = terminal(GREENROOM_PASSWORD=PASSWORD)
    start_chat(screen, node, fresh("bob"), "--register", "--room", room["alias"])
    lines = screen.wait(f"{carol.user['username']}: second")
    first = next(i for i, line in enumerate(lines) if "first" in line)
    assert lines[first].endswith(f"{alice.user['username']}: first"), lines
    assert "second" in lines[first + 1], lines


def test_a_long_line_is_put_back_around_what_arrives(terminal):
    with FakeNode() as node:
        screen = terminal(GREENROOM_PASSWORD=PASSWORD)
        start_chat(screen, node, "bob", "--room", "lobby")
        screen.wait_last("lobby>")
        line = "long " * 39 + "end"  # three rows
        screen.type(line, enter=False)
        screen.wait_last(f"lobby> {line}")
        before = len(screen.lines())
        for seq, text in enumerate(("first", "second"), 6):
            node.tell(received(seq, text))
            screen.wait(f"alice: {text}")
            screen.wait_last(f"lobby> {line}")
        assert len(screen.lines()) == before + 2, screen.lines()
        screen.type("")
        screen.wait_last("lobby>")
        wait_until(lambda: node.of("send_message_request"), "the message")
        assert node.of("send_message_request")[0]["content"] == line
        assert not count(screen.lines(), "long"), "its event will show it"


def test_two_passwords_that_differ(node, terminal):
    screen = terminal()
    user = fresh("alice")
    sign_in(screen, node, user, "--register")
    screen.wait_last("Once more:")
    screen.type("something else")
    screen.wait("status 2")
    assert count(screen.lines(), "not the same") == 1


def test_a_lost_session_asks_for_the_password(node, terminal):
    user = fresh("alice")
    screen = terminal()
    with Client(node) as account:
        account.register(user)
    sign_in(screen, node, user)
    screen.wait_last(">")
    screen.type("/quit")
    screen.wait("status 0")
    with Client(node) as account:
        account.log_in(username=user, password=PASSWORD)
        account.ask("logout_request", all=True)
    sign_in(screen, node, user)
    screen.wait_for(lambda: count(screen.lines(), "signed in as") == 2, "the second sign-in")
    assert count(screen.lines(), "is not valid any more") == 1, screen.lines()


def test_revoked_at_the_terminal(terminal):
    with FakeNode() as node:
        screen = terminal(GREENROOM_PASSWORD=PASSWORD)
        start_chat(screen, node, "bob", "--room", "lobby")
        screen.wait_last("lobby>")
        node.tell(received(6, "hi"))
        screen.wait("hi")
        wait_until(lambda: {"type": "mark_request", "room_id": ROOM, "status": "read", "seq": 6}
                   in node.of("mark_request"), "the message to be marked as read")  # fmt: skip
        node.tell({"type": "session_event", "kind": "revoked"})
        lines = screen.wait("status 4")
        assert count(lines, "not valid any more") == 1, lines
