# SPDX-License-Identifier: MIT
"""The search for secrets in logs is itself no blind one: it finds what is put there on purpose, and
the suite runs it for every node that was started."""

import uuid

import pytest
from harness import planted
from harness.client import PASSWORD, Client
from harness.process import STARTED, Serving, Started
from harness.web import Browser


class FakeNode(Serving):
    """Has only written something."""

    def __init__(self, folder, said):
        self.folder = folder
        self.log_path = folder / "node.log"
        self.log_path.write_text(said)


JWT = "eyJhbGciOiJFZERTQSJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".AAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    "line", [f"log-in of alice with {PASSWORD}", f"bearer {JWT}", 'body: "s3cr3t-plan"']
)
def test_a_log_with_a_secret_fails_who_owned_the_node(tmp_path, line):
    all_started = Started()
    bad = FakeNode(tmp_path, f"a line\nanother: {line}\nthe last\n")
    all_started.append(bad)
    with pytest.raises(AssertionError, match="line 2") as why:
        all_started.remove(bad)
    assert not all_started, "it is removed all the same"
    for secret in (PASSWORD, JWT, "s3cr3t-plan"):
        assert secret not in str(why.value), "the report must not repeat it"


def test_a_log_without_one_is_good(tmp_path):
    good = FakeNode(tmp_path, "eyJ is no token, nor is eyJhbGci.eyJ\nuser alice, session 7\n")
    Started([good]).remove(good)


@pytest.mark.parametrize("name", ["audit.jsonl", "security.jsonl", "security.jsonl.1"])
def test_the_files_of_audit_and_security_are_searched_too(tmp_path, name):
    bad = FakeNode(tmp_path, "")
    (tmp_path / name).write_text('{"details":"' + PASSWORD + '"}\n')
    with pytest.raises(AssertionError, match=name.split(".")[0]):
        bad.check_secrets()


def test_what_is_handed_out_is_known(start_node, tmp_path):
    """Tokens of both kinds, a webhook's, what was said: each fails a log that has it."""
    node = start_node()
    said = f"meet me at the bridge {uuid.uuid4()}"
    with Client(node) as alice:
        data = alice.register("alice")
        room = alice.create_room("R", room_type="public")
        alice.send(room["id"], said)
        hook = Browser(node, alice.token).post(
            f"/api/rooms/{room['id']}/webhooks", 201, json={"kind": "incoming", "name": "h"})
    secrets = [data["token"], data["refresh_token"], hook["webhook"]["token"], said]
    for secret in secrets:
        assert len(secret) >= planted.VALUE_CHARS_MIN
        assert planted.found_in(f"x {secret} y"), "it is not kept"
    node.check_secrets()
    node.log_path.write_text(node.log() + secrets[1] + "\n")
    with pytest.raises(AssertionError, match="refresh_token"):
        node.check_secrets()
    # So that the fixture, which looks as well, finds what the node itself has written.
    node.log_path.write_text(node.log().replace(secrets[1], ""))


def test_the_suite_looks():
    assert isinstance(STARTED, Started)
