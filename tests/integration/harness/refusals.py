# SPDX-License-Identifier: MIT
"""How each refusal that docs/api/openapi.json lists is brought about, on a node of its own: most by
what all operations have in common (`usual`), the others one by one (`SPECIAL`)."""

import dataclasses
from urllib.parse import urlencode

from .api_schema import OPENAPI, resolved
from .client import PASSWORD, Client, new_id
from .names import NOBODY
from .web import Browser

REFUSALS = "#/components/responses/"
NO_NAME = "nobody-is-called-this"
LONG = "x" * (2 << 20)  # more than http.max_body_bytes


@dataclasses.dataclass
class Operation:
    name: str
    method: str
    path: str
    parameters: list
    body: object  # of its example; None: it has none
    needs_login: bool

    def has(self, parameter):
        return any(p["name"] == parameter for p in self.parameters)

    @property
    def room(self):
        """The parameter of the path that is a room's id, or None."""
        if self.has("room_id") and "{room_id}" in self.path:
            return "room_id"
        return "id" if "/rooms/{id}" in self.path else None

    @property
    def is_for_admins(self):
        return self.path.startswith("/api/admin/")


def _operations():
    for path, methods in OPENAPI["paths"].items():
        for method, o in methods.items():
            content = o.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = content.get("example")
            if "examples" in content:
                body = next(iter(content["examples"].values()))["value"]
            yield Operation(o["operationId"], method.upper(), path,
                            [resolved(p) for p in o.get("parameters", [])], body,
                            o.get("security") != [])  # fmt: skip


OPERATIONS = {o.name: o for o in _operations()}


def documented():
    """{(operationId, code): (status, response)}"""
    found = {}
    for methods in OPENAPI["paths"].values():
        for o in methods.values():
            for status, answer in o["responses"].items():
                if (to := answer.get("$ref", "")).startswith(REFUSALS):
                    for code in to.removeprefix(REFUSALS).split("."):
                        found[o["operationId"], code] = int(status), resolved(answer)
    return found


@dataclasses.dataclass
class Probe:
    """What differs from the usual request; texts that begin with `$` stand for what is there."""

    who: str = ""  # "": the usual one
    path: dict = dataclasses.field(default_factory=dict)
    query: dict = dataclasses.field(default_factory=dict)
    headers: dict = dataclasses.field(default_factory=dict)
    body: object = None
    raw: str = None  # instead of a JSON document


def key(name):
    return {"Idempotency-Key": name}


def usual(o, code):
    """None where nothing is usual."""
    if code == "UNAUTHORIZED":
        return Probe("nobody")
    if code == "INVALID_MESSAGE":
        for p in o.parameters:
            if p["in"] == "path" and p["name"] != "username":
                return Probe(path={p["name"]: "x"})
        if o.has("Idempotency-Key"):
            return Probe(headers=key("x"))
        return Probe(query={"token": "x"})
    if code == "FORBIDDEN":
        if o.is_for_admins:
            return Probe("alice")
        if o.room and o.name != "getRoom":
            return Probe("stranger")
        return Probe("bot_write" if o.method == "GET" else "bot_read")
    if code == "ROOM_NOT_FOUND" and o.room:
        return Probe(path={o.room: NOBODY})
    if code == "USER_NOT_FOUND":
        for name in ("user_id", "username", "id"):
            if "{%s}" % name in o.path:
                return Probe(path={name: NO_NAME if name == "username" else NOBODY})
    if code == "MESSAGE_NOT_FOUND" and "{id}" in o.path:
        return Probe(path={"id": NOBODY})
    if code == "CONFLICT" and o.has("Idempotency-Key"):
        return Probe(headers=key("$used"))
    if code == "UNSUPPORTED":
        return Probe(headers={"Content-Type": "text/plain"}, raw="x")
    if code == "TOO_LARGE":
        return Probe(headers={"Content-Type": "application/json"}, raw=f'"{LONG}"')
    return None


_NEW = {"username": "somebody-new", "password": PASSWORD}
_MINE = {"password": PASSWORD}
_LONG_QUERY = Probe(query={"query": "x" * 257})
_NO_ROOM = Probe(query={"room_id": NOBODY})
_UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip

