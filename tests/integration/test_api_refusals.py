# SPDX-License-Identifier: MIT
"""docs/api/openapi.json: each operation is refused with every code that it lists there, and with
the document that it shows."""

import re
from pathlib import Path

import pytest
from harness import process
from harness.api_schema import OPENAPI, check
from harness.client import new_id
from harness.names import NOBODY
from harness.process import Node
from harness.refusals import OPERATIONS, SPECIAL, Probe, World, documented, probe_for

TESTS = Path(__file__).parent.parent
# What any operation may be told, whatever it is, where a cluster or an actor has failed.
GENERAL = {
    "UNAVAILABLE": "integration/test_no_majority.py::test_each_request_without_a_majority",
    "INTERNAL": "unit/actors/user_test.cpp::a user actor that fails answers, and its successor "
                "knows the nodes",
}  # fmt: skip
GUESSING = "integration/test_login_limits.py::test_an_address_that_guesses_is_refused"
RETENTION = "integration/test_room_file.py::test_what_retention_takes_during_an_export_is_told"
# What takes another node, or more than a request.
ELSEWHERE = {
    ("openSocket", "RATE_LIMIT"): "integration/test_limits.py::test_connections_a_minute",
    ("openSocket", "UNAVAILABLE"): "integration/test_connection.py::test_one_connection_too_many",
    ("register", "RATE_LIMIT"): GUESSING,
    ("createUser", "RATE_LIMIT"): GUESSING,
    ("refresh", "RATE_LIMIT"): GUESSING,
    ("exportRoom", "CONFLICT"): RETENTION,
    ("exportRoomAsAdmin", "CONFLICT"): RETENTION,
    ("abandonRestore", "CONFLICT"):
        "integration/test_room_restore.py::test_half_a_room_is_seen_by_nobody_and_goes_on",
}  # fmt: skip
LISTED = documented()
LIMITED = sorted(name for name, code in LISTED
                 if code == "RATE_LIMIT" and (name, code) not in ELSEWHERE)  # fmt: skip
TRIED = sorted(one for one in LISTED
               if one not in ELSEWHERE and one[1] not in {"RATE_LIMIT", *GENERAL})  # fmt: skip


@pytest.fixture(scope="module")
def world(programs):
    with process.running(Node(cluster__shards=1)) as node:
        made = World(node)
        yield made
        made.close()


def is_refused(answer, name, code, what):
    """With this code, as the document has it."""
    status, response = LISTED[name, code]
    got = f"{what}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code == status, got
    document = answer.json()
    assert document["error"]["code"] == code, got
    check(document, response["content"]["application/json"]["schema"], OPENAPI, what)
    if "headers" in response:
        wait_ms = document["error"]["details"]["retry_after_ms"]
        assert int(answer.headers["Retry-After"]) == -(-wait_ms // 1000) > 0, got


def test_what_is_tried_elsewhere_is_tried_there():
    for where in [*GENERAL.values(), *ELSEWHERE.values()]:
        file, _, name = where.partition("::")
        text = (TESTS / file).read_text()
        assert f"def {name}(" in text or f'TEST_CASE("{name}"' in text, where
    assert set(ELSEWHERE) <= set(LISTED), "nothing that no operation lists"
    assert set(SPECIAL) <= set(TRIED), "nothing that no operation lists"
    codes = {code for _, code in LISTED}
    assert set(GENERAL) <= codes and len(TRIED) > 200, len(TRIED)


def test_each_way_to_be_refused_is_listed():
    """What all operations of a kind have in common, so that a new one cannot leave it out."""
    for name, o in OPERATIONS.items():
        codes = {code for operation, code in LISTED if operation == name}
        if not codes or name == "openSocket":
            continue
        wanted = {"INVALID_MESSAGE", "RATE_LIMIT", *GENERAL}
        wanted |= {"UNAUTHORIZED"} if o.needs_login else set()
        wanted |= {"UNSUPPORTED", "TOO_LARGE"} if o.body is not None else set()
        wanted |= {"FORBIDDEN"} if o.is_for_admins else set()
        wanted |= {"ROOM_NOT_FOUND"} if o.room and name != "restoreRoom" else set()
        assert wanted <= codes, f"{name} lacks {sorted(wanted - codes)}"


@pytest.mark.parametrize("name, code", TRIED)
def test_it_is_refused_so(world, name, code):
    probe = probe_for(name, code)
    assert probe, f"{name}: nothing here or elsewhere is refused with {code}"
    is_refused(world.ask(name, probe), name, code, f"{name}: {code}")


# -- too often ---------------------------------------------------------------------------------

LIMIT = 12  # a minute: enough to make the world
# Where the usual request would end what asks.
HARMLESS = {
    "logOut": Probe(body={"session_id": NOBODY}),
    "logIn": Probe(body={"username": "$alice_name", "password": "wrong"}),
}


def test_too_often_is_refused_so(start_node):
    """Whatever comes of it: what has been refused counts as well."""
    node = start_node(cluster__shards=1, auth__failed_logins_per_minute=2,
                      limits__requests_per_minute=LIMIT,
                      limits__messages_per_minute=LIMIT)  # fmt: skip
    world = World(node)
    # Ends all sessions unless that has been asked for too often as `logOut`.
    assert len(LIMITED) > 45
    for name in sorted(LIMITED, key=lambda name: name == "endAllSessions"):
        probe = HARMLESS.get(name, Probe())
        for _ in range(LIMIT + 1):
            if OPERATIONS[name].has("Idempotency-Key"):
                probe.headers = {"Idempotency-Key": new_id()}
            answer = world.ask(name, probe)
            if answer.status_code == 429:
                break
        is_refused(answer, name, "RATE_LIMIT", f"{name}: too often")
        text = answer.json()["error"]["message"]
        assert re.search(r"; try again in \d+ ms \((limits|auth)\.\w+\)$", text), f"{name}: {text}"
    world.close()
