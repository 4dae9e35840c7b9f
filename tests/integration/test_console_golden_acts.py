# SPDX-License-Identifier: MIT
"""What the console's JSON says, word by word, of acts for good: a key that is retired, and a node
that is decommissioned, on the way and at the end. Four nodes, so that one can go."""

import json
import re

import pytest
from harness.client import Client
from harness.names import fresh
from harness.process import Cluster, is_alive, running
from harness.waiting import wait_until

OK, USAGE, NOT_FOUND, REFUSED = 0, 2, 3, 4
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")
STAY = ["node1", "node2", "node3"]


@pytest.fixture(scope="module")
def cluster(programs):
    with running(Cluster(4)) as made:
        made.settle()
        yield made


def answered(node, *words):
    """(rows, what stands on standard error)"""
    result = node.console(*words, "-o", "json")
    assert result.returncode == OK, f"{words}: {result.returncode} {result.stderr}"
    return json.loads(result.stdout), result.stderr


def shown(node, *words):
    rows, errors = answered(node, *words)
    assert not errors, errors
    return rows


def test_a_key_is_retired(cluster):
    asked = cluster.nodes[1]
    with Client(asked) as alice:
        alice.register(fresh("alice"))
        token = alice.token
    (old,) = shown(asked, "key", "list")
    assert TIME.fullmatch(old.pop("created_at")) and old.pop("id")
    assert old == {"state": "signs", "needed_until": None}
    (made,) = shown(asked, "key", "rotate")
    (old, new) = sorted(shown(asked, "key", "list"), key=lambda r: r["created_at"])
    assert made == {"id": new["id"], "state": "new"}
    assert TIME.fullmatch(old["needed_until"]) and new["needed_until"] is None
    rehearsed = shown(asked, "key", "retire", old["id"], "--dry-run")
    assert rehearsed == [{
        "id": old["id"], "state": "is there",
        "would": "it would be forgotten: all tokens that it has signed would be refused",
    }]  # fmt: skip
    assert shown(asked, "key", "retire", old["id"], "--yes") == [{"id": old["id"], "state": "gone"}]

    def only_the_new_one():
        return all(shown(n, "key", "list") == [
            {"id": new["id"], "state": "signs", "created_at": new["created_at"],
             "needed_until": None}] for n in cluster.nodes)  # fmt: skip

    wait_until(only_the_new_one, "all nodes to know of one key")
    again = asked.console("key", "retire", old["id"], "--yes", "-o", "json")
    assert (again.returncode, again.stdout) == (NOT_FOUND, "")
    assert again.stderr == f"greenroom: there is no key {old['id']}; key list shows them\n"
    last = asked.console("key", "retire", new["id"], "--yes", "-o", "json")
    assert (last.returncode, last.stdout) == (REFUSED, ""), last
    with Client(asked) as late:
        refused = late.answer("auth_request", token=token)["data"]
        assert refused["code"] == "UNAUTHORIZED", refused


def test_a_node_is_decommissioned(cluster):
    """Last in this file: it does not come back."""
    asked, leaver = cluster.nodes[0], cluster.nodes[3]
    pid = leaver.pid()
    act = ("node", "decommission", "node4", "--yes")
    refused = asked.console(*act[:3], "-o", "json")
    assert (refused.returncode, refused.stdout) == (USAGE, "") and "say --yes" in refused.stderr
    assert shown(asked, *act) == [{"node": "node4", "state": "leaving"}]
    on_the_way = []

    def is_gone():
        """Asked again and again, it says what is the case: first that it is leaving."""
        rows, _ = answered(asked, *act)
        on_the_way.append(rows)
        return rows == [{"node": "node4", "state": "decommissioned"}]

    wait_until(is_gone, "node4 to have left", 90)
    assert all(rows == [{"node": "node4", "state": "leaving"}] for rows in on_the_way[:-1])
    wait_until(lambda: not is_alive(pid), "its process to end", 30)
    cluster.nodes.pop()
    cluster.count = 3
    assert [r["name"] for r in shown(asked, "nodes")] == STAY
    assert all(sorted(r["replicas"]) == STAY and r["leader"] in STAY
               for r in shown(asked, "shards"))  # fmt: skip
    (row,) = shown(asked, *act, "--dry-run")
    assert row == {"node": "node4", "state": "decommissioned", "replicas": 0, "leaders": 0,
                   "rooms": None, "sessions": None, "clients": None,
                   "would": "nothing would change: it is decommissioned"}  # fmt: skip
