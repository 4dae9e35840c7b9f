# SPDX-License-Identifier: MIT
"""What a closed account leaves behind in rooms: its webhooks stop, and who was erased leaves."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from harness import names, process
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.process import Cluster
from harness.waiting import PATIENCE_S, wait_until
from harness.web import Browser


@pytest.fixture
def receiver():
    """Takes every delivery, and remembers its text."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *ignored):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    server.server_close()


def members(client, room):
    answer = client.ask("room_members_request", room_id=room)["members"]
    return {m["user"]["id"]: m["role"] for m in answer}


def test_who_is_erased_leaves_his_rooms(start_node):
    node = start_node()
    with Client(node) as alice, Client(node) as bob, Client(node) as carol:
        for one in (alice, bob, carol):
            one.register(fresh("one"))
        rooms = [
            alice.create_room(f"r{i}", members=[bob.user["id"], carol.user["id"]])["id"]
            for i in range(3)
        ]
        invited = carol.create_room("invited")["id"]
        carol.ask("invite_request", room_id=invited, user_id=alice.user["id"])
        direct = alice.ask("direct_room_request", user_id=bob.user["id"])["room"]["id"]
        alice.send(rooms[0], "I was here")
        Browser(node, alice.token).post("/api/users/me/erase", json={"password": PASSWORD})

        def left(data):
            return (
                data["type"] == "room_event" and data["kind"] == "left"
                and data["user_id"] == alice.user["id"]
            )  # fmt: skip

        for room in rooms:
            found = bob.wait_for(
                lambda d, room=room: left(d) and d["room_id"] == room, "his leaving"
            )
            assert found["room"]["member_count"] == 2
            assert set(members(bob, room)) == {bob.user["id"], carol.user["id"]}
        carol.wait_for(lambda d: left(d) and d["room_id"] == invited, "the decline")
        said = bob.history(rooms[0])["messages"]
        assert [m["sender_id"] for m in said] == [alice.user["id"]]
        assert set(members(bob, direct)) == {alice.user["id"], bob.user["id"]}


def test_a_deactivated_member_keeps_his_name(cluster, people):
    """In a room that another node leads than the one who asks, or who is asked for, is at."""
    alice, bob = people(0, 1)
    leaders = cluster.leaders()
    alias = names.name_led_by("node3", leaders, fresh("tea") + "x", names.room_id)
    room = alice.create_room("Tea", alias=alias, members=[bob.user["id"]])["id"]
    direct = alice.ask("direct_room_request", user_id=bob.user["id"])["room"]["id"]
    Browser(cluster.nodes[1], bob.token).post(
        "/api/users/me/deactivate", json={"password": PASSWORD}
    )
    for one in (room, direct):
        shown = alice.ask("room_members_request", room_id=one)["members"]
        assert {m["user"]["username"] for m in shown} == {
            alice.user["username"], bob.user["username"],
        }  # fmt: skip

    def is_online():
        shown = alice.ask("room_members_request", room_id=room)["members"]
        return any(m["is_online"] for m in shown if m["user"]["id"] == bob.user["id"])

    wait_until(lambda: not is_online(), "him to be offline")
    other = alice.create_room("Coffee")["id"]
    assert alice.code("invite_request", room_id=other, user_id=bob.user["id"]) == "USER_NOT_FOUND"


def test_nobody_is_found_by_an_erased_name(start_node):
    """His id still shows the record and what he has said, his name shows nothing."""
    node = start_node()
    with Client(node) as alice, Client(node) as bob:
        name, word = fresh("gone"), fresh("word")
        alice.register(name)
        bob.register(fresh("stays"))
        room = bob.create_room("both", members=[alice.user["id"]])["id"]
        alice.send(room, f"{word} of mine")

        def hits(query, **fields):
            return len(bob.ask("search_request", query=query, **fields)["hits"])

        wait_until(lambda: hits(f"{word} from:{name}") == 1, "the message to be found")
        assert bob.ask("user_request", username=name)["user"]["id"] == alice.user["id"]
        Browser(node, alice.token).post("/api/users/me/erase", json={"password": PASSWORD})
        assert bob.code("user_request", username=name) == "USER_NOT_FOUND"
        shown = bob.ask("user_request", user_id=alice.user["id"])["user"]
        assert (shown["id"], shown["username"]) == (alice.user["id"], "deleted user")
        for query in (f"{word} from:{name}", f"from:@{name.upper()}"):
            assert hits(query) == hits(query, room_id=room) == 0, query
        assert hits(f"{word} from:{alice.user['id']}") == hits(word) == 1


@pytest.mark.parametrize("how", ["deactivate", "erase"])
def test_the_webhooks_of_who_has_gone_stop(start_node, receiver, how):
    url, got = receiver
    node = start_node(webhooks__allow_private="true")
    with Client(node) as alice, Client(node) as bob:
        for one in (alice, bob):
            one.register(fresh("one"))
        room = alice.create_room("Tea", members=[bob.user["id"]])["id"]
        alice.ask("set_role_request", room_id=room, user_id=bob.user["id"], role="owner")
        web = Browser(node, alice.token)
        what = {"kind": "outgoing", "name": "Mine", "url": url, "events": ["message_received"]}
        hook = web.post(f"/api/rooms/{room}/webhooks", 201, json=what)["webhook"]["id"]
        bob.send(room, "before")
        wait_until(lambda: any("before" in text for text in got), "a delivery", PATIENCE_S)
        web.post(f"/api/users/me/{how}", json={"password": PASSWORD})
        web = Browser(node, bob.token)

        def the_hook():
            hooks = web.get(f"/api/rooms/{room}/webhooks")["webhooks"]
            return next(h for h in hooks if h["id"] == hook)

        wait_until(lambda: the_hook()["paused"], "the webhook to stop", PATIENCE_S)
        assert the_hook()["last_error"] == "the account of who made it was closed"
        bob.send(room, "meanwhile")
        web.post(f"/api/rooms/{room}/webhooks/{hook}/resume")
        bob.send(room, "after")
        wait_until(lambda: any("after" in text for text in got), "what comes after", PATIENCE_S)
        assert ["meanwhile" in text for text in got].count(True) == 1, "where it stood"


def test_rooms_are_told_also_when_their_leader_dies(programs):
    """The account is led by node1, its room by node3, which is killed before it can hear."""
    cluster = Cluster()
    try:
        cluster.start().settle()
        cluster.wait_even()
        leaders = cluster.leaders()
        alias = names.name_led_by("node3", leaders, fresh("tea") + "x", names.room_id)
        user = names.name_led_by("node1", leaders, fresh("al") + "x", names.user_id)
        node = cluster.nodes[0]
        with Client(node) as alice, Client(node) as bob:
            alice.register(user)
            bob.register(fresh("bob"))
            room = alice.create_room("Tea", alias=alias, members=[bob.user["id"]])["id"]
            cluster.nodes[2].kill()
            Browser(node, alice.token).post("/api/users/me/erase", json={"password": PASSWORD})

            def left():
                answer = bob.answer("room_members_request", room_id=room)["data"]
                return answer["type"] != "error" and len(answer["members"]) == 1

            wait_until(left, "alice to have left", 4 * PATIENCE_S)
    finally:
        cluster.kill()
        process.STARTED.remove(cluster)
