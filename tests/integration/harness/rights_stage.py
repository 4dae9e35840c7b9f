# SPDX-License-Identifier: MIT
"""The people of the rights matrix, and a room for each of them: all of them do the same step at the
same time, so that thousands of questions take a minute."""

import concurrent.futures
import http.client
import json
import time

from . import names
from .client import Client
from .names import fresh
from .rights import ROLES, STANDINGS
from .rights_asks import Actor, put
from .waiting import PATIENCE_S

EXTRAS = ["new", "newer", "invited", "raised", "banned", "removed", "outlaw"]
MEMBERS = ["raised", "banned", "removed", "outlaw"]  # one is banned before anything is asked
SCOPES = frozenset({"read", "write", "manage"})
ACTORS = [
    *(Actor(s, a, SCOPES if a == "bot" else None)
      for a in ("user", "admin", "bot") for s in [*STANDINGS, "former"]),
    *(Actor(standing, "bot", frozenset(s)) for standing in ("owner", "member", "none")
      for s in ({"read"}, {"write"}, {"manage"})),
    *(Actor(standing, "bot", SCOPES, elsewhere=True) for standing in ("owner", "member", "none")),
    # Logged in with its password.
    *(Actor(standing, "bot", None) for standing in ("owner", "member")),
]  # fmt: skip


class Line:
    """A connection over HTTP that is used again and again; a node closes one that is idle."""

    IDLE_S_MAX = 5.0

    def __init__(self, node, token):
        self.connection = http.client.HTTPConnection(node.host, node.http_port, timeout=PATIENCE_S)
        self.used_at = time.monotonic()
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method, path, body):
        """(status, document or None)"""
        if time.monotonic() - self.used_at > self.IDLE_S_MAX:
            self.connection.close()  # it is opened again by itself
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, self.headers)
        answer = self.connection.getresponse()
        text, kind = answer.read(), answer.headers["Content-Type"]
        self.used_at = time.monotonic()
        return answer.status, json.loads(text) if kind.startswith("application/json") else None


class Place:
    """A room in which one actor has his standing, and the ids of what is in it."""

    def __init__(self, actor, room_type, archived):
        self.actor, self.room_type, self.archived = actor, room_type, archived
        self.ids = {}

    def __str__(self):
        return f"[{self.actor}] in a {self.room_type} room{' (archived)' * self.archived}"


def together(posts):
    """Answers of what has been asked at the same time; each must be good."""
    found = [future.result(2 * PATIENCE_S)["data"] for future in posts]
    for data in found:
        assert data["type"] != "error", data
    return found


