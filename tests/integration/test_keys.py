# SPDX-License-Identifier: MIT
"""The keys that sign access tokens: rotated, dropped by themselves, retired by an operator; on all
nodes, over restarts, and for a node that was away."""

import base64
import json

import pytest
from harness import process
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.process import Cluster
from harness.waiting import wait_until
from harness.web import Browser

LIFE_S = 10  # of an access token: the shortest
SETTLED_WITHIN_S = 15  # a new key waits 5 s until it signs
RETIRED_WITHIN_S = LIFE_S + 10 + 15  # life, clocks that are apart twice, and the leader's next look


def key_of(token):
    header = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


def status(node, token):
    """What a request with this token is answered with."""
    return Browser(node, token).request("GET", "/api/users/me").status_code


def keys(node):
    """id → state, oldest first."""
    return {row["id"]: row["state"] for row in node.rows("key list")}


def log_in(node, name):
    with Client(node) as client:
        return client.ask("auth_request", username=name, password=PASSWORD)["token"]


def registered(node):
    name = fresh("keys")
    with Client(node) as client:
        client.register(name)
    return name


def rotated(node):
    before = set(keys(node))
    result = node.console("key", "rotate", "-o", "name")
    assert result.returncode == 0, result.stderr
    new = result.stdout.strip()
    assert new and new not in before
    return new


def token_of(node, key):
    """A token that this key has signed, once it signs. Of an account of its own: an account has
    only so many sessions, and each attempt opens one."""
    name = registered(node)

    def attempt():
        token = log_in(node, name)
        return token if key_of(token) == key else None

    return wait_until(attempt, f"{key} to sign", SETTLED_WITHIN_S)


def test_a_new_key_signs_and_the_old_one_still_verifies(start_node):
    node = start_node()
    name = registered(node)
    old = log_in(node, name)
    assert keys(node) == {key_of(old): "signs"}
    new = rotated(node)
    token = token_of(node, new)
    assert keys(node) == {key_of(old): "verifies", new: "signs"}
    assert status(node, old) == 200 and status(node, token) == 200
    node.restart()
    assert keys(node) == {key_of(old): "verifies", new: "signs"}
    assert status(node, old) == 200 and status(node, token) == 200
    lines = [json.loads(line) for line in (node.folder / "audit.jsonl").read_text().splitlines()]
    assert [line["action"] for line in lines] == ["key rotate"]


def test_a_key_that_is_retired_is_forgotten(start_node):
    node = start_node()
    name = registered(node)
    old = log_in(node, name)
    new = rotated(node)
    token = token_of(node, new)
    assert status(node, old) == 200
    refused = node.console("key", "retire", new, "--yes")
    assert refused.returncode == 4, "the newest key stays"
    assert node.console("key", "retire", "no-such-key", "--yes").returncode == 3
    assert node.console("key", "retire", key_of(old)).returncode == 2, "it asks first"
    result = node.console("key", "retire", key_of(old), "--yes")
    assert result.returncode == 0, result.stderr
    wait_until(lambda: keys(node) == {new: "signs"}, "the old key to be gone")
    assert status(node, old) == 401 and status(node, token) == 200


@pytest.fixture
def trio(programs):
    with process.running(Cluster(auth__access_token_s=LIFE_S)) as made:
        yield made


def test_all_nodes_have_the_same_keys_also_one_that_was_away(trio):
    trio.settle()
    one, two, away = trio.nodes
    bot = one.console("token", "issue", "--user", fresh("bot"), "--create", "--scopes", "read")
    bot = bot.stdout.strip()
    old = key_of(bot)
    away.stop()
    wait_until(lambda: all(trio.leaders(one).values()), "every shard to be led", 20)
    new = rotated(two)
    wait_until(lambda: list(keys(one)) == [old, new], "the key on the other node")
    assert status(two, token_of(one, new)) == 200

    trio.start()
    trio.settle()
    wait_until(lambda: list(keys(away)) == [old, new], "the key on the node that was away")
    wait_until(lambda: status(away, token_of(one, new)) == 200, "its tokens to be good")

    for node in trio.nodes:
        wait_until(
            lambda n=node: keys(n) == {old: "bots only", new: "signs"},
            f"{node.name} to hear that the old key is retired", RETIRED_WITHIN_S,
        )  # fmt: skip
        assert status(node, bot) != 401, f"{node.name}: the bot's token outlasts the key"
    # Forgotten for bots too.
    assert two.console("key", "retire", old, "--yes").returncode == 0
    for node in trio.nodes:
        wait_until(lambda n=node: status(n, bot) == 401, f"{node.name} to refuse the bot's token")
