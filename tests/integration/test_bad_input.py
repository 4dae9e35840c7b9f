# SPDX-License-Identifier: MIT
"""Documents nobody should send: each has a specific answer or close code, and the node stays up
with the memory it had."""

import json

import msgpack
import pytest
from harness import raw
from harness.bad_fields import ID, REQUESTS, cases
from harness.client import Client, new_id
from harness.names import fresh
from harness.requests_table import CASES, DOCUMENTED, STATUS
from harness.waiting import SANITIZED, wait_until
from harness.web import Browser

TARGET_BYTES_MAX = 2048
GROWTH_KIB = (512 if SANITIZED else 32) * 1024
EXTRA = {"extra": 1, "Room_ID": "x", "deep": {"a": [[{}], None]}, "seq_": 2**63, "role": "admin",
         "sender_id": ID, "": "no name"}  # fmt: skip


@pytest.fixture(scope="module")
def tokens(node):
    made = {}
    for encoding in ("json", "msgpack"):
        with Client(node, encoding) as c:
            made[encoding] = c.register(fresh("bad"))["token"]
    return made


@pytest.fixture
def clients(node, tokens):
    """One for each encoding, new for each test: hundreds of errors a second are cut off."""
    made = {encoding: Client(node, encoding, token=token) for encoding, token in tokens.items()}
    yield made
    for client in made.values():
        client.close()


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("type_", REQUESTS)
def test_each_field(clients, type_, encoding):
    # Also what needs no login is decoded first, so an authenticated connection sees all of it.
    client = clients[encoding]
    count = 0
    for fields, path, code, limit in cases(type_):
        got = client.refusal(type_, **fields)
        shown = f"{type_} {str(fields)[:200]}: got {got}"
        assert got["code"] == code, f"expected {code} for {path}; {shown}"
        assert got["details"]["field"] == path, f"expected the field {path}; {shown}"
        if limit is not None:
            assert got["details"]["limit"] == limit, f"expected the limit {limit}; {shown}"
        assert path.split(".")[0] in got["message"], f"the sentence names the field; {shown}"
        count += 1
    good = REQUESTS[type_][0]
    plain, extra = (client.answer(type_, **fields)["data"] for fields in (good, EXTRA | good))
    for key in ("type", "code", "details"):
        assert plain.get(key) == extra.get(key), (
            f"{type_}: unknown fields are ignored; expected {plain}, got {extra}"
        )
    assert count or not REQUESTS[type_][2], type_
    assert client.ask("heartbeat")


def test_no_request_is_left_out():
    assert set(REQUESTS) == set(DOCUMENTED)


# Without their field these are the making of a room, an invitation.
ASKS_FOR_ANOTHER = {"direct_room_request", "set_role_request"}
IN_NUMBERS = {"limit", "before_seq", "after_seq", "min_seq"}


def over_http(type_, fields, field):
    """(method, path, body) with this field in it, or None where HTTP has no place for it, or no way
    to be wrong about it."""
    if type_ == "auth_request" and field not in ("username", "password", "device_id"):
        return None  # of the log-in over HTTP; the others are no fields of it
    try:
        method, path, body = CASES[type_].http(fields)
    except KeyError:
        return None  # what the path is made of is always there
    if isinstance(body, dict) and field in CASES[type_].http(fields | {field: "here"})[2]:
        return method, path, body
    value = fields.get(field)
    in_query = f"{field}=" in path and (isinstance(value, str) or field in IN_NUMBERS)
    in_path = isinstance(value, str) and value and f"/{value}" in path
    return (method, path, body) if in_query or in_path else None


