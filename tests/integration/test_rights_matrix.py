# SPDX-License-Identifier: MIT
"""Who may do what in a room, through real sockets: each action of the table in docs/protocol.md
by everybody whom it has a column for, in public rooms, in those that only members see, in direct
and in archived ones. Nobody is at the node that leads the room."""

import pytest
from harness import names
from harness.client import Client
from harness.names import fresh
from harness.rights import ROLES, STANDINGS, TABLE, verdict
from harness.waiting import wait_until
from harness.web import Browser


class Cast:
    """The one who acts, and those on whom he acts."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.leaders = cluster.leaders()
        self.clients = {}
        for i, who in enumerate(["owner", "actor", "server", "victim", "carl", "banned"]):
            client = Client(cluster.nodes[i % 2], ["json", "msgpack"][i // 2 % 2])
            client.register(fresh(who))
            self.clients[who] = client
        server = self.clients["server"]
        made = cluster.nodes[0].console("user", "role", server.user["username"], "admin")
        assert made.returncode == 0, made.stderr
        server.close()
        again = Client(cluster.nodes[1], "msgpack")
        again.log_in(token=server.token)
        self.clients["server"] = again

    def node_of(self, client):
        who = list(self.clients.values()).index(client)
        return self.cluster.nodes[who % 2]

    def __getitem__(self, who):
        return self.clients[who]

    def id(self, who):
        return self.clients[who].user["id"]

    def close(self):
        for client in self.clients.values():
            client.close()

    def room(self, standing, room_type, archived, who):
        """A room in which `who` has this standing; (room, owner's message, message of `who`)."""
        owner, user = self["owner"], self.id(who)
        alias = names.name_led_by("node3", self.leaders, fresh("rights") + "x", names.room_id)
        inside = standing in ROLES
        members = [self.id("victim"), self.id("banned"), *([user] if inside else [])]
        room = owner.create_room("Rights", alias=alias, room_type=room_type, members=members)["id"]
        ask = {"room_id": room}
        owner.ask("remove_member_request", user_id=self.id("banned"), ban=True, **ask)
        owner.ask("set_role_request", user_id=self.id("victim"), role="guest", **ask)
        message = owner.send(room, "the owner's")["id"]
        own = self[who].send(room, "one's own")["id"] if inside else message
        if inside and standing != "member":
            owner.ask("set_role_request", user_id=user, role=standing, **ask)
        if standing == "invited":
            owner.ask("invite_request", user_id=user, **ask)
        if standing == "banned":
            owner.ask("remove_member_request", user_id=user, ban=True, **ask)
        if archived:
            owner.ask("update_room_request", archived=True, **ask)
        return room, message, own


@pytest.fixture(scope="module")
def cast(cluster):
    cluster.settle()
    wait_until(lambda: "node3" in cluster.leaders().values(), "node3 to lead", 40)
    made = Cast(cluster)
    yield made
    made.close()


def request_of(action, cast, message, own):
    """(type, fields) of what the table calls this."""
    victim, carl, banned = (cast.id(w) for w in ("victim", "carl", "banned"))
    return {
        "see": ("room_request", {}),
        "read": ("history_request", {}),
        "send": ("send_message_request", {"content": "x"}),
        "react": ("reaction_request", {"id": message, "emoji": "x", "add": True}),
        "change_own": ("edit_message_request", {"id": own, "content": "new"}),
        "delete_any": ("delete_message_request", {"id": message}),
        "pin": ("pin_request", {"id": message, "pinned": True}),
        "mention_all": ("send_message_request", {"content": "@room look"}),
        "join": ("join_room_request", {}),
        "leave": ("leave_room_request", {}),
        "invite": ("invite_request", {"user_id": carl}),
        "set_topic": ("update_room_request", {"topic": "t"}),
        "set_details": ("update_room_request", {"name": "n", "description": "d"}),
        "archive": ("update_room_request", {"archived": True}),
        "set_retention": ("update_room_request", {"retention": {"max_age_days": 30}}),
        "remove": ("remove_member_request", {"user_id": victim}),
        "ban": ("remove_member_request", {"user_id": victim, "ban": True}),
        "unban": ("unban_request", {"user_id": banned}),
        "set_role": ("set_role_request", {"user_id": victim, "role": "member"}),
        "delete_room": ("delete_room_request", {}),
    }[action]


# What only HTTP offers.
OVER_HTTP = {"export_room": "export", "webhooks": "webhooks"}


def outcome(client, action, cast, room, message, own):
    """None, or the code of the error."""
    if action in OVER_HTTP:
        browser = Browser(cast.node_of(client), client.token)
        answer = browser.request("GET", f"/api/rooms/{room}/{OVER_HTTP[action]}")
        browser.close()
        return None if answer.ok else answer.json()["error"]["code"]
    type_, fields = request_of(action, cast, message, own)
    data = client.answer(type_, room_id=room, **fields)["data"]
    if data["type"] == "error":
        return data["code"]
    if action == "mention_all":
        found = client.ask("message_request", room_id=room, id=data["id"])["message"]
        assert found["content"] == fields["content"]
        return None if found["mentions"] == [room] else "is no mention"
    return None


def expected(action, *where):
    """Who may send but not call everybody says it all the same; it is no mention then."""
    wanted = verdict(action, *where)
    if action == "mention_all" and wanted and verdict("send", *where) is None:
        return "is no mention"
    return wanted


def check(cast, action, standing, room_type="public", archived=False, who="actor"):
    where = (standing, room_type, archived, who == "server")
    found = outcome(cast[who], action, cast, *cast.room(standing, room_type, archived, who))
    assert found == expected(action, *where), (
        f"{action} by {who}, {standing}, in a {room_type} room{' (archived)' * archived}"
    )


@pytest.mark.parametrize("action", TABLE)
def test_in_a_public_room(cast, action):
    for standing in STANDINGS:
        check(cast, action, standing)
    check(cast, action, "none", who="server")


@pytest.mark.parametrize("action", TABLE)
def test_in_a_room_that_only_members_see(cast, action):
    for standing in ("none", "banned", "invited", "member", "owner"):
        check(cast, action, standing, "group")
    check(cast, action, "none", "group", who="server")


@pytest.mark.parametrize("action", TABLE)
def test_in_an_archived_room(cast, action):
    # Who is in joins without effect.
    check(cast, action, "none" if action == "join" else "owner", archived=True)


@pytest.mark.parametrize("action", TABLE)
def test_in_a_direct_room(cast, action):
    owner, actor = cast["owner"], cast["actor"]
    room = owner.ask("direct_room_request", user_id=cast.id("actor"))["room"]["id"]
    message, own = owner.send(room, "theirs")["id"], actor.send(room, "one's own")["id"]
    for who, standing in (("actor", "member"), ("carl", "none"), ("server", "none")):
        found = outcome(cast[who], action, cast, room, message, own)
        wanted = expected(action, standing, "private", False, who == "server")
        assert found == wanted, f"{action} by {who} in a direct room"
