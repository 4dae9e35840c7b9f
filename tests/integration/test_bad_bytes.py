# SPDX-License-Identifier: MIT
"""Bytes below the documents: frames, HTTP lines, silence, and strangers on the cluster's port."""

import contextlib
import json
import os
import select
import socket
import ssl
import time

import pytest
from harness import raw
from harness.certificates import make_authority, make_certificate
from harness.client import PASSWORD, Client, new_id
from harness.names import fresh
from harness.process import Node, free_port, running, temporary_folder
from harness.waiting import SANITIZED, SLOWNESS, wait_until

GROWTH_KIB = (512 if SANITIZED else 32) * 1024
HEARTBEAT = json.dumps({"message_id": new_id(), "data": {"type": "heartbeat"}}).encode()


@pytest.fixture(scope="module")
def tls():
    folder = temporary_folder()
    for authority, name in (("ca", "node1"), ("foreign", "stranger")):
        make_authority(folder, authority)
        make_certificate(folder, authority, name)
    return folder


@pytest.fixture(scope="module")
def node(programs, tls):
    """A cluster of one that has a cluster port, and little patience."""
    port = free_port()
    made = Node(http__request_timeout_s=1, websocket__auth_timeout_s=30, cluster__port=port,
                cluster__certificate=tls / "node1.crt", cluster__key=tls / "node1.key",
                cluster__ca=tls / "ca.crt", cluster__initial_nodes=f"127.0.0.1:{port}")  # fmt: skip
    made.cluster_port = port
    with running(made):
        yield made


@pytest.fixture(autouse=True)
def nobody_else_notices(node):
    """Around each case: the node runs on, with the memory it had, and serves others."""
    before = node.memory_kib()
    yield
    with Client(node) as c:
        assert c.ask("heartbeat"), "others are served"
    assert node.is_running(), "the node stays up"
    wait_until(lambda: node.memory_kib() - before < GROWTH_KIB,
               f"memory to be within {GROWTH_KIB // 1024} MiB of before")  # fmt: skip


# -- frames ------------------------------------------------------------------------------------


MESSAGE_MAX = 1024 * 1024
STRANGER_MAX = 64 * 1024

BAD_FRAMES = {
    "text that is not UTF-8": (raw.frame(b'{"a":"\xff\xfe"}'), 1007),
    "an overlong slash": (raw.frame(b"\xc0\xaf"), 1007),
    "a surrogate": (raw.frame(b"\xed\xa0\x80"), 1007),
    "a character cut off": (raw.frame(b"\xe6\xbc"), 1007),
    "bad UTF-8 in a later fragment": (
        raw.frame(b'{"a":"', fin=False) + raw.frame(b"\xff", opcode=0), 1007),
    "an unmasked frame": (raw.frame(HEARTBEAT, masked=False), 1002),
    "reserved bit 1": (raw.frame(HEARTBEAT, rsv=4), 1002),
    "reserved bit 2": (raw.frame(HEARTBEAT, rsv=2), 1002),
    "reserved bit 3": (raw.frame(HEARTBEAT, rsv=1), 1002),
    "opcode 3": (raw.frame(HEARTBEAT, opcode=3), 1002),
    "opcode 11": (raw.frame(b"", opcode=11), 1002),
    "a continuation of nothing": (raw.frame(HEARTBEAT, opcode=0), 1002),
    "a message inside a message": (raw.frame(b"{", fin=False) + raw.frame(HEARTBEAT), 1002),
    "a long ping": (raw.frame(b"x" * 126, opcode=raw.PING), 1002),
    "a fragmented ping": (raw.frame(b"x", opcode=raw.PING, fin=False), 1002),
    "a close of one byte": (raw.frame(b"\x03", opcode=raw.CLOSE), 1002),
    "close code 1005": (raw.frame(b"\x03\xed", opcode=raw.CLOSE), 1002),
    "close code 5000": (raw.frame(b"\x13\x88", opcode=raw.CLOSE), 1002),
    "close code 65535": (raw.frame(b"\xff\xff", opcode=raw.CLOSE), 1002),
    "one byte too many of a stranger": (raw.frame(b" " * (STRANGER_MAX + 1)), 1009),
    "a frame that says 2^62 bytes": (raw.frame(b"x", length=2**62), 1009),
    "too many in fragments": (
        raw.frame(b" " * STRANGER_MAX, fin=False) + raw.frame(b"  ", opcode=0), 1009),
    "more empty fragments than anybody needs": (
        raw.frame(b"", fin=False) + raw.frame(b"", opcode=0, fin=False) * 2000, 1008),
    "a message that goes on with nothing": (
        raw.frame(b"", fin=False) + raw.frame(b"", opcode=0, fin=False), 1008),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_FRAMES)
