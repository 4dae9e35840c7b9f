# SPDX-License-Identifier: MIT
"""Every verb of the console that acts can be rehearsed and changes nothing then; what cannot be
taken back asks first; and verbs about a node that is down or unknown say so.

GREENROOM_WRITE_GOLDEN=1 writes the fields of rehearsals into console_rehearsal_fields.json."""

import json
import os
from pathlib import Path

import pytest
from harness.client import PASSWORD, Client, new_id
from harness.console_verbs import verbs_of_the_program
from harness.names import fresh, shard_of
from harness.waiting import wait_until
from test_console_verbs import CASES, NOT_FOUND, OK, REFUSED, World, fields_of, same_fields

GOLDEN = Path(__file__).parent / "console_rehearsal_fields.json"
USAGE, UNREACHABLE, MISSING = 2, 5, 7

# Whatever is not here acts.
LOOKS = {
    "nodes", "shards", "rooms", "rooms show", "users", "users export", "sessions", "connections",
    "actors", "actors show", "tree", "raft", "store", "links", "explain shard", "explain room",
    "trace room", "trace user", "trace message", "trace actor", "settings", "health", "doctor",
    "top", "cluster status", "audit tail", "log tail", "log levels", "token list", "key list",
    "chaos list",
}  # fmt: skip
ASKS = {
    "nodes decommission", "connections close", "sessions kick", "users deactivate", "users erase",
    "users reset-password", "token revoke", "key retire", "chaos kill",
}  # fmt: skip

ACTS = sorted(set(CASES) - LOOKS)
# Where the words of the walk over all verbs would not show what a rehearsal says.
WORDS = {
    "nodes undrain": lambda w: ["node2"],
    "nodes decommission": lambda w: ["node2", "--fewer-replicas"],
    "shards move": lambda w: ["1", "--to", follower_of(w.node, 1)],
    "log level": lambda w: ["debug", "--component", "walked"],
    "key retire": lambda w: [older_key(w.node)],
    "token issue": lambda w: ["--user", fresh("issued"), "--create"],
}
# Of these another answer than "done" is right: a key that is not there, and too many of them.
CODES = {"key rotate": {OK, REFUSED}}


def older_key(node):
    """One that may be retired: there is a newer one."""
    if len(node.rows("key list")) < 2:
        assert node.console("key", "rotate").returncode == OK

    def several():
        keys = node.rows("key list")
        return keys if len(keys) > 1 else None

    keys = wait_until(several, "the new key to be known here")
    return min(keys, key=lambda r: r["created_at"])["id"]


def follower_of(node, shard):
    row = next(r for r in node.rows("shards") if r["shard"] == shard)
    return next(name for name in row["replicas"] if name != row["leader"])


def words_of(w, verb):
    made = WORDS.get(verb, CASES[verb].words)(w)
    return [word for word in made if word != "--yes"]


def state_of(trio):
    """All that an act could change, of which the nodes tell at once. Whatever rooms, accounts and
    the map become is an entry in a log."""
    asked = trio.nodes[0]
    return {
        "entries": [n.metric("greenroom_log_entries_total") for n in trio.nodes],
        "keys": asked.rows("key list"),
        "levels": asked.rows("log levels"),
        "rehearsed": asked.rows("chaos list"),
        "settings": asked.rows("settings"),
        "sockets": sorted(r["id"] for r in asked.rows("connections", limit=10000)
                          if r["protocol"] != "http"),
        "backups": sorted(str(p) for n in trio.nodes for p in (n.folder / "backups").glob("*")),
    }  # fmt: skip


def state_at_rest(trio):
    """When nothing more has come for a few looks: making what a verb is about writes a little later
    as well (to the other replicas, and when somebody was seen last)."""
    seen = []

    def same_again():
        seen.append(state_of(trio))
        last = seen[-5:]
        return len(last) == 5 and all(s == last[0] for s in last)

    wait_until(same_again, "the logs to rest")
    return seen[-1]


