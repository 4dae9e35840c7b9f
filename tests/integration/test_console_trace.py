# SPDX-License-Identifier: MIT
"""The way of messages over three nodes, as one of them tells it; and what the tool makes of it."""

import json
import subprocess
import threading
import time

import pytest
from harness import names
from harness.client import new_id
from harness.fake_admin import FakeAdmin
from harness.names import fresh
from harness.process import TOOL, clean_environment
from harness.waiting import SLOWNESS, wait_until

WAY = ["socket", "session", "room", "append", "stored", "commit", "answer", "relay", "out"]
NODES = {"node1", "node2", "node3"}


@pytest.fixture(autouse=True)
def all_run(cluster):
    """And what was traced ends with the test, because a node takes eight traces."""
    cluster.settle()
    yield
    for node, verb, args in Trace.begun:
        if node.is_ready():
            node.admin(verb, end=True, timeout_s=4, **args)
    Trace.begun.clear()


class Trace:
    """What a node tells of a trace, asked again and again."""

    begun = []

    def __init__(self, node, verb, **args):
        self.node, self.verb, self.args = node, verb, args | {"tracer": new_id()}
        self.rows, self.missing = [], set()
        self.begun.append((node, verb, self.args))
        self.look()

    def look(self):
        answer = self.node.admin(self.verb, timeout_s=4, **self.args)
        assert answer["ok"], f"{self.verb} {self.args}: {answer}"
        self.rows += answer["rows"]
        self.missing = {m["node"] for m in answer["missing"]}
        return self.rows

    def wait(self, enough, what):
        wait_until(lambda: enough(self.look()), what)
        return self.rows


def where(rows, hop):
    return {r["node"] for r in rows if r["hop"] == hop}


def heard_by_both(rows):
    return {"node1", "node2"} <= where(rows, "out") and where(rows, "answer")


def heard_and_stored(rows):
    return heard_by_both(rows) and where(rows, "stored") == NODES


def refusal(node, verb, **args):
    answer = node.admin(verb, **args)
    assert not answer["ok"], f"{verb} {args}: {answer}"
    return answer["error"]["code"], answer["error"]["message"]


def test_the_way_of_a_message(cluster, talk):
    alice, bob, room = talk
    cluster.wait_even()
    node3 = cluster.nodes[2]
    wait_until(lambda: node3.admin("room show", room=room["id"])["ok"], "node3 to have the room")
    shown = node3.rows("room show", room=room["id"])
    leader = next(r["value"] for r in shown if r["field"] == "leader")
    for asked in cluster.nodes:
        trace = Trace(asked, "trace room", room=room["alias"])
        text = f"what is said {new_id()}"
        alice.send(room["id"], text)
        bob.wait_message(text)
        rows = trace.wait(heard_and_stored, "all hops of the message")
        assert len({(r["user"], r["message"]) for r in rows}) == 1
        assert rows[0]["user"] == alice.user["id"] and rows[0]["room"] == room["id"]
        assert [where(rows, h) for h in WAY[:2]] == [{"node1"}] * 2
        assert [where(rows, h) for h in ("room", "append", "commit")] == [{leader}] * 3
        assert sorted(r["node"] for r in rows if r["hop"] == "stored") == sorted(NODES)
        assert where(rows, "relay") == {"node1", "node2"}
        assert text not in json.dumps(rows), "nothing of what is said"
        # The nodes share a clock here, so what is thought to be their time is as good as it says.
        at = {}
        for r in rows:
            assert r["clock_error_us"] >= 0 and (r["node"] != asked.name or not r["clock_error_us"])
            at[r["hop"], r["node"]] = (r["time_us"], r["clock_error_us"])
        way = [("socket", "node1"), ("session", "node1"), ("room", leader), ("append", leader),
               ("commit", leader), ("relay", "node2"), ("out", "node2")]  # fmt: skip
        # Each replica after it was given to the log; and a majority before all agreed on it.
        stored = sorted((at["stored", n], n) for n in NODES)
        for (time_us, wrong), n in stored:
            slack = wrong + at["append", leader][1] + 1000
            assert at["append", leader][0] <= time_us + slack, f"{n} has it too soon: {rows}"
        (second, wrong), _ = stored[1]
        assert second <= at["commit", leader][0] + wrong + at["commit", leader][1] + 1000, rows
        for before, after in zip(way, way[1:]):
            (first, wrong), (then, wrong_too) = at[before], at[after]
            slack = wrong + wrong_too if before[1] != after[1] else 0
            assert first <= then + slack + 1000, f"{before} {first} and {after} {then}: {rows}"
        assert [r["receivers"] for r in rows if (r["hop"], r["node"]) == ("out", "node2")] == [1]