def test_bad_frames(node, what):
    data, code = BAD_FRAMES[what]
    with raw.RawSocket(node) as c:
        c.send(data)
        got = c.close_code()
    assert got == code, f"{what}: expected close code {code}, got {got}"


def padded(size):
    return HEARTBEAT + b" " * (size - len(HEARTBEAT))


def test_the_largest_messages_pass(node):
    with raw.RawSocket(node) as c:
        c.send(raw.frame(padded(STRANGER_MAX)))
        assert b"heartbeat_response" in c.next_frame()[1], "exactly the limit is no error"
        data = {"type": "register_request", "username": fresh("large"), "password": PASSWORD}
        c.send(raw.frame(json.dumps({"message_id": new_id(), "data": data}).encode()))
        assert b"auth_response" in c.next_frame()[1]
        c.send(raw.frame(padded(MESSAGE_MAX)))
        assert b"heartbeat_response" in c.next_frame()[1], "exactly the limit is no error"
        c.send(raw.frame(padded(MESSAGE_MAX + 1)))
        assert c.close_code() == 1009, "one byte too many of somebody known"


def test_a_log_in_may_resume_a_thousand_rooms(node):
    """The largest request that somebody unknown has reason to send."""
    with Client(node) as c:
        session = c.register(fresh("roomy"))
    rooms = {new_id(): 2**53 for _ in range(1000)}
    with Client(node) as c:
        c.log_in(token=session["token"], rooms=rooms)


def readable(sockets):
    by_socket = {c.sock: c for c in sockets}
    return [by_socket[s] for s in select.select(list(by_socket), [], [], 0)[0]]


def test_memory_comes_back_after_bursts(start_node):
    """What arrives in part has a budget, and what was freed goes back to the system."""
    node = start_node()
    most_of_a_message = raw.frame(b" " * (MESSAGE_MAX - 100), fin=False)
    with Client(node) as c:
        token = c.register(fresh("burst"))["token"]
    before, peak = node.memory_kib(), 0
    for _ in range(2):
        sockets = [raw.RawSocket(node, headers=[f"Authorization: Bearer {token}"])
                   for _ in range(150)]  # fmt: skip
        for c in sockets:
            c.send(most_of_a_message)
        # 64 of them fit into limits.inbound_bytes; which, is chance.
        wait_until(lambda: len(readable(sockets)) >= 150 - 64, "what does not fit to be refused")
        assert {c.close_code() for c in readable(sockets)} == {1013}
        peak = max(peak, node.memory_kib())
        for c in sockets:
            c.sock.close()
    if not SANITIZED:
        assert peak - before < 256 * 1024, f"the budget is 64 MiB, {(peak - before) // 1024} came"
    wait_until(lambda: node.memory_kib() - before < GROWTH_KIB, "the memory to come back", 30)


def test_fragments_and_pings_in_between(node):
    with raw.RawSocket(node) as c:
        c.send(raw.frame(HEARTBEAT[:1], fin=False))
        for byte in HEARTBEAT[1:-1]:
            c.send(raw.frame(bytes([byte]), opcode=0, fin=False) + raw.frame(b"p", opcode=raw.PING))
        c.send(raw.frame(HEARTBEAT[-1:], opcode=0))
        frames = []
        while not frames or frames[-1][0] != raw.TEXT:
            frames.append(c.next_frame())
        assert (raw.PONG, b"p") in frames and b"heartbeat_response" in frames[-1][1]


def test_a_flood_of_errors(node):
    with raw.RawSocket(node) as c:
        c.send(raw.frame(b"{") * 5000)
        assert c.close_code() == 4429, "hundreds of errors a second are 4429"
    with raw.RawSocket(node) as c:
        c.send(raw.frame(b"{") * 48)
        for _ in range(48):
            assert b"INVALID_MESSAGE" in c.next_frame()[1], "dozens are answered, each"


# -- HTTP --------------------------------------------------------------------------------------

GET = b"GET /api HTTP/1.1\r\n"
POST = b"POST /api/echo HTTP/1.1\r\nHost: x\r\n"
BAD_HTTP = {
    "garbage": os.urandom(64).replace(b"\n", b"") + b"\r\n\r\n",
    "garbage before the line": b"\x00\x01\x02" + GET + b"Host: x\r\n\r\n",
    "TLS": bytes.fromhex("160301020001000100") + os.urandom(300) + b"\r\n\r\n",
    "two Host": GET + b"Host: a\r\nHost: b\r\n\r\n",
    "the same Host twice": GET + b"Host: a\r\nHost: a\r\n\r\n",
    "no Host": GET + b"\r\n",
    "length and coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "the same length twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "two codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding with a blank": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded line": GET + b"Host: x\r\nA: b\r\n c\r\n\r\n",
    "a bare line feed": b"GET /api HTTP/1.1\nHost: x\n\n\r\n\r\n",
    "NUL in a value": GET + b"Host: x\r\nA: \0\r\n\r\n",
    "a blank in a name": GET + b"Host: x\r\nA b: c\r\n\r\n",
    "an absolute target": b"GET http://other/api HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2 by prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.7": b"GET /api HTTP/3.7\r\nHost: x\r\n\r\n",
    "a bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a chunk of 2^64": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx",
}