# What a verb says when it has done it, field by field.
ACTED = {
    "nodes drain": {"state": "draining"},
    "nodes decommission": {"state": "leaving"},
    "shards move": {"pinned": True},
    "rooms move": {"pinned": True},
    "log level": {"level": "debug"},
    "key rotate": {"state": "new"},
    "key retire": {"state": "gone"},
    "chaos delay link": {"delay_ms": 1},
}


def claims_to_have_acted(verb, rows):
    done = {"done", "made", "asked", "cancelled"}
    flags = ("closed", "armed", "issued", "revoked", "said", "created", "reset", "killed")
    words = ACTED.get(verb, {})
    return [r for r in rows if r.get("state") in done or any(r.get(f) is True for f in flags)
            or r.get("rebalance", "").startswith("begun")
            or (words and words.items() <= r.items())]  # fmt: skip


def says_what_it_would_do(row):
    return "would" in row.get("would", "").split()


def golden():
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}


def looks_right(verb, rows):
    found = fields_of(rows)
    if "GREENROOM_WRITE_GOLDEN" in os.environ:
        known = golden().get(verb, {})
        found = {n: k or known.get(n, k) for n, k in found.items()}
        GOLDEN.write_text(json.dumps(golden() | {verb: found}, indent=1) + "\n")
    return same_fields(found, golden()[verb])


@pytest.fixture(scope="module")
def quiet(trio):
    trio.settle()
    trio.wait_even()
    return trio


def test_each_verb_acts_or_looks():
    listed = set(verbs_of_the_program())
    assert listed == set(CASES) and LOOKS < listed and ASKS < set(ACTS)


@pytest.mark.parametrize("verb", ACTS)
def test_a_rehearsal_changes_nothing(quiet, verb):
    """Something else may write into a log meanwhile. An act would do so each time."""
    node = quiet.nodes[0]
    seen = []
    for _ in range(3):
        w = World(node)
        try:
            words = words_of(w, verb)
            before = state_at_rest(quiet)
            result = node.console(*verb.split(), *words, "--dry-run", "-o", "json", timeout_s=60)
            table = node.console(*verb.split(), *words, "--dry-run", "-o", "wide", timeout_s=60)
            after = state_of(quiet)
            for client in w.clients:
                assert "code" not in client.answer("room_list_request")["data"], "still connected"
        finally:
            w.close()
        assert result.returncode in CODES.get(verb, {OK}), f"{verb}: {result.stderr}"
        if result.returncode == OK:
            rows = json.loads(result.stdout)
            assert rows, f"{verb}: it says what would be done"
            assert not claims_to_have_acted(verb, rows), rows
            assert all(says_what_it_would_do(r) for r in rows), rows
            assert looks_right(verb, rows), f"{verb}: {GOLDEN.name} has others than {rows}"
            lines = table.stdout.splitlines()
            assert lines and "WOULD" in lines[0] and len(lines) > 1, (table.stdout, table.stderr)
        seen.append({k: (before[k], after[k]) for k in before if before[k] != after[k]})
        if not seen[-1]:
            return
    raise AssertionError(f"{verb} --dry-run has changed something each time: {seen}")


@pytest.mark.parametrize("verb", ACTS)
def test_what_cannot_be_taken_back_asks_first(quiet, verb):
    """Without a terminal there is nobody to be asked, so `--yes` has to be said."""
    node = quiet.nodes[0]
    offered = node.console(*verb.split(), "--help").stdout
    assert "--dry-run" in offered, offered
    assert ("--yes" in offered) == (verb in ASKS), offered
    if verb in ASKS:
        w = World(node)
        try:
            result = node.console(*verb.split(), *words_of(w, verb))
            assert result.returncode == USAGE and "say --yes" in result.stderr, result.stderr
            for client in w.clients:
                assert "code" not in client.answer("room_list_request")["data"], "still there"
        finally:
            w.close()


