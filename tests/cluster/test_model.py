# SPDX-License-Identifier: MIT
"""People do at random what can be done, over three nodes and in both encodings, while leaders move;
every answer, and what everybody sees in the end, is as the model of talk/ says."""

import os

import pytest
from talk.steps import WEIGHTS
from talk.walk import Walk

STEPS = int(os.environ.get("GREENROOM_STEPS") or 3000)


@pytest.fixture
def walk(trio, seed):
    trio.settle()
    made = Walk(trio, seed)
    yield made
    made.close()


def test_chat_is_as_its_model(walk):
    walk.run(STEPS)
    print(walk.finish())
    if STEPS < 3000:
        return
    frequent = {name for name, weight in WEIGHTS.items() if weight >= 1}
    assert frequent <= set(walk.counts), f"never taken: {frequent - set(walk.counts)}"
    # A walk in which nothing succeeds, or nothing fails, would show nothing.
    for request in [
        "send_message_request", "invite_request", "set_role_request", "pin_request",
        "remove_member_request", "edit_message_request", "history_request",
    ]:  # fmt: skip
        outcomes = walk.outcomes[request]
        assert outcomes["ok"] >= 5 and len(outcomes) >= 3, f"{request}: {outcomes}"