class Stage:
    """Nobody is at node3, which leads all rooms."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.leaders = cluster.leaders()
        self.pool = concurrent.futures.ThreadPoolExecutor(8)
        self.opened = []
        self.maker, self.partner = self.person(0), self.person(1)
        self.boss = self.person(2, id_of=self.direct_of)
        self.extras = {who: self.person(i).user["id"] for i, who in enumerate(EXTRAS)}
        self.clients, self.lines = [], []
        promoted = self.person(0)
        cluster.nodes[0].rows("user role", user=promoted.user["username"], role="admin")
        self.root = Line(cluster.nodes[0], promoted.token)
        self.other_room = self.maker.create_room("Elsewhere")["id"]
        for i, actor in enumerate(ACTORS):
            client = self.person(i, id_of=self.direct_of)
            self.clients.append(self.with_rights(client, actor, i))
            self.lines.append(Line(cluster.nodes[(i + 1) % 2], self.clients[-1].token))

    def direct_of(self, name):
        """The direct room with the partner, which has to be led by node3 as well."""
        return names.direct_id(self.partner.user["id"], names.user_id(name))

    def person(self, i, id_of=names.user_id):
        client = Client(self.cluster.nodes[i % 2], ["json", "msgpack"][i // 2 % 2])
        self.opened.append(client)
        client.register(names.name_led_by("node3", self.leaders, fresh("who") + "x", id_of))
        return client

    def with_rights(self, client, actor, i):
        """The same person with this account, with the token that it has then."""
        user, token = client.user, client.token
        if actor.account == "user":
            return client
        role = {"role": actor.account}
        self.root_asks("PUT", f"/api/admin/users/{user['id']}/role", role)
        if actor.scopes is not None:
            rooms = {"rooms": [self.other_room]} if actor.elsewhere else {}
            wanted = {"scopes": sorted(actor.scopes), **rooms}
            made = self.root_asks("POST", f"/api/admin/bots/{user['username']}/tokens", wanted)
            token = made["data"]["token"]
        client.close()
        again = Client(self.cluster.nodes[i % 2], ["json", "msgpack"][i // 2 % 2], token=token)
        self.opened.append(again)
        again.user = user
        return again

    def root_asks(self, *request):
        status, document = self.root.ask(*request)
        assert status in (200, 201), document
        return document

    def close(self):
        for client in self.opened:
            client.close()
        for line in [self.root, *self.lines]:
            line.connection.close()
        self.pool.shutdown()

    # -- rooms -----------------------------------------------------------------------------------

    def rooms(self, room_type, archived=False):
        """One for each of ACTORS."""
        places = [Place(a, room_type, archived) for a in ACTORS]
        if room_type == "private":
            self._make_direct(places)
        else:
            self._make(places)
        return places

    def _make_direct(self, places):
        """Members have theirs with the partner, the others look at that of two others."""
        shared = self.partner.ask("direct_room_request", user_id=self.boss.user["id"])["room"]["id"]
        theirs = self.partner.send(shared, "word")["id"]
        for place, client in zip(places, self.clients):
            room, kept, own = shared, theirs, theirs
            if place.actor.standing in ROLES:
                with_him = {"user_id": client.user["id"]}
                room = self.partner.ask("direct_room_request", **with_him)["room"]["id"]
                kept = self.partner.send(room, "word")["id"]
                own = self.sent_by(client, place.actor, room) or kept
            place.ids = {**self.extras, "boss": self.boss.user["id"], "room": room, "kept": kept,
                         "other": kept, "own": own, "hook": names.NOBODY}  # fmt: skip

    def sent_by(self, client, actor, room):
        """Of somebody who may."""
        data = client.answer("send_message_request", room_id=room, content="own")["data"]
        return data.get("id")

    def _make(self, places):
        maker, ask = self.maker, self.maker.post
        aliases = [names.name_led_by("node3", self.leaders, fresh("rights") + "x", names.room_id)
                   for _ in places]  # fmt: skip
        crowd = [self.boss.user["id"], *(self.extras[w] for w in MEMBERS)]
        was_in = [p.actor.standing in [*ROLES, "former", "banned"] for p in places]
        ids = [c.user["id"] for c in self.clients]
        made = together(
            ask("create_room_request", name="Rights", alias=alias, room_type=p.room_type,
                members=[*crowd, *([user] if inside else [])])
            for p, alias, user, inside in zip(places, aliases, ids, was_in)
        )  # fmt: skip
        rooms = [m["room"]["id"] for m in made]

        def each(type_, chosen=None, **fields):
            return together(
                ask(type_, room_id=r, **{k: v(i) if callable(v) else v for k, v in fields.items()})
                for i, r in enumerate(rooms) if chosen is None or chosen(i)
            )  # fmt: skip

        def stands(*standings):
            return lambda i: places[i].actor.standing in standings

        each("set_role_request", user_id=self.boss.user["id"], role="owner")
        each("invite_request", user_id=self.extras["invited"])
        each("remove_member_request", user_id=self.extras["banned"], ban=True)
        kept = each("send_message_request", content="word")
        other = each("send_message_request", content="word")
        own = [m["id"] for m in kept]
        said = [c.post("send_message_request", room_id=r, content="own")
                for c, r in zip(self.clients, rooms)]  # fmt: skip
        for i, future in enumerate(said):
            own[i] = future.result(PATIENCE_S)["data"].get("id", own[i])
        one = {"user_id": lambda i: ids[i]}
        each("set_role_request", lambda i: places[i].actor.standing in ROLES,
             role=lambda i: places[i].actor.standing, **one)  # fmt: skip
        each("invite_request", stands("invited"), **one)
        each("remove_member_request", stands("banned"), ban=True, **one)
        each("remove_member_request", stands("former"), **one)
        line = Line(self.cluster.nodes[1], maker.token)
        for i, (place, room) in enumerate(zip(places, rooms)):
            _, hook = line.ask("POST", f"/api/rooms/{room}/webhooks",
                               {"kind": "incoming", "name": "h"})  # fmt: skip
            place.ids = {**self.extras, "boss": self.boss.user["id"], "room": room,
                         "alias": aliases[i], "kept": kept[i]["id"], "other": other[i]["id"],
                         "own": own[i], "hook": hook["data"]["webhook"]["id"]}  # fmt: skip
        line.connection.close()
        if places[0].archived:
            each("update_room_request", archived=True)

    def leader_of(self, place):
        return self.leaders[names.shard_of(place.ids["room"], max(self.leaders))]

    def back_again(self, place, client):
        """Who has left or declined stands where he stood."""
        room = {"room_id": place.ids["room"]}
        standing = place.actor.standing
        if place.archived:
            self.maker.ask("update_room_request", archived=False, **room)
        role = "member" if standing == "invited" else standing
        self.maker.ask("invite_request", user_id=client.user["id"], role=role, **room)
        if standing != "invited":
            client.ask("join_room_request", **room)
        if place.archived:
            self.maker.ask("update_room_request", archived=True, **room)

    def witness(self, place):
        return self.partner if place.room_type == "private" else self.maker

    def pictures(self, places):
        """All of each room that could change: its record, and its members with what they are."""
        asked = [self.witness(p).post(type_, room_id=p.ids["room"])
                 for p in places for type_ in ("room_request", "room_members_request")]  # fmt: skip
        found = together(asked)
        return [
            (room["room"], sorted((m["user"]["id"], m["role"], m["delivered_seq"], m["read_seq"])
                                  for m in members["members"]))
            for room, members in zip(found[::2], found[1::2])
        ]  # fmt: skip

    # -- questions -------------------------------------------------------------------------------

    def told(self, ask, place, data):
        """None or a code; `data` is the answer, an error or not."""
        if data.get("type") == "error" or "code" in data:
            return data["code"]
        if ask.name == "resume":
            return data["rooms"][place.ids["room"]].get("error", {}).get("code")
        if ask.name != "mention_all":
            return None
        room = place.ids["room"]
        found = self.witness(place).ask("message_request", room_id=room, id=data["id"])["message"]
        return None if found["mentions"] == [room] else "is no mention"

    def over_websocket(self, ask, chosen):
        """What each of the chosen [(place, number of the actor)] is told: None or a code."""
        asked = [self.clients[i].post(ask.type, **put({"room_id": "$room"} | ask.fields, place.ids))
                 for place, i in chosen]  # fmt: skip
        found = [future.result(2 * PATIENCE_S)["data"] for future in asked]
        return [self.told(ask, place, data) for (place, _), data in zip(chosen, found)]

    def over_http(self, ask, chosen):
        _, method, path, body = ask.http

        def one(place, i):
            request = method, put(path, place.ids), put(body, place.ids)
            status, document = self.lines[i].ask(*request)
            if document is None:  # lines of a file
                assert status == 200, (request, status)
                return None
            assert document["success"] is (status < 300), (request, document)
            return self.told(ask, place, document["error"] or document["data"])

        return list(self.pool.map(lambda c: one(*c), chosen))
