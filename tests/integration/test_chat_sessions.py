# SPDX-License-Identifier: MIT
"""The session that `greenroom chat` keeps between two starts, and between two terminals."""

import fcntl
import os

from harness.client import PASSWORD, Client
from harness.fake_node import FakeNode, error
from harness.names import fresh
from harness.process import temporary_folder
from harness.waiting import wait_until


def token_of(home, node, user):
    return home / "greenroom" / f"{node.address.replace(':', '_')}-{user}.token"


def test_a_kept_session_needs_no_password(node, chat):
    home, user = temporary_folder(), fresh("alice")
    assert chat([node], user, "--register", home=home).finish() == 0
    kept = token_of(home, node, user)
    first = kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600 and kept.parent.stat().st_mode & 0o777 == 0o700
    assert chat([node], user, password=None, home=home).finish() == 0
    assert kept.read_text() != first, "each use gives a new one"
    assert {p.name for p in kept.parent.iterdir()} == {kept.name, kept.name + ".lock"}


def test_the_folder_is_the_owners_alone_whatever_it_was(node, chat):
    home = temporary_folder()
    (home / "greenroom").mkdir(mode=0o755)
    os.chmod(home / "greenroom", 0o755)
    assert chat([node], fresh("alice"), "--register", home=home).finish() == 0
    assert (home / "greenroom").stat().st_mode & 0o777 == 0o700


def test_a_session_that_is_gone(node, chat):
    home, user = temporary_folder(), fresh("alice")
    assert chat([node], user, "--register", home=home).finish() == 0
    with Client(node) as account:
        account.log_in(username=user, password=PASSWORD)
        account.ask("logout_request", all=True)
    locked_out = chat([node], user, password=None, home=home)
    assert locked_out.finish() == 4
    assert "GREENROOM_PASSWORD" in locked_out.complaints, locked_out.complaints
    assert not token_of(home, node, user).exists(), "what is worth nothing is not kept"
    assert chat([node], user, home=home).finish() == 0, "the password opens the door"
    assert chat([node], user, password=None, home=home).finish() == 0, "and that is kept again"


def test_a_password_that_is_given_is_used(node, chat):
    home, user = temporary_folder(), fresh("alice")
    assert chat([node], user, "--register", home=home).finish() == 0
    assert chat([node], user, password="not the password", home=home).finish() == 4
    secret = home / "secret"
    secret.write_text("not this one either\n")
    wrong = chat([node], user, "--password-file", str(secret), password=None, home=home)
    assert wrong.finish() == 4
    missing = chat([node], user, "--password-file", str(home / "none"), password=None, home=home)
    assert missing.finish() == 2, "a file that is not there is no reason to use the session"
    assert chat([node], user, password=None, home=home).finish() == 0, "the session is still there"


def test_no_save_neither_uses_nor_keeps(node, chat):
    home, user = temporary_folder(), fresh("alice")
    assert chat([node], user, "--register", "--no-save", home=home).finish() == 0
    assert not (home / "greenroom").exists()
    assert chat([node], user, "--no-save", password=None, home=home).finish() == 2


def online_again(client, times):
    """After the first time."""
    return len(client.all(event="state", state="online")) == 1 + times


def test_two_terminals_of_one_person(chat):
    """Access tokens are refused from the start, so each reconnect spends a refresh token."""
    spent, current = [], ["first"]

    def sign_in(data, peer):
        if data.get("token"):
            return error("UNAUTHORIZED", "expired")
        if "refresh_token" in data:
            if data["refresh_token"] != current[-1]:
                spent.append(data["refresh_token"])
                return error("UNAUTHORIZED", "spent")
            current.append(f"next{len(current)}")
        return node._signed_in(data, peer) | {"refresh_token": current[-1]}

    home = temporary_folder()
    with FakeNode({"auth_request": sign_in}) as node:
        one = chat([node], "bob", home=home)
        one.wait("the first", event="state", state="online")
        two = chat([node], "bob", password=None, home=home)
        two.wait("the second", event="state", state="online")
        for turn in range(3):
            for peer in node.peers[-2:]:
                peer.hang_up()
            wait_until(lambda n=turn: len(current) == 4 + 2 * n, "both to be back")
            # And to have the answers, before they are cut off again.
            wait_until(lambda n=turn: all(online_again(each, n + 1) for each in (one, two)),
                       "both to say that they are online")  # fmt: skip
        assert not spent, f"a spent token was used: {spent}"
        kept = token_of(home, node, "bob")
        wait_until(lambda: kept.read_text().strip() == current[-1], "the newest to be kept")
        assert one.finish() == 0 and two.finish() == 0


def test_a_lost_answer_costs_no_session(chat):
    """The same refresh is repeated as the same request."""
    ids = []

    def sign_in(data, peer):
        if "refresh_token" in data:
            ids.append(node.requests[-1][1])
            if len(ids) == 1:
                peer.hang_up()
                return None
        return node._signed_in(data, peer)

    home = temporary_folder()
    with FakeNode({"auth_request": sign_in}) as node:
        assert chat([node], "bob", home=home).finish() == 0
        assert chat([node], "bob", password=None, home=home).finish() == 0
        assert len(ids) == 2 and ids[0] == ids[1], ids


def test_another_process_is_waited_for(chat):
    home = temporary_folder()
    with FakeNode() as node:
        assert chat([node], "bob", home=home).finish() == 0
        kept = token_of(home, node, "bob")
        with open(f"{kept}.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            late = chat([node], "bob", password=None, home=home)
            wait_until(lambda: len(node.connected_at) == 2, "it to connect")
            kept.write_text("the newest\n")
        late.wait("the sign-in", event="state", state="online")
        assert node.of("auth_request")[-1]["refresh_token"] == "the newest"
        assert late.finish() == 0
