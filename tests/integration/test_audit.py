# SPDX-License-Identifier: MIT
"""The audit log: what operators and server admins do is on the disk before they have the answer."""

import json
import os
import re
import stat

from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import wait_until
from harness.web import TIME, Browser


def lines_of(node):
    path = node.folder / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def last(node):
    return lines_of(node)[-1]


def admin_of(node, person):
    alice = person("alice")
    node.rows("user role", user=alice.user["username"], role="admin")
    return alice, Browser(node, alice.token)


def test_the_console_is_written_down(node, person):
    name = person("bob").user["username"]
    node.rows("user role", user=name, role="bot")
    line = last(node)
    assert TIME.fullmatch(line.pop("time"))
    assert line == {"node": "node1", "by": f"uid {os.getuid()}", "address": "console",
                    "action": "user role", "on": f"user {name}",
                    "details": json.dumps({"role": "bot", "user": name}, separators=(",", ":")),
                    "outcome": "ok"}  # fmt: skip
    before = len(lines_of(node))
    for verb in ("nodes", "shards", "key list", "health", "settings", "audit tail", "rooms",
                 "users", "sessions", "connections", "actors", "tree", "raft", "store",
                 "log levels"):  # fmt: skip
        node.rows(verb)
    node.rows("token list", user=name)
    assert node.admin("user role", user=name, role="king")["error"]["code"] == "usage"
    assert len(lines_of(node)) == before, "what only looks, or is no request, is not written down"
    refused = node.admin("user reopen", user=new_id())
    assert not refused["ok"] and last(node)["outcome"] == refused["error"]["code"] == "not_found"
    issued = node.console("token", "issue", "--user", name)
    assert issued.returncode == 0 and last(node)["action"] == "token issue"
    assert issued.stdout.strip() not in (node.folder / "audit.jsonl").read_text()
    node.admin("rebalance")
    assert (last(node)["action"], last(node)["on"]) == ("rebalance", "cluster")
    assert stat.S_IMODE((node.folder / "audit.jsonl").stat().st_mode) == 0o600


def test_server_admins_are_written_down(node, person):
    alice, browser = admin_of(node, person)
    bob = person("bob")
    about_bob = f"/api/admin/users/{bob.user['id']}"
    browser.call("PUT", f"{about_bob}/role", json={"role": "bot"})
    line = last(node)
    assert (line["by"], line["address"]) == (f"user {alice.user['id']}", "127.0.0.1")
    assert (line["action"], line["on"]) == ("user role", f"user {bob.user['id']}")
    assert (line["details"], line["outcome"]) == ("bot", "ok")
    browser.get(f"{about_bob}/export")
    assert last(node)["action"] == "user export"
    tokens = f"/api/admin/bots/{bob.user['username']}/tokens"
    made = browser.post(tokens, 201, json={"scopes": "read,write"})
    line = last(node)
    assert (line["action"], line["details"]) == ("token issue", "scopes read write")
    browser.get(tokens)
    assert last(node) == line, "who only looks writes nothing"
    browser.call("DELETE", f"{tokens}/{made['session_id']}")
    line = last(node)
    assert (line["action"], line["details"]) == ("token revoke", f"session {made['session_id']}")
    room = bob.create_room("Bob's")["id"]
    browser.request("GET", f"/api/admin/rooms/{room}/export")
    assert (last(node)["action"], last(node)["on"]) == ("room export", f"room {room}")
    browser.request("GET", f"/api/rooms/{room}/export?after_seq=0")
    line = last(node)
    assert (line["action"], line["details"]) == ("room export", "after_seq 0"), "any part, any way"
    browser.post(f"/api/rooms/{room}/webhooks", 201, json={"kind": "incoming", "name": "Mine"})
    line = last(node)
    assert (line["action"], line["details"]) == ("webhook create", "incoming Mine")
    browser.call("DELETE", f"/api/rooms/{room}")
    assert (last(node)["action"], last(node)["on"]) == ("room delete", f"room {room}")
    browser.refusal("DELETE", f"/api/rooms/{room}", 404, "ROOM_NOT_FOUND")
    assert last(node)["outcome"] == "ROOM_NOT_FOUND"
    other = bob.create_room("Another")["id"]
    with Client(node, token=alice.token) as socket:
        socket.ask("delete_room_request", room_id=other)
    assert (last(node)["on"], last(node)["outcome"]) == (f"room {other}", "ok")
    before = len(lines_of(node))
    third = bob.create_room("Bob's own")["id"]
    bob.ask("delete_room_request", room_id=third)
    Browser(node, bob.token).refusal("POST", f"{about_bob}/erase", 403, "FORBIDDEN")
    assert len(lines_of(node)) == before, "who is no admin writes nothing here"
    wait_until(lambda: "only server admins may do" in node.log(), "the try in the node's log")
    browser.close()


def test_a_key_makes_admin_actions_repeatable(node, person):
    _, browser = admin_of(node, person)
    bob = person("bob")
    path = f"/api/admin/users/{bob.user['id']}/role"
    key = {"Idempotency-Key": new_id()}
    first = browser.call("PUT", path, json={"role": "bot"}, headers=key)
    assert first["user"]["role"] == "bot" and "duplicate" not in first
    browser.call("PUT", path, json={"role": "user"})
    again = browser.call("PUT", path, json={"role": "bot"}, headers=key)
    assert again["duplicate"] is True and again["user"]["role"] == "user", "done once"
    browser.refusal("PUT", path, 409, "CONFLICT", json={"role": "admin"}, headers=key)
    password = {"old_password": PASSWORD, "new_password": "another horse battery"}
    his = Browser(node, bob.token)
    key = {"Idempotency-Key": new_id()}
    his.call("PUT", "/api/users/me/password", json=password, headers=key)
    assert his.call("PUT", "/api/users/me/password", json=password, headers=key)["duplicate"]
    for each in (browser, his):
        each.close()


def test_tail(cluster, people):
    (alice,) = people(0)
    name = alice.user["username"]
    for i, node in enumerate(cluster.nodes):
        node.rows("user role", user=name, role=("bot", "user", "admin")[i])
    tail = cluster.nodes[1].rows("audit tail", limit=3)
    assert [line["node"] for line in tail] == ["node1", "node2", "node3"], "of all nodes, by time"
    shown = cluster.nodes[2].console("audit", "tail", "-n", "1")
    assert shown.returncode == 0, shown.stderr
    assert re.search(rf"user role\s+user {name}", shown.stdout) and "node3" in shown.stdout
    assert len(shown.stdout.splitlines()) == 2


def test_full_files_are_put_aside(start_node):
    node = start_node(audit__max_file_mib=1, audit__old_files=1)
    name = fresh("user")
    with Client(node) as c:
        c.register(name)
    path = node.folder / "audit.jsonl"
    filler = json.dumps({"time": "2026-01-01T00:00:00.000Z", "details": "x" * 1000}) + "\n"
    node.stop()
    with path.open("a") as f:
        f.write(filler * (1024 * 1024 // len(filler) + 1))
    node.start()
    node.rows("user role", user=name, role="bot")
    assert len(lines_of(node)) == 1 and (node.folder / "audit.jsonl.1").stat().st_size > 1000_000
    assert len(node.rows("audit tail", limit=5)) == 5, "older files are looked at too"
