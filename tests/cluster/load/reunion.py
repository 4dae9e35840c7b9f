# SPDX-License-Identifier: MIT
"""Many people on one node, who come back on others when it dies, while somebody speaks in each of
their rooms."""

import contextlib
import threading
import time

from harness.client import Client, new_id
from harness.waiting import PATIENCE_S, wait_until

from .crowd import Crowd, person_in
from .sleepers import issue_tokens

SPEAKERS = 4
TRY_AGAIN_S = 0.2


class Speaker:
    """Says something in each of his rooms, again and again, at a node that lives on. `every_s`: how
    often in each."""

    def __init__(self, node, name, guests, every_s):
        """`guests`: of each room, the ids of those in it besides him."""
        self.client = Client(node)
        self.client.register(name)
        self.rooms = [self.client.create_room(f"Table {i}", members=ids)["id"]
                      for i, ids in enumerate(guests)]  # fmt: skip
        self.every_s = every_s / len(self.rooms)
        self.over = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            said, began = 0, time.monotonic()
            while not self.over.wait(max(0, began + said * self.every_s - time.monotonic())):
                self._say(self.rooms[said % len(self.rooms)], new_id())
                said += 1
        except BaseException as why:  # for the test's thread
            self.failure = why

    def _say(self, room, message_id):
        end = time.monotonic() + 6 * PATIENCE_S
        while True:
            data = self.client.answer(
                "send_message_request", room_id=room, content="Cheers", message_type="text",
                message_id=message_id,
            )["data"]  # fmt: skip
            if data["type"] == "message_ack":
                return
            assert data["code"] == "UNAVAILABLE" and time.monotonic() < end, data
            self.over.wait(TRY_AGAIN_S)

    def last(self):
        """Room → the last seq there."""
        return {r: self.client.ask("room_request", room_id=r)["room"]["last_seq"]
                for r in self.rooms}  # fmt: skip


class Reunion:
    """`people` with an account each, in `rooms`, all connected to the trio's first node."""

    def __init__(self, trio, people, rooms, every_s=2):
        home, *others = trio.nodes
        tokens = issue_tokens(home, "guest", people)
        ids = [person_in(t) for t in tokens]
        self.speakers = [
            Speaker(others[s % len(others)], f"speaker{s}",
                    [ids[r::rooms] for r in range(s, rooms, SPEAKERS)], every_s)
            for s in range(SPEAKERS)
        ]  # fmt: skip
        room_of = {r: self.speakers[r % SPEAKERS].rooms[r // SPEAKERS] for r in range(rooms)}
        self.crowd = Crowd(tokens, [room_of[i % rooms] for i in range(people)])
        self.crowd.come(home, others)
        wait_until(lambda: self.crowd.check() or self.crowd.number_in() == people,
                   "all guests", 120)  # fmt: skip
        assert not self.crowd.ended, f"{self.crowd.ended} before anything happened"

    @contextlib.contextmanager
    def speaking(self):
        for speaker in self.speakers:
            speaker.thread.start()
        try:
            yield
        finally:
            for speaker in self.speakers:
                speaker.over.set()
            for speaker in self.speakers:
                speaker.thread.join()
        for speaker in self.speakers:
            if speaker.failure:
                raise speaker.failure

    def wait_heard(self):
        """Everybody has heard something that was said: `created` is the first entry of a room."""
        guests = self.crowd.guests
        wait_until(lambda: self.crowd.check() or all(g.last > 1 for g in guests),
                   "everybody to hear something", 60)  # fmt: skip

    def wait_back(self, since, meanwhile):
        """All are in again. `meanwhile`: called again and again until then."""
        guests = self.crowd.guests

        def are_back():
            self.crowd.check()
            meanwhile()
            return all(g.is_in and g.in_at > since for g in guests)

        wait_until(are_back, "all to be back", 60)
        return sorted(g.in_at - since for g in guests)

    def end(self):
        """All have heard all that was said; then they go."""
        last = {}
        for speaker in self.speakers:
            last |= speaker.last()
        wait_until(lambda: self.crowd.check()
                   or all(g.last == last[g.room] for g in self.crowd.guests),
                   "everybody to hear the end", 60)  # fmt: skip
        self.crowd.end()
        for speaker in self.speakers:
            speaker.client.close()