def test_how_many_points_a_message_passes(cluster, talk, people):
    """What docs/performance.md counts with: six for a message that is acknowledged, and two for
    each node with listeners, however many of them there are."""
    alice, bob, room = talk
    more = people(1, 1, 0)
    for each in more:
        each.ask("join_room_request", room_id=room["id"])
    alice.send(room["id"], "are all here?")
    for each in more:
        each.wait_message("are all here?")
    wanted = new_id()
    trace = Trace(cluster.nodes[0], "trace message", message=wanted)
    alice.ask("send_message_request", room_id=room["id"], content="counted", message_id=wanted)
    for each in (alice, bob, *more):
        each.wait_message("counted")
    rows = trace.wait(lambda seen: len(seen) >= 13, "all hops of the message")
    passed = sorted(r["hop"] for r in rows if r["hop"] != "stored")
    once = ["socket", "session", "room", "append", "commit", "answer"]
    assert passed == sorted([*once, *["relay", "out"] * 2]), rows
    assert sorted(r["node"] for r in rows if r["hop"] == "stored") == sorted(NODES)
    assert sum(r["receivers"] for r in rows if r["hop"] == "out") == 5


def test_of_a_user_and_one_message(cluster, talk):
    alice, bob, room = talk
    wanted = new_id()
    of_bob = Trace(cluster.nodes[2], "trace user", user=bob.user["username"])
    one = Trace(cluster.nodes[2], "trace message", message=wanted)
    alice.send(room["id"], "not of bob")
    bob.ask("send_message_request", room_id=room["id"], content="of bob", message_id=wanted)
    rows = of_bob.wait(heard_by_both, "bob's message")
    assert {r["user"] for r in rows} == {bob.user["id"]}
    rows = one.wait(heard_by_both, "that message")
    assert {r["message"] for r in rows} == {wanted}


def test_a_message_that_was_sent_before(cluster, talk):
    """What the log has of it, at once; by its client's id and by its own."""
    alice, bob, room = talk
    wanted = new_id()
    ack = alice.ask("send_message_request", room_id=room["id"], content="of yesterday",
                    message_id=wanted)  # fmt: skip
    bob.wait_message("of yesterday")
    shard = names.shard_of(room["id"])
    cluster.wait_everywhere(shard, lambda: alice.send(room["id"], "and more"))
    for asked, called in zip(cluster.nodes, (wanted, wanted, ack["id"])):
        began = time.monotonic()
        result = asked.console("trace", "message", called, "-o", "json", "--for", "60")
        assert result.returncode == 0 and not result.stderr, result
        assert time.monotonic() - began < 20 * SLOWNESS, "it did not wait for another"
        past = json.loads(result.stdout)
        assert past.pop("time").startswith("20"), past
        assert past == {
            "message": wanted, "id": ack["id"], "user": alice.user["id"],
            "username": alice.user["username"], "room": room["id"], "alias": room["alias"],
            "shard": shard, "seq": ack["seq"], "term": ack["term"], "deleted": False,
            "hops": [], "replicas": dict.fromkeys(NODES, "has it"),
        }  # fmt: skip
        assert "of yesterday" not in result.stdout
    table = cluster.nodes[0].console("trace", "message", wanted).stdout
    assert f"message {wanted} of {alice.user['id']}" in table
    assert "replica on node3  has it" in table
    # Of one that is not known yet is waited, and it is heard of again.
    assert not Trace(cluster.nodes[1], "trace message", message=new_id()).rows
    alice.ask("delete_message_request", room_id=room["id"], id=ack["id"])
    result = cluster.nodes[1].console("trace", "message", wanted, "-o", "json")
    assert json.loads(result.stdout)["deleted"] is True, result


