# SPDX-License-Identifier: MIT
"""People do at random what can be done, over three nodes and in both encodings, while leaders move;
every answer, and what everybody sees in the end, is as the model of talk/ says."""

import os

import pytest
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
    unused = {"delete"} if STEPS < 3000 else set()
    assert {name for name, count in walk.counts.items() if count} | unused >= {"send", "move"}
