# SPDX-License-Identifier: MIT
"""Documents nobody should send: each has a specific answer or close code, and the node stays up
with the memory it had."""

import json

import msgpack
import pytest
from harness import names, raw
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.waiting import SANITIZED, wait_until

GROWTH_KIB = (512 if SANITIZED else 32) * 1024
ID = names.NOBODY

# What fields are, each with values of the wrong type or range and with one that is too long.
# (value, field of the error relative to the name, code, limit)


def bad(*values, at=""):
    return [(value, at, "INVALID_MESSAGE", None) for value in values]


def too_large(value, limit):
    return [(value, "", "TOO_LARGE", limit)]


WRONG_TEXT = bad(7, ["a"], {"a": 1}, True)


def text(most, least=None, char="x"):
    short = bad(char * (least - 1)) if least else []
    return WRONG_TEXT + too_large(char * (most + 1), most) + short


def line(most, least=None, char="x"):
    return text(most, least, char) + bad("a\nb1234567")


def name(least, most):
    return text(most, least) + bad("no spaces", "ümlaut")


def number(least, most):
    out_of_range = [(v, "", "INVALID_MESSAGE", most) for v in (least - 1, most + 1)]
    return bad("x", [], 1.5, 1.0, -1) + out_of_range


SEQ = number(0, 2**63 - 2)
PAGE = number(1, 200)
UUID = WRONG_TEXT + bad("not-an-id", ID + "0")
FLAG = bad(1, "true")
CHOICE = WRONG_TEXT + bad("neither")
ROOMS = [*bad("x", []), *bad({"no": 1}, at=".no"), *bad({ID: "1"}, {ID: -1}, at=f".{ID}"),
         *too_large({names.user_id(str(i)): 0 for i in range(1001)}, 1000)]  # fmt: skip
MEMBERS = [*bad("x", {}), *bad([ID, "no"], at=".1"), *too_large([ID] * 201, 200)]
OBJECT = bad("x", []) + too_large({"a": "x" * 8192}, 8192)
EMAIL = WRONG_TEXT + bad("no at", "a@b@c") + too_large("a@" + "b" * 254, 255)
CONTENT = WRONG_TEXT + bad("") + too_large("é" * 8193, 16384)

# type → (a good request, required fields, bad values per field)
REQUESTS = {
    "register_request": (
        {"username": "good-name", "password": PASSWORD}, ["username", "password"],
        {"username": name(3, 32), "password": text(1024, 8), "email": EMAIL,
         "display_name": line(100, char="é"), "device_id": line(64, 1)}),
    "auth_request": (
        {"username": "good-name", "password": PASSWORD}, [],
        {"username": name(3, 32), "password": text(1024, 1), "token": line(4096, 1),
         "refresh_token": line(4096, 1), "device_id": line(64, 1), "rooms": ROOMS}),
    "logout_request": ({"session_id": ID}, [], {"session_id": UUID, "all": FLAG}),
    "resume_request": ({"rooms": {ID: 0}}, ["rooms"], {"rooms": ROOMS}),
    "create_room_request": (
        {"name": "room", "members": [ID]}, ["name"],
        {"name": line(100, 1, "漢"), "room_type": CHOICE + bad("private"),
         "alias": name(1, 64),
         "is_private": FLAG, "description": text(1000, char="é"), "members": MEMBERS}),
    "room_list_request": (
        {"scope": "joined"}, [], {"scope": CHOICE, "cursor": line(4096), "limit": PAGE}),
    "room_request": ({"room_id": ID}, [], {"room_id": UUID, "alias": name(1, 64)}),
    "join_room_request": ({"room_id": ID}, [], {"room_id": UUID, "alias": name(1, 64)}),
    "leave_room_request": ({"room_id": ID}, ["room_id"], {"room_id": UUID}),
    "room_members_request": (
        {"room_id": ID}, ["room_id"], {"room_id": UUID, "cursor": line(4096), "limit": PAGE}),
    "send_message_request": (
        {"room_id": ID, "content": "x"}, ["room_id", "content"],
        {"room_id": UUID, "content": CONTENT,
         "message_type": CHOICE + bad("system"), "reply_to": UUID,
         "thread": UUID, "metadata": OBJECT, "safety": CHOICE, "device_seq": SEQ}),
    "history_request": (
        {"room_id": ID}, ["room_id"],
        {"room_id": UUID, "before_seq": SEQ, "after_seq": SEQ, "limit": PAGE, "min_seq": SEQ}),
    "mark_request": (
        {"room_id": ID, "status": "read", "seq": 1}, ["room_id", "status", "seq"],
        {"room_id": UUID, "status": CHOICE + bad("sent"), "seq": SEQ}),
    "user_list_request": (
        {}, [], {"query": line(256), "cursor": line(4096), "limit": PAGE}),
    "user_request": ({"user_id": ID}, [], {"user_id": UUID, "username": name(3, 32)}),
}  # fmt: skip
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


def cases(type_):
    good, required, fields = REQUESTS[type_]
    for field in required:
        yield {k: v for k, v in good.items() if k != field}, field, "INVALID_MESSAGE", None
        yield good | {field: None}, field, "INVALID_MESSAGE", None
    for field, bad in fields.items():
        for value, path, code, limit in bad:
            yield good | {field: value}, field + path, code, limit


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