SPECIAL = {
    ("openSocket", "FORBIDDEN"): Probe(headers=_UPGRADE | {"Origin": "http://elsewhere.example"}),
    ("register", "USERNAME_TAKEN"): Probe(body=_NEW | {"username": "$alice_name"}),
    ("register", "CONFLICT"): Probe(body=_NEW | {"email": "$email"}),
    ("createUser", "USERNAME_TAKEN"): Probe(body=_NEW | {"username": "$alice_name"}),
    ("createUser", "CONFLICT"): Probe(body=_NEW | {"email": "$email"}),
    ("logIn", "INVALID_CREDENTIALS"): Probe(body={"username": "$alice_name", "password": "wrong"}),
    ("changePassword", "INVALID_CREDENTIALS"): Probe(),  # the example has another one
    ("deactivateOwnUser", "INVALID_CREDENTIALS"): Probe(),
    ("eraseOwnUser", "INVALID_CREDENTIALS"): Probe(),
    ("deactivateOwnUser", "CONFLICT"): Probe(headers=key("$used"), body=_MINE),
    ("eraseOwnUser", "CONFLICT"): Probe(headers=key("$used"), body=_MINE),
    ("updateUser", "FORBIDDEN"): Probe(path={"id": "$stranger"}),
    ("listUsers", "TOO_LARGE"): _LONG_QUERY,
    ("listRooms", "TOO_LARGE"): _LONG_QUERY,
    ("search", "TOO_LARGE"): _LONG_QUERY,
    ("search", "ROOM_NOT_FOUND"): _NO_ROOM,
    ("search", "FORBIDDEN"): Probe("stranger", query={"room_id": "$room"}),
    ("sendMessage", "FORBIDDEN"): Probe("leaver"),
    ("exportOwnMessages", "ROOM_NOT_FOUND"): _NO_ROOM,
    ("exportMessagesOf", "ROOM_NOT_FOUND"): _NO_ROOM,
    ("createRoom", "USER_NOT_FOUND"): Probe(body={"user_id": NOBODY}),
    ("issueBotToken", "CONFLICT"): Probe(path={"username": "$alice_name"}),
    ("revokeBotToken", "CONFLICT"): Probe(headers=key("$revoked_with")),
    ("restoreRoom", "CONFLICT"): Probe(),  # under the id of a room that there is
    ("postToWebhook", "CONFLICT"): Probe(headers=key("$posted_with")),
    ("postToWebhook", "FORBIDDEN"): Probe("hook_of_one_who_left", {"id": "$hook_of_one_who_left"}),
    ("postToWebhook", "UNAUTHORIZED"): Probe("hook_of_no_room", {"id": "$hook_of_no_room"}),
    ("postToWebhook", "USER_NOT_FOUND"): Probe("hook_of_nobody", {"id": "$hook_of_nobody"}),
    ("sendMessage", "MESSAGE_NOT_FOUND"): Probe(body={"content": "x", "reply_to": NOBODY}),
    ("sendMessage", "FILE_NOT_FOUND"): Probe(body={"content": "x", "message_type": "image"}),
    ("announce", "ROOM_NOT_FOUND"): Probe(body={"target": "room", "id": NOBODY, "content": "x"}),
    ("announce", "USER_NOT_FOUND"): Probe(body={"target": "user", "id": NOBODY, "content": "x"}),
}  # fmt: skip


def probe_for(name, code):
    """None: that takes another node or cluster than the one here."""
    return SPECIAL.get((name, code)) or usual(OPERATIONS[name], code)


