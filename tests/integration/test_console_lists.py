# SPDX-License-Identifier: MIT
"""What an operator sees of three nodes through one of them, and what he does there: every verb that
lists or judges, sorted, filtered and cut; closing, kicking, levels, accounts; one node gone."""

import json

import pytest
from harness import names
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.waiting import wait_until

NODES = {"node1", "node2", "node3"}


@pytest.fixture(autouse=True)
def all_run(cluster):
    """A test that failed in the middle must not make the next ones fail. And young groups have not
    grown to three everywhere yet, nor are they led where they will be."""
    cluster.settle()
    cluster.wait_even()

    def grown():
        rows = cluster.nodes[0].rows("raft")
        return len(rows) == 99 and all(r["votes"] == 3 for r in rows)

    wait_until(grown, "all groups to have three replicas", 60)


def name_of(client):
    return client.user["username"]


def one(rows, **wanted):
    found = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
    assert len(found) == 1, f"one row with {wanted}, got {found} of {len(rows)}"
    return found[0]


def fields(rows):
    return {r["field"]: r["value"] for r in rows}


def usage(node, verb, **args):
    answer = node.admin(verb, **args)
    assert not answer["ok"] and answer["error"]["code"] == "usage", f"{verb} {args}: {answer}"
    return answer["error"]["message"]


def code(node, verb, **args):
    answer = node.admin(verb, **args)
    assert not answer["ok"], f"{verb} {args}: expected a refusal, got {answer}"
    return answer["error"]["code"]


# -- lists ---------------------------------------------------------------------------------------


def test_rooms(cluster, talk):
    alice, _, room = talk
    asked = cluster.nodes[2]
    row = one(asked.rows("rooms", limit=10000), id=room["id"])
    assert row["name"] == "Talk of two" and row["alias"] == room["alias"]
    assert row["shard"] == names.shard_of(room["id"])
    assert row["node"] == cluster.leaders()[row["shard"]], "on the node that leads its shard"
    assert row["members"] == 2 and row["last_seq"] == 3
    assert row["nodes"] == 2, "the relays of node1 and node2 listen"
    assert row["entries_per_min"] > 0 and row["actor"] == "active"
    alice.send(room["id"], "more")
    now = one(asked.rows("rooms", filter=f"id={room['id']}"), id=room["id"])
    assert now["last_seq"] == 4


def test_a_list_is_sorted_filtered_and_cut(cluster, people):
    (alice,) = people(0)
    stem = fresh("sorted")
    for n in (3, 1, 2):
        room = alice.create_room(f"{stem} {n}")["id"]
        for _ in range(n):
            alice.send(room, "x")
    asked = cluster.nodes[1]
    answer = asked.admin("rooms", filter=f"name~{stem}", sort="last_seq")
    assert [r["name"] for r in answer["rows"]] == [f"{stem} {n}" for n in (3, 2, 1)]
    assert "cut" not in answer, "nothing is left out"
    answer = asked.admin("rooms", filter=f"name~{stem}", sort="name:desc", limit=2)
    assert [r["name"] for r in answer["rows"]] == [f"{stem} 3", f"{stem} 2"]
    assert answer["cut"] == 1
    answer = asked.admin("rooms", filter=f"name~{stem.upper()},last_seq>3")
    assert [r["name"] for r in answer["rows"]] == [f"{stem} 3"]
    assert "sort is one of id, alias" in usage(asked, "rooms", sort="colour")
    assert "no field colour" in usage(asked, "rooms", filter="colour=red")
    assert "limit is 1 to" in usage(asked, "rooms", limit=0)


def test_an_empty_list_has_columns(cluster):
    asked = cluster.nodes[1]
    nothing = ["actors", "--filter", "handled>99999999999"]
    empty = asked.console(*nothing, "--columns", "kind,rate")
    assert (empty.returncode, empty.stdout) == (0, "KIND  RATE\n"), empty
    unknown = asked.console(*nothing, "--columns", "colour")
    assert unknown.returncode == 2 and "no column colour" in unknown.stderr


NOT_FOUND, REFUSED = 3, 4


