# SPDX-License-Identifier: MIT
"""One in a hundred of a large room does not read: he is let go, and nobody else notices."""

import statistics
import threading
import time

from harness.bench_command import under_way
from harness.client import Client
from harness.waiting import SLOWNESS, wait_until
from load.alone import alone
from load.readers import Readers, join
from load.sleepers import Sleeper, issue_tokens

PEOPLE = 1000
ASLEEP = 10
HELD_MAX = 1024 * 1024  # limits.outbound_queue_bytes
# The kernel takes 2.8 MB of a sleeper before anything waits in the node: 22 s of this.
SECS = 40
RATE = 40
SIZE = 4000
LONG = 16_000  # bytes of what is said to find out whether others are later
PAIRS = 300
KERNELS = 6_000_000  # bytes: more than the kernel takes for a sleeper
FIRST = 15  # messages before any is measured


class Spell:
    """A room of a thousand that `greenroom bench` speaks in, where those with the tokens sleep."""

    def __init__(self, node, tokens):
        self.node = node
        self.held = 0  # bytes: the most that waited in the node for one connection
        self.codes = []
        self.asleep = []
        known = {r["id"] for r in node.rows("rooms")}
        awake = PEOPLE - len(tokens)
        load = ["fanout", "--members", str(awake), "--rate", str(RATE), "--size", str(SIZE)]
        with under_way(node, *load, "--warm", "3", "--secs", str(SECS), within_s=120) as found:

            def spoken_in():
                return [r["id"] for r in node.rows("rooms")
                        if r["id"] not in known and r["members"] > awake]  # fmt: skip

            (self.room,) = wait_until(spoken_in, "the room of the load", 60)
            let_go = node.metric("greenroom_slow_consumers_total")
            self.asleep = [Sleeper(node, t, self.room) for t in tokens]
            self._look_on(let_go + len(tokens), time.monotonic() + SECS * SLOWNESS)
        assert found["lost"] == 0 and found["disc"] == 0 and found["ack_err"] == 0, found

    def _look_on(self, let_go, until):
        """Wakes them when so many have been let go in all."""
        pace = threading.Event()
        while time.monotonic() < until:
            rows = self.node.rows("connections", limit=2 * PEOPLE)
            self.held = max(self.held, *(row["queue_bytes"] for row in rows))
            gone = self.node.metric("greenroom_slow_consumers_total") - let_go
            if gone == 0 and len(self.codes) < len(self.asleep):
                for sleeper in self.asleep:  # with pauses: the load has the same processor
                    self.codes.append(sleeper.wake())
                    pace.wait(0.05)
            pace.wait(0.25)
        assert gone == 0, f"{gone:+.0f} let go"

    def check_resumed(self):
        """Each gets what he has missed, from what he heard last to the end of the room."""
        for sleeper in self.asleep:
            sleeper.look_at_it()
            with Client(self.node) as again:
                again.log_in(token=sleeper.token, rooms={self.room: sleeper.heard})
                last = again.ask("room_request", room_id=self.room)["room"]["last_seq"]
                again.wait_for(lambda d: d.get("seq") == last, "the end of the room", 60)
                seqs = [e["seq"] for e in again.room_events(self.room)]
                assert seqs == list(range(sleeper.heard + 1, last + 1))


def test_who_does_not_read_is_let_go(programs, figure):
    """Ten of a thousand members stop reading: they are closed with 4413 once their bytes are as
    many as they may be, and they lose nothing."""
    settings = {
        "limits__outbound_queue_messages": 100_000,
        "limits__outbound_queue_bytes": HELD_MAX,
        "resume__max_entries": 100_000,
    }
    with alone(**settings) as node:
        spell = Spell(node, issue_tokens(node, "sleeper", ASLEEP))
        assert spell.codes == [4413] * ASLEEP, spell.codes
        assert 0.8 * HELD_MAX < spell.held <= HELD_MAX, "the limit is what ended it"
        spell.check_resumed()
        closed = node.metric('greenroom_websocket_closes_total{code="4413"}')
        assert closed == ASLEEP
    figure(f"at most {spell.held / 1024:.0f} KiB of {HELD_MAX // 1024} held for one")