class World:
    """Everything that the requests are about, on a node with one shard: what is remembered by an
    Idempotency-Key is remembered for all it leads."""

    def __init__(self, node):
        self.node = node
        self.tokens = {}
        self.there = {"email": "taken@example.org", "used": new_id()}
        self.clients = []
        for name in ("alice", "admin", "stranger", "leaver", "closed", "robot"):
            self._join(name)
        node.console("user", "role", self.there["admin_name"], "admin")
        node.console("user", "role", self.there["robot_name"], "bot")
        self._room()
        self._hooks()
        self._tokens_of_bots()
        for who in ("alice", "admin"):
            self.web(who).call("PATCH", "/api/users/me", headers=key(self.there["used"]),
                               json={"display_name": who})  # fmt: skip

    def web(self, who):
        return Browser(self.node, self.tokens.get(who))

    def _join(self, name):
        client = Client(self.node)
        self.clients.append(client)
        more = {"email": self.there["email"]} if name == "alice" else {}
        client.register(name, password=PASSWORD, **more)
        self.tokens[name] = client.token
        self.there |= {name: client.user["id"], f"{name}_name": client.user["username"]}

    def _made_room(self, who):
        room = {"name": "Room", "room_type": "public"}
        return self.web(who).post("/api/rooms", 201, json=room)["room"]["id"]

    def _made_hook(self, who, room, **fields):
        fields = {"kind": "incoming", "name": "hook"} | fields
        return self.web(who).post(f"/api/rooms/{room}/webhooks", 201, json=fields)["webhook"]

    def _room(self):
        room = self.there["room"] = self._made_room("alice")
        said = self.web("alice").post(f"/api/messages/{room}", 201, json={"content": "hello"})
        self.there["message"] = said["id"]

    def _hooks(self):
        room = self.there["room"]
        self.there["outgoing"] = self._made_hook(
            "alice", room, kind="outgoing", url="https://hooks.example.org/", events=["room_event"]
        )["id"]
        owners = {"hook": "alice", "hook_of_one_who_left": "leaver", "hook_of_no_room": "leaver",
                  "hook_of_nobody": "closed"}  # fmt: skip
        rooms = {}
        for name, who in owners.items():
            rooms[name] = self._made_room(who) if name != "hook" else room
            made = self._made_hook(who, rooms[name])
            self.there[name], self.tokens[name] = made["id"], made["token"]
        self.there["posted_with"] = new_id()
        self.web("hook").post(f"/api/hooks/{self.there['hook']}", 201, json={"content": "once"},
                              headers=key(self.there["posted_with"]))  # fmt: skip
        leaver, left = self.web("leaver"), rooms["hook_of_one_who_left"]
        self.web("alice").call("PUT", f"/api/rooms/{left}/members/me", json={})
        heir = f"/api/rooms/{left}/members/{self.there['alice']}"
        leaver.call("PUT", heir, json={"role": "owner"})
        leaver.call("DELETE", f"/api/rooms/{left}/members/me")
        leaver.call("DELETE", f"/api/rooms/{rooms['hook_of_no_room']}")
        self.web("closed").post("/api/users/me/deactivate", json={"password": PASSWORD})

    def _tokens_of_bots(self):
        admin, at = self.web("admin"), f"/api/admin/bots/{self.there['robot_name']}/tokens"
        made = {s: admin.post(at, 201, json={"scopes": s}) for s in ("read", "write", "manage")}
        self.tokens |= {f"bot_{scope}": token["token"] for scope, token in made.items()}
        self.there["bot_session"] = made["write"]["session_id"]
        self.there["revoked_with"] = new_id()
        admin.call("DELETE", f"{at}/{made['manage']['session_id']}",
                   headers=key(self.there["revoked_with"]))  # fmt: skip

    def put(self, value):
        if isinstance(value, dict):
            return {k: self.put(v) for k, v in value.items()}
        if isinstance(value, str) and value.startswith("$"):
            return self.there[value[1:]]
        return value

    def parameter(self, o, name):
        """The usual one."""
        if o.room == name:
            return self.there["room"]
        if name == "id":
            if o.path.startswith("/api/hooks"):
                return self.there["hook"]
            if "/messages/" in o.path and o.room:
                return self.there["message"]
            if "/tokens/" in o.path:
                return self.there["bot_session"]
            return NOBODY if "/sessions/" in o.path else self.there["alice"]
        return {"user_id": self.there["admin"], "hook": self.there["outgoing"],
                "delivery": NOBODY, "username": self.there["robot_name"]}[name]  # fmt: skip

    def ask(self, name, probe):
        o = OPERATIONS[name]
        who = probe.who or self.usual_one(o)
        path = o.path
        for p in o.parameters:
            if p["in"] == "path":
                value = self.put(probe.path.get(p["name"], self.parameter(o, p["name"])))
                path = path.replace("{%s}" % p["name"], value)
        query = {p["name"]: p["example"] for p in o.parameters
                 if p["in"] == "query" and p.get("required")} | self.put(probe.query)  # fmt: skip
        body = o.body if probe.body is None else self.put(probe.body)
        sent = {"data": probe.raw} if probe.raw else {"json": body} if body is not None else {}
        return self.web(who).request(o.method, path + ("?" + urlencode(query) if query else ""),
                                     headers=self.put(probe.headers), **sent)  # fmt: skip

    @staticmethod
    def usual_one(o):
        if not o.needs_login or o.name == "openSocket":
            return "nobody"
        if o.name == "postToWebhook":
            return "hook"
        return "admin" if o.is_for_admins else "alice"

    def close(self):
        for client in self.clients:
            client.close()
