# SPDX-License-Identifier: MIT
"""The console from somewhere else: over HTTP with a server admin's token, through a proxy that
speaks TLS, as the same verbs with the same answers."""

import json
import shlex
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
from harness.certificates import make_authority, make_certificate
from harness.client import Client
from harness.process import TOOL, clean_environment
from harness.terminal import Terminal
from harness.waiting import SLOWNESS, wait_until
from harness.web import Browser

OK, USAGE, NOT_FOUND, REFUSED, UNREACHABLE, TIMED_OUT = 0, 2, 3, 4, 5, 6


class TlsProxy:
    """What stands in front of a node: takes TLS off, and passes bytes on both ways."""

    def __init__(self, node, certificate, key):
        self.node = node
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(caller,), daemon=True).start()

    def carry(self, caller):
        try:
            with self.context.wrap_socket(caller, server_side=True) as outside, \
                    socket.create_connection((self.node.host, self.node.http_port)) as inside:  # fmt: skip
                # One request on a connection: all of it, then all of the answer.
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += outside.recv(65536)
                head, _, body = asked.partition(b"\r\n\r\n")
                length = next(int(h.split(b":")[1]) for h in head.split(b"\r\n")
                              if h.lower().startswith(b"content-length:"))  # fmt: skip
                while len(body) < length:
                    body += outside.recv(65536)
                inside.sendall(head + b"\r\n\r\n" + body)
                while piece := inside.recv(65536):
                    outside.sendall(piece)
        except (OSError, StopIteration):
            caller.close()

    def close(self):
        self.door.close()


