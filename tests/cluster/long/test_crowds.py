# SPDX-License-Identifier: MIT
"""Many at once: more load than a node can carry, clients that do not read, as many connections as
are allowed, and all of a node's clients at the doors of the others. Load comes from `greenroom
bench`, on a processor of its own."""

import contextlib
import os
import re
import statistics
import threading
import time

import pytest
from harness import raw
from harness.bench_command import figures, under_way
from harness.client import Client
from harness.names import fresh
from harness.process import Node, running
from harness.sleeper import sleeping_session
from harness.waiting import SLOWNESS, wait_until
from load.latencies import percentile
from load.reunion import Reunion

NOISE_MS = 20  # of a machine whose processors do other things too


@contextlib.contextmanager
def alone(**settings):
    """One node on the first processor, and what is started from here on the others."""
    node = Node(limits__connects_per_minute_per_address=0, **settings)
    others = set(range(1, os.cpu_count())) or {0}
    usual = os.sched_getaffinity(0)
    with running(node):
        for thread in os.listdir(f"/proc/{node.pid()}/task"):
            os.sched_setaffinity(int(thread), {0})
        os.sched_setaffinity(0, others)
        try:
            yield node
        finally:
            os.sched_setaffinity(0, usual)


class Probe:
    """Somebody who says one thing after the other in a room of his own: (when he asked, ms until
    there was an answer, its error or None)."""

    def __init__(self, node):
        self.client = Client(node)
        self.client.register(fresh("probe"))
        self.room = self.client.create_room()["id"]
        self.asked = []
        self.over = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self.over.wait(0.05):
                self.ask()
        except BaseException as why:  # for the test's thread
            self.failure = why

    def ask(self):
        began = time.monotonic()
        data = self.client.answer("send_message_request", room_id=self.room, content="?",
                                  message_type="text", timeout_s=30)["data"]  # fmt: skip
        took = (time.monotonic() - began) * 1000
        refused = data if data["type"] == "error" else None
        self.asked.append((began, took, refused))
        return took if refused is None else None

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.over.set()
        self.thread.join()
        if self.failure:
            raise self.failure


def test_ten_times_what_a_node_can(programs, figure):
    """Sends at ten times the rate that a node acknowledges, for 40 s: it acknowledges as many
    as before, what it refuses it refuses with a code and soon, and afterwards it is as it was."""
    load = ["ingest", "--conns", "64", "--rooms", "16"]
    with alone() as node:
        can = figures(node, *load, "--window", "8", "--secs", "40")["per_s"]
        before = node.memory_kib()
        peak = before
        probe = Probe(node)
        with under_way(node, *load, "--rate", str(round(10 * can)), "--secs", "40",
                       within_s=200) as found, probe:  # fmt: skip
            end = time.monotonic() + 40 * SLOWNESS
            while time.monotonic() < end:
                peak = max(peak, node.memory_kib())
                probe.over.wait(0.5)
        ended = time.monotonic()
        wait_until(lambda: (probe.ask() or 1e9) < 100, "sends to be quick again", 5)
        back_s = time.monotonic() - ended
    refused = [(ms, why) for _, ms, why in probe.asked if why]
    figure(f"{can:.0f}/s when asked for no more, {found['per_s']:.0f}/s of {10 * can:.0f}; "
           f"{found['ack_err']} refused; somebody else: p99 "
           f"{percentile([ms for _, ms, why in probe.asked if not why], 99):.0f} ms, "
           f"{len(refused)} of {len(probe.asked)} refused; "
           f"{(peak - before) / 1024:.0f} MiB more at most; "
           f"back after {back_s:.1f} s")  # fmt: skip
    assert found["per_s"] >= 0.9 * can, found
    for ms, why in refused:
        assert why["code"] in ("UNAVAILABLE", "RATE_LIMIT"), why
        assert why["details"]["retry_after_ms"] > 0, why
        assert ms < 6000 * SLOWNESS, f"refused after {ms:.0f} ms"
    assert peak - before < 512 * 1024, "queues are bounded"


def rest_of(sleeper):
    """What is still there for somebody who reads again: it ends with 4413, or, when he has slept
    too long to take that, with the socket."""
    with contextlib.suppress(EOFError):
        while True:
            opcode, payload = sleeper.next_frame()
            if opcode == raw.CLOSE:
                assert int.from_bytes(payload[:2], "big") == 4413, payload
                return
            yield payload


SPOKEN = ["fanout", "--rooms", "1", "--members", "990", "--rate", "20", "--size", "4000"]


