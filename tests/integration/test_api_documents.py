# SPDX-License-Identifier: MIT
"""docs/api: the documents are what they say they are, every example of the HTTP interface is done,
and what a node sends is what the schemas allow, without a field beyond them."""

import copy
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema
import pytest
from harness.api_schema import ASYNCAPI, DOCS, OPENAPI, check, resolved, validator
from harness.client import Client, new_id
from harness.waiting import wait_until
from harness.web import Browser

METHODS = {"get", "put", "post", "delete", "patch"}

# operationId → who asks, in an order in which each finds what it needs. People other than those
# that the examples register are there from the beginning; `admin` is a server admin, `-` nobody,
# `hook` who has a webhook's token. After a colon: which one of several examples.
STORY = [
    ("root", "-"), ("listEndpoints", "-"), ("health", "-"), ("healthLive", "-"),
    ("healthReady", "-"), ("metrics", "-"), ("openapi", "-"), ("asyncapi", "-"),
    ("register", "alice"), ("createUser", "bob"), ("logIn", "alice"), ("refresh", "alice"),
    ("echo", "alice"), ("listUsers", "alice"), ("getOwnUser", "alice"), ("updateOwnUser", "alice"),
    ("updateUser", "alice"), ("getUser", "alice"), ("createRoom", "alice"), ("listRooms", "alice"),
    ("getRoom", "alice"), ("updateRoom", "alice"), ("putMember", "bob"), ("listMembers", "alice"),
    ("sendMessage", "alice"), ("history", "bob"), ("getMessage", "alice"), ("search", "alice"),
    ("editMessage", "alice"), ("deleteMessage", "alice"), ("deleteMember", "alice"),
    ("unban", "alice"), ("createWebhook:incoming", "alice"), ("createWebhook:outgoing", "alice"),
    ("listWebhooks", "alice"), ("postToWebhook", "hook"), ("listDeliveries", "alice"),
    ("replayDelivery", "alice"), ("resumeWebhook", "alice"), ("deleteWebhook", "alice"),
    ("exportRoom", "alice"), ("exportRoomAsAdmin", "admin"),
    ("restoreRoom", "admin"), ("abandonRestore", "admin"),
    ("exportOwnUser", "alice"), ("exportOwnMessages", "alice"), ("exportMessagesOf", "admin"),
    ("listSessions", "alice"),
    ("deleteRoom", "alice"), ("changePassword", "alice"), ("endSession", "alice"),
    ("deactivateOwnUser", "dave"), ("eraseOwnUser", "erin"), ("endAllSessions", "frank"),
    ("logOut", "grace"), ("setUserRole", "admin"), ("issueBotToken", "admin"),
    ("listBotTokens", "admin"), ("revokeBotToken", "admin"), ("deactivateUser", "admin"),
    ("reopenUser", "admin"), ("exportUser", "admin"), ("eraseUser", "admin"),
    ("announce", "admin"), ("askConsole", "admin"),
]  # fmt: skip
LOGS_IN = {"register", "createUser", "logIn", "refresh"}
RECEIVER = "https://hooks.example.org/greenroom"  # of the outgoing webhook in the examples
PASSWORD = "correct horse battery"  # the one of the examples
IN_ADVANCE = ("admin", "dave", "erin", "frank", "grace")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def operations():
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS, f"{path}: {method}"
            yield path, method, operation


# -- the documents -----------------------------------------------------------------------------


def test_openapi_is_openapi():
    assert OPENAPI["openapi"].startswith("3.1.") and OPENAPI["info"]["title"]
    seen = set()
    for path, method, operation in operations():
        where = f"{method} {path}"
        assert operation["operationId"] not in seen, where
        seen.add(operation["operationId"])
        assert operation["summary"] and operation["responses"], where
        named = {p["name"] for p in map(resolved, operation.get("parameters", []))
                 if p["in"] == "path"}  # fmt: skip
        assert named == set(re.findall(r"{(\w+)}", path)), where
        for status, answer in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status), where
            assert resolved(answer)["description"], f"{where} {status}"
    bearer = OPENAPI["components"]["securitySchemes"]["bearer"]
    assert (bearer["type"], bearer["scheme"]) == ("http", "bearer")
    told = {o.partition(":")[0] for o, _ in STORY} | {"openSocket"}
    assert seen == told, f"STORY and the document differ: {sorted(seen ^ told)}"


def test_every_example_fits_its_schema():
    count = 0
    for path, method, operation in operations():
        where = f"{method} {path}"
        for p in map(resolved, operation.get("parameters", [])):
            if "example" in p:
                check(p["example"], p["schema"], OPENAPI, f"{where} {p['name']}")
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for holder in bodies + [resolved(r) for r in operation["responses"].values()]:
            for content in holder.get("content", {}).values():
                examples = [e["value"] for e in content.get("examples", {}).values()]
                for example in examples + ([content["example"]] if "example" in content else []):
                    check(example, content["schema"], OPENAPI, where)
                    count += 1
    assert count > 100
    for name, message in ASYNCAPI["components"]["messages"].items():
        for example in message.get("examples", []):
            check(example["payload"], message["payload"], ASYNCAPI, name)


