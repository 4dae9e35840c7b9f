# SPDX-License-Identifier: MIT
"""Every verb that the console's help lists, at a cluster that runs: what its JSON looks like, and
what it says while a node is down. The list is the program's own: a verb without a case here fails.

GREENROOM_WRITE_GOLDEN=1 writes the fields of what is shown into console_fields.json."""

import json
import os
from pathlib import Path

import pytest
from harness.client import PASSWORD, Client, new_id
from harness.console_verbs import verbs_of_the_program
from harness.names import fresh
from harness.waiting import wait_until

GOLDEN = Path(__file__).parent / "console_fields.json"

OK, NOT_FOUND, REFUSED, TIMED_OUT, MISSING = 0, 3, 4, 6, 7


class World:
    """Makes what a verb is about, on the node that is asked (which is never the one that goes)."""

    def __init__(self, node):
        self.node = node
        self.clients = []

    def client(self):
        made = Client(self.node)
        self.clients.append(made)
        made.register(fresh("walker"))
        for verb in ("sessions", "connections"):
            self.row_of(verb, user_id=made.user["id"])
        return made

    def user(self):
        name = fresh("walked")
        with Client(self.node) as made:
            made.register(name)
        return name

    def room(self):
        owner = self.client()
        room = owner.create_room("Walked", alias=fresh("walked"), room_type="public")
        owner.send(room["id"], "hello")
        self.row_of("rooms", id=room["id"])
        return room

    def bot_with_token(self):
        name = fresh("bot")
        made = self.node.console("token", "issue", "--user", name, "--create", "--scopes", "read")
        assert made.returncode == 0, made.stderr
        (row,) = json.loads(
            self.node.console("token", "list", "--user", name, "-o", "json").stdout
        )
        return name, row["id"]

    def row_of(self, verb, **wanted):
        def find():
            rows = self.node.admin(verb, limit=10000)["rows"]
            return next((r for r in rows if all(r[k] == v for k, v in wanted.items())), None)

        return wait_until(find, f"a row of {verb} with {wanted}")

    def close(self):
        for each in self.clients:
            each.close()


def session_of(w, person):
    return w.row_of("sessions", user_id=person.user["id"])["id"]


def deactivated(w):
    name = w.user()
    assert w.node.console("user", "deactivate", name, "--yes").returncode == 0
    return name


def acted(w):
    """So that there is a line in the audit log."""
    done = w.node.console("log", "level", "info", "--component", "walked")
    assert done.returncode in {OK, MISSING}, done.stderr
    return []


def drained(w):
    assert w.node.console("node", "drain", "node2").returncode == OK
    return ["node2"]


class Case:
    """`words(w)`: what is typed behind the verb, and `after` is done when it is over. `all_up`,
    `one_down`: the exit codes that are right; `of_all`: the answer is made of those of all nodes,
    so that one which is down is named."""

    def __init__(self, words=lambda w: [], all_up=OK, one_down=None, of_all=False, empty=False,
                 after=()):  # fmt: skip
        self.after = after
        self.words = words
        self.all_up = {all_up} if isinstance(all_up, int) else set(all_up)
        down = ({MISSING} if of_all else self.all_up) if one_down is None else one_down
        self.one_down = {down} if isinstance(down, int) else set(down)
        self.of_all = of_all
        self.empty = empty  # there may be no rows


LIST = Case(of_all=True)
PEOPLE = Case(lambda w: ["--user", w.client().user["username"]], of_all=True)

