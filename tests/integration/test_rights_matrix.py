# SPDX-License-Identifier: MIT
"""Who may do what: every request, by everybody, in rooms of every kind, over WebSocket and HTTP.
Nobody is at the node that leads the room. What is refused changes nothing."""

import json

import pytest
from harness import rights
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.rights_accounts import ACCOUNT_ASKS, OPEN, expected_of_account
from harness.rights_asks import ASKS, Actor, expected, put
from harness.rights_stage import SCOPES, Line, Stage
from harness.web import Browser


@pytest.fixture(scope="module")
def stage(cluster):
    cluster.settle()
    cluster.wait_even()
    made = Stage(cluster)
    yield made
    made.close()


def served(node, name):
    browser = Browser(node)
    document = json.loads(browser.request("GET", f"/api/{name}.json").text)
    browser.close()
    return document


def test_the_table_is_that_of_the_page():
    assert rights.TABLE == rights.documented_table()


def test_every_request_is_in_the_matrix(cluster):
    """As a node names them that runs, so that a new one cannot be forgotten here."""
    operations = served(cluster.nodes[0], "asyncapi")["operations"]
    requests = {name for name, o in operations.items() if o["action"] == "receive"}
    assert requests == {a.type for a in [*ASKS, *ACCOUNT_ASKS] if a.type}
    paths = served(cluster.nodes[0], "openapi")["paths"].values()
    routes = {o["operationId"] for methods in paths for o in methods.values()}
    assert routes == {a.http[0] for a in [*ASKS, *ACCOUNT_ASKS] if a.http} | OPEN


class Round:
    """All questions by all actors over one transport, in rooms of one kind."""

    def __init__(self, stage, transport, places, deleted=False):
        self.stage = stage
        self.places = places
        self.http = transport == "http"
        self.deleted = deleted
        self.wrong = []

    def wanted(self, ask, place):
        return expected(ask, place.actor, place.room_type, place.archived, self.deleted,
                        self.http)  # fmt: skip

    def ask_all(self, choose):
        """Those who are told what `choose` takes ask for it."""
        for ask in ASKS:
            there = ask.http if self.http else ask.type
            if not there or not (ask.anywhere or self.places[0].room_type != "private"):
                continue
            chosen = [(p, i) for i, p in enumerate(self.places) if choose(self.wanted(ask, p))]
            how = self.stage.over_http if self.http else self.stage.over_websocket
            for (place, i), got in zip(chosen, how(ask, chosen)):
                wanted = self.wanted(ask, place)
                if got != wanted:
                    self.wrong.append(f"{ask.name} by {place}: expected {wanted}, got {got}")
                if ask.name == "leave" and got is None:
                    self.stage.back_again(place, self.stage.clients[i])

    def check(self):
        few = "\n".join(self.wrong[:60])
        assert not self.wrong, f"{len(self.wrong)} are told something else:\n{few}"


def goes_through(code):
    return code is None or code == "is no mention"


@pytest.mark.parametrize("transport", ["websocket", "http"])
@pytest.mark.parametrize(
    "room_type, archived",
    [("public", False), ("group", False), ("public", True), ("private", False)],
)
def test_in_a_room(stage, transport, room_type, archived):
    places = stage.rooms(room_type, archived)
    led = {stage.leader_of(p) for p in places}
    assert led == {"node3"}, "nobody is at the node that leads the room"
    these = Round(stage, transport, places)
    before = stage.pictures(places)
    these.ask_all(lambda code: not goes_through(code))
    these.check()
    for place, was, now in zip(places, before, stage.pictures(places)):
        assert was == now, f"something has changed that was refused to {place}"
    these.ask_all(goes_through)
    these.check()


@pytest.mark.parametrize("room_type", ["public", "group"])
def test_in_a_room_that_was_deleted(stage, room_type):
    places = stage.rooms(room_type)
    for place in places:
        stage.maker.ask("delete_room_request", room_id=place.ids["room"])
    for transport in ("websocket", "http"):
        these = Round(stage, transport, places, deleted=True)
        these.ask_all(lambda code: True)
        these.check()


# -- what concerns no room ---------------------------------------------------------------------


class Asker:
    """Somebody who asks for what concerns no room."""

    def __init__(self, stage, i, account, scopes=None, elsewhere=False):
        self.account, self.scopes, self.elsewhere = account, scopes, elsewhere
        node = stage.cluster.nodes[i % 2]
        maker = stage.maker.user
        self.ids = {"password": PASSWORD, "other": maker["id"], **maker, "token": "no.such.token"}
        if account == "nobody":
            self.client, self.line = Client(node), Line(node, None)
            stage.opened.append(self.client)
        else:
            actor = Actor("none", account, scopes, elsewhere)
            self.client = stage.with_rights(stage.person(i), actor, i)
            self.line = Line(node, self.client.token)
            self.ids |= self.client.user | {"token": self.client.token}

    def told(self, ask, transport):
        ids = self.ids | {"fresh": fresh("who")}
        if transport == "websocket":
            fields = put(ask.fields, ids)
            return self.client.answer(ask.type, **fields)["data"].get("code")
        _, method, path, body = ask.http
        status, document = self.line.ask(method, put(path, ids), put(body, ids))
        if document is None or "success" not in document:
            return None if status == 200 else status
        return None if document["success"] else document["error"]["code"]


WHO = {
    "nobody": ("nobody",),
    "user": ("user",),
    "admin": ("admin",),
    "bot": ("bot",),  # logged in with its password
    "all": ("bot", SCOPES),
    "read": ("bot", frozenset({"read"})),
    "write": ("bot", frozenset({"write"})),
    "manage": ("bot", frozenset({"manage"})),
    "elsewhere": ("bot", SCOPES, True),
}


@pytest.mark.parametrize("transport", ["websocket", "http"])
def test_what_concerns_no_room(stage, transport):
    askers = {who: Asker(stage, i, *what) for i, (who, what) in enumerate(WHO.items())}
    robot, scrap = askers["bot"].ids["username"], stage.person(0).user["id"]
    wrong = []
    for ask in ACCOUNT_ASKS:
        if not (ask.http if transport == "http" else ask.type):
            continue
        for i, (who, what) in enumerate(WHO.items()):
            asker = askers[who] if not ask.last else Asker(stage, i, *what)
            asker.ids |= {"robot": robot, "scrap": scrap}
            wanted = expected_of_account(ask, asker.account, asker.scopes, asker.elsewhere)
            if (got := asker.told(ask, transport)) != wanted:
                wrong.append(f"{ask.name} by {who}: expected {wanted}, got {got}")
    assert not wrong, "\n".join(wrong)