def test_one_in_a_hundred_does_not_read(programs, figure):
    """Ten of a thousand members stop reading: they are closed, nobody else is later for it, and
    they lose nothing."""
    with alone(limits__outbound_queue_messages=100, resume__max_entries=100_000) as node:
        usual = [figures(node, *SPOKEN, "--secs", "15")["p99_us"] / 1000 for _ in range(3)]
        known = {r["id"] for r in node.rows("rooms")}
        people = [Client(node) for _ in range(10)]
        for person in people:
            person.register(fresh("sleeper"))
        with contextlib.ExitStack() as sleepers:
            with under_way(node, *SPOKEN, "--secs", "90", within_s=200) as found:

                def spoken_in():
                    return [r["id"] for r in node.rows("rooms")
                            if r["id"] not in known and r["members"] >= 990]  # fmt: skip

                (room,) = wait_until(spoken_in, "the room of the load")
                asleep = []
                for person in people:
                    person.ask("join_room_request", room_id=room)
                    user = {"token": person.token}
                    asleep.append(sleepers.enter_context(sleeping_session(node, user, room)))
                names = {person.user["username"] for person in people}

                def are_let_go():
                    rows = node.rows("connections", limit=20_000)
                    return sum(row["username"] in names for row in rows) == len(people)

                wait_until(are_let_go, "all who do not read to be let go", 90)
                assert node.metric("greenroom_slow_consumers_total") >= len(people)
            for person, sleeper in zip(people, asleep):
                heard = 0
                for payload in rest_of(sleeper):
                    if at := re.search(rb'"seq":(\d+)', payload):
                        assert int(at.group(1)) == heard + 1 or heard == 0
                        heard = int(at.group(1))
                person.wait_for(lambda d: d.get("seq", 0) > heard, "what he missed")
                with Client(node) as again:
                    rooms = again.log_in(token=person.token, rooms={room: heard})
                    last = person.ask("room_request", room_id=room)["room"]["last_seq"]
                    again.wait_for(lambda d: d.get("seq") == last, "the end of the room")
                    seqs = [e["seq"] for e in again.room_events(room)]
                    assert seqs == list(range(heard + 1, last + 1)), rooms
    with_them = found["p99_us"] / 1000
    runs = ", ".join(f"{u:.1f}" for u in usual)
    text = (f"p99 of those who read {with_them:.1f} ms, without the others "
            f"{statistics.median(usual):.1f} ms ({runs})")  # fmt: skip
    figure(text)
    assert found["lost"] == 0, found
    assert with_them <= 1.1 * statistics.median(usual) + NOISE_MS, text


def test_as_many_as_are_allowed_and_one_more(programs, figure):
    """10,100 connections in rooms of a hundred, in each of which somebody says something once a
    minute; nobody else is let in. When they are gone their memory is, too."""
    crowd = ["fanout", "--rooms", "100", "--members", "100", "--rate", str(100 / 60)]
    with alone(limits__max_connections=10_100) as node:
        memory = node.memory_kib()
        with under_way(node, *crowd, "--warm", "0", "--secs", "75", within_s=300) as found:
            wait_until(lambda: len(node.rows("connections", limit=20_000)) >= 10_100,
                       "everybody to be there", 120)  # fmt: skip
            grown = node.memory_kib() - memory
            with raw.RawSocket(node) as refused:
                assert refused.status == 503 or refused.close_code() == 1013, refused.head
        assert found["lost"] == 0 and found["ack_err"] == 0 and found["disc"] == 0, found
        assert found["per_s"] == pytest.approx(100 / 60 * 101, rel=0.1), found
        wait_until(lambda: not node.rows("connections"), "everybody to be gone", 60)
        kept = []

        def is_given_back():
            """But for what is kept for later: caches and what is not yet written to tables."""
            kept.append((node.memory_kib() - memory) / grown)
            return kept[-1] < 0.6

        wait_until(is_given_back, "the memory to be back", 180)
        with Client(node) as next_one:
            next_one.register(fresh("next"))
    figure(f"{10_100 / found['join_s']:.0f} connections a second, {grown / 10_100:.1f} KiB for "
           f"each (with what its account and its joining take), of which {100 * kept[-1]:.0f} % "
           f"was kept at last")  # fmt: skip


@pytest.mark.parametrize("pause_s", [0, 2], ids=["at-once", "with-jitter"])
def test_all_clients_of_a_dead_node(make_trio, figure, pause_s):
    """kill -9 of the node that has everybody: they come to the two others, resume, and miss
    nothing."""
    trio = make_trio(limits__connects_per_minute_per_address=0).start()
    reunion = Reunion(trio, people=1000, rooms=20)
    reunion.pause_s = pause_s
    with reunion.speaking():
        reunion.wait_heard()
        trio.nodes[0].kill()
        died = time.monotonic()
        reunion.wait_back()
    took = sorted(t - died for t in reunion.back)
    reunion.end()
    figure(f"{len(took)} clients: half were back after {percentile(took, 50):.1f} s, 99 % after "
           f"{percentile(took, 99):.1f} s, all after {took[-1]:.1f} s")  # fmt: skip
    assert took[-1] < 30 * SLOWNESS
