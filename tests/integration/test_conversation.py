# SPDX-License-Identifier: MIT
"""A long conversation in many scripts goes in at node 1 and comes back, byte for byte and in order,
at nodes 2 and 3: live and by history, in both encodings."""

import collections
import random

import pytest
from harness.client import Client
from harness.names import fresh
from harness.waiting import SLOWNESS

COUNT = 2100
LONGEST = 16 * 1024
IN_FLIGHT = 48

PHRASES = [
    "Has anybody seen the keys to room 4?", "brb", "+1", "ok",
    "see https://example.org/a?b=1&c=%20", "Grüße aus Köln – schön hier",
    "Žluťoučký kůň úpěl ďábelské ódy", "Съешь ещё этих булок", "今日はいい天気ですね。", "我们明天见,好吗?",
    "안녕하세요, 반갑습니다", "𠜎𠜱𠝹𠱓 beyond the BMP", "مرحبا بالعالم، كيف الحال؟", "שלום עולם",
    "mixed שלום and مرحبا in one line", "\u202eoverride\u202c and \u2067isolate\u2069",
    "हिन्दी में क्षत्रिय", "ภาษาไทยน้ำใจ", "བོད་ཡིག", "e\u0301 is not é",
    "Z\u0351\u0343\u0300a\u0321\u0322l\u0334g\u0337o\u0338\u0489\u033f\u0346",
    "👩‍👩‍👧‍👦 👨🏽‍🚒 🏳️‍🌈 🇩🇪 👍🏿 1️⃣ ❤️‍🔥", "☕️ vs ☕︎", "\u200bzero\u200dwidth\ufeff",
    "tab\tand \"quotes\" \\ / \b", "line\nline\r\nline\u2028line\u2029line\u0085",
    "  spaces at both ends  ", "null\u0000byte", "\u007f\u001b[31mred",
    "<script>alert('x')</script> & &amp;", "'; DROP TABLE rooms; --", "{\"json\": [1, null]}",
    "\ufdfa \ufdfd", "\U0001f9d1\u200d\U0001f4bb \U0010fffd \ufffd \uffff", "ﬁ ﬂ ＡＢＣ ①②③ ℌ𝔢𝔩𝔩𝔬",
]  # fmt: skip


def conversation():
    """The same on every run."""
    rng = random.Random(20240917)
    said = []
    for i in range(COUNT):
        words = " ".join(rng.choice(PHRASES) for _ in range(1 + int(rng.expovariate(0.7))))
        said.append(f"{words} #{i}" if rng.random() < 0.7 else words)
    said[0] = "\u0301starts with a combining mark"
    for i in rng.sample(range(1, COUNT), 12):  # as long as it may be, in bytes
        filler = rng.choice(["x", "é", "漢", "👨🏽‍🚒", "\u0301"])
        text = filler * (LONGEST // len(filler.encode()))
        said[i] = text + "." * (LONGEST - len(text.encode()))
    assert max(len(s.encode()) for s in said) == LONGEST
    return said


SAID = conversation()


def check_same(got, what):
    assert len(got) == len(SAID), f"{what}: expected {len(SAID)} messages, got {len(got)}"
    for i, (expected, text) in enumerate(zip(SAID, got)):
        assert text.encode() == expected.encode(), (
            f"{what}: message {i} differs: expected {expected[:80]!r}, got {text[:80]!r}"
        )


@pytest.mark.parametrize("writing", ["json", "msgpack"])
def test_it_comes_back_as_it_went_in(cluster, writing):
    # What is under way while a leader is handed over may change places with what comes after it.
    cluster.settle()
    cluster.wait_even()
    readers = {}
    alice = Client(cluster.nodes[0], writing)
    alice.register(fresh("alice"))
    for i in (1, 2):
        for encoding in ("json", "msgpack"):
            reader = Client(cluster.nodes[i], encoding)
            reader.register(fresh(f"reader{i}"))
            readers[f"node{i + 1}, {encoding}"] = reader
    room = alice.create_room("Babel", members=[r.user["id"] for r in readers.values()])["id"]

    waiting, acks = collections.deque(), []
    for text in SAID:
        if len(waiting) == IN_FLIGHT:
            acks.append(waiting.popleft().result(10 * SLOWNESS)["data"])
        waiting.append(
            alice.post("send_message_request", room_id=room, content=text, message_type="text")
        )
    acks += [future.result(10 * SLOWNESS)["data"] for future in waiting]
    refused = [a for a in acks if a["type"] != "message_ack"]
    assert not refused, f"each send is acknowledged, got {refused[:3]}"
    assert [a["seq"] for a in acks] == list(range(2, COUNT + 2)), (
        "what one connection sends is numbered in the order in which it was sent"
    )

    def is_message(d):
        return d["type"] == "message_received" and d["room_id"] == room

    for name, reader in readers.items():
        events = reader.wait_count(COUNT, is_message, f"messages at {name}", 30 * SLOWNESS)
        assert [e["seq"] for e in events] == list(range(2, COUNT + 2)), f"{name}: order of seq"
        check_same([e["message"]["content"] for e in events], f"live at {name}")
        assert [e["message"]["id"] for e in events] == [a["id"] for a in acks], name
    for name, reader in readers.items():
        messages = reader.whole_history(room)
        check_same([m["content"] for m in messages], f"history at {name}")
        assert [m["id"] for m in messages] == [a["id"] for a in acks], name
    for encoding in ("json", "msgpack"):
        one, two = (r for n, r in readers.items() if n.endswith(encoding))
        mine = [[f for d, f in zip(r.events, r.raw_events) if is_message(d["data"])]
                for r in (one, two)]  # fmt: skip
        assert mine[0] == mine[1], f"{encoding}: the same bytes for receivers on different nodes"
    for client in (alice, *readers.values()):
        client.close()
