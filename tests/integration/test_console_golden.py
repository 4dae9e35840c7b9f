# SPDX-License-Identifier: MIT
"""What the JSON of the console says word by word, of actors, links, logs, rehearsals and traces:
every field of the rows, and every value that the test can know."""

import json
import re

import pytest
from harness import names
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.process import Cluster, running
from harness.waiting import wait_until

NODES = ["node1", "node2", "node3"]
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")


@pytest.fixture(scope="module")
def cluster(programs):
    with running(Cluster(chaos__enabled="true")) as made:
        made.settle()
        yield made


@pytest.fixture
def talk(cluster):
    """(alice on node1, bob on node2, their room)"""
    with Client(cluster.nodes[0]) as alice, Client(cluster.nodes[1]) as bob:
        alice.register(fresh("alice"))
        bob.register(fresh("bob"))
        room = alice.create_room("Golden", alias=fresh("golden"), room_type="public")
        bob.ask("join_room_request", room_id=room["id"])
        alice.send(room["id"], "hello")
        for client in (alice, bob):
            client.wait_message("hello")
        yield alice, bob, room


def shown(node, *words):
    result = node.console(*words, "-o", "json")
    assert result.returncode == 0 and not result.stderr, (words, result)
    return json.loads(result.stdout)


def take(row, **kinds):
    """Takes the fields out whose values nobody can know, each being what it has to be."""
    for name, is_right in kinds.items():
        assert is_right(row[name]), f"{name}: {row[name]!r} in {row}"
        row.pop(name)
    return row


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def is_maybe_count(value):
    return value is None or is_count(value)


def is_text(value):
    return isinstance(value, str) and value


FIGURES = {
    "queue_depth": is_count, "mailbox": is_count, "rate": is_number, "life_rate": is_number,
    "busy": is_number, "busy_percent": is_number, "life_busy_percent": is_number,
    "handled": is_count, "busy_us": is_count, "age": is_count, "age_ms": is_count,
    "last_message_ms": is_maybe_count, "oldest_message_ms": is_maybe_count,
}  # fmt: skip


def test_actors(cluster, talk):
    asked = cluster.nodes[1]
    rows = shown(asked, "actors", "--kind", "gate")
    assert [r["node"] for r in rows] == NODES
    for row in rows:
        node = row["node"]
        take(row, id=re.compile(rf"{node}/\d+").fullmatch, **FIGURES,
             last_message=lambda kind: kind is None or is_text(kind))  # fmt: skip
        assert row == {"kind": "gate", "name": "gate", "node": node, "parent": "cluster",
                       "report": "", "role": None, "role_ms": None, "errors": 0, "restarts": 0,
                       "dropped": 0}  # fmt: skip
    room = talk[2]["id"]
    (row,) = shown(asked, "actors", "--kind", "room", "--filter", f"name={room}")
    take(row, id=is_text, last_message=is_text, role_ms=is_count, **FIGURES)
    shard = names.shard_of(room)
    assert row == {"kind": "room", "name": room, "node": cluster.leaders()[shard],
                   "parent": f"shard {shard}", "report": "2 nodes listen", "role": "open",
                   "errors": 0, "restarts": 0, "dropped": 0}  # fmt: skip


def test_how_many_actors_there_are_in_all(cluster):
    result = cluster.nodes[0].console("actors", "--kind", "shard", "-n", "2", "-o", "json")
    assert len(json.loads(result.stdout)) == 2 and result.returncode == 0
    assert result.stderr == (
        "greenroom: 97 more, 99 in all; --limit N shows more, --filter others\n"
    )