CASES = {
    # -- what looks
    "nodes": LIST,
    "shards": LIST,
    "rooms": Case(lambda w: [w.room() and "--limit=5"], of_all=True),
    "rooms show": Case(lambda w: [w.room()["alias"]], of_all=True),
    "users": Case(lambda w: [w.client() and "--limit=5"], of_all=True),
    "sessions": PEOPLE,
    "connections": PEOPLE,
    "actors": Case(lambda w: ["--kind", "shard"], of_all=True),
    "actors show": Case(
        lambda w: [next(r["id"] for r in w.node.rows("actors", kind="admin")
                        if r["node"] == w.node.name)],
        of_all=True),
    "tree": LIST,
    "raft": Case(lambda w: ["--shard", "1"], of_all=True),
    "store": LIST,
    "links": LIST,
    "explain shard": Case(lambda w: ["1"], of_all=True),
    "explain room": Case(lambda w: [w.room()["alias"]], of_all=True),
    "trace room": Case(lambda w: [w.room()["alias"], "--for", "1"], TIMED_OUT, empty=True,
                       one_down={TIMED_OUT, MISSING}),
    "trace user": Case(lambda w: [w.user(), "--for", "1"], TIMED_OUT, empty=True,
                       one_down={TIMED_OUT, MISSING}),
    "trace message": Case(lambda w: [new_id(), "--for", "1"], TIMED_OUT, empty=True,
                          one_down={TIMED_OUT, MISSING}),
    "trace actor": Case(
        lambda w: [w.row_of("actors", kind="user", name=w.client().user["id"])["id"], "--for", "1"],
        TIMED_OUT, empty=True, one_down={TIMED_OUT, MISSING}),
    "settings": Case(),
    "health": LIST,
    # A machine that is busy may be found ill.
    "doctor": Case(all_up={OK, MISSING}, one_down={MISSING}, of_all=True),
    "top": Case(lambda w: ["--once"], of_all=True),
    "cluster status": Case(one_down={7, 8, 9}),
    "audit tail": Case(acted, of_all=True),
    "log tail": Case(of_all=True, empty=True),
    "log levels": LIST,
    "token list": Case(lambda w: ["--user", w.bot_with_token()[0]]),
    "key list": Case(),
    "chaos list": Case(of_all=True, empty=True),
    # -- what changes something
    "nodes drain": Case(lambda w: ["node2"], after=("node", "undrain", "node2")),
    "nodes undrain": Case(drained),
    # For good, so it is done in test_membership.py; here that it asks for a node that is there.
    "nodes decommission": Case(lambda w: ["node99", "--yes"], NOT_FOUND, empty=True),
    "shards move": Case(lambda w: ["1", "--to", "node1"], after=("shard", "unpin", "1")),
    "shards unpin": Case(lambda w: ["1"]),
    "shards snapshot": Case(lambda w: ["1"], of_all=True),
    "rooms move": Case(lambda w: [w.room()["alias"], "--to", "node1"],
                       after=("rebalance", "--unpin")),
    "rooms unpin": Case(lambda w: [w.room()["alias"]]),
    "rebalance": Case(),
    "connections close": Case(
        lambda w: [w.row_of("connections", user_id=w.client().user["id"])["id"], "--yes"],
        of_all=True),
    "sessions kick": Case(lambda w: ["--session", session_of(w, w.client()), "--yes"], of_all=True),
    "users create": Case(lambda w: [fresh("made")]),
    "users role": Case(lambda w: [w.user(), "admin"]),
    "users deactivate": Case(lambda w: [w.user(), "--yes"]),
    "users reopen": Case(lambda w: [deactivated(w)]),
    "users erase": Case(lambda w: [w.user(), "--yes"]),
    "users export": Case(lambda w: [w.user()]),
    "users reset-password": Case(lambda w: [w.user(), "--yes"]),
    "token issue": Case(lambda w: ["--user", w.user()]),
    "token revoke": Case(
        lambda w: [x for pair in zip(("--user", "--id"), w.bot_with_token()) for x in pair]
        + ["--yes"]),
    "key rotate": Case(all_up={OK, REFUSED}),
    "key retire": Case(lambda w: ["no-such-key", "--yes"], NOT_FOUND, empty=True),
    "announce": Case(lambda w: ["--room", w.room()["alias"], "hello"]),
    "log level": Case(lambda w: ["info", "--component", "walked"], of_all=True),
    "backup now": Case(of_all=True),
    "store compact": Case(of_all=True),
    "reload": Case(of_all=True),
    "chaos fail": Case(lambda w: ["canary"]),
    "chaos kill": Case(
        lambda w: [next(r["id"] for r in w.node.rows("actors", kind="presence")
                        if r["node"] == w.node.name), "--yes"]),
    "chaos delay link": Case(lambda w: ["node2", "--ms", "1", "--for", "1"]),
}  # fmt: skip


def golden():
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}


def run(node, verb, case):
    w = World(node)
    try:
        result = node.console(*verb.split(), *case.words(w), "-o", "json", timeout_s=120)
        if case.after:
            assert node.console(*case.after).returncode == OK, case.after
        return result
    finally:
        w.close()


