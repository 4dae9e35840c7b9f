# SPDX-License-Identifier: MIT
"""Fixtures, and the logs of the nodes below every failure."""

import pytest
from harness import process
from harness.chat import Chat
from harness.client import Client
from harness.names import fresh
from harness.process import Cluster, Node


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed:
        return
    for started in process.STARTED:
        for node in getattr(started, "nodes", [started]):
            if tail := node.log_tail():
                report.sections.append((f"log of {node.name}", tail))


def pytest_sessionfinish(session):
    """Nodes that nobody has removed have no owner any more: the whole run fails."""
    for started in list(process.STARTED):
        try:
            started.check_secrets()
        except AssertionError as why:
            print(f"\n{why}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def programs():
    assert process.DAEMON.exists(), f"build it first: {process.DAEMON}"


@pytest.fixture
def start_node(programs):
    """start_node(limits__messages_per_minute=5) → a ready node, stopped after the test."""
    nodes = []

    def start(**settings):
        node = Node(**settings)
        nodes.append(node)
        return node.start()

    yield start
    try:
        for node in nodes:
            node.stop()
    finally:
        for node in nodes:
            node.kill()
        for node in nodes:
            process.STARTED.remove(node)


@pytest.fixture
def started():
    """started(Node(...)) → it runs, and is ended after the test."""
    nodes = []

    def start(node):
        nodes.append(node)
        return node.start()

    yield start
    for node in nodes:
        node.kill()
    for node in nodes:
        process.STARTED.remove(node)


@pytest.fixture(scope="module")
def node(programs, request):
    """One node for all tests of a file; a `NODE` of the file has its settings."""
    with process.running(Node(**getattr(request.module, "NODE", {}))) as made:
        yield made


@pytest.fixture(scope="module")
def cluster(programs):
    """Three nodes for all tests of a file; each test finds and leaves them running."""
    with process.running(Cluster()) as made:
        yield made


@pytest.fixture
def people(cluster):
    """people(0, 2) → clients that have registered, one per named node (0 is node1)."""
    clients = []

    def make(*where, encoding="json"):
        made = []
        for i in where:
            client = Client(cluster.nodes[i], encoding)
            clients.append(client)
            client.register(fresh(f"p{i}"))
            made.append(client)
        return made

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def talk(people):
    """(alice on node1, bob on node2, their public room, in which both have heard "hello")."""
    alice, bob = people(0, 1)
    room = alice.create_room("Talk of two", alias=fresh("talk"), room_type="public")
    bob.ask("join_room_request", room_id=room["id"])
    alice.send(room["id"], "hello")
    for client in (alice, bob):
        client.wait_message("hello")
    return alice, bob, room


@pytest.fixture
def person(node):
    """person("alice") → a client that has just registered."""
    clients = []

    def make(stem="user", encoding="json", **fields):
        client = Client(node, encoding)
        clients.append(client)
        client.register(fresh(stem), **fields)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def room_of_two(person):
    """(alice, bob, room): a public room of which both are members, entries 1 and 2."""
    alice, bob = person("alice"), person("bob")
    room = alice.create_room("Two", room_type="public")
    bob.ask("join_room_request", room_id=room["id"])
    return alice, bob, room


@pytest.fixture
def chat():
    """chat([node], "alice", "--register") → `greenroom chat` in a pipe, ended after the test."""
    started = []

    def start(*arguments, **options):
        started.append(Chat(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture(scope="module")
def trio(programs):
    """Three nodes in which failures may be rehearsed, for all tests of a file."""
    with process.running(Cluster(chaos__enabled="true")) as made:
        yield made