@pytest.mark.parametrize("words", [
    ("node", "drain", "nosuch"), ("node", "undrain", "nosuch"),
    ("node", "decommission", "nosuch", "--yes"), ("shard", "move", "1", "--to", "nosuch"),
    ("key", "retire", "nosuch", "--yes"), ("key", "retire", "nosuch", "--dry-run"),
    ("token", "revoke", "--user", "{user}", "--id", "nosuch", "--yes"),
    ("token", "revoke", "--user", "{user}", "--id", "0123456789abcdef0123456789abcdef", "--yes"),
])  # fmt: skip
def test_what_there_is_none_of_is_not_found(cluster, people, words):
    (alice,) = people(0)
    for asked in cluster.nodes:
        result = asked.console(*(w.format(user=name_of(alice)) for w in words))
        assert result.returncode == NOT_FOUND, result


def test_what_would_be_refused_is_refused_when_it_is_rehearsed(cluster):
    asked = cluster.nodes[1]
    rehearsed = asked.console("node", "decommission", "node3", "--dry-run")
    assert rehearsed.returncode == REFUSED, rehearsed
    assert "with 2 other nodes shards would have" in rehearsed.stderr
    allowed = asked.console("node", "decommission", "node3", "--fewer-replicas", "--dry-run")
    assert allowed.returncode == 0, allowed
    newest = asked.rows("key list")[-1]["id"]
    assert asked.console("key", "retire", newest, "--dry-run").returncode == REFUSED


def test_one_room(cluster, talk):
    alice, _, room = talk
    for asked in cluster.nodes:
        for called in (room["id"], room["alias"]):
            facts = fields(asked.rows("room show", room=called))
            assert facts["id"] == room["id"] and facts["name"] == "Talk of two"
            assert facts["created_by"] == alice.user["id"] and facts["private"] is False
            assert facts["first_seq"] == 1 and facts["members"] == 2
            assert facts["leader"] == cluster.leaders()[facts["shard"]]
            assert set(facts["replicas"]) == NODES and set(facts["lag"]) == NODES
            assert facts["term"] > 0 and facts["actor"] == "active"
            assert facts["listeners"] == {"node1": 1, "node2": 1}
    assert code(cluster.nodes[0], "room show", room=fresh("nowhere")) == "not_found"
    assert "an id or an alias" in usage(cluster.nodes[0], "room show")


def test_users_and_sessions(cluster, talk):
    alice, bob, room = talk
    asked = cluster.nodes[2]
    with Client(cluster.nodes[1], token=alice.token) as second:
        second.ask("heartbeat")
        second.ask("room_list_request")
        row = one(asked.rows("users", filter=name_of(alice)), id=alice.user["id"])
        assert row["online"] is True and row["sessions"] == 2 and row["role"] == "user"
        assert row["node"] == "node1, node2", "where the sessions are"
        sessions = asked.rows("sessions", user=name_of(alice))
        assert {s["node"] for s in sessions} == {"node1", "node2"}
        for s in sessions:
            assert s["user_id"] == alice.user["id"] and s["username"] == name_of(alice)
            assert s["connection"].startswith(s["node"] + "/") and s["protocol"] == "ws"
            assert s["rooms"] == 2, "the room, and that of everybody"
            assert s["since"].endswith("Z")
    mine = asked.rows("sessions", user=bob.user["id"])
    assert [s["username"] for s in mine] == [name_of(bob)]
    wait_until(
        lambda: [s["node"] for s in asked.rows("sessions", user=name_of(alice))] == ["node1"],
        "the second session to be gone",
    )
    assert asked.rows("sessions", user=fresh("nobody")) == []
    assert "user: a name" in usage(asked, "sessions", user="no spaces")


def test_connections(cluster, talk):
    alice, bob, room = talk
    asked = cluster.nodes[2]
    row = one(asked.rows("connections", user=name_of(alice)), username=name_of(alice))
    assert row["node"] == "node1" and row["protocol"] == "ws" and row["encoding"] == "json"
    assert row["id"].startswith("node1/") and row["address"].startswith("127.0.0.1:")
    assert row["bytes_in"] > 0 and row["bytes_out"] > 0 and row["queue"] == 0
    assert row["user_id"] == alice.user["id"]
    assert [r["id"] for r in asked.rows("connections", user=name_of(alice).upper())] == [row["id"]]
    assert "user: a name" in usage(asked, "connections", user="no spaces")
    before = row["messages_in"]
    alice.send(room["id"], "again")
    now = one(asked.rows("connections", filter=f"id={row['id']}"), id=row["id"])
    assert now["messages_in"] == before + 1
    (session,) = asked.rows("sessions", user=name_of(bob))
    one(asked.rows("connections", limit=10000), id=session["connection"], username=name_of(bob))


