# SPDX-License-Identifier: MIT
"""What the console makes nodes do while they run: read their configuration again (as SIGHUP does),
compact their stores, cut logs, and say things late."""

import os
import signal
import time

import pytest
from harness import names, process
from harness.client import Client, new_id
from harness.names import fresh
from harness.process import Node, temporary_folder
from harness.waiting import wait_until


def code(node, verb, /, **args):
    answer = node.admin(verb, **args)
    assert not answer["ok"], f"{verb} {args}: expected a refusal, got {answer}"
    return answer["error"]["code"], answer["error"]["message"]


def audited(node, action):
    return [r for r in node.rows("audit tail", limit=100) if r["action"] == action]


# -- reload ----------------------------------------------------------------------------------------


class Configured:
    """A node with a file, whose words are the test's."""

    def __init__(self):
        self.file = temporary_folder() / "greenroom.toml"
        self.say("")
        self.node = Node(flags=["--config", str(self.file)])
        # What the environment says wins over the file.
        for key in ("limits.messages_per_minute", "limits.requests_per_minute", "http.port"):
            self.node.settings.pop(key)
        self.node.flags += ["--http-port", str(self.node.http_port)]
        self.node.start()

    def say(self, text):
        self.file.write_text(text)

    def reload(self, **args):
        return {row["key"]: row for row in self.node.rows("reload", **args)}

    def setting(self, key):
        return next(r["value"] for r in self.node.rows("settings") if r["key"] == key)


@pytest.fixture
def configured(programs):
    made = Configured()
    try:
        yield made
        made.node.stop()
    finally:
        made.node.kill()
        process.STARTED.remove(made.node)


def test_what_can_change_does(configured):
    node = configured.node
    with Client(node) as alice:
        alice.register(fresh("alice"))
        room = alice.create_room("r")["id"]
        for n in range(5):
            alice.send(room, f"m{n}")
        configured.say("[history]\npage = 3\n[websocket]\nheartbeat_s = 40\n"
                       "[limits]\nmessages_per_minute = 1\nrequests_per_minute = 2\n")
        planned = configured.reload(dry_run=True)
        would = {key: row.pop("would") for key, row in planned.items()}
        assert configured.setting("history.page") == 50, "a rehearsal does nothing"
        done = configured.reload()
        assert {k: r["state"] for k, r in done.items()} == {
            "history.page": "taken", "limits.messages_per_minute": "taken",
            "limits.requests_per_minute": "taken",
            "websocket.heartbeat_s": "needs a restart", "all others": "unchanged"}  # fmt: skip
        assert planned == done
        assert would["history.page"] == "it would be taken over"
        assert would["websocket.heartbeat_s"] == "it would wait for a restart"
        page = done["history.page"]
        assert (page["before"], page["after"]) == ("50", "3")
        assert page["detail"] == f"file {configured.file}:2", "where it is said"
        assert configured.setting("history.page") == 3
        assert configured.setting("websocket.heartbeat_s") == 30, "what holds is shown"
        # And not only on paper.
        assert len(alice.history(room)["messages"]) == 3
        data = [alice.answer("send_message_request", room_id=room, content="x",
                             message_type="text")["data"] for _ in range(3)]  # fmt: skip
        assert data[-1]["type"] == "error" and data[-1]["code"] == "RATE_LIMIT", data
        codes = [alice.answer("history_request", room_id=room)["data"].get("code")
                 for _ in range(3)]  # fmt: skip
        assert codes[-1] == "RATE_LIMIT", codes
    (row,) = [r for r in audited(node, "reload") if "dry_run" not in r["details"]]
    assert row["outcome"] == "ok" and row["by"] == f"uid {os.geteuid()}"
    wait_until(lambda: "history.page: 50 is now 3" in node.log(), "it in the log")
    # Another time: what has been taken is the same now, what waits for a restart still does.
    assert set(configured.reload()) == {"websocket.heartbeat_s", "all others"}
    configured.say("")
    back = configured.reload()
    assert back["history.page"]["after"] == "50" and back["history.page"]["detail"] == "default"
    assert configured.setting("history.page") == 50