class Pair:
    """Two rooms with the same people, but for those who sleep: they are in the first. One thing is
    said after the other, now here, now there."""

    def __init__(self, node, tokens, asleep):
        self.node = node
        self.speaker = Client(node)
        self.speaker.register("speaker")
        self.rooms = [self.speaker.create_room(f"Hall {i}", room_type="public")["id"]
                      for i in range(2)]  # fmt: skip
        join(node, tokens, self.rooms)
        join(node, asleep, self.rooms[:1])
        self.readers = Readers(node, tokens)
        self.sleepers = [Sleeper(node, t, self.rooms[0]) for t in asleep]
        # Seqs have four digits by then in both rooms, so that all messages have one size.
        for _ in range(FIRST):
            self._send(1)
        self.size = self.readers.take_whole(FIRST)

    def _send(self, which):
        self.speaker.send(self.rooms[which], "x" * LONG)

    def say(self, which):
        """(seconds until 99 % of those who read have it, CPU seconds of the node until all do)"""
        used, began = self.node.cpu_s(), time.monotonic()
        self._send(which)
        at = self.readers.take(self.size, 99)
        return at - began, self.node.cpu_s() - used

    def held(self):
        """The fewest bytes that wait in the node for one of the sleepers."""
        rows = self.node.rows("connections", limit=2 * PEOPLE)
        return sorted(r["queue_bytes"] for r in rows)[-len(self.sleepers)]


def test_nobody_else_is_later(programs, figure, rng):
    """While bytes wait in the node for ten of a thousand members, 99 % of the others have a message
    as soon as one in a room where the same people are and nobody sleeps.

    Both are said one directly after the other, in an order that is drawn, and it is the median of
    the ratios of so many pairs that counts: what else the machine does meets both, or few."""
    settings = {
        "limits__outbound_queue_messages": 100_000,
        "limits__outbound_queue_bytes": 64 << 20,
        # Who takes nothing is otherwise let go after 30 s, and those who read answer no pings.
        "http__request_timeout_s": 600,
        "websocket__heartbeat_s": 600,
    }
    times, used = [], []
    with alone(**settings) as node:
        tokens = issue_tokens(node, "person", PEOPLE)
        pair = Pair(node, tokens[ASLEEP:], tokens[:ASLEEP])
        for _ in range(KERNELS // LONG):
            pair.say(0)
        assert pair.held() > 0, "the kernel still takes what is for them, or they were let go"
        for _ in range(PAIRS):
            found = {which: pair.say(which) for which in rng.sample((0, 1), 2)}
            times.append(tuple(found[which][0] for which in (0, 1)))
            used.append(tuple(found[which][1] for which in (0, 1)))
        held = pair.held()
        assert held > PAIRS * LONG, "they slept to the end"
        pair.readers.close()
        pair.speaker.close()
    later = statistics.median(a / b for a, b in times)
    more = statistics.median(a / b for a, b in used)
    with_them, without = ([1000 * t for t in column] for column in zip(*times))
    text = (f"99 % of those who read have a message after {statistics.median(with_them):.1f} ms, "
            f"without sleepers {statistics.median(without):.1f} ms, the median of {PAIRS} ratios "
            f"is {later:.3f} (halves: {halves(times)}); that of the node's CPU {more:.3f} (halves: "
            f"{halves(used)}); {held / 2**20:.0f} MiB held for each")  # fmt: skip
    figure(text)
    assert later <= 1.1, text
    assert more <= 1.1, text


def halves(pairs):
    """The median of ratios of the first and of the second half: how far it can be trusted."""
    middle = len(pairs) // 2
    return ", ".join(f"{statistics.median(a / b for a, b in half):.3f}"
                     for half in (pairs[:middle], pairs[middle:]))  # fmt: skip