def test_actors(cluster, talk):
    _, _, room = talk
    asked = cluster.nodes[0]
    rows = asked.rows("actors", sort="handled", limit=5)
    assert [r["handled"] for r in rows] == sorted((r["handled"] for r in rows), reverse=True)
    assert len(rows) == 5
    for key in ("mailbox", "busy", "restarts", "age"):
        assert asked.rows("actors", sort=key, limit=3)
    answer = asked.admin("actors", kind="shard", limit=10)
    assert len(answer["rows"]) == 10 and answer["cut"] == 99 - 10, "33 on each of three nodes"
    shard = names.shard_of(room["id"])
    rooms = asked.rows("actors", kind="room", parent=f"shard {shard}")
    actor = one(rooms, name=room["id"])
    assert actor["rate"] >= 0 and actor["last_message_ms"] >= 0 and actor["last_message"]
    for node in cluster.nodes:
        facts = fields(node.rows("actor show", actor=actor["id"]))
        assert facts["kind"] == "room" and facts["name"] == room["id"]
        assert facts["parent"] == f"shard {shard}" and facts["node"] == actor["node"]
        assert facts["children"] == 0, "a room has none"
    above = one(asked.rows("actors", kind="shard", filter=f"name={shard},node={actor['node']}"))

    def counted():
        below = asked.rows("actors", parent=f"shard {shard}", filter=f"node={actor['node']}")
        shown = fields(asked.rows("actor show", actor=above["id"]))["children"]
        return below and shown == len(below)

    wait_until(counted, "the shard to have as many children as name it")
    by_figures = asked.rows("actors", filter=f"handled>0,kind=room,id={actor['id']}", limit=1)
    assert one(by_figures)["name"] == room["id"] and by_figures[0]["parent"] == f"shard {shard}"
    assert not asked.rows("actors", filter="handled<0")
    assert asked.rows("actors", filter="mailbox<100000,busy<101,age>0", limit=1), "short names too"
    (session,) = asked.rows("actors", filter="kind=session,node=node1", limit=1)
    assert fields(asked.rows("actor show", actor=session["id"]))["user"], "whose it is"
    assert code(asked, "actor show", actor="node9/1") == "not_found"
    assert "kind is one of" in usage(asked, "actors", kind="nothing")


def test_actors_by_kind(cluster, talk):
    asked = cluster.nodes[1]
    rows = asked.rows("actors", by="kind")
    assert [r["busy_percent"] for r in rows] == sorted(
        (r["busy_percent"] for r in rows), reverse=True)  # fmt: skip
    kinds = {r["kind"]: r for r in rows}
    assert kinds["shard"]["actors"] == 99 and kinds["node"]["actors"] == 3, "of all nodes"
    assert kinds["shard"]["handled"] > 99 and kinds["room"]["actors"] >= 1
    assert [r["kind"] for r in asked.rows("actors", by="kind", sort="actors", limit=1)] == ["shard"]
    assert asked.rows("actors", by="kind", filter="actors=99")[0]["kind"] == "shard"
    assert [r["actors"] for r in asked.rows("actors", by="kind", kind="gate")] == [3]
    assert usage(asked, "actors", by="colour") == "by is kind"
    shown = asked.console("actors", "--by-kind", "-o", "name")
    assert shown.returncode == 0 and "shard" in shown.stdout.split(), shown


def test_tree(cluster, talk):
    assert "limit is 1 to" in usage(cluster.nodes[1], "tree", limit=-1)
    few = cluster.nodes[1].rows("tree", limit=1)
    rows = cluster.nodes[1].rows("tree")
    assert len(few) < len(rows) and any(r["kind"] == "…" for r in few), "the others are counted"
    for node in NODES:
        own = [r for r in rows if r["node"] == node]
        assert own[0]["kind"] == "node" and own[0]["depth"] == 0
        for before, after in zip(own, own[1:]):
            assert after["depth"] <= before["depth"] + 1, f"{after} below {before}"
        assert {"cluster", "admin", "shard", "gate"} <= {r["kind"] for r in own}


