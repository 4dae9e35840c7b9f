# SPDX-License-Identifier: MIT
"""What the server says to everybody: who is connected hears it, who comes later finds it."""

import pytest
from harness import names, process
from harness.client import Client, new_id
from harness.names import fresh
from harness.process import Cluster
from harness.waiting import wait_until
from harness.web import Browser

# docs/protocol.md, section 5: that for everybody.
ROOM = "d949b066-f5a3-568d-9492-324b8fdf5691"
PATH = "/api/admin/announcements"


@pytest.fixture(scope="module")
def cluster(programs):
    """Of its own: in the first test nobody has ever said anything."""
    with process.running(Cluster()) as made:
        made.settle()
        yield made


@pytest.fixture
def elsewhere(cluster):
    """The nodes that do not lead the room, and the one that does behind them."""
    leader = cluster.leaders()[names.shard_of(ROOM)]
    return sorted(cluster.nodes, key=lambda n: n.name == leader)


@pytest.fixture
def admin(cluster, elsewhere):
    with Client(elsewhere[0]) as root:
        root.register(fresh("root"))
        cluster.nodes[0].rows("user role", user=root.user["username"], role="admin")
        browser = Browser(elsewhere[0], root.token)
        yield browser
        browser.close()


def say(browser, content):
    return browser.post(PATH, 201, json={"target": "everybody", "content": content})


def own_view(client):
    listed = client.ask("room_list_request", scope="joined")["rooms"]
    return {r["id"]: r for r in listed}.get(ROOM)


def wait_read(client):
    wait_until(lambda: own_view(client)["unread_count"] == 0, "nothing to be unread")


def test_the_first_one_reaches_who_is_there(elsewhere, admin):
    clients = [Client(node, encoding) for node in elsewhere for encoding in ("json", "msgpack")]
    for client in clients:
        client.register(fresh("one"))
    assert own_view(clients[0]) is None, "there is no room before the first word"
    assert clients[0].code("history_request", room_id=ROOM) == "ROOM_NOT_FOUND"
    ack = say(admin, "the first")
    assert (ack["room_id"], ack["seq"]) == (ROOM, 2)
    for client in clients:
        assert client.wait_message("the first")["seq"] == 2
        assert [e["seq"] for e in client.room_events(ROOM)] == [1, 2], "from the first entry on"
    view = own_view(clients[-1])
    assert (view["role"], view["unread_count"], view["last_seq"]) == ("guest", 1, 2)
    assert (view["member_count"], view["members"]) == (0, []), "nothing was written for anybody"
    for client in clients:
        client.close()


def test_who_was_away_and_who_is_new_find_it(elsewhere, admin):
    start = say(admin, "before anything")["seq"]
    with Client(elsewhere[1]) as bob:
        bob.register(fresh("bob"))
        bob.ask("mark_request", room_id=ROOM, status="read", seq=start)
        wait_read(bob)
        token = bob.token
    said = [say(admin, f"meanwhile {i}")["seq"] for i in range(3)]
    assert said == [start + 1, start + 2, start + 3], "what bob has read took no place"
    with Client(elsewhere[0]) as bob:
        bob.log_in(token=token, rooms={ROOM: start})
        for i in range(3):
            assert bob.wait_message(f"meanwhile {i}")["seq"] == said[i]
        assert [e["seq"] for e in bob.room_events(ROOM)] == said
        assert own_view(bob)["unread_count"] == 3
    with Client(elsewhere[0]) as carol:
        carol.register(fresh("carol"))
        view = own_view(carol)
        assert view["unread_count"] == said[-1] - 1, "each of them, but the making of the room"
        page = carol.history(ROOM)["messages"]
        assert [m["content"] for m in page[-3:]] == [f"meanwhile {i}" for i in range(3)]
        first = carol.ask("resume_request", rooms={ROOM: 0})["rooms"][ROOM]
        assert (first["first_seq"], first["last_seq"], first["complete"]) == (1, said[-1], True)
        carol.wait_message("before anything")
        say(admin, "and live")
        carol.wait_message("and live")
        assert carol.ask("join_room_request", room_id=ROOM)["role"] == "guest"
        web = Browser(elsewhere[1], carol.token)
        assert web.get(f"/api/messages/{ROOM}/history?limit=1")["messages"][0]["content"] == (
            "and live"
        )
        wait_until(
            lambda: carol.ask("search_request", query='"before anything"')["hits"],
            "the search to find it",
        )


def test_what_nobody_may(elsewhere, admin):
    say(admin, "hear")
    with Client(elsewhere[1]) as bob, Client(elsewhere[1], token=admin.token) as root:
        bob.register(fresh("bob"))
        root.ask("room_list_request")
        last = own_view(bob)["last_seq"]
        for one in (bob, root):
            assert one.code("send_message_request", room_id=ROOM, content="me too") == "FORBIDDEN"
            for request, fields in (
                ("leave_room_request", {}),
                ("delete_room_request", {}),
                ("invite_request", {"user_id": bob.user["id"]}),
                ("remove_member_request", {"user_id": bob.user["id"]}),
                ("remove_member_request", {"user_id": bob.user["id"], "ban": True}),
                ("set_role_request", {"user_id": bob.user["id"], "role": "owner"}),
            ):
                code = one.code(request, room_id=ROOM, **fields)
                assert code == "CONFLICT", f"{request} {fields}: {code}"
        message = bob.history(ROOM)["messages"][-1]["id"]
        assert bob.code("delete_message_request", room_id=ROOM, id=message) == "FORBIDDEN"
        assert bob.code("update_room_request", room_id=ROOM, topic="mine") == "FORBIDDEN"
        assert own_view(bob)["last_seq"] == last
        key = {"Idempotency-Key": new_id()}
        his = Browser(elsewhere[0], bob.token)
        his.refusal("POST", PATH, 403, "FORBIDDEN", headers=key,
                    json={"target": "everybody", "content": "x"})  # fmt: skip


def test_a_bot_for_some_rooms_hears_of_those_alone(elsewhere, admin):
    with Client(elsewhere[0]) as alice:
        alice.register(fresh("alice"))
        room = alice.create_room("its own", room_type="public")["id"]
        name = fresh("bot")
        tokens = []
        for rooms in (["--rooms", room], []):
            made = elsewhere[0].console("token", "issue", "--user", name, "--create",
                                        "--scopes", "read", *rooms)  # fmt: skip
            assert made.returncode == 0, made.stderr
            tokens.append(made.stdout.strip())
        with Client(elsewhere[1]) as one, Client(elsewhere[1]) as all_of_them:
            one.log_in(token=tokens[0])
            all_of_them.log_in(token=tokens[1])
            say(admin, "for bots too")
            all_of_them.wait_message("for bots too")
            assert one.room_events(ROOM) == []
            assert one.code("history_request", room_id=ROOM) == "FORBIDDEN"
