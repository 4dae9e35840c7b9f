# SPDX-License-Identifier: MIT
"""Waiting for a condition, never for a time."""

import os
import time

BIN = os.environ.get("GREENROOM_BIN_DIR", "")
# Instrumented programs are several times slower; deadlines are for what hangs, not for speed.
SLOWNESS = 10 if "tsan" in BIN else 4 if "asan" in BIN else 1
SANITIZED = SLOWNESS > 1
PATIENCE_S = 10.0 * SLOWNESS


def wait_until(condition, what, within_s=None):
    """Returns the first true value of `condition()`."""
    limit = PATIENCE_S if within_s is None else within_s * SLOWNESS
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit:.0f} s in vain for {what}")
        time.sleep(0.02)