def test_it_says_to_how_much(quiet):
    """And not only that something would be done."""
    node = quiet.nodes[0]
    with Client(node) as one, Client(quiet.nodes[1]) as two:
        name = fresh("counted")
        one.register(name)
        two.log_in(username=name, password=PASSWORD)
        room = one.create_room("Counted", alias=fresh("counted"), room_type="public")
        wait_until(lambda: one.ask("room_list_request")["rooms"], "the room to be in the list")
        (row,) = node.rows("user erase", user=name, dry_run=True)
        assert (row["sessions"], row["rooms"]) == (2, 1), row
        assert row["would"] == (
            "nothing would stay of it but its id and its messages, 2 sessions would end, it would "
            "leave 1 room"), row  # fmt: skip
        (row,) = node.rows("user reset-password", user=name, dry_run=True)
        assert (row["sessions"], row["rooms"]) == (2, 1), row
        assert row["would"] == (
            "it would get another password, which is shown once, and 2 sessions would end"), row
        (row,) = node.rows("user role", user=name, role="admin", dry_run=True)
        assert row["role"] == "user" and "admin" in row["would"], row
        assert one.ask("room_list_request")["rooms"], "nothing has ended"
        said = {"target": "room", "id": room["alias"], "content": "x"}
        (row,) = node.rows("announce", dry_run=True, **said)
        assert row["readers"] == 1 and row["room"] == room["id"], row
        assert row["would"] == "it would be said to 1 reader", row
    assert node.rows("user deactivate", user=name, dry_run=True)[0]["would"].startswith("nobody")
    for row in node.rows("backup now", dry_run=True, to="never"):
        assert (row["shards"], row["detail"]) == (33, None), row
        assert row["would"] == "a backup of 33 shards would be made", row
    for row in node.rows("store compact", dry_run=True):
        would = f"{row['before_bytes']} bytes would be read, and written anew"
        assert row["before_bytes"] >= 0 and row["would"] == would, row
    (row,) = node.rows("token issue", dry_run=True, user=fresh("load"), create=True, count=5)
    assert (row["tokens"], row["account"]) == (5, "would be made"), row
    assert row["would"] == "5 tokens would be issued, to accounts that would be made", row
    (row,) = node.rows("rebalance", dry_run=True)
    assert (row["replicas"], row["leaders"]) == (0, 0), "it is even"


def rehearsed(node, *words):
    result = node.console(*words, "--dry-run", "-o", "json")
    assert result.returncode == OK, f"{words}: {result.stderr}"
    return json.loads(result.stdout)


def test_acts_on_the_cluster_say_to_how_much(quiet):
    """Shards, leaders, rooms, sessions and clients."""
    asked = quiet.nodes[0]
    shards = {r["shard"]: r for r in asked.rows("shards")}
    led = sum(r["leader"] == "node2" for r in shards.values())
    with Client(quiet.nodes[1]) as bob:
        bob.register(fresh("bob"))
        room = bob.create_room("Rehearsed", alias=fresh("rehearsed"), room_type="public")
        leader = shards[shard_of(room["id"])]["leader"]

        def counted():
            (row,) = rehearsed(asked, "node", "drain", "node2")
            (known,) = [r for r in asked.rows("nodes") if r["name"] == "node2"]
            right = (row["sessions"], row["clients"], row["rooms"]) == (
                known["sessions"], known["connections"], known["rooms"])  # fmt: skip
            return row if right and row["clients"] >= 1 else None

        row = wait_until(counted, "what it would do to be as it is")
        assert row["state"] == "active" and row["leaders"] == led
        assert f"{led} shards would be led by others" in row["would"], row
        clients = f"{row['clients']} client" + ("s" if row["clients"] != 1 else "")
        assert f"{clients} would be asked to go elsewhere" in row["would"], row
        (row,) = rehearsed(asked, "node", "decommission", "node2", "--fewer-replicas")
        assert row["state"] == "active" and row["leaders"] >= led - 1, row
        assert f"{row['leaders']} shards would get another leader" in row["would"], row
        (row,) = rehearsed(asked, "node", "undrain", "node2")
        assert row["would"] == "nothing would change: it is active" and row["leaders"] == 0
        other = next(n for n in ("node1", "node2", "node3") if n != leader)
        (row,) = rehearsed(asked, "room", "move", room["alias"], "--to", other)
        assert (row["pinned"], row["leaders"], row["copies"]) == (False, 1, 0), row
        assert row["rooms_in_use"] >= 1 and room["alias"] in row["rooms"]
        assert f"{other} would lead it instead of {leader}" in row["would"], row
        assert "it would be pinned" in row["would"] and "would go along" in row["would"], row
    (row,) = rehearsed(asked, "chaos", "delay", "link", "node2", "--ms", "70", "--for", "9")
    assert (row["delay_ms"], row["left_s"], row["shards"]) == (0, 0, 33), row
    assert "would come 70 ms later, for 9 s: in 33 shards" in row["would"], row
    for row in rehearsed(asked, "log", "level", "debug", "--component", "walked"):
        assert (row["level"], row["wanted"]) == ("info", "debug"), row
        assert row["would"] == "it would log debug instead of info", row
    table = asked.console("token", "issue", "--user", fresh("load"), "--create", "--count", "5",
                          "--dry-run").stdout  # fmt: skip
    assert "?" not in table and "5 tokens would be issued" in table, table
    drained = asked.console("node", "drain", "node2", "--dry-run").stdout
    assert f"{led} shards would be led by others" in drained, drained


