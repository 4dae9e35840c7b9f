# SPDX-License-Identifier: MIT
"""A failure in a handler of each kind of actor: contained, repaired as the actor's header says, and
whatever was asked is answered. The next message that an actor of the kind handles throws."""

import contextlib

import pytest
from harness import names
from harness.client import PASSWORD, Client, Lost, new_id
from harness.failing import World, arm, attempt, failures, until_done, wait_failed
from harness.names import fresh
from harness.process import Node, running
from harness.receiver import Receiver
from harness.waiting import wait_until
from harness.web import Browser

@pytest.fixture(scope="module")
def node(programs):
    with running(Node(chaos__enabled="true", webhooks__allow_private="true")) as made:
        yield made


@pytest.fixture
def world(node):
    made = World(node)
    yield made
    made.close()


def restarts(node, kind):
    return sum(row["restarts"] for row in node.rows("actors", kind=kind))


@pytest.mark.parametrize("kind", ["room", "shard"])
def test_of_those_who_write(node, world, kind):
    before, restarted = failures(node, kind), restarts(node, kind)
    arm(node, kind)
    until_done(world.alice, "send_message_request", room_id=world.room, content=f"hit {kind}")
    wait_failed(node, kind, before)
    world.works()
    wait_until(lambda: restarts(node, kind) > restarted, "the console to show the restart")


def test_of_a_user(node, world):
    before, restarted = failures(node, "user"), restarts(node, "user")
    arm(node, "user")
    until_done(world.alice, "user_request", user_id=world.bob.user["id"])
    wait_failed(node, "user", before)
    with Client(node) as c:
        c.log_in(username=world.bob.user["username"], password=PASSWORD)
    world.works()
    wait_until(lambda: restarts(node, "user") > restarted, "the console to show the restart")


def test_of_a_user_while_logging_in(node, world):
    before = failures(node, "user")
    with Client(node) as c:
        arm(node, "user")
        until_done(c, "auth_request", username=world.bob.user["username"], password=PASSWORD)
    wait_failed(node, "user", before)
    world.works()


def test_of_a_worker(node, world):
    before, restarted = failures(node, "worker"), restarts(node, "worker")
    with Client(node) as c:
        arm(node, "worker")
        first = attempt(c, "auth_request", username=world.bob.user["username"], password=PASSWORD)
        assert first["type"] == "error", "its job was the one that failed"
        until_done(c, "auth_request", username=world.bob.user["username"], password=PASSWORD)
    wait_failed(node, "worker", before)
    wait_until(lambda: restarts(node, "worker") > restarted, "the console to show the restart")
    world.works()


def test_of_a_relay(node, world):
    """Its listeners are told to resume (1013); on the way back they get what they missed."""
    before = failures(node, "relay")
    arm(node, "relay")
    message_id = new_id()
    sent = {"room_id": world.room, "content": "hit relay", "message_id": message_id}
    with contextlib.suppress(Lost):  # the answer may be cut off with the connection
        attempt(world.alice, "send_message_request", **sent)
    wait_failed(node, "relay", before)
    for client in (world.alice, world.bob):
        assert client.wait_closed() == 1013, "told to resume"
    with Client(node) as bob:
        last = max(e["seq"] for e in world.bob.room_events(world.room))
        until_done(bob, "auth_request", token=world.bob.token, rooms={world.room: last})
        with Client(node, token=world.alice.token) as alice:
            until_done(alice, "send_message_request", **sent)
        bob.wait_message("hit relay")
        seqs = [e["seq"] for e in bob.room_events(world.room)]
        assert seqs == [last + 1], f"what was missed, once: {seqs}"
    world.works()


@pytest.mark.parametrize("kind", ["session", "connection"])
def test_of_those_who_speak_with_a_client(node, kind):
    world = World(node)
    before = failures(node, kind)
    arm(node, kind)
    try:
        data = attempt(world.alice, "room_list_request")
        assert data["type"] in ("error", "room_list_response"), data
    except Lost:
        pytest.fail(f"the request that was in the {kind}'s hands must be answered before the end")
    wait_failed(node, kind, before)

    def hit():
        return [c for c in (world.alice, world.bob) if c.close_code is not None]

    wait_until(hit, "whose it was to be closed")
    assert {c.close_code for c in hit()} == {1013}, "closed with 1013: resume"
    world.works()
    world.close()


def test_of_presence(node, world):
    """Its dead subscriptions are asked for again, and who is here is here again."""
    before, restarted = failures(node, "presence"), restarts(node, "presence")
    bob = world.bob.user["id"]
    arm(node, "presence")
    until_done(world.alice, "presence_request", user_ids=[bob])
    wait_failed(node, "presence", before)
    wait_until(lambda: restarts(node, "presence") > restarted, "the console to show the restart")

    def seen():
        answer = until_done(world.alice, "presence_request", user_ids=[bob])
        return answer["presences"][0]["is_online"]

    wait_until(seen, "bob to be shown as online again")
    world.works()


