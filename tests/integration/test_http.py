# SPDX-License-Identifier: MIT
"""One node: every HTTP route that is offered, what is refused and how."""

import email.utils
import re
import time
import uuid

import pytest
from harness import names, raw
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.web import TIME, Browser


@pytest.fixture
def browser(node):
    made = Browser(node)
    yield made
    made.close()


@pytest.fixture
def someone(node):
    """someone("alice") → a browser that has registered; .me is its user record."""
    made = []

    def make(stem="user"):
        one = Browser(node)
        made.append(one)
        body = {"username": fresh(stem), "password": PASSWORD}
        one.answer = one.post("/api/auth/register", 201, json=body)
        one.token, one.me = one.answer["token"], one.answer["user"]
        return one

    yield make
    for one in made:
        one.close()


# -- accounts ----------------------------------------------------------------------------------


def test_register_log_in_refresh_log_out(browser):
    name = fresh("anna")
    body = {"username": name, "password": PASSWORD, "email": f"{name}@example.org"}
    registered = browser.post("/api/auth/register", 201, json=body)
    assert registered["success"] is True and "type" not in registered
    assert registered["user"]["id"] == names.user_id(name)
    assert registered["user"]["email"] == body["email"]
    taken, _ = browser.refusal("POST", "/api/auth/register", 409, "USERNAME_TAKEN", json=body)
    assert taken["message"], "a sentence for people"
    wrong = {"username": name, "password": "wrong password"}
    _, answer = browser.refusal("POST", "/api/auth/login", 401, "INVALID_CREDENTIALS", json=wrong)
    assert "WWW-Authenticate" in answer.headers
    nobody = {"username": fresh("nobody"), "password": "wrong password"}
    browser.refusal("POST", "/api/auth/login", 401, "INVALID_CREDENTIALS", json=nobody)
    opened = browser.post("/api/auth/login", json={"username": name, "password": PASSWORD})
    assert opened["session_id"] != registered["session_id"]
    renewed = browser.post("/api/auth/refresh", json={"refresh_token": opened["refresh_token"]})
    assert renewed["session_id"] == opened["session_id"]
    browser.token = renewed["token"]
    assert browser.get("/api/users/me")["user"]["email"] == body["email"]
    browser.post("/api/auth/logout")
    browser.refusal("GET", "/api/users/me", 401, "UNAUTHORIZED")
    browser.token = registered["token"]
    browser.get("/api/users/me")


def test_registering_by_users(browser):
    name = fresh("uli")
    made = browser.post("/api/users", 201, json={"username": name, "password": PASSWORD})
    assert made["user"]["username"] == name


def test_a_revoked_token_is_refused_at_once(someone, node):
    alice = someone("alice")
    second = Browser(node, alice.token)
    for b in (alice, second):
        b.get("/api/rooms")
    with Client(node, token=alice.token) as c:
        c.ask("logout_request")
    for b in (alice, second):
        b.refusal("GET", "/api/rooms", 401, "UNAUTHORIZED")
    second.close()


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/users"), ("GET", "/api/users/me"), ("GET", f"/api/users/{names.NOBODY}"),
    ("GET", "/api/rooms"), ("POST", "/api/rooms"), ("GET", f"/api/rooms/{names.NOBODY}"),
    ("GET", f"/api/rooms/{names.NOBODY}/members"), ("POST", "/api/auth/logout"),
    ("GET", f"/api/messages/{names.NOBODY}/history"), ("POST", f"/api/messages/{names.NOBODY}"),
    ("PUT", f"/api/rooms/{names.NOBODY}/members/me"), ("POST", "/api/echo"),
])  # fmt: skip
def test_without_a_token(browser, method, path):
    body = {"name": "x", "content": "x"} if method == "POST" else None
    browser.refusal(method, path, 401, "UNAUTHORIZED", json=body)
    browser.refusal(method, path, 401, "UNAUTHORIZED", json=body,
                    headers={"Authorization": "Bearer not.a.token"})  # fmt: skip
    browser.refusal(method, path, 401, "UNAUTHORIZED", json=body,
                    headers={"Authorization": "Basic YTpi"})  # fmt: skip


# -- users and rooms ---------------------------------------------------------------------------