def test_raft_and_store(cluster):
    asked = cluster.nodes[0]
    rows = asked.rows("raft", shard=3)
    assert {r["node"] for r in rows} == NODES and {r["shard"] for r in rows} == {3}
    assert [r["role"] for r in rows].count("leader") == 1
    for r in rows:
        assert r["votes"] == 3 and r["term"] > 0 and r["first"] <= r["last"] + 1
        assert r["applied"] <= r["commit"] <= r["last"] and r["lag"] is not None
    assert len(asked.rows("raft")) == 99
    assert "shard is 0 (the cluster map) to 32" in usage(asked, "raft", shard=-1)
    assert code(asked, "raft", shard=33) == "not_found"
    stores = asked.rows("store")
    assert {s["node"] for s in stores} == NODES
    for s in stores:
        assert s["stall"] == "none" and s["free_bytes"] > 0 and s["log_bytes"] > 0
        assert "raft_log" in s["families"]


WELL = ("ready", "descriptors", "store", "links", "clock", "consumers")


def test_doctor(cluster):
    def judged_well():
        """What a machine that is busy, or a cluster that was just started, makes good again."""
        rows = cluster.nodes[0].rows("doctor")
        good = {(r["node"], r["check"]) for r in rows if r["state"] == "ok"}
        wanted = {(n, c) for n in NODES for c in WELL} | {("all", "leaders")}
        return rows if wanted <= good else None

    rows = wait_until(judged_well, "everything to be well", 30)
    for r in rows:
        assert set(r) == {"check", "node", "state", "detail"} and r["detail"], r
        assert r["state"] in ("ok", "warning", "failed"), r
    for check in ("nodes", "leaders", "replicas", "quorum"):
        assert one(rows, check=check)["node"] == "all"
    assert one(rows, check="leaders")["state"] == "ok"
    for node in NODES:
        for check in WELL:
            assert one(rows, check=check, node=node)["state"] == "ok"
        # As good as the machine; and certificates of a test need not last.
        for check in ("memory", "disk_space", "fsync", "certificates", "actors", "backup"):
            one(rows, check=check, node=node)


# -- acts ----------------------------------------------------------------------------------------


def last_act(node):
    (line,) = node.rows("audit tail", limit=1)
    return line


def test_a_connection_is_closed_from_another_node(cluster, people):
    alice, bob = people(0, 0)
    asked = cluster.nodes[2]
    (row,) = asked.rows("connections", user=name_of(alice))
    (same,) = asked.rows("connection close", id=row["id"], dry_run=True)
    assert same["closed"] is False and same["username"] == name_of(alice)
    alice.ask("heartbeat")
    (closed,) = asked.rows("connection close", id=row["id"])
    assert closed["closed"] is True
    assert alice.wait_closed() == 1013, "try again later"
    bob.ask("heartbeat")
    act = last_act(asked)
    assert act["action"] == "connection close" and row["id"] in act["on"]
    assert act["by"].startswith("uid ") and act["outcome"] == "ok" and act["node"] == "node3"
    wait_until(lambda: code_or_none(asked, row["id"]) == "not_found", "it to be gone")
    assert "that of a connection" in usage(asked, "connection close")


def code_or_none(node, connection):
    answer = node.admin("connection close", id=connection)
    return None if answer["ok"] else answer["error"]["code"]


