# SPDX-License-Identifier: MIT
"""Full-text search: in the rooms of whoever asks, led by all nodes, and nowhere else."""

import pytest
import requests
from harness import names
from harness.client import Client, Refused
from harness.names import fresh
from harness.waiting import PATIENCE_S, wait_until


@pytest.fixture
def alice(cluster):
    with Client(cluster.nodes[0]) as client:
        client.register(fresh("alice"))
        yield client


@pytest.fixture
def bob(cluster):
    with Client(cluster.nodes[1]) as client:
        client.register(fresh("bob"))
        yield client


def room_led_by(cluster, node, client, **fields):
    alias = names.name_led_by(node, cluster.leaders(), fresh("room") + "x", names.room_id)
    return client.create_room("room", alias=alias, room_type="public", **fields)


def texts(answer):
    return [h["message"]["content"] for h in answer["hits"]]


def found(client, query, count, **fields):
    """The answer, once it has so many hits: the index is behind by a fraction of a second."""

    def looked():
        answer = client.ask("search_request", query=query, **fields)
        assert len(answer["hits"]) <= count, texts(answer)
        return answer if len(answer["hits"]) == count else None

    return wait_until(looked, f"{count} hits of {query!r}", PATIENCE_S)


def test_rooms_on_all_nodes(cluster, alice, bob):
    word = fresh("needle")
    for i, node in enumerate(cluster.nodes):
        room = room_led_by(cluster, node.name, alice)
        bob.ask("join_room_request", room_id=room["id"])
        alice.send(room["id"], f"{word} number {i}")
        alice.send(room["id"], "nothing to see")
    for client in (alice, bob):
        answer = found(client, word, 3)
        assert texts(answer) == [f"{word} number {i}" for i in (2, 1, 0)], "newest first"
        assert all(word in h["snippet"] for h in answer["hits"])
        assert answer["next_cursor"] is None and answer["late_nodes"] == []


def test_only_what_one_may_read(alice, bob):
    word = fresh("secret")
    own = alice.create_room("own")
    shared = alice.create_room("shared", members=[bob.user["id"]])
    alice.send(own["id"], f"{word} for nobody")
    alice.send(shared["id"], f"{word} for two")
    found(alice, word, 2)
    assert texts(found(bob, word, 1)) == [f"{word} for two"]
    assert bob.code("search_request", query=word, room_id=own["id"]) == "ROOM_NOT_FOUND"
    assert texts(found(alice, word, 1, room_id=own["id"])) == [f"{word} for nobody"]
    bob.ask("leave_room_request", room_id=shared["id"])
    found(bob, word, 0)


def test_filters_and_pages(alice, bob):
    word = fresh("page")
    room = alice.create_room("pages", members=[bob.user["id"]])
    for i in range(7):
        (alice if i % 2 else bob).send(room["id"], f"{word} {i}")
    alice.send(room["id"], f"{word} see https://example.org")
    found(alice, word, 8)
    assert texts(found(alice, f"{word} from:{bob.user['username']}", 4)) == [
        f"{word} {i}" for i in (6, 4, 2, 0)]  # fmt: skip
    assert texts(found(alice, f"{word} has:link", 1)) == [f"{word} see https://example.org"]
    assert found(alice, f"{word} before:2020-01-01", 0)["hits"] == []
    assert len(found(alice, f"{word} after:2020-01-01 in:{room['id']}", 8)["hits"]) == 8
    pages, cursor = [], {}
    while True:
        answer = alice.ask("search_request", query=word, limit=3, **cursor)
        pages.append(texts(answer))
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert [len(p) for p in pages] == [3, 3, 2]
    assert sum(pages, []) == texts(found(alice, word, 8))


def test_any_language(alice):
    room = alice.create_room("languages")["id"]
    tag = fresh("t")
    for text in ("我们明天去北京开会", "Un café à Genève", "ПРИВЕТ всем", "👋🏽 hello"):
        alice.send(room, f"{text} {tag}")
    found(alice, tag, 4)
    for query in ("北京", "cafe", "привет", "hello"):
        assert len(found(alice, f"{query} {tag}", 1)["hits"]) == 1, query


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_refusals(cluster, encoding):
    with Client(cluster.nodes[2], encoding) as client:
        client.register(fresh("carol"))
        for query, said in [("", "query"), ("has:cheese", "has:"), ("before:soon", "before:")]:
            with pytest.raises(Refused) as why:
                client.ask("search_request", query=query)
            assert why.value.code == "INVALID_MESSAGE"
            assert why.value.details["field"] == "query" and said in str(why.value)
        with pytest.raises(Refused) as why:
            client.ask("search_request", query="x" * 257)
        assert why.value.code == "TOO_LARGE"
        with pytest.raises(Refused) as why:
            client.ask("search_request", query="x", cursor="nonsense")
        assert why.value.details["field"] == "cursor"


def test_over_http(cluster, alice):
    word = fresh("http")
    room = alice.create_room("http")
    alice.send(room["id"], f"{word} here")
    found(alice, word, 1)
    answer = requests.get(
        f"{cluster.nodes[1].url}/api/search", params={"query": word, "room_id": room["id"]},
        headers={"Authorization": f"Bearer {alice.token}"}, timeout=10,
    )  # fmt: skip
    assert answer.status_code == 200
    assert texts(answer.json()["data"]) == [f"{word} here"]
    assert requests.get(f"{cluster.nodes[1].url}/api/search", timeout=10).status_code in (400, 401)


def test_what_is_found_survives_a_change_of_leaders(cluster, alice):
    """The new leader's node takes in what was written elsewhere."""
    word = fresh("moved")
    room = room_led_by(cluster, cluster.nodes[1].name, alice)
    alice.send(room["id"], f"{word} before")
    found(alice, word, 1)
    cluster.nodes[1].kill()
    try:
        found(alice, word, 1)
    finally:
        cluster.start()
        cluster.settle()
