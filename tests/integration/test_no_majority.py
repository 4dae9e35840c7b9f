# SPDX-License-Identifier: MIT
"""Each request while two of three nodes are gone: an answer in time, UNAVAILABLE for whatever is
written, and the same request again has its one effect when they are back."""

import concurrent.futures
import contextlib
import time

from harness.client import new_id
from harness.requests_table import CASES
from harness.requests_world import World, fields_of
from harness.waiting import PATIENCE_S, SLOWNESS, wait_until
from harness.web import Browser

WITHIN_S = 5.5 * SLOWNESS  # 5 s, and the way
WRITTEN = {t for t, case in CASES.items() if case.repeat} | {"mark_request"}
# Whole and current, or refused.
CONFIRMED = {"message_request", "room_list_request", "user_list_request"}
# Of the others the answer is what can be known: a node may read what it leads until it has noticed.


class OneNode(World):
    """Everybody is at node1, and each request has a room of its own."""

    def __init__(self, cluster, encoding):
        super().__init__(cluster, encoding)
        self.nodes = [cluster.nodes[0]] * 2


class Question:
    def __init__(self, cluster, i, type_):
        self.type = type_
        self.case = CASES[type_]
        self.world = OneNode(cluster, ["json", "msgpack"][i % 2])
        self.fields = fields_of(self.case, self.world)
        self.key = new_id()
        if self.case.who != "new":
            self.client = self.world.client(self.case.who)

    def post(self):
        if self.case.who == "new":
            self.client = self.world.client("new")
        return self.client.post(self.type, message_id=self.key, **self.fields)

    def over_http(self):
        """The document of the answer; that it is refused is said by its status and header too."""
        token = None if self.case.who == "new" else self.client.token
        browser = Browser(self.world.nodes[0], token)
        method, path, body = self.case.http(self.fields)
        answer = browser.request(method, path, json=body, headers={"Idempotency-Key": self.key})
        browser.close()
        if answer.ok:
            return answer.json()["data"] | {"type": self.case.answer}
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1, answer.text
        return answer.json()["error"] | {"type": "error"}

    def done(self):
        """The answer, or None as long as it is refused for want of a leader."""
        data = self.post().result(PATIENCE_S)["data"]
        assert data.get("code") in (None, "UNAVAILABLE"), f"{self.type}: {data}"
        return None if data["type"] == "error" else data


def is_right(question, data):
    if data["type"] == "error":
        return data["code"] == "UNAVAILABLE" and data["details"]["retry_after_ms"] > 0
    if question.type in WRITTEN | CONFIRMED:
        return False
    return data["type"] == question.case.answer and data.get("stale", True)


def test_each_request_without_a_majority(cluster):
    cluster.settle()
    questions = [Question(cluster, i, type_) for i, type_ in enumerate(CASES)]
    by_browser = [Question(cluster, i, t) for i, t in enumerate(CASES) if CASES[t].http]
    for node in cluster.nodes[1:]:
        node.kill()
    began = time.monotonic()
    asked = [(q, q.post()) for q in questions]
    with concurrent.futures.ThreadPoolExecutor(len(by_browser)) as pool:
        told = list(zip(by_browser, pool.map(Question.over_http, by_browser)))
    told += [(q, future.result(PATIENCE_S)["data"]) for q, future in asked]
    assert time.monotonic() - began < WITHIN_S, "each is answered in time"
    wrong = [f"{q.type}: {data}" for q, data in told if not is_right(q, data)]
    assert not wrong, "\n".join(wrong)
    cluster.start()
    cluster.settle()
    for question in questions:
        first = wait_until(question.done, f"{question.type} to be done")
        assert first["type"] == question.case.answer, first
        if not question.case.repeat:
            continue
        again = question.done()
        both = f"{question.type}: {first}, then {again}"
        assert again["type"] == first["type"] and again.get("duplicate") is True, both
        for part in ("id", "seq", "created_at", "session_id"):
            assert again.get(part) == first.get(part), both
    for question in questions + by_browser:
        with contextlib.suppress(AssertionError):
            question.world.close()