def test_whom_nobody_knows(cluster, talk):
    """Not found, at once, by every node; and its place is free again."""
    nobody, nowhere = fresh("nobody"), fresh("nowhere")
    for asked in cluster.nodes:
        for _ in range(9):
            for what, called in (("user", nobody), ("room", nowhere), ("room", new_id())):
                found = refusal(asked, f"trace {what}", **{what: called, "tracer": "t"})
                assert found == ("not_found", f"there is no {what} {called}")
    began = time.monotonic()
    result = cluster.nodes[1].console("trace", "user", nobody, "--for", "60")
    assert result.returncode == 3 and not result.stdout, result
    assert result.stderr == f"greenroom: there is no user {nobody}\n"
    assert time.monotonic() - began < 20 * SLOWNESS
    alice = talk[0]
    assert Trace(cluster.nodes[2], "trace user", user=alice.user["id"]).rows == []


def test_with_a_node_gone(cluster, talk):
    alice, bob, room = talk
    cluster.nodes[2].kill()
    trace = Trace(cluster.nodes[1], "trace room", room=room["id"])

    def sent():
        answer = alice.answer("send_message_request", room_id=room["id"], content="still",
                              message_id=message)["data"]  # fmt: skip
        return answer["type"] != "error"

    message = new_id()
    wait_until(sent, "a leader to take it", 30)
    two = {"node1", "node2"}
    rows = trace.wait(lambda seen: heard_by_both(seen) and two <= where(seen, "stored"),
                      "what two nodes know")  # fmt: skip
    assert trace.missing == {"node3"} and where(rows, "commit") <= {"node1", "node2"}
    assert where(rows, "stored") == two
    wanted = {"node1": "has it", "node2": "has it", "node3": "no answer"}

    def applied():
        """A follower shows what it knows to be agreed on, a moment after it has it."""
        result = cluster.nodes[1].console("trace", "message", message, "-o", "json")
        assert result.returncode == 7 and "node3" in result.stderr, result
        return json.loads(result.stdout)["replicas"] == wanted

    wait_until(applied, "both to have it")
    # What the leaders of two nodes do not know is not to be found at the third either.
    assert refusal(cluster.nodes[1], "trace user", user=fresh("nobody"), tracer="t")[0] in {
        "not_found", "unreachable"}  # fmt: skip


def test_what_is_wrong(cluster):
    asked = cluster.nodes[0]
    assert "which messages" in refusal(asked, "trace room", tracer="t")[1]
    assert "a UUID" in refusal(asked, "trace message", message="7", tracer="t")[1]
    assert "tracer:" in refusal(asked, "trace room", room="x")[1]
    assert "limit is 1 to 100" in refusal(asked, "trace room", room="x", limit=101, tracer="t")[1]
    assert "limit is 1 to 100" in refusal(asked, "trace room", room="x", limit=0, tracer="t")[1]
    assert "seconds is 1 to 300" in refusal(asked, "trace room", room="x", seconds=301,
                                            tracer="t")[1]  # fmt: skip


def test_the_tool(cluster, talk):
    alice, _, room = talk
    words = ["trace", "room", room["alias"], "-n", "1", "-o", "json"]
    output = []
    tool = threading.Thread(target=lambda: output.append(cluster.nodes[0].console(*words)))
    tool.start()
    last = 0.0

    def over():
        """Says something now and then: the first may come before the tool does."""
        nonlocal last
        if time.monotonic() > last + 0.5:
            last = time.monotonic()
            alice.send(room["id"], "again")
        return not tool.is_alive()

    wait_until(over, "the tool to have seen a message", 40)
    result = output[0]
    assert result.returncode == 0 and not result.stderr, result.stderr
    (line,) = result.stdout.splitlines()
    message = json.loads(line)
    assert message["room"] == room["id"] and message["hops"][0]["at_ms"] == 0
    assert {h["hop"] for h in message["hops"]} <= set(WAY)
    assert "again" not in result.stdout


