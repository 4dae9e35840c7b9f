# SPDX-License-Identifier: MIT
"""Sessions, password, profile, role and end of an account, on three nodes, whoever leads it."""

import json

import pytest
from harness import names
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import PATIENCE_S, wait_until
from harness.web import Browser

NEW_PASSWORD = "another horse battery"


@pytest.fixture
def connect(cluster):
    """connect(1, "msgpack") → a client of node2 that is not authenticated."""
    clients = []

    def make(where=0, encoding="json", **options):
        clients.append(Client(cluster.nodes[where], encoding, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def person(cluster, connect):
    """person("node3", 0): somebody whose account node3 leads, connected to node1."""

    def make(home="node1", where=0, encoding="json", **fields):
        leaders = cluster.wait_leading(home)
        name = names.name_led_by(home, leaders, fresh("u") + "x", names.user_id)
        client = connect(where, encoding)
        client.register(name, **fields)
        return client

    return make


def name_of(client):
    return client.user["username"]


@pytest.mark.parametrize("home, where, encoding", [
    ("node1", 0, "json"), ("node2", 0, "msgpack"), ("node3", 1, "json")])  # fmt: skip
def test_sessions_are_listed_and_revoked(person, connect, home, where, encoding):
    alice = person(home, where, encoding, device_id="phone")
    other = connect(2)
    entered = other.log_in(username=name_of(alice), password=PASSWORD, device_id="laptop")
    sessions = alice.ask("session_list_request")["sessions"]
    assert [s["device_id"] for s in sessions] == ["laptop", "phone"], "the newest first"
    assert [s["current"] for s in sessions] == [False, True]
    assert all(s["address"] == "127.0.0.1" and s["created_at"] and s["last_used_at"]
               for s in sessions)  # fmt: skip
    assert sessions[0]["session_id"] == entered["session_id"]
    assert set(sessions[0]) == {"session_id", "device_id", "created_at", "last_used_at", "address",
                                "current"}  # fmt: skip
    alice.ask("logout_request", session_id=entered["session_id"])
    assert other.wait_closed() == 4403
    assert other.events[-1]["data"] == {"type": "session_event", "kind": "revoked"}
    assert [s["current"] for s in alice.ask("session_list_request")["sessions"]] == [True]
    assert connect(1).code("auth_request", token=entered["token"]) == "UNAUTHORIZED"
    assert alice.refusal("logout_request", session_id=names.NOBODY)["details"]["field"] == (
        "session_id"
    )
    third = connect(0)
    third.log_in(username=name_of(alice), password=PASSWORD)
    alice.ask("logout_request", all=True)
    assert third.wait_closed() == 4403 and alice.wait_closed() == 4403


def test_a_person_sees_nobody_elses_sessions(person):
    alice, bob = person("node1"), person("node1")
    (theirs,) = bob.ask("session_list_request")["sessions"]
    assert theirs["session_id"] not in str(alice.ask("session_list_request"))
    assert alice.code("logout_request", session_id=theirs["session_id"]) == "INVALID_MESSAGE"
    bob.ask("heartbeat")


@pytest.mark.parametrize("home, encoding", [("node2", "json"), ("node3", "msgpack")])
def test_another_password(person, connect, home, encoding):
    alice = person(home, 0, encoding)
    other = connect(1)
    other.log_in(username=name_of(alice), password=PASSWORD)
    assert alice.code("change_password_request", old_password="wrong horse",
                      new_password=NEW_PASSWORD) == "INVALID_CREDENTIALS"  # fmt: skip
    short = alice.refusal("change_password_request", old_password=PASSWORD, new_password="short")
    assert (short["code"], short["details"]["field"]) == ("INVALID_MESSAGE", "new_password")
    message_id = new_id()
    words = {"old_password": PASSWORD, "new_password": NEW_PASSWORD, "message_id": message_id}
    assert alice.ask("change_password_request", **words) == {"type": "ok"}
    assert other.wait_closed() == 4403, "other sessions are revoked"
    assert alice.ask("change_password_request", **words) == {"type": "ok", "duplicate": True}
    assert len(alice.ask("session_list_request")["sessions"]) == 1, "one's own stays"
    late = connect(2)
    assert late.code("auth_request", username=name_of(alice), password=PASSWORD) == (
        "INVALID_CREDENTIALS"
    )
    late.log_in(username=name_of(alice), password=NEW_PASSWORD)


@pytest.mark.parametrize("home", ["node1", "node3"])
def test_a_profile_is_changed(person, home):
    alice, bob = person(home, 0), person("node2", 1, "msgpack")
    address = f"{fresh('mail')}@Example.org"
    changed = alice.ask("update_profile_request", display_name="Alice L.", email=address,
                        avatar_url="https://example.org/a.png")["user"]  # fmt: skip
    assert changed["display_name"] == "Alice L." and changed["email"] == address
    seen = bob.ask("user_request", user_id=alice.user["id"])["user"]
    assert seen["display_name"] == "Alice L." and "email" not in seen
    assert seen["avatar_url"] == "https://example.org/a.png"
    taken = bob.refusal("update_profile_request", email=address.lower())
    assert (taken["code"], taken["details"]["field"]) == ("CONFLICT", "email")
    alice.ask("update_profile_request", email="")
    assert alice.ask("user_request", user_id=alice.user["id"])["user"]["email"] is None
    wait_until(lambda: bob.answer("update_profile_request", email=address)["data"]["type"]
               == "user_response", "the address to be free again")  # fmt: skip
    assert alice.ask("update_profile_request", display_name="")["user"]["display_name"] == (
        name_of(alice)
    )
    long = alice.refusal("update_profile_request", display_name="x" * 101)
    assert (long["code"], long["details"]) == ("TOO_LARGE", {"field": "display_name",
                                                             "limit": 100})  # fmt: skip
    message_id = new_id()
    first = alice.ask("update_profile_request", display_name="A", message_id=message_id)
    assert "duplicate" not in first
    again = alice.ask("update_profile_request", display_name="A", message_id=message_id)
    assert again["duplicate"] is True
    assert alice.code("update_profile_request", display_name="B", message_id=message_id) == (
        "CONFLICT"
    )


def test_over_http(cluster, person, connect):
    alice, bob = person("node3", 0), person("node1")
    browser = Browser(cluster.nodes[1], alice.token)
    me = browser.get("/api/users/me")["user"]
    assert me["id"] == alice.user["id"] and "email" in me
    assert browser.call("PATCH", "/api/users/me", json={"display_name": "Web"})["user"][
        "display_name"] == "Web"  # fmt: skip
    assert browser.call("PATCH", f"/api/users/{me['id']}", json={"display_name": "Own"})["user"][
        "display_name"] == "Own"  # fmt: skip
    browser.refusal("PATCH", f"/api/users/{bob.user['id']}", 403, "FORBIDDEN",
                    json={"display_name": "Not mine"})  # fmt: skip
    entered = connect(2).log_in(username=name_of(alice), password=PASSWORD)
    sessions = browser.get("/api/users/me/sessions")["sessions"]
    assert {s["session_id"] for s in sessions if not s["current"]} == {entered["session_id"]}
    browser.call("DELETE", f"/api/users/me/sessions/{entered['session_id']}")
    assert len(browser.get("/api/users/me/sessions")["sessions"]) == 1
    browser.refusal("DELETE", f"/api/users/me/sessions/{names.NOBODY}", 400, "INVALID_MESSAGE")
    browser.call("PUT", "/api/users/me/password",
                 json={"old_password": PASSWORD, "new_password": NEW_PASSWORD})  # fmt: skip
    browser.refusal("PUT", "/api/users/me/password", 401, "INVALID_CREDENTIALS",
                    json={"old_password": PASSWORD, "new_password": NEW_PASSWORD})  # fmt: skip
    kept = browser.get("/api/users/me/export")["account"]
    assert kept["user"]["username"] == name_of(alice)
    assert "hash" not in json.dumps(kept) and "token" not in json.dumps(kept)
    browser.call("DELETE", "/api/users/me/sessions")
    browser.refusal("GET", "/api/users/me", 401, "UNAUTHORIZED")
    browser.close()


def test_the_end_of_ones_own_account(cluster, person, connect):
    address = f"{fresh('mail')}@example.org"
    alice, bob = person("node2", 0, email=address), person("node1", 1)
    room = alice.create_room("Left behind", room_type="public", members=[bob.user["id"]])["id"]
    alice.send(room, "I was here")
    browser = Browser(cluster.nodes[2], alice.token)
    browser.refusal("POST", "/api/users/me/erase", 401, "INVALID_CREDENTIALS",
                    json={"password": "wrong horse"})  # fmt: skip
    error, _ = browser.refusal("POST", "/api/users/me/erase", 400, "INVALID_MESSAGE", json={})
    assert error["details"]["field"] == "password"
    browser.post("/api/users/me/erase", json={"password": PASSWORD})
    assert alice.wait_closed() == 4403, "its sessions end"
    assert connect(0).code("auth_request", username=name_of(alice), password=PASSWORD) == (
        "INVALID_CREDENTIALS"
    )
    left = bob.ask("user_request", user_id=alice.user["id"])["user"]
    assert left["display_name"] == "deleted user" and name_of(alice) not in json.dumps(left)
    (said,) = bob.ask("history_request", room_id=room)["messages"]
    assert said["content"] == "I was here" and said["sender_id"] == alice.user["id"]
    assert connect(1).code("register_request", username=name_of(alice), password=PASSWORD) == (
        "USERNAME_TAKEN"
    )
    wait_until(lambda: bob.answer("update_profile_request", email=address)["data"]["type"]
               == "user_response", "the address to be free again")  # fmt: skip
    browser.close()


def test_admins(cluster, person, connect):
    alice, bob = person("node1", 0), person("node3", 1)
    browser = Browser(cluster.nodes[0], alice.token)
    at_bob = f"/api/admin/users/{bob.user['id']}"
    for method, path in (("POST", "deactivate"), ("POST", "reopen"), ("POST", "erase"),
                         ("GET", "export")):  # fmt: skip
        browser.refusal(method, f"{at_bob}/{path}", 403, "FORBIDDEN")
    browser.refusal("PUT", f"{at_bob}/role", 403, "FORBIDDEN", json={"role": "admin"})
    (row,) = cluster.nodes[1].rows("user role", user=name_of(alice), role="admin")
    assert row["role"] == "admin"
    browser.call("PUT", f"{at_bob}/role", json={"role": "bot"})
    assert alice.ask("user_request", user_id=bob.user["id"])["user"]["role"] == "bot"
    browser.post(f"{at_bob}/deactivate")
    assert bob.wait_closed() == 4403
    assert connect(0).code("auth_request", username=name_of(bob), password=PASSWORD) == (
        "INVALID_CREDENTIALS"
    )
    assert bob.user["id"] not in str(alice.ask("user_list_request", query=name_of(bob)))
    browser.post(f"{at_bob}/reopen")
    back = connect(2)
    back.log_in(username=name_of(bob), password=PASSWORD)
    assert browser.get(f"{at_bob}/export")["account"]["user"]["id"] == bob.user["id"]
    browser.post(f"{at_bob}/erase")
    assert back.wait_closed() == 4403
    browser.refusal("POST", f"{at_bob}/reopen", 409, "CONFLICT")
    browser.refusal("POST", f"/api/admin/users/{names.NOBODY}/deactivate", 404, "USER_NOT_FOUND")
    browser.close()


def guess(client, name, times):
    """Wrong passwords, all at once; the answers. A token comes back every 6 s."""
    asked = [client.post("auth_request", username=name, password=f"guess {n}")
             for n in range(times)]  # fmt: skip
    return [a.result(4 * PATIENCE_S)["data"] for a in asked]


def test_guessing_is_slowed_down(cluster, person, connect):
    alice, nobody = person("node2", 0), fresh("nobody")
    for name in (name_of(alice), nobody):
        answers = guess(connect(1), name, 24)
        wrong = [a for a in answers if a["code"] == "INVALID_CREDENTIALS"]
        refused = [a for a in answers if a["code"] == "RATE_LIMIT"]
        assert len(wrong) >= 10 and refused, f"a name that nobody has is no different: {answers}"
        assert len(wrong) + len(refused) == 24
        assert all(0 < a["details"]["retry_after_ms"] <= 6000 for a in refused)
    browser = Browser(cluster.nodes[2])

    def refusal():
        wrong = {"username": name_of(alice), "password": "wrong"}
        answer = browser.request("POST", "/api/auth/login", json=wrong)
        return answer.headers if answer.status_code == 429 else None

    assert 1 <= int(wait_until(refusal, "a refusal")["Retry-After"]) <= 6
    owner = connect(1)
    wait_until(lambda: owner.answer("auth_request", username=name_of(alice),
                                    password=PASSWORD)["data"]["type"] == "auth_response",
               "the owner to be let in again", 20)  # fmt: skip

    def written():
        return "".join(node.log() for node in cluster.nodes)

    wait_until(lambda: f"wrong password for user {alice.user['id']}" in written(), "it in the log")
    logs = written()
    assert "guess 1" not in logs and PASSWORD not in logs
    browser.close()


def test_guessing_the_old_password_is_slowed_down(person, connect):
    """For each session by itself, so that whoever guesses in one does not keep the owner out."""
    alice = person("node3", 0)
    other = connect(1)
    other.log_in(token=alice.token)
    owner = connect(1)
    owner.log_in(username=name_of(alice), password=PASSWORD)
    words = {"new_password": NEW_PASSWORD}
    told = [alice.refusal("change_password_request", old_password=f"guess {i}", **words)
            for i in range(16)]  # fmt: skip
    codes = [t["code"] for t in told]
    assert codes[:10] == ["INVALID_CREDENTIALS"] * 10 and set(codes[10:]) <= {
        "INVALID_CREDENTIALS", "RATE_LIMIT"}  # fmt: skip
    refused = [t for t in told if t["code"] == "RATE_LIMIT"]
    assert refused and all(0 < t["details"]["retry_after_ms"] <= 6000 for t in refused)
    right = {"old_password": PASSWORD, **words}
    assert other.code("change_password_request", **right) == "RATE_LIMIT", "it is the same session"
    owner.ask("change_password_request", **right)


def test_many_at_once_are_not_guesses(person, connect):
    alice = person("node3", 0)
    clients = [connect(n % 3) for n in range(24)]
    entered = [c.post("auth_request", username=name_of(alice), password=PASSWORD) for c in clients]
    assert all(e.result(20)["data"]["type"] == "auth_response" for e in entered)