def test_what_would_fail_fails(quiet):
    node = quiet.nodes[0]

    def code(verb, **args):
        answer = node.admin(verb, dry_run=True, **args)
        assert not answer["ok"], (verb, args, answer)
        return answer["error"]["code"]

    for verb in ("user erase", "user deactivate", "user reopen", "user reset-password"):
        assert code(verb, user=fresh("nobody")) == "not_found", verb
    assert code("user role", user=fresh("nobody"), role="admin") == "not_found"
    assert code("user role", user="alice", role="king") == "usage"
    assert code("token issue", user=fresh("nobody")) == "not_found"
    assert code("token revoke", user=fresh("nobody"), id=new_id()) == "not_found"
    assert code("announce", target="room", id=fresh("nowhere"), content="x") == "not_found"
    assert code("announce", target="user", id=fresh("nobody"), content="x") == "not_found"
    assert code("invented verb") == "usage", "and what cannot be rehearsed is not done"


def test_an_account_is_looked_at_first(quiet):
    """What a rehearsal says of an account is what the act does: of one that is open, closed,
    erased."""
    node = quiet.nodes[0]
    name = fresh("looked")

    def both(*words):
        """The rehearsal's code, which is the act's as well, and what the rehearsal says."""
        yes = ["--yes"] if words[1] in {"deactivate", "erase", "reset-password"} else []
        would = node.console(*words, "--dry-run", "-o", "json")
        did = node.console(*words, *yes, "-o", "json")
        assert would.returncode == did.returncode, (words, would, did)
        rows = json.loads(would.stdout) if would.returncode == OK else [{"would": would.stderr}]
        return would.returncode, rows[0]["would"]

    made = "it would be made, with a password that is shown once"
    assert both("user", "create", name) == (OK, made)
    assert both("user", "create", name) == (REFUSED, "greenroom: this name is taken\n")
    assert both("user", "role", name, "bot") == (OK, "it would have the role bot from then on")
    assert both("user", "role", name, "bot") == (
        OK, "nothing would change: it has this role already")  # fmt: skip
    assert both("user", "reopen", name) == (OK, "nothing would change: it is open already")
    assert both("user", "deactivate", name) == (
        OK, "nobody would be able to log in to it, 0 sessions would end")  # fmt: skip
    assert both("user", "deactivate", name) == (OK, "nothing would change: it is closed already")
    nobody = (NOT_FOUND, "greenroom: no such user\n")
    assert both("user", "role", name, "admin") == nobody
    assert both("user", "reset-password", name) == nobody
    assert both("user", "create", name)[0] == REFUSED
    assert both("user", "reopen", name) == (OK, "it would be open again")
    assert both("user", "reset-password", name)[0] == OK
    tokens_only = fresh("bot")
    assert node.rows("token issue", user=tokens_only, create=True)
    assert both("user", "reset-password", tokens_only) == (
        REFUSED, "greenroom: this account has no password: it is used with tokens\n")  # fmt: skip
    assert both("user", "erase", name)[1].startswith("nothing would stay of it but")
    assert both("user", "erase", name) == (OK, "nothing would change: it is erased already")
    for words in (("role", name, "admin"), ("reset-password", name)):
        assert both("user", *words) == nobody, words
    assert both("user", "reopen", name)[0] == REFUSED
    assert both("user", "create", name)[0] == REFUSED, "its name stays its own"