def test_actor_show(cluster, talk):
    asked = cluster.nodes[2]
    alice = talk[0]
    (session,) = shown(asked, "sessions", "--user", alice.user["username"])
    (row,) = shown(asked, "actors", "--kind", "session", "--filter", f"name={session['id']}")
    facts = {r["field"]: r["value"] for r in shown(asked, "actors", "show", row["id"])}
    figures = {f: is_right for f, is_right in FIGURES.items()
               if f not in {"queue_depth", "busy", "age"}}  # fmt: skip
    take(facts, role_ms=is_count, last_message=is_text, since=TIME.fullmatch, **figures,
         **{"last heard before (ms)": is_count, "ping (ms)": is_number, "bytes in": is_count,
            "bytes out": is_count, "messages in": is_count, "messages out": is_count,
            "version of its list of rooms": is_count, "timers pending": is_text,
            "rooms subscribed to": re.compile(rf"2: .*{talk[2]['id']}.*").fullmatch,
            "client": lambda at: at == "127.0.0.1"})  # fmt: skip
    assert facts == {
        "id": row["id"], "kind": "session", "name": session["id"], "node": "node1",
        "parent": f"connection {facts['connection']}", "report": "", "role": "open",
        "errors": 0, "restarts": 0, "dropped": 0, "user": alice.user["id"], "children": 0,
        "username": alice.user["username"], "server role": "user", "device": facts["device"],
        "what its token allows": "everything", "connection": facts["connection"],
        "protocol": "ws", "encoding": "json",
        "rooms whose stream was late at the beginning": 0, "status": "online",
        "people it watches": 0, "partners of direct rooms": 0, "calls to leaders under way": 0,
        "requests in hand": 0, "requests that wait until it is open": 0,
        "pages of history that wait for their turn": 0,
        "subscriptions under way": 0, "messages queued to the client": 0,
        "bytes queued to the client": 0, "requests of the socket without an answer": 0,
    }  # fmt: skip


def test_room_show(cluster, talk):
    """Every field, in this order."""
    alice, bob, room = talk
    shard = names.shard_of(room["id"])
    leader = cluster.leaders()[shard]
    (listed,) = [r for r in cluster.nodes[0].rows("shards") if r["shard"] == shard]

    def keeps_up():
        rows = shown(cluster.nodes[2], "room", "show", room["alias"])
        lag = next(r["value"] for r in rows if r["field"] == "lag")
        return rows if set(lag.values()) == {0} else None

    rows = wait_until(keeps_up, "its replicas to have all of it")
    assert [r["field"] for r in rows] == [
        "id", "alias", "name", "type", "private", "archived", "deleted", "created", "created_by",
        "last_message", "members", "owners", "messages", "first_seq", "last_seq", "retention",
        "shard", "leader", "term", "replicas", "lag", "actor", "mailbox", "handled", "errors",
        "restarts", "age_ms", "entries_per_min", "actor_id", "listeners",
    ]  # fmt: skip
    assert all(set(r) == {"field", "value"} for r in rows)
    facts = {r["field"]: r["value"] for r in rows}
    assert facts["created"] <= facts["last_message"]
    take(facts, created=TIME.fullmatch, last_message=TIME.fullmatch, handled=is_count,
         age_ms=is_count, actor_id=re.compile(rf"{leader}/\d+").fullmatch,
         entries_per_min=lambda n: is_number(n) and n > 0)  # fmt: skip
    assert facts == {
        "id": room["id"], "alias": room["alias"], "name": "Golden", "type": "public",
        "private": False, "archived": False, "deleted": False, "created_by": alice.user["id"],
        "members": 2, "owners": 1, "messages": 1, "first_seq": 1, "last_seq": 3,
        "retention": None, "shard": shard, "leader": leader, "term": listed["term"],
        "replicas": NODES, "lag": dict.fromkeys(NODES, 0), "actor": "active", "mailbox": 0,
        "errors": 0, "restarts": 0, "listeners": {"node1": 1, "node2": 1},
    }  # fmt: skip


def test_links(cluster):
    def measured():
        rows = shown(cluster.nodes[0], "links")
        return rows if all(r["rtt_ms"] is not None and r["tls"] for r in rows) else None

    rows = wait_until(measured, "a round trip of each link")
    assert {(r["node"], r["peer"]) for r in rows} == {
        (a, b) for a in NODES for b in NODES if a != b} and len(rows) == 6  # fmt: skip
    (version,) = {r["version"] for r in cluster.nodes[0].rows("nodes")}
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    told = re.findall(r"up: node\d at [0-9.:]+ \(node [0-9a-f-]{36}, version (.*?)\)",
                      "".join(node.log() for node in cluster.nodes))  # fmt: skip
    assert len(told) >= 6 and set(told) == {version}, "the log says it as well"
    for row in rows:
        peer = cluster.node(row["peer"])
        take(row, node=is_text, peer=is_text, since=TIME.fullmatch, up_s=is_count,
             bytes_in=is_count, bytes_out=is_count, frames_in=is_count, frames_out=is_count,
             rtt_ms=is_number, queue=is_count, queue_bytes=is_count, unacked_bytes=is_count,
             cipher=is_text, certificate_until=TIME.fullmatch, disk=is_count,
             dials=lambda value: isinstance(value, bool))  # fmt: skip
        assert row == {"state": "up", "address": f"127.0.0.1:{peer.cluster_port()}",
                       "version": version, "tls": "TLSv1.3", "dropped": 0, "failure": None}