def rows_of(verb, case, result):
    assert "terminate" not in result.stderr and "Traceback" not in result.stderr, result.stderr
    if case.empty and not result.stdout.strip():
        return []
    rows = json.loads(result.stdout)
    assert isinstance(rows, list) and (rows or case.empty), f"{verb}: rows, got {result.stdout}"
    return rows


def kind_of(value):
    kinds = {bool: "truth", int: "number", float: "number", str: "text", list: "list"}
    return kinds.get(type(value), "object")


def fields_of(rows):
    """{name: what its values are}; null, which may stand for any, says nothing."""
    kinds = {}
    for row in rows:
        for name, value in row.items():
            known = kinds.setdefault(name, set())
            if value is not None:
                known.add(kind_of(value))
    return {name: " or ".join(sorted(known)) for name, known in sorted(kinds.items())}


def same_fields(found, wanted):
    """What was null each time fits whatever it is otherwise."""

    def fits(kinds, known):
        return not kinds or not known or set(kinds.split(" or ")) <= set(known.split(" or "))

    return set(found) == set(wanted) and all(fits(k, wanted[n]) for n, k in found.items())


def settle(trio):
    trio.settle()

    def grown():
        rows = trio.nodes[0].rows("raft")
        return len(rows) == 99 and all(r["votes"] == 3 for r in rows)

    wait_until(grown, "all groups to have three replicas", 60)


def test_every_verb_has_a_case():
    listed = verbs_of_the_program()
    assert "nodes" in listed and "chaos delay link" in listed, listed
    assert set(listed) == set(CASES), "help and the cases differ"
    assert set(golden()) == {v for v, c in CASES.items() if not c.empty}, "so do the fields"


@pytest.mark.parametrize("verb", CASES)
def test_with_all_nodes(trio, verb):
    settle(trio)
    case = CASES[verb]
    result = run(trio.nodes[0], verb, case)
    assert result.returncode in case.all_up, f"{verb}: {result.returncode} {result.stderr}"
    assert result.returncode in {OK, MISSING} or result.stderr, f"{verb}: it says why"
    rows = rows_of(verb, case, result)
    if "GREENROOM_WRITE_GOLDEN" in os.environ and not case.empty and rows:
        known = golden().get(verb, {})
        found = {n: k or known.get(n, k) for n, k in fields_of(rows).items()}
        GOLDEN.write_text(json.dumps(golden() | {verb: found}, indent=1) + "\n")
    if not case.empty and result.returncode == OK:
        found = fields_of(rows)
        assert same_fields(found, golden()[verb]), f"{verb}: {GOLDEN.name} has others than {found}"


@pytest.fixture(scope="module")
def two_of_three(trio):
    """node3 is gone, and what it led is led by others."""
    settle(trio)
    trio.nodes[2].kill()

    def led_by_the_others():
        answer = trio.nodes[0].admin("shards")
        leaders = {r["leader"] for r in answer["rows"]}
        return [m["node"] for m in answer["missing"]] == ["node3"] and leaders == {"node1", "node2"}

    wait_until(led_by_the_others, "node1 and node2 to lead everything", 40)
    yield trio
    trio.start()


@pytest.mark.parametrize("verb", CASES)
def test_with_a_node_down(two_of_three, verb):
    case = CASES[verb]
    result = run(two_of_three.nodes[0], verb, case)
    assert result.returncode in case.one_down, f"{verb}: {result.returncode} {result.stderr}"
    rows = rows_of(verb, case, result)
    if case.of_all:
        assert "node3" in result.stderr, f"{verb}: who is missing is named, got {result.stderr}"
    if not case.empty:
        unknown = set(fields_of(rows)) - set(golden()[verb])
        assert not unknown, f"{verb}: fields that it does not have otherwise: {unknown}"


def test_what_was_done_can_be_read(two_of_three):
    """Among the acts above, those that this node was asked to do."""
    done = {r["action"] for r in two_of_three.nodes[0].rows("audit tail", limit=1000)}
    acts = {"node drain", "chaos kill", "chaos delay link", "reload", "store compact"}
    assert acts | {"shard snapshot"} <= done
    assert "chaos list" not in done and "nodes" not in done
    assert PASSWORD not in json.dumps(two_of_three.nodes[0].rows("audit tail", limit=1000))