# -- nodes that are down, or nobody's --------------------------------------------------------------

# What is typed, with NODE for the node in question.
ABOUT_A_NODE = {
    "nodes drain": ["NODE"],
    "nodes undrain": ["NODE"],
    "nodes decommission": ["NODE", "--fewer-replicas", "--yes"],
    "shards move": ["1", "--to", "NODE"],
    "rooms move": ["lobby", "--to", "NODE"],
    "connections close": ["NODE/1", "--yes"],
    "reload": ["NODE"],
    "chaos delay link": ["NODE", "--ms", "1", "--for", "1"],
}


def ask_about(node, verb, name, *more):
    words = [word.replace("NODE", name) for word in ABOUT_A_NODE[verb]]
    return node.console(*verb.split(), *words, *more)


@pytest.mark.parametrize("verb", ABOUT_A_NODE)
def test_a_node_that_is_not_there(quiet, verb):
    for asked in quiet.nodes:
        result = ask_about(asked, verb, "node99")
        assert result.returncode == NOT_FOUND and "node99" in result.stderr, result.stderr


def test_a_replica_is_taken_from_a_node_that_is_not_there(quiet):
    result = quiet.nodes[0].console("shard", "move", "1", "--to", "node1", "--from", "node99")
    assert result.returncode == NOT_FOUND and "node99" in result.stderr, result.stderr


@pytest.fixture(scope="module")
def two_left(quiet):
    """node3 is gone, and the others lead everything, the cluster map included."""
    quiet.nodes[2].kill()

    def led_by_the_others():
        views = [n.admin("shards") for n in quiet.nodes[:2]]
        return all({r["leader"] for r in v["rows"]} == {"node1", "node2"} and v["missing"]
                   for v in views)  # fmt: skip

    wait_until(led_by_the_others, "node1 and node2 to lead everything", 40)
    yield quiet.nodes[:2]
    quiet.start()


@pytest.mark.parametrize(("verb", "code", "says"), [
    ("nodes drain", REFUSED, "node decommission node3"),
    ("shards move", REFUSED, "node decommission node3"),
    ("rooms move", REFUSED, "node decommission node3"),
    ("chaos delay link", REFUSED, "node3 does not run"),
    ("connections close", UNREACHABLE, "node3 did not answer"),
    ("reload", MISSING, "nothing from node3"),
    ("nodes undrain", OK, "when it is back"),
])  # fmt: skip
def test_a_node_that_is_down(two_left, verb, code, says):
    """Whoever is asked: what changes the map is said by the node that leads it."""
    for asked in two_left:
        result = ask_about(asked, verb, "node3")
        assert result.returncode == code, f"{verb}: {result.returncode} {result.stderr}"
        assert says in result.stderr, f"{verb}: what is to be done, got {result.stderr}"
    placed = two_left[0].rows("shards")
    assert all(r["moving_to"] in (None, "", []) for r in placed), "nothing waits for it"


def test_a_node_that_is_down_can_be_taken_out(two_left):
    """Here only rehearsed; test_membership.py does it."""
    for asked in two_left:
        result = ask_about(asked, "nodes decommission", "node3", "--dry-run")
        assert result.returncode == OK, result.stderr
        assert "node3 does not run" in result.stderr and "made anew" in result.stderr