@pytest.mark.parametrize(("text", "line", "what"), [
    ("[history]\npage = 7\nmax_page = 0\n", 3, "history.max_page"),
    ("[history]\npage = 7\n[limit]\nx = 1\n", 3, "limit"),
    ("[history]\npage = 7\nmax_page\n", 3, ""),
])  # fmt: skip
def test_a_mistake_changes_nothing(configured, text, line, what):
    configured.say(text)
    rows = configured.node.rows("reload")
    assert {r["state"] for r in rows} == {"failed"} and rows[0]["node"] == "node1", rows
    assert f"{configured.file}:{line}" in rows[0]["detail"] and what in rows[0]["detail"], rows
    assert configured.setting("history.page") == 50
    assert configured.node.console("reload").returncode == 7
    configured.file.unlink()
    (row,) = configured.node.rows("reload")
    assert row["state"] == "failed" and str(configured.file) in row["detail"]
    assert configured.setting("history.page") == 50


def test_sighup_does_the_same(configured):
    node = configured.node
    configured.say('[log]\nlevel = "debug"\n[backup]\nevery = 3600\nkeep = 2\n')
    os.kill(node.pid(), signal.SIGHUP)
    wait_until(lambda: configured.setting("log.level") == "debug", "the file to be read again")
    levels = {r["component"]: r["level"] for r in node.rows("log levels")}
    assert levels["all others"] == "debug"
    # The clock of the backups begins at once, as none has been made.
    wait_until(lambda: list((node.folder / "backups").glob("*Z/backup.json")), "a backup")
    row = wait_until(lambda: audited(node, "reload"), "the audit line")[0]
    assert row["address"] == "signal" and row["by"] == f"uid {os.geteuid()}", row
    configured.say("[backup]\nevery = -1\n")
    os.kill(node.pid(), signal.SIGHUP)
    wait_until(lambda: f"not taken over: {configured.file}:2" in node.log(), "the mistake")
    wait_until(lambda: audited(node, "reload")[-1]["outcome"] == "failure", "its audit line")
    assert configured.setting("log.level") == "debug"


def test_each_node_reads_its_own(trio):
    trio.settle()
    asked = trio.nodes[0]
    rows = asked.rows("reload")
    assert {r["node"] for r in rows} == {"node1", "node2", "node3"}
    assert {r["state"] for r in rows} == {"unchanged"}, rows
    answer = asked.admin("reload", node="node2")
    assert [r["node"] for r in answer["rows"]] == ["node2"] and not answer["missing"]
    assert code(asked, "reload", node="node9")[0] == "not_found"
    assert code(asked, "reload", node=7)[0] == "usage"


# -- stores and logs -------------------------------------------------------------------------------


def test_stores_are_compacted(trio):
    trio.settle()
    rows = trio.nodes[0].rows("store compact", timeout_s=60)
    assert [(r["node"], r["state"]) for r in rows] == [(n.name, "done") for n in trio.nodes]
    for r in rows:
        assert r["took_ms"] >= 0 and r["after_bytes"] >= 0 and r["detail"] is None
    assert audited(trio.nodes[0], "store compact")