@pytest.mark.parametrize("type_", [t for t, case in CASES.items() if case.http])
def test_each_field_over_http(node, tokens, type_):
    browser = Browser(node, tokens["json"])
    places = set()
    for fields, field, code, limit in cases(type_):
        name = field.split(".")[0]
        request = over_http(type_, fields, name)
        if request is None or (type_ in ASKS_FOR_ANOTHER and not fields.get(name)):
            continue
        method, path, body = request
        if len(path) > TARGET_BYTES_MAX:
            field, code, limit = "target", "TOO_LARGE", TARGET_BYTES_MAX
        refused, _ = browser.refusal(method, path, STATUS[code], code, json=body)
        got = f"{type_} {str(fields)[:200]}: {refused}"
        assert refused["details"]["field"] == field, f"expected the field {field}; {got}"
        if limit is not None:
            assert refused["details"]["limit"] == limit, f"expected the limit {limit}; {got}"
        places.add(name)
    browser.close()
    assert places or not REQUESTS[type_][2], f"{type_}: nothing to ask wrongly"


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_exclusive_fields(clients, encoding):
    client = clients[encoding]
    for type_, fields, path in (
        ("auth_request", {}, "token"),
        ("auth_request", {"token": "a", "refresh_token": "b"}, None),
        ("auth_request", {"username": "abc"}, "password"),
        ("auth_request", {"password": "abc"}, "username"),
        ("room_request", {}, "room_id"), ("room_request", {"room_id": ID, "alias": "a"}, "room_id"),
        ("join_room_request", {}, "room_id"),
        ("user_request", {}, "user_id"),
        ("history_request", {"room_id": ID, "before_seq": 5, "after_seq": 1}, "after_seq"),
    ):  # fmt: skip
        got = client.refusal(type_, **fields)
        assert got["code"] == "INVALID_MESSAGE", f"{type_} {fields}: {got}"
        assert path is None or got["details"]["field"] == path, f"{type_} {fields}: {got}"


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_envelopes(clients, encoding):
    client = clients[encoding]
    for envelope, field in (({"version": "2"}, "version"), ({"version": 1}, "version"),
                            ({"data": None}, "data"), ({"data": []}, "data"),
                            ({"data": {}}, "type"), ({"data": {"type": 5}}, "type"),
                            ({"timestamp": 5}, "timestamp")):  # fmt: skip
        got = client.answer("heartbeat", envelope=envelope)["data"]
        assert got.get("code") == "INVALID_MESSAGE", f"{envelope}: expected an error, got {got}"
        assert got["details"]["field"] == field, f"{envelope}: expected {field}, got {got}"
    for bad in ("no-id", 5, None, "00000000-0000-0000-0000-000000000000"):
        client.send_raw(client.encode({"message_id": bad, "data": {"type": "heartbeat"}}))
        got = client.wait_orphan()
        assert got["details"]["field"] == "message_id", f"{bad}: expected message_id, got {got}"


def wrapped(data):
    """A request whose data is these bytes of JSON; its id comes first, and so is known."""
    return b'{"message_id":"' + new_id().encode() + b'","data":' + data + b"}"


BAD_JSON = {
    "nothing": b"", "white space": b"  ", "half": b'{"message_id":', "a list": b"[]",
    "a text": b'"x"',
    "two documents": wrapped(b'{"type":"heartbeat"}') * 2, "a comma": b'{"a":1,}',
    "single quotes": b"{'a':1}", "a comment": b"/**/" + wrapped(b'{"type":"heartbeat"}'),
    "NaN": wrapped(b'{"type":"heartbeat","a":NaN}'),
    "infinity": wrapped(b'{"type":"heartbeat","a":1e999}'),
    "a huge integer": wrapped(b'{"type":"heartbeat","a":' + b"9" * 30 + b"}"),
    "a lone surrogate": wrapped(b'{"type":"heartbeat","a":"\\ud800"}'),
    "a control character": wrapped(b'{"type":"heartbeat","a":"\x01"}'),
    "a byte order mark": b"\xef\xbb\xbf" + wrapped(b'{"type":"heartbeat"}'),
    "a key twice": wrapped(b'{"type":"heartbeat","a":1,"a":2}'),
    "an escaped key twice": wrapped(b'{"type":"heartbeat","a":1,"\\u0061":2}'),
    "100,000 lists": b"[" * 100_000, "100,000 objects": b'{"a":' * 100_000,
    "100,000 lists inside": wrapped(b'{"type":"heartbeat","a":' + b"[" * 100_000),
    "33 levels": wrapped(b'{"type":"heartbeat","a":' + b"[" * 31 + b"]" * 31 + b"}"),
    "many values": wrapped(b'{"type":"heartbeat","a":[' + b"0," * 9000 + b"0]}"),
    "a million keys": wrapped(b"{" + b",".join(b'"%d":0' % i for i in range(90_000)) + b"}"),
}  # fmt: skip


def packed(value):
    """A request in MessagePack with this at `data.a`."""
    head = b"\x82\xaamessage_id" + msgpack.packb(new_id())
    return head + b"\xa4data\x82\xa4type\xa9heartbeat\xa1a" + value