def test_rehearsals_and_the_log(cluster):
    asked = cluster.nodes[0]

    def over():
        """Who registers sets it off if node1 leads his shard."""
        with Client(asked) as somebody:
            somebody.answer("register_request", username=fresh("late"), password=PASSWORD)
        return shown(asked, "chaos", "list") == []

    assert shown(asked, "chaos", "list") == []
    shown(asked, "chaos", "delay", "link", "node2", "--ms", "7", "--for", "60")
    try:
        # Somebody who registers may set it off, and nobody does.
        shown(asked, "chaos", "fail", "worker")
        wait_until(lambda: len(shown(asked, "chaos", "list")) == 2, "both to be told of")
        for each in cluster.nodes:
            armed, delayed = shown(each, "chaos", "list")
            assert armed == {"node": "node1", "what": "fail", "of": "worker", "delay_ms": None,
                             "left_s": None}  # fmt: skip
            take(delayed, left_s=lambda s: 0 < s <= 60)
            assert delayed == {"node": "node1", "what": "delay link", "of": "node2", "delay_ms": 7}
    finally:
        shown(asked, "chaos", "delay", "link", "node2", "--ms", "0")
        wait_until(over, "all of it to be over", 30)

    def lines():
        return [r for r in shown(cluster.nodes[2], "log", "tail", "--from", "node1", "-n", "50")
                if r["component"] in {"main", "actors"}]  # fmt: skip

    found = wait_until(lambda: [r for r in lines() if r["component"] == "actors"] and lines(),
                       "the failure to be in the log")  # fmt: skip
    assert all(TIME.fullmatch(r.pop("time")) for r in found)
    said = "rehearsal: frames for node2 are delayed by {} ms for {} s".format
    assert {"node": "node1", "level": "warn", "component": "main", "message": said(7, 60)} in found
    assert {"node": "node1", "level": "warn", "component": "main", "message": said(0, 0)} in found
    failed = [r for r in found if r["component"] == "actors"]
    assert [set(r) for r in failed] == [{"node", "level", "component", "message"}]
    assert re.fullmatch(r"worker \d+ failed \(time 1\): rehearsed failure of a worker",
                        failed[0]["message"]), failed
    assert failed[0]["level"] == "error"


def test_a_trace(cluster, talk):
    alice, bob, room = talk
    asked = cluster.nodes[1]
    leader = cluster.leaders()[names.shard_of(room["id"])]
    wanted, tracer = new_id(), new_id()
    args = {"message": wanted, "tracer": tracer, "timeout_s": 4}
    rows = asked.admin("trace message", **args)["rows"]
    alice.ask("send_message_request", room_id=room["id"], content="traced", message_id=wanted)
    bob.wait_message("traced")

    def all_hops():
        rows.extend(asked.admin("trace message", **args)["rows"])
        return len(rows) >= 13

    wait_until(all_hops, "thirteen hops")
    asked.admin("trace message", end=True, **args)
    connection = next(r["id"] for r in asked.rows("connections", user=alice.user["username"]))
    for row in rows:
        take(row, time_us=is_count, clock_error_us=is_count)

    def row(hop, node, receivers=None, connection=None):
        return {"message": wanted, "user": alice.user["id"], "room": room["id"], "hop": hop,
                "node": node, "receivers": receivers, "connection": connection}  # fmt: skip

    expected = [
        row("socket", "node1", connection=connection), row("session", "node1"),
        row("room", leader), row("append", leader), row("commit", leader), row("answer", "node1"),
        *[row("stored", n) for n in NODES], *[row("relay", n) for n in NODES[:2]],
        *[row("out", n, receivers=1) for n in NODES[:2]],
    ]  # fmt: skip

    def in_order(some):
        return sorted(some, key=lambda r: (r["hop"], r["node"]))

    assert in_order(rows) == in_order(expected)
