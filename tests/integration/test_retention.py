# SPDX-License-Identifier: MIT
"""What a room does not keep goes: from history, from replay, from search, and stays away."""

import pytest
from harness.client import Client
from harness.names import fresh
from harness.waiting import PATIENCE_S, wait_until

KEPT = 3


@pytest.fixture
def node(start_node):
    """Looks through its rooms all the time."""
    return start_node(retention__check_every_ms=100)


@pytest.fixture
def pair(node):
    clients = []
    for name in ("owner", "guest"):
        client = Client(node)
        clients.append(client)
        client.register(fresh(name))
    yield clients
    for client in clients:
        client.close()


def filled(owner, guest, texts):
    """A public room with both in it (entries 1 and 2) and these messages."""
    room = owner.create_room("Short", room_type="public")["id"]
    guest.ask("join_room_request", room_id=room)
    return room, [owner.send(room, text) for text in texts]


def keep(owner, room, **retention):
    owner.ask("update_room_request", room_id=room, retention=retention)


def contents(client, room, **fields):
    answer = client.ask("history_request", room_id=room, **fields)
    return [m["content"] for m in answer["messages"]], answer["has_more"]


def wait_for_purge(client, room, left):
    wait_until(lambda: contents(client, room)[0] == left, f"only {left} to be left", PATIENCE_S)


def test_messages_beyond_the_number_go(pair):
    owner, guest = pair
    word = fresh("word")
    texts = [f"{word} {i}" for i in range(8)]
    room, acks = filled(owner, guest, texts)
    assert contents(owner, room)[0] == texts, "nothing goes by itself"
    keep(owner, room, max_messages=KEPT)
    wait_for_purge(owner, room, texts[-KEPT:])
    assert contents(guest, room, limit=KEPT) == (texts[-KEPT:], False), "nothing is older"
    assert contents(guest, room, limit=2) == (texts[-2:], True)
    assert contents(guest, room, before_seq=acks[-KEPT]["seq"]) == ([], False)
    assert contents(guest, room, after_seq=0) == (texts[-KEPT:], False)
    assert guest.code("message_request", room_id=room, id=acks[0]["id"]) == "MESSAGE_NOT_FOUND"
    gone = guest.code("reaction_request", room_id=room, id=acks[0]["id"], emoji="+1", add=True)
    assert gone == "MESSAGE_NOT_FOUND"
    assert guest.ask("message_request", room_id=room, id=acks[-1]["id"])["message"]["content"] == (
        texts[-1]
    )
    mine = [r for r in guest.ask("room_list_request", scope="joined")["rooms"] if r["id"] == room]
    assert mine[0]["unread_count"] == KEPT, "what is gone is not unread"
    wait_until(
        lambda: len(guest.ask("search_request", query=word)["hits"]) == KEPT,
        "the search to have no more than is kept",
        PATIENCE_S,
    )
    owner.send(room, "another")
    wait_for_purge(owner, room, [*texts[-KEPT + 1 :], "another"])


def test_replay_begins_where_the_room_begins(node, pair):
    owner, guest = pair
    texts = [str(i) for i in range(8)]
    room, acks = filled(owner, guest, texts)
    keep(owner, room, max_messages=KEPT)
    wait_for_purge(owner, room, texts[-KEPT:])
    first = acks[-KEPT]["seq"]
    last = guest.ask("room_request", room_id=room)["room"]["last_seq"]
    with Client(node) as again:
        again.log_in(token=guest.token)
        told = again.ask("resume_request", rooms={room: 3})["rooms"][room]
        assert told == {"first_seq": first, "last_seq": last, "complete": False}
        wait_until(lambda: len(again.room_events(room)) == last - first + 1, "the replay")
        assert [e["seq"] for e in again.room_events(room)] == list(range(first, last + 1))
    with Client(node) as later:
        later.log_in(token=guest.token)
        told = later.ask("resume_request", rooms={room: first - 1})["rooms"][room]
        assert told == {"first_seq": first, "last_seq": last, "complete": True}


def test_a_change_of_what_is_gone_is_its_end(node, pair):
    owner, guest = pair
    room, acks = filled(owner, guest, ["first"])
    for text in ("2", "3", "4"):
        owner.send(room, text)
    changed = owner.ask("edit_message_request", room_id=room, id=acks[0]["id"], content="changed")
    keep(owner, room, max_messages=KEPT)
    wait_for_purge(owner, room, ["2", "3", "4"])
    with Client(node) as again:
        again.log_in(token=guest.token)
        again.ask("resume_request", rooms={room: changed["seq"] - 1})
        wait_until(lambda: len(again.room_events(room)) == 2, "the replay of the change")
        told = again.room_events(room)[0]
        assert (told["seq"], told["type"], told["change"]) == (
            changed["seq"], "message_updated", "deleted",
        )  # fmt: skip
        assert told["message"]["seq"] == acks[0]["seq"]
        assert not told["message"].get("content")


def test_it_stays_gone_after_a_restart(start_node):
    node = start_node(retention__check_every_ms=100)
    with Client(node) as owner:
        owner.register(fresh("owner"))
        room = owner.create_room("Short", room_type="public")["id"]
        for i in range(8):
            owner.send(room, str(i))
        keep(owner, room, max_messages=KEPT)
        wait_for_purge(owner, room, ["5", "6", "7"])
        token = owner.token
    node.stop()
    node.start()
    with Client(node) as owner:
        owner.log_in(token=token)
        assert contents(owner, room) == (["5", "6", "7"], False)
        owner.send(room, "8")
        wait_for_purge(owner, room, ["6", "7", "8"])
