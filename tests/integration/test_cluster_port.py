# SPDX-License-Identifier: MIT
"""Whoever reaches the cluster port can neither end a node, nor use up what it needs, nor cut the
links between others; and a node that runs needs its certificate's files no more."""

import contextlib
import resource
import select
import socket
import ssl
import time

import pytest
from harness import raw
from harness.between import Between
from harness.certificates import make_authority, make_certificate
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.process import STARTED, Node, free_port, temporary_folder
from harness.waiting import SLOWNESS, wait_until

UNFINISHED_MAX = 64  # in the TLS handshake at once
HANDSHAKE_S = 5
PROOF_S = 10  # from the handshake to the proof
RESERVE = 452  # descriptors that clients do not get (docs/operations.md)


def closed_callers(node, reason):
    return node.metric(f'greenroom_cluster_callers_closed_total{{reason="{reason}"}}')


class Pair:
    """Two nodes, of which the first has few descriptors and hears the strangers."""

    def __init__(self, files_max=None):
        self.tls = temporary_folder()
        make_authority(self.tls, "ca")
        http, self.port = free_port(2), free_port(2)
        self.nodes = []
        for i in (0, 1):
            name = f"node{i + 1}"
            make_certificate(self.tls, "ca", name)
            self.nodes.append(Node(
                name=name, files_max=files_max if i == 0 else None, http__port=http + i,
                cluster__port=self.port + i, cluster__certificate=self.tls / f"{name}.crt",
                cluster__key=self.tls / f"{name}.key", cluster__ca=self.tls / "ca.crt",
                cluster__initial_nodes=f"127.0.0.1:{self.port},127.0.0.1:{self.port + 1}",
            ))  # fmt: skip
        self.first, self.second = self.nodes

    def start(self):
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()
        self.wait_linked()
        return self

    def are_linked(self):
        return all(not n.admin("nodes")["missing"] and len(n.rows("nodes")) == 2
                   for n in self.nodes)  # fmt: skip

    def wait_linked(self):
        wait_until(self.are_linked, "the two to see each other", 20)

    def losses(self):
        return [n.log().count("down: ") for n in self.nodes]

    def end(self):
        for node in self.nodes:
            node.kill()
            STARTED.remove(node)


@pytest.fixture
def make_pair(programs):
    made = []

    def make(**options):
        made.append(Pair(**options))
        return made[-1].start()

    yield make
    for pair in made:
        try:
            for node in pair.nodes:
                node.stop()
        finally:
            pair.end()