def test_of_the_searcher(node, world):
    before, restarted = failures(node, "searcher"), restarts(node, "searcher")
    word = fresh("needle")
    world.alice.send(world.room, f"before it fails: {word}")
    arm(node, "searcher")
    until_done(world.alice, "search_request", query=word)
    wait_failed(node, "searcher", before)
    wait_until(lambda: restarts(node, "searcher") > restarted, "the console to show the restart")
    world.alice.send(world.room, f"and after: {word}")

    def both():
        answer = until_done(world.alice, "search_request", query=word)
        return len(answer["hits"]) == 2

    wait_until(both, "what was said before the failure and after it to be found")
    world.works()


def test_of_the_sender_of_webhooks(node, world):
    """Some deliveries may come twice, none is left out."""
    receiver = Receiver()
    try:
        Browser(node, world.alice.token).post(
            f"/api/rooms/{world.room}/webhooks", 201,
            json={"kind": "outgoing", "name": "out", "url": receiver.url,
                  "events": ["message_received"]},
        )  # fmt: skip
        before, restarted = failures(node, "webhooks"), restarts(node, "webhooks")
        said = [f"said {i}" for i in range(20)]
        for i, text in enumerate(said):
            if i == 10:
                arm(node, "webhooks")
            world.alice.send(world.room, text)
        wait_failed(node, "webhooks", before)
        wait_until(lambda: restarts(node, "webhooks") > restarted, "the console to show it")
        wait_until(lambda: list(dict.fromkeys(receiver.contents())) == said,
                   "each to be delivered, in order")  # fmt: skip
        world.works()
    finally:
        receiver.stop()


@pytest.mark.parametrize("kind", ["session", "connection"])
def test_over_http(node, kind):
    with Client(node) as c:
        token = c.register(fresh("web"))["token"]
        before = failures(node, kind)
    with_token = Browser(node, token)
    assert with_token.get("/api/users/me")
    arm(node, kind)
    answer = with_token.request("GET", "/api/users/me")
    assert answer.status_code in (200, 500, 503), answer.text
    wait_failed(node, kind, before)
    with_token.close()
    # On a connection of its own: the old one may have been closed between two requests.
    again = Browser(node, token)
    assert again.request("GET", "/api/users/me").status_code == 200, "the next one is served"
    again.close()


def test_of_the_console_itself(node, world):
    before = failures(node, "admin")
    arm(node, "admin")
    answer = node.admin("actors", kind="admin")
    assert answer["ok"] or answer["error"]["code"], f"answered, if only with an error: {answer}"
    wait_failed(node, "admin", before)
    rows = wait_until(lambda: node.admin("actors", kind="admin").get("rows"), "the console again")
    assert sum(r["restarts"] for r in rows) >= 1, f"the restart is shown: {rows}"
    world.works()


@pytest.mark.parametrize("kind, where", [
    ("cluster", 0), ("link", 0), ("link", 1),  # one dials, the other accepts
    ("gate", None),
])  # fmt: skip
def test_of_what_joins_the_nodes(trio, kind, where):
    trio.settle()
    trio.wait_even()
    if where is None:  # the gate that both others call at: lower addresses dial
        victim = max(trio.nodes, key=lambda n: f"127.0.0.1:{n.cluster_port()}")
        other = next(n for n in trio.nodes if n is not victim)
    else:
        victim, other = trio.nodes[where], trio.nodes[1 - where]
    alias = names.name_led_by(other.name, trio.leaders(), fresh("far") + "x", names.room_id)
    with Client(victim) as alice, Client(other) as bob:
        alice.register(fresh("alice"))
        bob.register(fresh("bob"))
        room = alice.create_room("far", alias=alias, members=[bob.user["id"]])["id"]
        alice.send(room, "warm")
        before = failures(victim, kind)
        arm(victim, kind)
        got = attempt(alice, "send_message_request", room_id=room, content=f"through the {kind}")
        assert got["type"] in ("message_ack", "error")
        wait_failed(victim, kind, before)
        trio.settle()
        text = f"after the {kind}"
        until_done(alice, "send_message_request", room_id=room, content=text)
        alice.wait_message(text)
        bob.wait_message(text)
        seqs = [e["seq"] for e in alice.room_events(room)]
        assert seqs == list(range(seqs[0], seqs[-1] + 1)), f"no gap and no repeat: {seqs}"


def test_of_the_node_itself(start_node):
    """The one that nobody supervises: the process ends with an error, and starts again."""
    node = start_node(chaos__enabled="true")
    with Client(node) as c:
        c.register(fresh("alice"))
        room = c.create_room("kept")["id"]
        c.send(room, "kept")
        token = c.token
        arm(node, "node")
        arm(node, "shard")  # whose death is the node's business
        with contextlib.suppress(AssertionError, Lost):
            attempt(c, "send_message_request", room_id=room, content="perhaps")
        status = node.process.wait(20)
        assert status != 0, "an error code, for whoever supervises processes"
    node.start()
    with Client(node, token=token) as c:
        assert [m["content"] for m in c.history(room)["messages"]] [:1] == ["kept"]


def test_only_where_it_is_allowed(start_node):
    node = start_node()
    answer = node.admin("chaos fail", kind="room")
    assert answer["ok"] is False and answer["error"]["code"] == "refused", answer
