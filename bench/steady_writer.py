# SPDX-License-Identifier: MIT
"""Somebody who writes while something else is measured."""

import threading
import time


class SteadyWriter:
    """Sends so many messages a second, whether the ones before have been acknowledged or not.
    Measured from when one was due to its acknowledgement: a stall counts for all it holds up."""

    def __init__(self, client, room, per_second):
        self.client, self.room, self.per_second = client, room, per_second
        self.took = []  # seconds
        self.failed = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        began, answers = time.monotonic(), []
        while not self.over.is_set():
            due = began + len(answers) / self.per_second
            time.sleep(max(0.0, due - time.monotonic()))
            answer = self.client.post("send_message_request", room_id=self.room, content="x",
                                      message_type="text")  # fmt: skip
            answer.add_done_callback(lambda _, due=due: self.took.append(time.monotonic() - due))
            answers.append(answer)
        self.failed = sum(a.result(60)["data"]["type"] != "message_ack" for a in answers)

    def end(self):
        """Waits for all answers; what they took, as a text."""
        self.over.set()
        self.thread.join()
        took = sorted(self.took)
        at = {f"p{p}": took[len(took) * p // 100] for p in (50, 99)} | {"longest": took[-1]}
        figures = ", ".join(f"{what} {1000 * value:.1f}" for what, value in at.items())
        return f"{figures} ms, {self.failed} of {len(took)} not acknowledged"