def test_users(someone):
    alice, bob = someone("alice"), someone("bob")
    got = bob.get(f"/api/users/{alice.me['id']}")["user"]
    assert got["username"] == alice.me["username"] and "email" not in got
    bob.refusal("GET", f"/api/users/{names.NOBODY}", 404, "USER_NOT_FOUND")
    error, _ = bob.refusal("GET", "/api/users/not-an-id", 400, "INVALID_MESSAGE")
    assert error["details"]["field"] == "user_id"
    page = bob.get("/api/users?limit=1")
    assert len(page["users"]) == 1 and page["next_cursor"]
    found = bob.get(f"/api/users?query={alice.me['username']}")["users"]
    assert alice.me["id"] in [u["id"] for u in found]
    error, _ = bob.refusal("GET", "/api/users?limit=many", 400, "INVALID_MESSAGE")
    assert error["details"]["field"] == "limit"
    error, _ = bob.refusal("GET", "/api/users?limit=201", 400, "INVALID_MESSAGE")
    assert (error["details"]["field"], error["details"]["limit"]) == ("limit", 200)


def test_rooms_and_members(someone):
    alice, bob = someone("alice"), someone("bob")
    alias = fresh("hall")
    body = {"name": "Hall", "room_type": "public", "alias": alias}
    key = {"Idempotency-Key": new_id()}
    room = alice.post("/api/rooms", 201, json=body, headers=key)["room"]
    again = alice.post("/api/rooms", 200, json=body, headers=key)
    assert again["duplicate"] is True and again["room"]["id"] == room["id"]
    alice.refusal("POST", "/api/rooms", 409, "CONFLICT", json=body)
    path = f"/api/rooms/{room['id']}"
    assert bob.get(path)["room"]["member_count"] == 1
    assert room["id"] in [r["id"] for r in bob.get("/api/rooms?scope=public&limit=200")["rooms"]]
    joined = bob.call("PUT", f"{path}/members/{bob.me['id']}")
    assert joined["role"] == "member" and joined["last_seq"] == 2
    assert [r["id"] for r in bob.get("/api/rooms")["rooms"]] == [room["id"]]
    members = bob.get(f"{path}/members")["members"]
    assert {m["user"]["id"] for m in members} == {alice.me["id"], bob.me["id"]}
    bob.call("DELETE", f"{path}/members/me")
    assert bob.get("/api/rooms")["rooms"] == []
    bob.refusal("GET", f"{path}/members", 403, "FORBIDDEN")
    secret = alice.post("/api/rooms", 201, json={"name": "Secret"})["room"]["id"]
    bob.refusal("GET", f"/api/rooms/{secret}", 404, "ROOM_NOT_FOUND")
    bob.refusal("PUT", f"/api/rooms/{secret}/members/me", 404, "ROOM_NOT_FOUND")


# -- messages ----------------------------------------------------------------------------------


def test_messages(someone, node):
    alice = someone("alice")
    room = alice.post("/api/rooms", 201, json={"name": "r"})["room"]["id"]
    with Client(node, token=alice.token) as c:
        c.ask("room_list_request")
        key = new_id()
        text = "héllo 👩‍👩‍👧 \u202eabc"
        ack = alice.post(f"/api/messages/{room}", 201, json={"content": text},
                         headers={"Idempotency-Key": key})  # fmt: skip
        assert ack["seq"] == 2 and ack["duplicate"] is False
        event = c.wait_message(text)
        assert event["message"]["message_id"] == key, "Idempotency-Key is the message_id"
    again = alice.post(f"/api/messages/{room}", 200, json={"content": text},
                       headers={"Idempotency-Key": key})  # fmt: skip
    assert again["duplicate"] is True and again["id"] == ack["id"]
    error, _ = alice.refusal("POST", f"/api/messages/{room}", 409, "CONFLICT",
                             json={"content": "other"},
                             headers={"Idempotency-Key": key})  # fmt: skip
    assert error["details"]["field"] == "Idempotency-Key"
    assert error["message"] == "this Idempotency-Key was used for another request"
    for i in range(5):
        alice.post(f"/api/messages/{room}", 201, json={"content": f"m{i}"})  # 3 to 7
    page = alice.get(f"/api/messages/{room}/history?limit=2")
    assert [m["content"] for m in page["messages"]] == ["m3", "m4"] and page["has_more"] is True
    page = alice.get(f"/api/messages/{room}/history?limit=2&before_seq=4")
    assert [m["content"] for m in page["messages"]] == [text, "m0"] and not page["has_more"]
    page = alice.get(f"/api/messages/{room}/history?after_seq=6")
    assert [m["content"] for m in page["messages"]] == ["m4"]
    error, _ = alice.refusal("POST", f"/api/messages/{room}", 400, "INVALID_MESSAGE", json={})
    assert error["details"]["field"] == "content"
    error, _ = alice.refusal("POST", f"/api/messages/{room}", 413, "TOO_LARGE",
                             json={"content": "x" * (16 * 1024 + 1)})  # fmt: skip
    assert error["details"] == {"field": "content", "limit": 16 * 1024}
    for key in ("not-a-uuid", "00000000-0000-0000-0000-000000000000"):
        error, _ = alice.refusal(
            "POST", f"/api/messages/{room}", 400, "INVALID_MESSAGE",
            json={"content": "x"}, headers={"Idempotency-Key": key},
        )  # fmt: skip
        assert error["details"]["field"] == "Idempotency-Key", key
    alice.refusal("POST", f"/api/messages/{names.NOBODY}", 404, "ROOM_NOT_FOUND",
                  json={"content": "x"})  # fmt: skip


