# SPDX-License-Identifier: MIT
"""Handlers that fail on purpose, and two people who must hardly notice."""

from .client import Client, new_id
from .names import fresh
from .waiting import wait_until

MAY_ANSWER = {"INTERNAL", "UNAVAILABLE"}


def arm(node, kind, **which):
    """The next message that an actor of the kind handles throws; `message`: the next such."""
    answer = node.admin("chaos fail", kind=kind, **which)
    assert answer["ok"], f"chaos fail {kind}: expected it to be armed, got {answer}"


def failures(node, kind):
    return node.log().count(f"rehearsed failure of a {kind}")


def wait_failed(node, kind, before):
    wait_until(lambda: failures(node, kind) > before, f"the log to tell of the {kind}'s failure")


def attempt(client, type_, **fields):
    """The answer of a request that may meet the failure; it must be one of those promised."""
    data = client.answer(type_, **fields)["data"]
    if data["type"] == "error":
        assert data["code"] in MAY_ANSWER, f"{type_}: expected {MAY_ANSWER}, got {data}"
    return data


def until_done(client, type_, **fields):
    """Repeats with the same message_id, as clients do, until it is done."""
    fields.setdefault("message_id", new_id())

    def once():
        data = attempt(client, type_, **fields)
        return None if data["type"] == "error" else data

    return wait_until(once, f"{type_} to be done")


class World:
    """Two people who are connected, and their room."""

    def __init__(self, node):
        self.node = node
        self.alice, self.bob = Client(node), Client(node, "msgpack")
        self.alice.register(fresh("alice"))
        self.bob.register(fresh("bob"))
        self.room = self.alice.create_room("faults", members=[self.bob.user["id"]])["id"]
        self.alice.send(self.room, "warm")
        self.bob.wait_message("warm")

    def works(self):
        """Sends and receives, on connections that may be new."""
        for name in ("alice", "bob"):
            client = getattr(self, name)
            if client.close_code is not None:
                assert client.close_code == 1013, f"closed to be resumed: {client.close_code}"
                user, client = client.user, Client(self.node, token=client.token)
                client.user = user
                wait_until(lambda: attempt(client, "room_list_request")["type"] != "error",
                           "the session to be back")  # fmt: skip
                setattr(self, name, client)
        text = f"works {new_id()}"
        seq = until_done(self.alice, "send_message_request", room_id=self.room, content=text)["seq"]
        assert self.bob.wait_message(text)["seq"] == seq
        messages = self.alice.whole_history(self.room)
        assert [m["content"] for m in messages].count(text) == 1, "written once"
        seqs = [m["seq"] for m in messages]
        assert seqs == list(range(2, 2 + len(seqs))), f"no hole: {seqs}"

    def close(self):
        self.alice.close()
        self.bob.close()