class Afar:
    """The tool, as somebody runs it who is not at the node."""

    def __init__(self, node, url, token=None, ca=None):
        self.node, self.url, self.token, self.ca = node, url, token, ca

    def words(self, *words):
        return [str(TOOL), "console", "--node", self.url,
                *(["--ca", str(self.ca)] if self.ca else []), *words]  # fmt: skip

    def environment(self):
        return clean_environment() | ({"GREENROOM_TOKEN": self.token} if self.token else {})

    def __call__(self, *words):
        return subprocess.run(
            self.words(*words), env=self.environment(), capture_output=True, text=True,
            timeout=30 * SLOWNESS, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def rows(self, *words):
        done = self(*words, "-o", "json")
        assert done.returncode == OK, f"{words}: {done.returncode} {done.stderr}"
        return json.loads(done.stdout)


def lines_of(node):
    return [json.loads(line) for line in (node.folder / "audit.jsonl").read_text().splitlines()]


@pytest.fixture
def admin(node, person):
    alice = person("alice")
    node.rows("user role", user=alice.user["username"], role="admin")
    return alice


@pytest.fixture
def afar(node, admin):
    return Afar(node, node.url, admin.token)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    make_authority(folder, "ours")
    make_authority(folder, "another")
    make_certificate(folder, "ours", "localhost")
    make_certificate(folder, "ours", "elsewhere")
    return folder


@pytest.fixture
def proxy(node, authorities):
    made = []

    def start(name):
        made.append(TlsProxy(node, authorities / f"{name}.crt", authorities / f"{name}.key"))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_the_same_answers_as_at_the_socket(node, afar, person):
    room = person("bob").create_room("Far", room_type="public")
    assert [r["name"] for r in afar.rows("nodes")] == [r["name"] for r in node.rows("nodes")]
    assert len(afar.rows("shards")) == len(node.rows("shards"))

    def lasting(rows):
        """What does not change between two looks."""
        kept = {"id", "name", "shard", "leader", "members", "last_seq"}
        return {r["field"]: r["value"] for r in rows if r["field"] in kept}

    seen = lasting(afar.rows("room", "show", room["id"]))
    assert seen["name"] == "Far" and seen == lasting(node.rows("room show", room=room["id"]))
    assert afar("room", "show", "no-such-room").returncode == NOT_FOUND
    assert afar("no-such-verb").returncode == USAGE
    assert afar("sessions", "--limit", "1").returncode == OK


def test_who_and_from_where(node, afar, admin, person):
    bob = person("bob").user["username"]
    assert afar("user", "role", bob, "bot").returncode == OK
    line = lines_of(node)[-1]
    assert (line["by"], line["address"]) == (f"user {admin.user['id']}", "127.0.0.1")
    assert (line["action"], line["on"], line["outcome"]) == ("user role", f"user {bob}", "ok")
    before = len(lines_of(node))
    afar.rows("nodes")
    assert len(lines_of(node)) == before, "what only looks is not written down"


def test_nobody_else(node, person):
    bob = person("bob")
    assert Afar(node, node.url, bob.token)("nodes").returncode == REFUSED
    assert Afar(node, node.url, "not.a.token")("nodes").returncode == REFUSED
    without = Afar(node, node.url)("nodes")
    assert without.returncode == REFUSED and "GREENROOM_TOKEN" in without.stderr
    Browser(node, bob.token).refusal("POST", "/api/admin/console", 403, "FORBIDDEN",
                                     json={"verb": "nodes"})  # fmt: skip
    Browser(node).refusal("POST", "/api/admin/console", 401, "UNAUTHORIZED", json={"verb": "nodes"})


def test_no_bot_whatever_its_scopes(node, admin):
    name = "bot-" + admin.user["username"]
    made = node.console("token", "issue", "--user", name, "--create", "--scopes",
                        "read,write,manage")  # fmt: skip
    assert made.returncode == OK, made.stderr
    assert Afar(node, node.url, made.stdout.strip())("nodes").returncode == REFUSED
    node.rows("user role", user=name, role="admin")
    assert Afar(node, node.url, made.stdout.strip())("nodes").returncode == REFUSED


def test_who_is_no_admin_any_more(node, afar, admin):
    assert afar("nodes").returncode == OK
    node.rows("user role", user=admin.user["username"], role="user")
    assert afar("nodes").returncode == REFUSED


def test_what_stays_at_the_socket(node, afar, person):
    bob = person("bob").user["username"]
    for words in (["user", "reset-password", bob, "--yes"], ["token", "issue", "--user", bob],
                  ["chaos", "fail", "room"], ["chaos", "kill", "1", "--yes"]):  # fmt: skip
        done = afar(*words)
        assert done.returncode == REFUSED and "socket" in done.stderr, f"{words}: {done}"
        line = lines_of(node)[-1]
        assert line["outcome"] == "refused" and line["by"].startswith("user "), line
    bots = afar("token", "issue", "--user", bob + "-b", "--create", "--scopes", "read")
    assert bots.returncode == OK, bots.stderr
    # What the request says of itself is not believed.
    mine = {"verb": "token issue", "args": {"user": bob}, "by": {"uid": 0}, "local_only": True}
    answer = Browser(node, afar.token).request("POST", "/api/admin/console", json=mine)
    assert answer.status_code == 200 and answer.json()["error"]["code"] == "refused", answer.text


def test_through_tls(node, admin, proxy, authorities):
    good = proxy("localhost")
    url = f"https://localhost:{good.port}"
    ours = Afar(node, url, admin.token, authorities / "ours.crt")
    assert [r["name"] for r in ours.rows("nodes")] == ["node1"]
    for wrong in (Afar(node, url, admin.token, authorities / "another.crt"),
                  Afar(node, url, admin.token),
                  Afar(node, f"https://localhost:{proxy('elsewhere').port}", admin.token,
                       authorities / "ours.crt")):  # fmt: skip
        done = wrong("nodes")
        assert done.returncode == UNREACHABLE and not done.stdout, f"{wrong.url}: {done}"
    done = Afar(node, url, admin.token, "/nonexistent/ca.crt")("nodes")
    assert done.returncode == USAGE, done


def test_urls(node, afar):
    for url, code in (("http://192.0.2.1:8080", REFUSED), ("http://chat.example.org", REFUSED),
                      ("https://", USAGE), ("https://me:secret@localhost", USAGE),
                      ("https://localhost:0", USAGE)):  # fmt: skip
        done = Afar(node, url, afar.token)("nodes")
        assert done.returncode == code and not done.stdout, f"{url}: {done}"
        assert "secret" not in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = Afar(node, f"http://127.0.0.1:{silent.getsockname()[1]}", afar.token)
        assert slow("--timeout", "0.2", "nodes").returncode == TIMED_OUT
    assert slow("nodes").returncode == UNREACHABLE
    plain = Afar(node, f"https://127.0.0.1:{node.http_port}", afar.token)("nodes")
    assert plain.returncode == UNREACHABLE and "does not speak TLS" in plain.stderr, plain


def test_the_token_is_in_a_file_and_nowhere_to_be_seen(node, afar, tmp_path):
    file = tmp_path / "token"
    file.write_text(afar.token + "\n")
    bare = Afar(node, node.url)
    watched = subprocess.Popen(
        bare.words("--token-file", str(file), "nodes", "--watch", "0.2"), env=bare.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert b"node1" in watched.stdout.readline() + watched.stdout.readline()
        seen = Path(f"/proc/{watched.pid}/cmdline").read_bytes()
        assert afar.token.encode() not in seen and str(file).encode() in seen
    finally:
        watched.terminate()
        watched.wait()
    assert Afar(node, node.url)("--token", afar.token, "nodes").returncode == USAGE
    assert afar.token not in node.log() and afar.token not in json.dumps(lines_of(node))


def test_following_the_log(node, afar):
    follows = subprocess.Popen(
        afar.words("log", "tail", "--follow", "--grep", "asked for what only"),
        env=afar.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = []
    threading.Thread(target=lambda: lines.extend(follows.stdout), daemon=True).start()
    try:
        with Client(node) as bob:
            bob.register(f"mallory{time.time_ns()}"[:30])

            def knocks_and_is_heard():
                assert Afar(node, node.url, bob.token)("nodes").returncode == REFUSED
                return any(bob.user["id"] in line for line in lines)

            wait_until(knocks_and_is_heard, "the line in the log that is followed")
    finally:
        follows.terminate()
        follows.wait()


def test_the_prompt(node, afar, tmp_path):
    file = tmp_path / "token"
    file.write_text(afar.token + "\n")
    screen = Terminal()
    try:
        screen.type(shlex.join(afar.words("--token-file", str(file))))
        screen.wait("node1>")
        screen.type("health")
        screen.wait("true")
    finally:
        screen.close()


def test_a_node_bounds_how_often_one_asks(start_node):
    node = start_node(limits__messages_per_minute=3)
    with Client(node) as alice:
        alice.register("alice")
        node.rows("user role", user="alice", role="admin")
        browser = Browser(node, alice.token)
        codes = [browser.request("POST", "/api/admin/console", json={"verb": "nodes"}).status_code
                 for _ in range(5)]  # fmt: skip
        assert codes.count(200) == 3 and codes[-1] == 429, codes
        # The other things that go over HTTP alone have their own.
        browser.get("/api/users/me/export")
