# SPDX-License-Identifier: MIT
"""The console as scripts use it: formats, exit codes, what asks before it is done; with a socket
that answers as the test wants."""

import json
import signal
import subprocess

import pytest
from harness.fake_admin import FakeAdmin, failure, listing
from harness.process import TOOL, clean_environment
from harness.waiting import SLOWNESS, wait_until

NODES = [{"name": "node2", "rooms": 10, "state": "ready"},
         {"name": "node1", "rooms": 3, "state": "not ready"}]  # fmt: skip


@pytest.fixture
def admin():
    with FakeAdmin({"nodes": NODES}) as fake:
        yield fake


def console(admin, *words, stdin=subprocess.DEVNULL):
    return subprocess.run(
        [str(TOOL), "console", "--node", str(admin.path), *words], env=clean_environment(),
        stdin=stdin, capture_output=True, text=True, timeout=30 * SLOWNESS,
    )  # fmt: skip


def shown(admin, *words):
    result = console(admin, *words)
    assert result.returncode == 0, f"{words}: {result.returncode} {result.stderr}"
    assert not result.stderr, f"{words}: nothing beside the data, got {result.stderr}"
    return result.stdout


def test_formats(admin):
    # No terminal: no colours, and nothing is cut.
    assert shown(admin, "nodes") == (
        "NAME   ROOMS  STATE\nnode2     10  ready\nnode1      3  not ready\n"
    )
    assert shown(admin, "-o", "name", "nodes") == "node2\nnode1\n"
    assert json.loads(shown(admin, "nodes", "-o", "json")) == NODES
    assert shown(admin, "nodes", "-o", "yaml") == (
        "- name: node2\n  rooms: 10\n  state: ready\n"
        '- name: node1\n  rooms: 3\n  state: "not ready"\n'
    )
    chosen = shown(admin, "nodes", "--columns", "rooms,name", "--sort", "rooms", "--no-headers")
    assert chosen == " 3  node1\n10  node2\n"


def test_a_list_that_the_node_sorts_and_cuts(admin):
    admin.answers["rooms"] = listing([{"id": "b"}, {"id": "a"}], cut=4)
    result = console(admin, "rooms", "--sort", "members:desc", "--limit", "2", "--filter", "x",
                     "-o", "name")  # fmt: skip
    assert admin.of("rooms") == [{"sort": "members:desc", "limit": 2, "filter": "x"}]
    assert result.stdout == "b\na\n", "as it came"
    assert "4 more" in result.stderr and result.returncode == 0


@pytest.mark.parametrize(("code", "status"), [
    ("failure", 1), ("usage", 2), ("not_found", 3), ("user_offline", 3), ("refused", 4),
    ("unreachable", 5), ("timeout", 6), ("never heard of", 1),
])  # fmt: skip
def test_exit_codes_of_refusals(admin, code, status):
    admin.answers["nodes"] = failure(code, "for a reason")
    result = console(admin, "nodes")
    assert result.returncode == status, result.stderr
    assert result.stderr == "greenroom: for a reason\n" and not result.stdout


def test_exit_codes_of_the_rest(admin):
    admin.answers["nodes"] = listing(NODES, missing=["node3"])
    result = console(admin, "nodes", "-o", "name")
    assert result.returncode == 7 and result.stdout == "node2\nnode1\n"
    assert "node3" in result.stderr
    admin.answers["nodes"] = None
    result = console(admin, "nodes", "--timeout", "0.05")
    assert result.returncode == 6 and "no answer within 50 ms" in result.stderr
    admin.stop()
    assert console(admin, "nodes").returncode == 5


def test_exit_codes_of_the_doctor(admin):
    for state, status in (("ok", 0), ("warning", 0), ("failed", 7)):
        admin.answers["doctor"] = [{"check": "store", "node": "node1", "state": "ok"},
                                   {"check": "disk", "node": "node1", "state": state}]  # fmt: skip
        assert console(admin, "doctor").returncode == status, state


def test_a_column_that_is_not_there(admin):
    for words in (("--columns", "nam"), ("--sort", "nam")):
        result = console(admin, "nodes", *words)
        assert result.returncode == 2 and not result.stdout
        assert "it has name, rooms, state" in result.stderr


@pytest.mark.parametrize("words, said", {
    ("nodes", "--limit", "3"): "not expected: --limit 3\nTry greenroom console nodes --help\n",
    ("room", "show", "a", "b", "c"): "not expected: b c\nTry greenroom console room show --help\n",
    ("rooms", "-n", "x"): "--limit: a number, not x\nTry greenroom console rooms --help\n",
    ("raft", "--shard", "x"): "--shard: a number, not x\nTry greenroom console raft --help\n",
}.items())  # fmt: skip
def test_what_is_wrong_with_a_command_line(admin, words, said):
    result = console(admin, *words)
    assert (result.returncode, result.stdout) == (2, ""), result
    assert result.stderr == f"greenroom: {said}", result


ACTS = {
    ("user", "erase", "eve"): {"user": "eve"},
    ("user", "deactivate", "eve"): {"user": "eve"},
    ("user", "reset-password", "eve"): {"user": "eve"},
    ("node", "decommission", "node3"): {"node": "node3"},
    ("connection", "close", "c1"): {"id": "c1"},
    ("session", "kick", "--user", "eve"): {"user": "eve"},
    ("session", "kick", "--session", "s1"): {"session": "s1"},
}


@pytest.mark.parametrize("words", ACTS)
def test_what_cannot_be_taken_back_needs_a_yes(admin, words):
    verb = " ".join(words[:2])
    admin.answers[verb] = [{"done": True}]
    result = console(admin, *words)
    assert result.returncode == 2 and "--yes" in result.stderr and not result.stdout
    assert not admin.requests, "nothing was asked of the node"
    assert shown(admin, *words, "--yes") == "DONE\ntrue\n"
    assert admin.of(verb) == [ACTS[words]]


def test_a_rehearsal_needs_no_yes(admin):
    admin.answers["connection close"] = [{"id": "c1", "would": "close"}]
    assert "close" in shown(admin, "connection", "close", "c1", "--dry-run")
    assert admin.of("connection close") == [{"id": "c1", "dry_run": True}]


def test_watching_into_a_pipe(admin):
    with subprocess.Popen(
        [str(TOOL), "console", "--node", str(admin.path), "nodes", "-o", "json", "--watch", "0.1"],
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    ) as tool:  # fmt: skip
        assert [json.loads(tool.stdout.readline()) for _ in range(3)] == [NODES] * 3
        tool.send_signal(signal.SIGINT)
        assert tool.wait(10 * SLOWNESS) == 0, "as the last answer"
    wait_until(lambda: len(admin.of("nodes")) >= 3, "three questions")


def test_only_what_looks_is_watched(admin):
    result = console(admin, "node", "drain", "node1", "--watch")
    assert result.returncode == 2 and "--watch" in result.stderr
    assert not admin.requests


def test_without_a_terminal_a_verb_is_needed(admin):
    result = console(admin)
    assert result.returncode == 2 and result.stderr and not result.stdout


def test_help_is_also_a_verb(admin):
    verbs = shown(admin, "help")
    assert verbs == shown(admin, "--help") and "doctor" in verbs
    assert shown(admin, "help", "room", "show") == shown(admin, "room", "show", "--help")
    assert shown(admin, "--no-headers", "help") == verbs
    assert not admin.requests
