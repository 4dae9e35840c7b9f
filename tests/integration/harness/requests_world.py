# SPDX-License-Identifier: MIT
"""The room and the people that requests of harness/requests_table.py are about."""

import contextlib
import functools

from . import names
from .client import PASSWORD, Client
from .names import fresh
from .waiting import PATIENCE_S
from .web import Browser

WHO = ["owner", "member", "stranger", "banned", "helper", "server", "closed"]


class World:
    """A public room of the owner's, led by node3, with a member and one who helps (an admin of the
    room); others are in it or not, one is an admin of the server, one has closed his account;
    everybody is at one of the other two nodes. Beside it a room of each kind that requests are
    refused in. All of it is made when it is first asked for."""

    def __init__(self, cluster, encoding):
        self.nodes = cluster.nodes
        self.encoding = encoding
        self.people = {}
        self.opened = []
        self.email = f"{fresh('mail')}@example.org"
        self.alias = names.name_led_by("node3", cluster.leaders(), fresh("matrix") + "x",
                                       names.room_id)  # fmt: skip

    # -- people --------------------------------------------------------------

    def open(self, i):
        self.opened.append(Client(self.nodes[i % 2], self.encoding))
        return self.opened[-1]

    def client(self, who):
        if who == "new":
            return self.open(1)
        if who not in self.people:
            client = self.people[who] = self.open(WHO.index(who))
            client.register(fresh(who), **({"email": self.email} if who == "owner" else {}))
            self.begin(who, client)
        return self.people[who]

    def begin(self, who, client):
        """He becomes what he is called."""
        him = {"user_id": client.user["id"]}
        if who == "banned":
            self.client("owner").ask("remove_member_request", room_id=self.room, ban=True, **him)
        elif who == "helper":
            here = {"room_id": self.room}
            self.client("owner").ask("invite_request", role="admin", **him, **here)
            client.ask("join_room_request", **here)
        elif who == "server":
            self.nodes[0].rows("user role", user=client.user["username"], role="admin")
            self.people[who] = self.open(WHO.index(who))
            self.people[who].log_in(token=client.token)
        elif who == "closed":
            browser = Browser(self.nodes[0], client.token)
            browser.post("/api/users/me/deactivate", json={"password": PASSWORD})
            browser.close()

    def id(self, who):
        return self.client(who).user["id"]

    def name(self, who):
        return self.client(who).user["username"]

    @property
    def taken_email(self):
        assert self.client("owner").user["email"] == self.email
        return self.email

    @functools.cached_property
    def other_session(self):
        with Client(self.nodes[0]) as other:
            return other.log_in(username=self.name("owner"), password=PASSWORD)["session_id"]

    # -- rooms and messages --------------------------------------------------

    def made(self, name, **fields):
        return self.client("owner").create_room(name, **fields)["id"]

    @functools.cached_property
    def room(self):
        return self.made("Matrix", alias=self.alias, room_type="public",
                         members=[self.id("member")])  # fmt: skip

    @property
    def taken_alias(self):
        assert self.room == names.room_id(self.alias)
        return self.alias

    @functools.cached_property
    def secret(self):
        return self.made("Secret")

    @functools.cached_property
    def archived(self):
        room = self.made("Archived", room_type="public")
        self.client("owner").ask("update_room_request", room_id=room, archived=True)
        return room

    @functools.cached_property
    def direct(self):
        answer = self.client("owner").ask("direct_room_request", user_id=self.id("member"))
        return answer["room"]["id"]

    def said(self, content, **fields):
        return self.client("owner").send(self.room, content, **fields)["id"]

    @functools.cached_property
    def message(self):
        return self.said("first")

    @functools.cached_property
    def in_thread(self):
        return self.said("answer", thread=self.message)

    @functools.cached_property
    def deleted(self):
        id_ = self.said("oops")
        self.client("owner").ask("delete_message_request", room_id=self.room, id=id_)
        return id_

    @functools.cached_property
    def covered(self):
        """A message with as many kinds of reactions as there may be."""
        id_ = self.said("so much to say")
        asked = [self.client("owner").post("reaction_request", room_id=self.room, id=id_,
                                           emoji=f"e{i}", add=True) for i in range(20)]  # fmt: skip
        assert all(a.result(PATIENCE_S)["data"]["type"] == "message_ack" for a in asked)
        return id_

    def close(self):
        for client in self.opened:
            with contextlib.suppress(AssertionError):
                client.close()


def fields_of(case, w, error=None):
    fields = case.fields(w)
    if error:
        fields |= error.fields(w)
    return {k: v for k, v in fields.items() if v is not None}


def check_error(data, error):
    assert data["code"] == error.code, f"expected {error}: {data}"
    details = data["details"] or {}
    if error.field:
        assert details.get("field") == error.field, f"expected {error}: {data}"
    if error.limit:
        assert details.get("limit") == error.limit, f"expected {error}: {data}"