@pytest.mark.parametrize("method, path", [
    ("POST", "/api/files"),
    ("GET", f"/api/files/{names.NOBODY}"), ("GET", f"/api/files/{names.NOBODY}/thumbnail"),
    ("POST", "/api/files/tus"),
])  # fmt: skip
def test_what_is_not_offered_yet(someone, method, path):
    someone().refusal(method, path, 415, "UNSUPPORTED", json={} if method == "PATCH" else None)


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/admin/users"), ("POST", "/api/admin/users/x/ban"), ("GET", "/api/nothing"),
])  # fmt: skip
def test_what_there_is_not(someone, method, path):
    someone().refusal(method, path, 404, "UNKNOWN_MESSAGE")


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/api/rooms", b"{"), ("POST", "/api/rooms", b"{}"), ("GET", "/api/rooms/x", None),
    ("GET", "/api/users?limit=many", None), ("POST", "/api/echo", b"{"),
    ("POST", "/api/files", b""),
])  # fmt: skip
def test_who_sends_no_token_hears_that_first(node, method, path, body):
    stranger = Browser(node)
    stranger.refusal(method, path, 401, "UNAUTHORIZED", data=body)
    stranger.close()


# -- the node's own pages ----------------------------------------------------------------------


def test_health(browser):
    for path in ("/health", "/health/live", "/health/ready"):
        answer = browser.request("GET", path)
        assert answer.status_code == 200, path
        document = answer.json()
        assert document["status"] == "healthy" and TIME.fullmatch(document["timestamp"]), document
        assert "success" not in document, "not enveloped"
        head = browser.request("HEAD", path)
        assert head.status_code == 200 and head.content == b"", "HEAD has no body"


def test_api_and_the_root(browser):
    for options in ({"path": "/api"}, {"path": "/", "headers": {"Accept": "application/json"}}):
        answer = browser.request("GET", **options)
        document = answer.json()
        document = document.get("data", document)
        assert {"message", "version", "endpoints"} <= set(document), document
        assert any("/api/rooms" in str(e) for e in document["endpoints"])
    page = browser.request("GET", "/", headers={"Accept": "text/html"})
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert "default-src" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_metrics(someone):
    alice = someone()
    room = alice.post("/api/rooms", 201, json={"name": "r"})["room"]["id"]
    alice.post(f"/api/messages/{room}", 201, json={"content": "counted"})
    answer = alice.request("GET", "/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    types, samples = {}, {}
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line[7:].split()
            types[name] = kind
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-zA-Z_:][\w:]*)(\{[^}]*\})? (\S+)( \d+)?', line)
            assert match, f"not a line of the Prometheus text format: {line!r}"
            samples.setdefault(match.group(1), []).append(float(match.group(3)))
    assert samples and types, "there are figures"
    for name in samples:
        stem = re.sub(r"_(sum|count|bucket)$", "", name)
        assert name in types or stem in types, f"{name} has no TYPE"
    assert sum(samples["greenroom_http_requests_total"]) > 0
    assert "process_resident_memory_bytes" in samples


# -- refusals of the transport -----------------------------------------------------------------


def test_echo(someone):
    alice = someone()
    body = '{"b": [1, 2.50, "ü"],  "a": null}'.encode()
    json_type = {"Content-Type": "application/json"}
    answer = alice.request("POST", "/api/echo", data=body, headers=json_type)
    assert answer.status_code == 200 and answer.json() == {"b": [1, 2.5, "ü"], "a": None}
    for bad in (b"", b"{", b"not json", b'{"a":1}}', b"\xff\xfe", b"[" * 100_000):
        answer = alice.request("POST", "/api/echo", data=bad, headers=json_type)
        assert answer.status_code == 400, f"{bad[:20]!r}: expected 400, got {answer.status_code}"


def test_bad_bodies(browser):
    for body, field in ((b'{"username"', None), (b"[]", None), (b'"x"', None),
                        (b'{"username":"abc"}', "password"),
                        (b'{"username":7,"password":"12345678"}', "username"),
                        (b'{"username":"abc","username":"abd","password":"12345678"}', "username"),
                        (b'{"username":"\\ud800","password":"12345678"}', None)):  # fmt: skip
        error, _ = browser.refusal("POST", "/api/auth/register", 400, "INVALID_MESSAGE", data=body,
                                   headers={"Content-Type": "application/json"})  # fmt: skip
        if field:
            assert error["details"]["field"] == field, f"{body!r}: {error}"
    browser.refusal("POST", "/api/auth/register", 415, "UNSUPPORTED", data=b"<x/>",
                    headers={"Content-Type": "text/xml"})  # fmt: skip