def test_so_many_trace_and_no_more(cluster, talk):
    """The last of the cluster: its traces stay for five seconds."""
    asked = cluster.nodes[0]
    answers = [asked.admin("trace room", room=talk[2]["id"], tracer=f"t{n}") for n in range(9)]
    refused = [a["error"] for a in answers if not a["ok"]]
    assert refused and all(e["code"] == "refused" for e in refused), answers
    assert "8 consoles trace on node1 already" in refused[-1]["message"]


# -- the tool alone ------------------------------------------------------------------------------


def hop(name, node, time_us, message="m1"):
    receivers = 2 if name == "out" else None
    return {"message": message, "user": "u1", "room": "r1", "hop": name, "node": node,
            "time_us": time_us, "clock_error_us": 0, "receivers": receivers}  # fmt: skip


def run_tool(admin, *words):
    return subprocess.run(
        [str(TOOL), "console", "--node", str(admin.path), *words], env=clean_environment(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30 * SLOWNESS,
    )  # fmt: skip


def test_a_table_a_message():
    answers = [[hop("commit", "node2", 3_000_000), hop("socket", "node1", 2_998_500)],
               [hop("out", "node3", 3_001_000)]]  # fmt: skip
    with FakeAdmin({"trace room": lambda args: answers.pop(0) if answers else []}) as admin:
        result = run_tool(admin, "trace", "room", "lobby", "-n", "1")
        assert result.returncode == 0 and not result.stderr, result.stderr
        assert result.stdout == (
            "message m1 of u1 in r1 at 1970-01-01T00:00:02.998Z\n"
            "AT_MS  HOP     NODE   RECEIVERS  CLOCK_ERROR_MS\n"
            "  0.0  socket  node1          -             0.0\n"
            "  1.5  commit  node2          -             0.0\n"
            "  2.5  out     node3          2             0.0\n"
        )
        asked = admin.of("trace room")
        assert len({a.pop("tracer") for a in asked}) == 1, "the same each time"
        assert all(a == {"room": "lobby", "limit": 1} for a in asked)


def test_of_an_actor():
    kinds = {"node1/1": ("room", "r1"), "node1/2": ("relay", "r2"), "node1/3": ("user", "u3"),
             "node1/4": ("session", "s4"), "node1/5": ("shard", "7"),
             "node1/6": ("connection", "257"), "node1/7": ("shard", "0"),
             "node1/8": ("presence", "presence")}  # fmt: skip

    def show(args):
        kind, name = kinds[args["actor"]]
        return [{"field": "kind", "value": kind}, {"field": "name", "value": name},
                {"field": "user", "value": "u4"}, {"field": "node", "value": "node1"},
                {"field": "handled", "value": 7}]  # fmt: skip

    hops = [hop("room", "node1", 5) | {"connection": "node1/257"}]
    answers = {"actor show": show, "trace room": hops, "trace user": hops}
    wanted = {"node1/1": ("trace room", {"room": "r1"}), "node1/2": ("trace room", {"room": "r2"}),
              "node1/3": ("trace user", {"user": "u3"}),
              "node1/4": ("trace user", {"user": "u4"}),
              "node1/5": ("trace room", {"shard": 7}),
              "node1/6": ("trace user", {"user": "u4", "connection": "node1/257"})}  # fmt: skip
    for actor, (verb, args) in wanted.items():
        with FakeAdmin(answers) as admin:
            result = run_tool(admin, "trace", "actor", actor, "-n", "1")
            assert result.returncode == 0 and "room" in result.stdout, result.stderr
            asked = admin.of(verb)[0]
            asked.pop("tracer")
            assert asked == args | {"limit": 1}
    with FakeAdmin(answers) as admin:
        result = run_tool(admin, "trace", "actor", "node1/7")
        assert result.returncode == 2 and "no messages go through it" in result.stderr
        result = run_tool(admin, "trace", "actor", "node1/8")
        assert result.returncode == 2 and result.stderr == (
            "greenroom: a presence has no messages of its own: a room, relay, user, session, "
            "connection or shard has\n"
        )


def test_nothing_comes():
    with FakeAdmin({"trace user": []}) as admin:
        result = run_tool(admin, "trace", "user", "eve", "--for", "1")
        assert result.returncode == 6 and not result.stdout
        assert result.stderr == "greenroom: no message came\n"
        assert run_tool(admin, "trace", "user", "eve", "--sort", "hop").returncode == 2
