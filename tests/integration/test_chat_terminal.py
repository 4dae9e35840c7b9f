# SPDX-License-Identifier: MIT
"""The chat client on a terminal."""

import shlex

import pytest
from harness.client import PASSWORD, Client
from harness.names import fresh
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
