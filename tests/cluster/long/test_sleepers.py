# SPDX-License-Identifier: MIT
"""One in a hundred of a large room does not read: he is let go, and nobody else notices."""

import statistics
import threading
import time

from harness.bench_command import under_way
from harness.client import Client
from harness.waiting import SLOWNESS, wait_until
from load.alone import alone
from load.sleepers import Sleeper, issue_tokens

PEOPLE = 1000
ASLEEP = 10
HELD_MAX = 1024 * 1024  # limits.outbound_queue_bytes
# The kernel takes 2.8 MB of a sleeper before anything waits in the node: 22 s of this.
SECS = 40
RATE = 40
SIZE = 4000


class Spell:
    """The load for a while, with as many of its room asleep as there are tokens."""

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
        self.p99_ms = found["p99_us"] / 1000

    def _look_on(self, let_go, until):
        """Just as closely when nobody is asleep: looking costs the node something, too."""
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


def test_one_in_a_hundred_does_not_read(programs, figure):
    """Ten of a thousand members stop reading: they are closed with 4413 once their bytes are as
    many as they may be, nobody else is later for it, and they lose nothing.

    Four times the load alone and three times with sleepers, in turns. How much p99 differs by
    itself is what those without differ by: if sleepers made no difference, all orders of the seven
    would be alike, and the best with them would be worse than the worst without in 1 of 35 runs,
    and less often by the tenth that is allowed on top."""
    settings = {
        "limits__outbound_queue_messages": 100_000,
        "limits__outbound_queue_bytes": HELD_MAX,
        "resume__max_entries": 100_000,
    }
    without, with_them, held = [], [], []
    with alone(**settings) as node:
        tokens = issue_tokens(node, "sleeper", 3 * ASLEEP)
        for i in range(7):
            spell = Spell(node, tokens[i // 2 * ASLEEP :][:ASLEEP] if i % 2 else [])
            (with_them if i % 2 else without).append(spell.p99_ms)
            if i % 2:
                assert spell.codes == [4413] * ASLEEP, spell.codes
                assert 0.8 * HELD_MAX < spell.held <= HELD_MAX, "the limit is what ended it"
                held.append(spell.held)
                spell.check_resumed()
        closed = node.metric('greenroom_websocket_closes_total{code="4413"}')
        assert closed == 3 * ASLEEP
    text = (f"p99 of those who read {statistics.median(with_them):.1f} ms "
            f"({', '.join(f'{ms:.1f}' for ms in with_them)}), without sleepers "
            f"{statistics.median(without):.1f} ms ({', '.join(f'{ms:.1f}' for ms in without)}); "
            f"at most {max(held) / 1024:.0f} KiB of {HELD_MAX // 1024} held for one")  # fmt: skip
    figure(text)
    assert min(with_them) <= 1.1 * max(without), text
