# SPDX-License-Identifier: MIT
"""Full-text search: in the rooms of whoever asks, led by all nodes, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from harness import names
from harness.client import Client, Refused
from harness.names import fresh
from harness.waiting import PATIENCE_S, wait_until


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()
    cluster.wait_even()


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


def found(client, query, count, within_s=PATIENCE_S, **fields):
    """The answer, once it has so many hits: the index is behind by a fraction of a second."""

    def looked():
        answer = client.answer("search_request", query=query, **fields)["data"]
        if answer["type"] == "error":  # while leaders move
            assert answer["code"] == "UNAVAILABLE", answer
            return None
        assert len(answer["hits"]) <= count, texts(answer)
        return answer if len(answer["hits"]) == count else None

    return wait_until(looked, f"{count} hits of {query!r}", within_s)


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
        found(alice, word, 1, within_s=40)
    finally:
        cluster.start()
        cluster.settle()


def send_many(client, room, count, flying=200):
    for begun in range(0, count, flying):
        sent = [
            client.post("send_message_request", room_id=room, content="hay", message_type="text")
            for _ in range(min(flying, count - begun))
        ]
        for answer in sent:
            assert answer.result(PATIENCE_S)["data"]["type"] == "message_ack"


def test_who_has_yet_to_take_in_a_room_is_named(cluster, alice):
    """After its room has moved to another node nothing is missing without a word."""
    word = fresh("last")
    room = room_led_by(cluster, cluster.nodes[0].name, alice)
    send_many(alice, room["id"], 8000)
    alice.send(room["id"], word)
    assert found(alice, word, 1)["late_nodes"] == []
    target = cluster.nodes[1]
    shard = names.shard_of(room["id"], max(cluster.leaders()))
    answers = []

    def look():
        data = alice.answer("search_request", query=word, room_id=room["id"])["data"]
        if data["type"] == "error":  # while leaders move
            assert data["code"] == "UNAVAILABLE", data
            return None
        answers.append((len(data["hits"]), data["late_nodes"]))
        return data

    with ThreadPoolExecutor(1) as beside:
        moved = beside.submit(target.console, "room", "move", room["id"], "--to", target.name)
        while not moved.done():
            look()
    assert moved.result().returncode == 0, moved.result().stderr

    def complete():
        data = look()
        return data is not None and data["late_nodes"] == [] and len(data["hits"]) == 1

    wait_until(lambda: cluster.leaders()[shard] == target.name, "the room to be led elsewhere")
    wait_until(complete, "the room to be taken in")
    assert all(hits == 1 or late for hits, late in answers), answers
    assert (0, [target.name]) in answers, answers