def test_a_log_is_cut(trio, people_of_trio):
    alice = people_of_trio(0)
    room = alice.create_room("Cut")["id"]
    shard = names.shard_of(room)
    for n in range(20):
        alice.send(room, f"m{n}")
    asked = trio.nodes[1]

    def replicas():
        return {r["node"]: r for r in asked.rows("raft", shard=shard)}

    def even():
        """And not as they were before: what they say is up to a second old."""
        rows = replicas()
        is_long = all(r["first"] + 15 < r["last"] for r in rows.values())
        even = len(rows) == 3 and len({r["applied"] for r in rows.values()}) == 1
        return rows if even and is_long else None

    before = wait_until(even, "all replicas to be even")
    assert all(r["first"] + 15 < r["last"] for r in before.values()), before
    rows = asked.rows("shard snapshot", shard=shard)
    assert {(r["node"], r["state"]) for r in rows} == {(n.name, "asked") for n in trio.nodes}

    def cut():
        return all(r["first"] + 3 >= r["applied"] for r in replicas().values())

    wait_until(cut, "three short logs")
    assert [m["content"] for m in alice.history(room)["messages"]][-1] == "m19"
    alice.send(room, "and on")
    for wrong in (0, -1, "x", None):
        assert code(asked, "shard snapshot", shard=wrong)[0] == "usage", wrong
    assert code(asked, "shard snapshot", shard=33)[0] == "not_found"


# -- what is said late -----------------------------------------------------------------------------


@pytest.fixture
def people_of_trio(trio):
    trio.settle()
    clients = []

    def make(where):
        clients.append(Client(trio.nodes[where]))
        clients[-1].register(fresh("late"))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def delays(node):
    return [r for r in node.rows("chaos list") if r["what"] == "delay link"]


def test_a_link_is_slow_for_a_while(trio, people_of_trio):
    trio.wait_even()
    here = trio.nodes[0]
    alice, bob = people_of_trio(0), people_of_trio(1)
    alias = names.name_led_by("node1", trio.leaders(), fresh("late"), names.room_id)
    room = alice.create_room("Late", alias=alias, room_type="public")["id"]
    bob.ask("join_room_request", room_id=room)

    def on_its_way(text):
        began = time.monotonic()
        alice.send(room, text)
        bob.wait_message(text)
        return time.monotonic() - began

    on_its_way("first")
    (row,) = here.rows("chaos delay link", node="node2", delay_ms=400, seconds=60)
    assert row == {"node": "node1", "peer": "node2", "delay_ms": 400, "left_s": 60}
    (shown,) = delays(trio.nodes[2])
    assert (shown["node"], shown["of"], shown["delay_ms"]) == ("node1", "node2", 400)
    assert 0 < shown["left_s"] <= 60
    assert on_its_way("late") >= 0.4
    # Several are late together, and in order.
    for n in range(20):
        alice.send(room, f"n{n}")
    bob.wait_message("n19")
    said = [e["message"]["content"] for e in bob.room_events(room) if "message" in e]
    assert [t for t in said if t.startswith("n")] == [f"n{n}" for n in range(20)]
    assert all(link["state"] == "up" for link in here.rows("links")), "it is up all the while"
    here.rows("chaos delay link", node="node2", delay_ms=0)
    assert not delays(here)
    wait_until(lambda n=iter(range(1000)): on_its_way(f"soon {next(n)}") < 0.4, "no delay")
    # Another ends by itself.
    here.rows("chaos delay link", node="node2", delay_ms=5, seconds=1)
    wait_until(lambda: not delays(here), "the end of it")
    assert len(audited(here, "chaos delay link")) >= 3


def test_what_makes_no_delay(trio, start_node):
    trio.settle()
    here = trio.nodes[0]
    found = code(here, "chaos delay link", node="node9", delay_ms=1)
    assert found[0] == "not_found" and "node2, node3" in found[1], found
    for wrong, says in (({"node": "node1"}, "another node"),
                        ({"node": "node2", "delay_ms": 10_001}, "delay_ms"),
                        ({"node": "node2", "delay_ms": -1}, "delay_ms"),
                        ({"node": "node2", "seconds": 0}, "seconds"),
                        ({"node": "node2", "seconds": 301}, "seconds")):  # fmt: skip
        found = code(here, "chaos delay link", **({"delay_ms": 1} | wrong))
        assert found[0] == "usage" and says in found[1], (wrong, found)
    assert not delays(here)
    alone = start_node()
    assert code(alone, "chaos delay link", node="x", delay_ms=1)[0] == "refused"