@pytest.fixture(scope="module", autouse=True)
def many_sockets():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def callers():
    """callers(port, n) → n sockets that say nothing, closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda port, count: [stack.enter_context(raw.connect(port)) for _ in range(count)]


def still_open(sockets):
    """Those that the other side has not closed; nothing is ever said on them but a TLS alert."""
    readable = select.poll()
    for sock in sockets:
        readable.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    ready = {fd for fd, _ in readable.poll(0)}
    return [sock for sock in sockets if sock.fileno() not in ready]


def serves(node):
    with Client(node) as c:
        assert c.register(fresh("after"), PASSWORD), "clients are served"


def test_silent_callers_are_few_and_go(make_pair, callers):
    pair = make_pair()
    losses, files, cpu = pair.losses(), pair.first.open_files(), pair.first.cpu_s()
    began = time.monotonic()
    silent = callers(pair.port, 300)
    wait_until(lambda: len(still_open(silent)) <= UNFINISHED_MAX, "all but 64 to be closed", 4)
    assert pair.first.open_files() <= files + UNFINISHED_MAX + 4, "they take few descriptors"
    wait_until(lambda: not still_open(silent), "the others to be closed", HANDSHAKE_S + 3)
    took = time.monotonic() - began
    assert took >= HANDSHAKE_S - 0.5, f"who is slow has {HANDSHAKE_S} s, it was {took:.1f} s"

    def reasons():
        return [closed_callers(pair.first, reason) for reason in ("crowded", "slow")]

    wait_until(lambda: sum(reasons()) >= 300, "all to be counted")
    assert sum(reasons()) == 300 and all(reasons()), f"by reason: {reasons()}"
    # Under load from others this says little, but it never says too much.
    used = pair.first.cpu_s() - cpu
    assert used < 0.5 * took * SLOWNESS, f"silence costs nothing, it was {used:.1f} s"
    assert pair.losses() == losses and pair.are_linked(), "no link was lost"
    wait_until(lambda: "callers at the cluster port were closed" in pair.first.log(), "a line")
    assert pair.first.log().count("callers at the cluster port were closed") <= 2, "few lines"


def test_more_callers_than_descriptors(make_pair, callers):
    pair = make_pair(files_max=500)
    losses = pair.losses()
    silent = callers(pair.port, 700)
    wait_until(lambda: len(still_open(silent)) <= UNFINISHED_MAX, "all but 64 to be closed")
    assert pair.losses() == losses and pair.are_linked(), "no link was lost"
    serves(pair.first)
    # A node that comes back finds its way between them.
    pair.second.kill()
    more = callers(pair.port, 200)
    pair.second.start()
    pair.wait_linked()
    wait_until(lambda: not still_open(silent + more), "silent callers to be closed")
    assert pair.first.is_running()


def test_clients_cannot_take_the_descriptors_of_the_node(make_pair, callers):
    pair = make_pair(files_max=500)
    lowered = f"limits.max_connections is lowered from 10000 to {500 - RESERVE}"
    wait_until(lambda: lowered in pair.first.log(), "the operator to be told")
    assert pair.first.log().count(lowered) == 1, "once"
    settings = {row["key"]: row["value"] for row in pair.first.rows("settings")}
    assert settings["limits.max_connections"] == 500 - RESERVE
    losses = pair.losses()
    clients = callers(pair.first.http_port, 463)
    strangers = callers(pair.port, 20)
    for sock in strangers[:10]:
        raw.send_until_refused(sock, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        raw.read_all(sock)
    wait_until(lambda: pair.first.open_files() < 500, "descriptors to be left")
    assert pair.losses() == losses and pair.are_linked(), "no link was lost"
    for sock in clients:
        sock.close()
    wait_until(pair.first.is_ready, "clients to be served")
    serves(pair.first)


def test_a_limit_that_leaves_no_node(programs):
    node = Node(files_max=300)
    try:
        node.launch()
        assert node.process.wait(timeout=20 * SLOWNESS) == 1
        assert "only 300 files can be open, and a node needs" in node.log()
    finally:
        node.kill()
        STARTED.remove(node)


def test_no_descriptor_left_at_all(make_pair, callers):
    """Whatever takes them: accepting waits, nothing ends, nothing spins."""
    pair = make_pair()
    pid, limits = pair.first.pid(), resource.prlimit(pair.first.pid(), resource.RLIMIT_NOFILE)
    cpu, losses, began = pair.first.cpu_s(), pair.losses(), time.monotonic()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (pair.first.open_files() + 2, limits[1]))
    knocking = callers(pair.port, 50) + callers(pair.first.http_port, 50)
    wait_until(lambda: "accept on the cluster port:" in pair.first.log(), "EMFILE to be met")
    wait_until(lambda: " accept: " in pair.first.log() or '"accept: ' in pair.first.log(),
               "EMFILE to be met by the clients' listener too")  # fmt: skip
    assert pair.first.is_running()
    used, took = pair.first.cpu_s() - cpu, time.monotonic() - began
    assert used < 0.5 * SLOWNESS * max(took, 1), f"{used:.1f} s of processor time in {took:.1f} s"
    for sock in knocking:
        sock.close()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    wait_until(pair.first.is_ready, "clients to be served again", 20)
    pair.wait_linked()
    assert pair.losses() == losses, "no link was lost"
    serves(pair.first)


def test_the_files_of_the_certificate_are_needed_at_start_only(make_pair, callers):
    pair = make_pair()
    for name in ("node1.crt", "node1.key", "ca.crt"):
        (pair.tls / name).rename(pair.tls / f"{name}.away")
    (plain,) = callers(pair.port, 1)
    raw.send_until_refused(plain, b"hello\r\n\r\n")
    raw.read_all(plain)
    assert pair.first.is_running() and pair.are_linked()
    (pair.tls / "ca.crt.away").rename(pair.tls / "ca.crt")  # the other node starts again
    pair.second.kill()
    pair.second.start()
    pair.wait_linked()
    pair.first.stop()
    pair.first.launch()
    assert pair.first.process.wait(timeout=20 * SLOWNESS) == 1, "no start without them"
    assert "node1.crt cannot be read" in pair.first.log()
    for name in ("node1.crt", "node1.key"):
        (pair.tls / f"{name}.away").rename(pair.tls / name)
    pair.first.start()
    pair.wait_linked()


def test_a_certificate_alone_keeps_no_connection(make_pair):
    """Somebody with a certificate who speaks the transport, but never says who he is."""
    pair = make_pair()
    losses = pair.losses()
    context = ssl.create_default_context(cafile=pair.tls / "ca.crt")
    context.load_cert_chain(pair.tls / "node2.crt", pair.tls / "node2.key")
    heartbeat = b"\x06" + bytes(31)  # CAF's, which keeps its own time-out away
    began = time.monotonic()
    with raw.connect(pair.port) as sock, context.wrap_socket(sock, server_hostname="node1") as tls:
        tls.settimeout(0.3)
        open_still = True
        while open_still and time.monotonic() - began < (PROOF_S + 5) * SLOWNESS:
            try:
                tls.sendall(heartbeat)
                open_still = tls.recv(65536) != b""
            except TimeoutError:
                pass
            except (OSError, ssl.SSLError):
                open_still = False
    took = time.monotonic() - began
    assert not open_still, "whoever proves nothing is cut off"
    assert took > PROOF_S - 1, f"{PROOF_S} s is what a slow node gets, it was {took:.1f} s"
    wait_until(lambda: closed_callers(pair.first, "unproved") == 1, "it to be counted")
    assert pair.losses() == losses and pair.are_linked(), "the real link stays"


def test_another_link_protocol(make_pair):
    """A node of an older or a newer program is refused in words that name both versions, and the
    cluster is as it was; with one that fits it joins."""
    pair = make_pair()
    losses = pair.losses()
    make_certificate(pair.tls, "ca", "node3")
    with Between(pair.tls, "node2", pair.port, protocol=2) as between:
        port = free_port()
        third = Node(
            name="node3", cluster__port=port, cluster__address="127.0.0.1",
            cluster__advertise=f"127.0.0.1:{port}", cluster__seeds=between.address,
            cluster__certificate=pair.tls / "node3.crt", cluster__key=pair.tls / "node3.key",
            cluster__ca=pair.tls / "ca.crt",
        )  # fmt: skip
        third.launch()
        try:
            for spoken in (2, 0):
                between.protocol = spoken
                why = f"link protocol {spoken} is not spoken here, only 1"
                wait_until(lambda w=why: f"refused node3: {w}" in pair.first.log(),
                           "the node that is called to refuse", 20)  # fmt: skip
                wait_until(lambda w=why: f"cannot be reached yet: refused: {w}" in third.log(),
                           "the caller to be told", 20)  # fmt: skip
            assert between.changed >= 2, "the caller tries again"
            assert pair.losses() == losses and pair.are_linked(), "no link was lost"
            assert third.is_running() and not third.is_ready()
            serves(pair.first)
            between.protocol = None
            wait_until(lambda: third.is_ready() and len(pair.first.rows("nodes")) == 3,
                       "it to join", 30)  # fmt: skip
            serves(third)
        finally:
            third.kill()
            STARTED.remove(third)


def test_a_port_that_is_taken(programs):
    pair = Pair()
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", pair.port))
            taken.listen()
            pair.first.launch()
            assert pair.first.process.wait(timeout=20 * SLOWNESS) == 1
        assert f"cannot listen on the cluster port 127.0.0.1:{pair.port}" in pair.first.log()
    finally:
        pair.end()
