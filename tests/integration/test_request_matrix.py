# SPDX-License-Identifier: MIT
"""Every request of the protocol, through real sockets, at nodes that do not lead the room: success,
repeat and errors, over WebSocket in both encodings and over HTTP. Who may do what is in
test_rights_matrix.py, what nobody may put into a field in test_bad_input.py."""

from pathlib import Path

import pytest
from harness.client import new_id
from harness.requests_table import CASES, DOCUMENTED, STATUS, documented_errors
from harness.requests_world import WHO, World, check_error, fields_of
from harness.web import Browser

NO_LEADER = "test_failover.py::test_lists_without_a_majority_are_refused"
# Errors that take another node or cluster than the one here.
ELSEWHERE = {
    ("auth_request", "RATE_LIMIT"): "test_accounts.py::test_guessing_is_slowed_down",
    ("change_password_request", "RATE_LIMIT"):
        "test_accounts.py::test_guessing_the_old_password_is_slowed_down",
    ("history_request", "RATE_LIMIT"):
        "test_history_load.py::test_each_page_that_is_asked_for_at_once_is_answered",
    ("history_request", "UNAVAILABLE"): "../unit/actors/room_reads_test.cpp::"
        "a room keeps so many pages waiting, and refuses more at once",
    ("logout_request", "RATE_LIMIT"): "test_limits.py::test_every_request_has_its_limit",
    ("resume_request", "ROOM_NOT_FOUND"): "test_rights_matrix.py::test_in_a_room",
    ("room_list_request", "UNAVAILABLE"): NO_LEADER,
    ("user_list_request", "UNAVAILABLE"): NO_LEADER,
    ("send_message_request", "UNAVAILABLE"):
        "test_failover.py::test_an_acknowledgement_says_how_safe",
    ("message_request", "UNAVAILABLE"):
        "test_no_majority.py::test_each_request_without_a_majority",
    # Named in passing: what another request is told of a message that retention has taken, and what
    # is refused in a direct room, by those requests.
    ("update_room_request", "MESSAGE_NOT_FOUND"): "test_retention.py::",
    ("direct_room_request", "CONFLICT"): "test_rights_matrix.py::test_in_a_room",
}  # fmt: skip


@pytest.fixture
def world(cluster):
    """world("json")"""
    cluster.wait_leading("node3")
    made = []

    def make(encoding):
        made.append(World(cluster, encoding))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_matrix_is_whole():
    assert set(CASES) == set(DOCUMENTED)


def test_each_error_that_is_documented_is_tried():
    tried = {(type_, e.code) for type_, case in CASES.items() for e in case.errors}
    missing = documented_errors() - tried - set(ELSEWHERE)
    assert not missing, f"neither in the table nor elsewhere: {sorted(missing)}"
    assert set(ELSEWHERE) <= documented_errors() - tried, "what is elsewhere is not here"
    for where in ELSEWHERE.values():
        file, _, name = where.partition("::")
        text = (Path(__file__).parent / file).read_text()
        what = f'TEST_CASE("{name}"' if file.endswith(".cpp") else f"def {name}"
        assert what in text, where


def last_seq_of(w, type_, fields):
    if "room_id" not in fields or type_ == "delete_room_request":
        return None
    return w.client("owner").ask("room_request", room_id=fields["room_id"])["room"]["last_seq"]


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("type_", CASES)
def test_over_websocket(world, type_, encoding):
    w = world(encoding)
    case = CASES[type_]
    # Errors first: none of them has an effect.
    for error in case.errors:
        data = w.client(error.who).refusal(type_, **fields_of(case, w, error))
        check_error(data, error)
    key, fields, client = new_id(), fields_of(case, w), w.client(case.who)
    first = client.ask(type_, message_id=key, **fields)
    assert first["type"] == case.answer and first.get("duplicate", False) is False, first
    last_seq = last_seq_of(w, type_, fields)
    again = (w.client("new") if case.who == "new" and case.repeat else client).ask(
        type_, message_id=key, **fields)  # fmt: skip
    assert last_seq == last_seq_of(w, type_, fields), "a repeat writes nothing"
    if not case.repeat:
        assert again["type"] == case.answer and "duplicate" not in again, again
        return
    assert again["type"] == case.answer and again.get("duplicate") is True, again
    for part in ("id", "seq", "created_at", "session_id"):
        assert again.get(part) == first.get(part), f"the first answer again: {first} {again}"
    if "room" in first:
        assert again["room"]["id"] == first["room"]["id"]
    if "room_id" in fields and type_ != "delete_room_request":
        other = {"room_id": w.room, "content": "something else", "message_type": "text"}
        if case.who == "owner":
            assert client.code("send_message_request", message_id=key, **other) == "CONFLICT"


# What makes it another request, for all that have more than what they are about.
CHANGED = {
    "register_request": {"display_name": "Another"},
    "logout_request": {"session_id": None},
    "create_room_request": {"name": "Another"},
    "update_room_request": {"topic": "coffee"},
    "invite_request": {"role": "guest"},
    "remove_member_request": {"ban": True},
    "set_role_request": {"role": "guest"},
    "send_message_request": {"content": "another"},
    "edit_message_request": {"content": "another"},
    "reaction_request": {"emoji": "x"},
    "pin_request": {"pinned": False},
    "update_profile_request": {"display_name": "Another"},
}


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("type_", CHANGED)
def test_the_same_id_for_something_else(world, type_, encoding):
    w, case, key = world(encoding), CASES[type_], new_id()
    client, fields = w.client(case.who), fields_of(case, w)
    client.ask(type_, message_id=key, **fields)
    last_seq = last_seq_of(w, type_, fields)
    again = w.client("new") if case.who == "new" else client
    data = again.refusal(type_, message_id=key, **fields | CHANGED[type_])
    assert data["code"] == "CONFLICT", data
    assert last_seq == last_seq_of(w, type_, fields), "it has no effect"
    assert again.ask(type_, message_id=key, **fields)["duplicate"] is True, "the first one stays"


@pytest.mark.parametrize("type_", [t for t, case in CASES.items() if case.http])
def test_over_http(world, type_):
    w = world("json")
    case = CASES[type_]
    browsers = {"new": Browser(w.nodes[1])}

    def browser(who):
        if who not in browsers:
            browsers[who] = Browser(w.nodes[WHO.index(who) % 2], w.client(who).token)
        return browsers[who]

    try:
        for error in case.errors:
            if not error.over_http:
                continue
            method, path, body = case.http(fields_of(case, w, error))
            refused, _ = browser(error.who).refusal(method, path, STATUS[error.code], error.code,
                                                    json=body)  # fmt: skip
            check_error(refused, error)
        method, path, body = case.http(fields_of(case, w))
        key = {"Idempotency-Key": new_id()}
        first = browser(case.who).call(method, path, case.status, json=body, headers=key)
        assert "type" not in first
        if case.repeat:
            answer = browser(case.who).request(method, path, json=body, headers=key)
            assert answer.ok and answer.json()["data"]["duplicate"] is True, answer.text
    finally:
        for each in browsers.values():
            each.close()


def test_nobody_asks_anything_before_authentication(world):
    w = world("msgpack")
    for type_, case in CASES.items():
        if case.who != "new" and type_ != "auth_request":
            assert w.client("new").code(type_, **fields_of(case, w)) == "UNAUTHORIZED", type_
            assert w.client("new").code(type_) == "UNAUTHORIZED", f"{type_}, whatever its fields"