def actor(node, kind, name=None, where=None):
    """The row of an actor; None while there is none."""
    for row in node.rows("actors", kind=kind, limit=10_000):
        if name in (None, row["name"]) and where in (None, row["node"]):
            return row
    return None


def killed_and_back(asked, victim):
    """Made to fail from any node; another is there, which counts that."""
    (row,) = asked.rows("chaos kill", actor=victim["id"])
    assert row == {k: victim[k] for k in ("id", "kind", "name", "node")} | {"killed": True}

    def successor():
        found = actor(asked, victim["kind"], victim["name"], victim["node"])
        return found if found and found["id"] != victim["id"] else None

    back = wait_until(successor, f"another {victim['kind']} {victim['name']}", 20)
    assert back["restarts"] == victim["restarts"] + 1, back
    wait_until(lambda: not asked.admin("actor show", actor=victim["id"])["ok"], "the first to go")
    return back


def test_one_actor_is_made_to_fail(trio, people_of_trio):
    trio.settle()
    trio.wait_even()
    here, there = trio.nodes[0], trio.nodes[1]
    for kind in ("presence", "webhooks", "canary", "searcher", "admin"):
        killed_and_back(here, actor(here, kind, where="node2"))
    alice = people_of_trio(0)
    alias = names.name_led_by("node2", trio.leaders(), fresh("dies"), names.room_id)
    room = alice.create_room("Dies", alias=alias, room_type="public")["id"]
    alice.send(room, "before")
    victim = actor(here, "room", room)
    assert victim["node"] == "node2"
    again = actor(here, "shard", str(names.shard_of(room)), "node3")
    killed_and_back(there, again)

    def awake():
        alice.answer("send_message_request", room_id=room, content="tried", message_id=new_id())
        return actor(here, "room", room)

    (told,) = here.rows("chaos kill", actor=victim["id"], dry_run=True)
    assert told["killed"] is False and actor(here, "room", room)["id"] == victim["id"]
    (told,) = here.rows("chaos kill", actor=victim["id"])
    assert told["killed"] is True
    back = wait_until(lambda: (found := awake()) and found["id"] != victim["id"] and found,
                      "the room to be there again", 20)  # fmt: skip
    assert back["restarts"] == victim["restarts"] + 1
    line = audited(here, "chaos kill")[-1]
    assert line["on"] == f"actor {victim['id']}" and line["outcome"] == "ok", line


def test_whom_it_does_not_kill(trio, start_node):
    trio.settle()
    here = trio.nodes[0]
    assert code(here, "chaos kill")[0] == "usage"
    assert code(here, "chaos kill", actor="node2/99999999")[0] == "not_found"
    assert code(here, "chaos kill", actor="node9/1")[0] == "not_found"
    root = actor(here, "node", where="node2")
    assert code(here, "chaos kill", actor=root["id"]) == (
        "refused", "nobody looks after the actor node: the process would end")  # fmt: skip
    assert actor(here, "node", where="node2")["id"] == root["id"]
    unsure = here.console("chaos", "kill", root["id"])
    assert unsure.returncode == 2 and "say --yes" in unsure.stderr, unsure
    alone = start_node()
    victim = actor(alone, "presence")
    assert code(alone, "chaos kill", actor=victim["id"])[0] == "refused"
    assert actor(alone, "presence")["id"] == victim["id"], "chaos.enabled is false"


def test_what_is_armed_is_listed(trio):
    trio.settle()
    here = trio.nodes[0]

    def armed():
        """Until the next message of that kind, which may come before the question does."""
        here.rows("chaos fail", kind="webhooks")
        return [r for r in here.rows("chaos list") if r["what"] == "fail"]

    (row,) = wait_until(armed, "it to be listed")
    assert (row["node"], row["of"], row["delay_ms"]) == ("node1", "webhooks", None)