BAD_MSGPACK = {
    "nothing": b"", "half": b"\x82\xa4data", "a list": b"\x90", "nil": b"\xc0",
    "two documents": packed(b"\xc0") * 2, "never used": packed(b"\xc1"),
    "binary": packed(b"\xc4\x01x"), "ext": packed(b"\xd4\x01x"),
    "a timestamp": packed(b"\xd6\xff1234"),
    "NaN": packed(b"\xcb\x7f\xf8" + b"\0" * 6), "infinity": packed(b"\xca\x7f\x80\0\0"),
    "bad UTF-8": packed(b"\xa2\xff\xfe"), "a surrogate": packed(b"\xa3\xed\xa0\x80"),
    "an overlong slash": packed(b"\xa2\xc0\xaf"), "a cut character": packed(b"\xa2\xe6\xbc"),
    "a number as key": packed(b"\x81\x01\x01"), "nil as key": packed(b"\x81\xc0\x01"),
    "a key twice": packed(b"\x82\xa1k\x01\xa1k\x02"),
    "a text of 4 GiB": packed(b"\xdb\xff\xff\xff\xff"),
    "a list of 4 G": packed(b"\xdd\xff\xff\xff\xff"),
    "a map of 4 G": packed(b"\xdf\xff\xff\xff\xff"), "a list of 64 Ki": packed(b"\xdc\xff\xff"),
    "bombs in a row": packed(b"\xdd\x7f\xff\xff\xff" * 1000),
    "100,000 lists": b"\x91" * 100_000, "100,000 maps": b"\x81\xa1a" * 100_000,
    "100,000 lists inside": packed(b"\x91" * 100_000 + b"\xc0"),
    "33 levels": packed(b"\x91" * 31 + b"\xc0"),
    "many values": packed(b"\xdc\x23\x28" + b"\0" * 9000),
}  # fmt: skip


def known(tokens):
    """Some of these documents are larger than those of people who are not."""
    return f"Authorization: Bearer {tokens['json']}"


@pytest.mark.parametrize("what", BAD_JSON)
def test_bad_json(node, tokens, what):
    with raw.RawSocket(node, headers=[known(tokens)]) as c:
        c.send(raw.frame(BAD_JSON[what]))
        answer = json.loads(c.next_frame()[1])["data"]
        assert answer["code"] == "INVALID_MESSAGE", f"{what}: got {answer}"
        assert answer["details"]["field"], f"{what}: the error names a field or the document"
        c.send(raw.frame(wrapped(b'{"type":"heartbeat"}')))
        opcode, payload = c.next_frame()
        assert b"heartbeat_response" in payload, f"{what}: the connection goes on, got {payload}"


@pytest.mark.parametrize("what", BAD_MSGPACK)
def test_bad_msgpack(node, tokens, what):
    with raw.RawSocket(node, "greenroom.v1.msgpack", [known(tokens)]) as c:
        c.send(raw.frame(BAD_MSGPACK[what], raw.BINARY))
        answer = msgpack.unpackb(c.next_frame()[1])["data"]
        assert answer["code"] == "INVALID_MESSAGE", f"{what}: got {answer}"
        assert answer["details"]["field"], f"{what}: the error names a field or the document"
        c.send(raw.frame(packed(b"\xc0"), raw.BINARY))
        assert b"heartbeat_response" in c.next_frame()[1], f"{what}: the connection goes on"


def test_memory_stays(node, tokens, clients):
    """All of the above again, many times, after a first round has warmed caches up."""

    def round_of_everything():
        for document in BAD_JSON.values():
            with raw.RawSocket(node, headers=[known(tokens)]) as c:
                c.send(raw.frame(document))
                c.next_frame()
        for document in BAD_MSGPACK.values():
            with raw.RawSocket(node, "greenroom.v1.msgpack", [known(tokens)]) as c:
                c.send(raw.frame(document, raw.BINARY))
                c.next_frame()

    round_of_everything()
    before = node.memory_kib()
    for _ in range(10):
        round_of_everything()
    wait_until(
        lambda: node.memory_kib() - before < GROWTH_KIB,
        f"memory to be within {GROWTH_KIB // 1024} MiB of {before // 1024} MiB again",
    )
    assert clients["json"].ask("heartbeat") and node.is_running()