@pytest.mark.parametrize("what", BAD_HTTP)
def test_bad_http(node, what):
    # A second request behind it must never be served: that is how requests are smuggled.
    answer = raw.exchange(node.http_port, BAD_HTTP[what] + GET + b"Host: x\r\n\r\n")
    assert raw.status_of(answer) == 400, f"{what}: expected 400, got {answer[:100]!r}"
    assert answer.count(b"HTTP/1.1 ") == 1, f"{what}: one answer and the end, got {answer!r}"


@pytest.mark.parametrize("half", [
    b"", b"GET", GET, GET + b"Host: x\r\n", POST + b"Content-Length: 10\r\n\r\nhalf",
    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal",
])  # fmt: skip
def test_half_a_request_and_silence(node, half):
    began = time.monotonic()
    answer = raw.exchange(node.http_port, half)
    took = time.monotonic() - began
    assert raw.status_of(answer) in (None, 408), f"closed, or 408: {answer[:100]!r}"
    assert took < 4 * SLOWNESS, f"http.request_timeout_s is 1, it took {took:.1f} s"


def test_a_header_one_byte_at_a_time(node):
    """The clock runs from the first byte: dripping does not stop it."""
    began = time.monotonic()
    with raw.connect(node.http_port) as sock:
        sock.settimeout(0.2)
        closed = False
        while not closed and time.monotonic() - began < 6 * SLOWNESS:
            raw.send_until_refused(sock, b"X")
            try:
                closed = sock.recv(4096) == b""
            except TimeoutError:
                pass
            except ConnectionResetError:
                closed = True
    assert closed, "a request that never ends is cut off"


def test_many_connections_that_never_say_anything(node):
    before = node.memory_kib()
    for _ in range(20):
        sockets = [raw.connect(node.http_port) for _ in range(100)]
        for sock in sockets:
            sock.close()
    wait_until(lambda: node.memory_kib() - before < GROWTH_KIB, "the memory to be given back")
    with Client(node) as c:
        c.register(fresh("after"), PASSWORD)


# -- the cluster port --------------------------------------------------------------------------


def test_garbage_on_the_cluster_port(node):
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(4096), b"\0" * 65536,
                 bytes.fromhex("160301ffff"), b"\x16\x03\x01" + b"\xff" * 2000):  # fmt: skip
        with raw.connect(node.cluster_port, 20 * SLOWNESS) as sock:
            raw.send_until_refused(sock, data)
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_WR)
            answer = raw.read_all(sock)
            assert len(answer) < 100, f"nothing but a TLS alert: {answer[:100]!r}"


def speak_tls(node, context):
    """What the node says after the handshake; in TLS 1.3 a refusal comes with the first read."""
    with raw.connect(node.cluster_port, 20 * SLOWNESS) as sock:
        with context.wrap_socket(sock, server_hostname="node1") as tls:
            tls.sendall(b"hello, let me in" * 10)
            received = b""
            while piece := tls.recv(65536):
                received += piece
            return received


def context_of(tls, certificate=None, ca="ca"):
    context = ssl.create_default_context(cafile=tls / f"{ca}.crt")
    if certificate:
        context.load_cert_chain(tls / f"{certificate}.crt", tls / f"{certificate}.key")
    return context


def test_strangers_on_the_cluster_port(node, tls):
    for certificate in (None, "stranger"):
        with pytest.raises((ssl.SSLError, ConnectionError)) as why:
            said = speak_tls(node, context_of(tls, certificate))
            pytest.fail(f"{certificate or 'no certificate'} was let in and heard {said!r}")
        closed = isinstance(why.value, (ConnectionError, ssl.SSLEOFError))  # before it was read
        assert closed or "alert" in str(why.value).lower(), why
    with pytest.raises(ssl.SSLCertVerificationError):
        speak_tls(node, context_of(tls, "node1", ca="foreign"))
    old = context_of(tls, "node1")
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError, ValueError)):
        speak_tls(node, old)


def test_connections_that_never_shake_hands(node):
    sockets = [raw.connect(node.cluster_port) for _ in range(100)]
    with Client(node) as c:
        assert c.ask("heartbeat")
    for sock in sockets:
        sock.close()