def test_asyncapi_is_asyncapi():
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    messages = ASYNCAPI["channels"]["socket"]["messages"]
    for name, operation in ASYNCAPI["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        used = operation["messages"] + operation.get("reply", {}).get("messages", [])
        for reference in used:
            assert resolved(reference, ASYNCAPI)["$ref"].startswith("#/components/messages/")
        if operation["action"] == "receive":
            assert len(operation["reply"]["messages"]) == 2, f"{name}: its answer and `error`"
    for reference in messages.values():
        payload = resolved(reference, ASYNCAPI)["payload"]
        kind = resolved(payload["properties"]["data"], ASYNCAPI)
        assert kind["properties"]["type"]["const"]
    jsonschema.Draft202012Validator.check_schema({"components": ASYNCAPI["components"]["schemas"]})


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_a_node_serves_what_is_in_the_tree(node, name):
    answer = Browser(node).request("GET", f"/api/{name}.json")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.text == (DOCS / f"{name}.json").read_text()


# -- every example, done -----------------------------------------------------------------------


class Reader:
    """Does what the document says, and puts what a node really answered in the place of what the
    examples say it answers: ids, tokens."""

    def __init__(self, node):
        self.node = node
        self.browser = Browser(node)
        self.tokens = {}
        self.real = {}  # what an example says → what it was
        self.by_id = {o["operationId"]: (p, m, o) for p, m, o in operations()}

    def put_real(self, value):
        if isinstance(value, dict):
            return {k: self.put_real(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.put_real(v) for v in value]
        return self.real.get(value, value) if isinstance(value, str) else value

    def learn(self, example, actual):
        if isinstance(example, dict) and isinstance(actual, dict):
            for key in example.keys() & actual.keys():
                self.learn(example[key], actual[key])
        elif isinstance(example, list) and isinstance(actual, list):
            for left, right in zip(example, actual):
                self.learn(left, right)
        elif isinstance(example, str) and isinstance(actual, str):
            if ID.fullmatch(example) or "-token-" in example:
                self.real.setdefault(example, actual)

    @staticmethod
    def example(content, which):
        """The one with this name, where there are several."""
        return content["examples"][which]["value"] if "examples" in content else content["example"]

    def do(self, name, who):
        operation_id, _, which = name.partition(":")
        path, method, operation = self.by_id[operation_id]
        headers, query, body = {}, {}, {}
        for p in map(resolved, operation.get("parameters", [])):
            if p["name"] == "Idempotency-Key":
                headers["Idempotency-Key"] = new_id()
            elif "example" in p:
                example = str(self.put_real(p["example"]))
                if p["in"] == "path":
                    path = path.replace("{%s}" % p["name"], example)
                elif p["in"] == "query":
                    query[p["name"]] = example
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            body["json"] = self.put_real(self.example(content, which))
        if operation.get("security") != [] and who in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        headers["Accept"] = "application/json"
        answer = self.browser.request(method.upper(), path, headers=headers, params=query, **body)
        return operation, answer

    def follow(self, name, who):
        operation_id, _, which = name.partition(":")
        operation, answer = self.do(name, who)
        what = f"{name} by {who}"
        good = [s for s in operation["responses"] if s.startswith("2")]
        wanted = "201" if "201" in good else "200"
        got = f"{what}: {answer.status_code} {answer.text[:300]}"
        assert str(answer.status_code) == wanted, got
        kind = answer.headers["Content-Type"].split(";")[0]
        content = operation["responses"][wanted]["content"]
        assert kind in content, f"{what}: {kind} is not one of {sorted(content)}"
        if kind == "application/x-ndjson":
            said = [json.loads(line)["line"] for line in content[kind]["example"].splitlines()]
            lines = [json.loads(line)["line"] for line in answer.text.splitlines()]
            assert set(lines) == set(said) and lines[0] == said[0], f"{what}: {lines}"
            assert answer.links["next"]["rel"] == "next"
        if kind != "application/json":
            return
        document = answer.json()
        content = content[kind]
        if operation_id not in ("openapi", "asyncapi"):
            check(document, content["schema"], OPENAPI, what)
            self.learn(self.example(content, which), document)
        if operation_id in LOGS_IN:
            self.tokens[who] = document["data"]["token"]
        if name == "createWebhook:incoming":
            self.tokens["hook"] = document["data"]["webhook"]["token"]

    def given_up(self, who):
        """Whether there is a delivery that the examples can list and replay."""
        _, answer = self.do("listDeliveries", who)
        return answer.json()["data"]["deliveries"]


@pytest.fixture
def receiver():
    """The URL of somebody who wants no deliveries, now or ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(410)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *ignored):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_every_example_is_done(start_node, receiver):
    node = start_node(webhooks__allow_private="true")
    reader = Reader(node)
    reader.real[RECEIVER] = receiver
    for name in IN_ADVANCE:
        client = Client(node)
        client.register(name, password=PASSWORD)
        reader.tokens[name] = client.token
        client.close()
    node.console("user", "role", "admin", "admin")
    for name, who in STORY:
        if name == "listDeliveries":
            wait_until(lambda: reader.given_up("alice"), "a delivery to be given up")
        reader.follow(name, who)
    with Client(node, token=reader.tokens["alice"]) as c:  # openSocket
        assert c.subprotocol == "greenroom.v1.json"


def test_refusals_are_errors_of_the_document(start_node):
    """Each operation that needs a log-in, by nobody: UNAUTHORIZED, or what comes before that."""
    reader = Reader(start_node())
    asked = 0
    for name, who in STORY:
        _, _, operation = reader.by_id[name.partition(":")[0]]
        if operation.get("security") == []:
            continue
        operation, answer = reader.do(name, "-")
        what = f"{name}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code == 401, what
        response = resolved(operation["responses"]["401"])
        check(answer.json(), response["content"]["application/json"]["schema"], OPENAPI, what)
        asked += 1
    assert asked > 25


# -- sockets -----------------------------------------------------------------------------------


class Checked:
    """Holds documents against the message of their type."""

    def __init__(self):
        self.seen = set()
        self.validators = {}

    def __call__(self, document):
        kind = document["data"]["type"]
        name = kind
        if kind == "typing" and "correlation_id" not in document:
            name = "typing_event"
        payload = ASYNCAPI["components"]["messages"][name]["payload"]
        if name not in self.validators:
            self.validators[name] = validator(payload, ASYNCAPI)
        problems = [f"{name}: {list(p.absolute_path)}: {p.message[:300]}"
                    for p in self.validators[name].iter_errors(document)]  # fmt: skip
        assert not problems, "\n".join(problems)
        self.seen.add(name)
        return document["data"]


def test_what_sockets_say_is_what_asyncapi_says(room_of_two):
    alice, bob, room = room_of_two
    holds = Checked()
    here = {"room_id": room["id"]}

    def ask(who, kind, **fields):
        request = {"message_id": new_id(), "data": {"type": kind, **fields}}
        message = ASYNCAPI["components"]["messages"][kind]
        check(copy.deepcopy(request), message["payload"], ASYNCAPI, kind)
        return holds(who.answer(kind, **fields))

    sent = ask(alice, "send_message_request", content="hello", metadata={"a": 1}, **here)
    of_it = {"id": sent["id"], **here}
    ask(bob, "reaction_request", emoji="+1", add=True, **of_it)
    ask(alice, "edit_message_request", content="hello @room", **of_it)
    ask(alice, "pin_request", pinned=True, **of_it)
    ask(alice, "message_request", **of_it)
    ask(bob, "history_request", **here)
    ask(bob, "mark_request", status="read", seq=sent["seq"], **here)
    ask(bob, "typing", is_typing=True, **here)
    ask(bob, "set_presence_request", status="away")
    ask(alice, "presence_request", user_ids=[bob.user["id"]])
    ask(alice, "room_list_request")
    ask(alice, "room_members_request", **here)
    ask(alice, "update_room_request", topic="t", retention={"max_age_days": 1}, **here)
    ask(alice, "room_request", **here)
    ask(alice, "user_list_request", query="bo")
    ask(alice, "user_request", user_id=bob.user["id"])
    ask(alice, "update_profile_request", display_name="A")
    ask(alice, "session_list_request")
    ask(alice, "search_request", query="hello")
    ask(alice, "resume_request", rooms={room["id"]: 0, new_id(): 1})
    ask(alice, "create_room_request", name="Other", members=[bob.user["id"]])
    ask(alice, "direct_room_request", user_id=bob.user["id"])
    ask(alice, "room_request", room_id=new_id())
    ask(alice, "heartbeat")
    ask(bob, "delete_message_request", **of_it)
    ask(bob, "leave_room_request", **here)
    ask(bob, "join_room_request", **here)
    ask(alice, "remove_member_request", user_id=bob.user["id"], ban=True, **here)
    ask(alice, "delete_room_request", **here)
    for who in (alice, bob):
        last = "deleted" if who is alice else "banned"
        who.wait_for(lambda e: e["type"] == "room_event" and e["kind"] == last, last)
        for event in list(who.events):
            holds(event)
    wanted = {"message_received", "message_updated", "room_event", "error", "message_ack"}
    assert wanted <= holds.seen, f"seen: {sorted(holds.seen)}"