def test_routes_that_are_not(browser):
    for path in ("/api/nothing", "/api/users/a/b/c"):
        browser.refusal("GET", path, 404, "UNKNOWN_MESSAGE")
    for path in ("/nothing", "/etc/passwd", "/health/x"):
        browser.refusal("GET", path, 404, "FILE_NOT_FOUND")
    for method, path, allowed in (("DELETE", "/api/users", {"GET", "POST"}),
                                  ("GET", "/api/auth/login", {"POST"}),
                                  ("POST", "/health", {"GET", "HEAD"})):  # fmt: skip
        answer = browser.request(method, path)
        assert answer.status_code == 405, f"{method} {path}: expected 405"
        got = {m.strip() for m in answer.headers["Allow"].split(",")}
        assert allowed <= got, f"{method} {path}: expected Allow with {allowed}, got {got}"
        error = answer.json()["error"]
        assert (error["code"], error["details"]) == ("INVALID_MESSAGE", {"field": "method"})


def test_tokens_never_travel_in_the_url(someone):
    alice = someone()
    alice.refusal("GET", f"/api/rooms?token={alice.token}", 400, "INVALID_MESSAGE", token=False)
    alice.refusal("GET", f"/api/rooms?access_token={alice.token}", 400, "INVALID_MESSAGE")


def test_bodies_that_are_too_large(node, someone):
    alice = someone()
    limit = 1024 * 1024
    answer = alice.request("POST", "/api/echo", data=b'"' + b"x" * limit + b'"',
                           headers={"Content-Type": "application/json"})  # fmt: skip
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "TOO_LARGE"
    head = (f"POST /api/echo HTTP/1.1\r\nHost: {node.address}\r\n"
            f"Authorization: Bearer {alice.token}\r\n")  # fmt: skip
    lie = head + f"Content-Length: {limit * 1000}\r\n\r\n"
    assert raw.status_of(raw.exchange(node.http_port, lie.encode())) == 413, "before it is sent"
    header = head + "X: " + "y" * 9000 + "\r\n\r\n"
    got = raw.exchange(node.http_port, header.encode())
    assert raw.status_of(got) == 431, "a header above http.max_header_bytes"
    assert b'"details":{"field":"header","limit":8192}' in got
    stranger = head.replace("Authorization", "X") + f"Content-Length: {64 * 1024 + 1}\r\n\r\n"
    got = raw.exchange(node.http_port, stranger.encode())
    assert raw.status_of(got) == 413, "without an Authorization 64 KiB are the most"
    assert b'"details":{"field":"document","limit":65536}' in got


def test_every_answer_has_its_date(node, browser):
    for method, path in (("GET", "/health"), ("GET", "/nothing"), ("OPTIONS", "/api/rooms")):
        date = browser.request(method, path).headers["Date"]
        sent = email.utils.parsedate_to_datetime(date).timestamp()
        assert abs(sent - time.time()) < 60, f"{method} {path}: {date}"
    for request in (b"\x01\r\n\r\n", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"):
        assert b"\r\nDate: " in raw.exchange(node.http_port, request), request
    with raw.RawSocket(node) as c:
        assert "\r\nDate: " in c.head


def test_errors_look_the_same_everywhere(node, someone):
    """Not only the same fields: the same text."""
    alice = someone()
    answer = alice.request("GET", "/api/users?limit=201")
    assert '"error":{"code":"INVALID_MESSAGE","message":"' in answer.text
    assert answer.text.index('"message"') < answer.text.index('"details":{"field":"limit",')
    assert '"error":{"code":"UNKNOWN_MESSAGE","message":"' in alice.request("GET", "/api/x").text


def test_one_connection_serves_many_requests(node, someone):
    alice = someone()
    request = (f"GET /api/users/me HTTP/1.1\r\nHost: {node.address}\r\n"
               f"Authorization: Bearer {alice.token}\r\n")  # fmt: skip
    both = f"{request}\r\n{request}Connection: close\r\n\r\n".encode()  # pipelined
    answers = raw.exchange(node.http_port, both)
    assert answers.count(b"HTTP/1.1 200") == 2, answers[:200]
    ids = re.findall(rb'"request_id":"([^"]+)"', answers)
    assert len(set(ids)) == 2 and all(uuid.UUID(i.decode()) for i in ids), "each has its own id"
