# SPDX-License-Identifier: MIT
"""The walk of test_model.py, ten times as long; nodes are killed meanwhile, one at a time."""

import os

from talk.walk import Walk

STEPS = int(os.environ.get("GREENROOM_STEPS") or 30_000)


def test_chat_is_as_its_model_for_long(trio, seed):
    trio.settle()
    walk = Walk(trio, seed, crash=0.15)
    walk.run(STEPS, compare_every=3000)
    print(walk.finish())
    walk.close()