def test_sessions_are_kicked_and_may_come_back(cluster, people):
    alice, bob = people(0, 1)
    asked = cluster.nodes[2]
    with Client(cluster.nodes[1], token=alice.token) as second:
        second.ask("room_list_request")
        assert len(asked.rows("session kick", user=name_of(alice), dry_run=True)) == 2
        rows = asked.rows("session kick", user=name_of(alice))
        assert {r["node"] for r in rows} == {"node1", "node2"}
        assert alice.wait_closed() == 1013 and second.wait_closed() == 1013
    (session,) = asked.rows("sessions", user=name_of(bob))
    asked.rows("session kick", session=session["id"])
    assert bob.wait_closed() == 1013
    act = last_act(asked)
    assert act["action"] == "session kick" and session["id"] in act["on"]
    with Client(cluster.nodes[0], token=alice.token) as again:
        assert again.ask("room_list_request")["rooms"] == [], "the log-in is as good as before"
    assert code(asked, "session kick", user=fresh("nobody")) == "user_offline"
    assert "either user" in usage(asked, "session kick")
    with Client(cluster.nodes[0], token=bob.token) as again:
        again.ask("room_list_request")
        assert "true or false" in usage(asked, "session kick", user=name_of(bob), dry_run="no")
        assert "is a text" in usage(asked, "user erase", user=7)
        again.ask("heartbeat")  # nobody was sent away


def test_levels_of_the_log(cluster):
    asked = cluster.nodes[1]

    def levels(component):
        rows = asked.rows("log levels")
        return {r["node"]: r["level"] for r in rows if r["component"] == component}

    general = levels("all others")["node1"]
    try:
        rows = asked.rows("log level", component="net", level="debug")
        assert {r["node"] for r in rows} == NODES and {r["level"] for r in rows} == {"debug"}
        assert levels("net") == dict.fromkeys(NODES, "debug")
        assert levels("all others") == dict.fromkeys(NODES, general), "the others stay"
    finally:
        asked.rows("log level", level=general)
    assert levels("net") in ({}, dict.fromkeys(levels("net"), general))
    assert last_act(asked)["action"] == "log level"
    assert "level is one of" in usage(asked, "log level", level="loud")


def test_accounts_are_made_and_passwords_given(cluster):
    asked = cluster.nodes[2]
    name = fresh("made")
    (row,) = asked.rows("user create", user=name, role="admin")
    first = row["password"]
    assert row["id"] == names.user_id(name) and len(first) == 23
    with Client(cluster.nodes[0]) as c:
        got = c.log_in(username=name, password=first)
        assert got["user"]["role"] == "admin"
        (open_one,) = c.ask("session_list_request")["sessions"]
        assert open_one["current"], "the session of the registration has ended"
        assert code(asked, "user create", user=name) == "refused"
        (row,) = asked.rows("user reset-password", user=name)
        second = row["password"]
        assert c.wait_closed() == 4403, "its sessions end"
    with Client(cluster.nodes[1]) as c:
        assert c.code("auth_request", username=name, password=first) == "INVALID_CREDENTIALS"
        c.log_in(username=name, password=second)
    assert code(asked, "user reset-password", user=fresh("nobody")) == "not_found"
    assert "role is one of" in usage(asked, "user create", user=fresh("x"), role="king")
    assert "3 to 32 characters" in usage(asked, "user create", user="no spaces")
    audit = asked.rows("audit tail", limit=20)
    done = [a["action"] for a in audit if a["on"] == f"user {name}" and a["outcome"] == "ok"]
    assert done == ["user create", "user reset-password"]
    everything = json.dumps(audit) + "".join(n.log() for n in cluster.nodes)
    assert first not in everything and second not in everything and PASSWORD not in everything


# -- with a node that is gone --------------------------------------------------------------------

LISTS = ["rooms", "users", "sessions", "connections", "actors", "raft", "store", "tree", "doctor",
         "log levels", "links"]  # fmt: skip


def test_a_node_that_is_gone_is_named(cluster):
    cluster.nodes[2].kill()
    asked = cluster.nodes[0]
    for verb in LISTS:
        answer = asked.admin(verb, timeout_s=4)
        assert answer["ok"], f"{verb}: {answer}"
        assert [m["node"] for m in answer["missing"]] == ["node3"], f"{verb}: {answer['missing']}"
        assert all(r["node"] != "node3" for r in answer["rows"]), verb
    rows = asked.admin("doctor", timeout_s=4)["rows"]
    nodes = one(rows, check="nodes")
    assert nodes["state"] == "failed" and "node3" in nodes["detail"]

    def links_of_node1():
        rows = asked.admin("doctor", timeout_s=4)["rows"]
        return one(rows, check="links", node="node1")["state"]

    wait_until(lambda: links_of_node1() == "warning", "the lost link to be seen")
