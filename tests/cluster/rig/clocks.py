# SPDX-License-Identifier: MIT
"""Wall clocks that are wrong, by libfaketime; steady clocks are left alone."""

import contextlib
import datetime
import json
import os
import urllib.error
import urllib.request

from harness.waiting import SANITIZED, wait_until

from . import needs


def preload():
    """The library goes before the sanitizer's own, which would refuse that by itself. It cannot
    begin with jemalloc, which wants to know the time for the first memory that it gives: memory
    is the C library's then."""
    options = os.environ.get("ASAN_OPTIONS", "")
    memory = "" if SANITIZED else " libc.so.6 libstdc++.so.6"
    return {"LD_PRELOAD": str(needs.faketime()) + memory,
            "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0"}  # fmt: skip


@contextlib.contextmanager
def certificates_of_the_past(shift="-3d"):
    """Certificates that are made within are valid for early clocks too."""
    before = dict(os.environ)
    os.environ.update(preload() | {"FAKETIME": shift})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def shift_clock(node, shift):
    """From its next start on: "+3h", "-1d", or with a rate, "+0 x1.05"."""
    node.more |= preload() | {"FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                              "DONT_FAKE_MONOTONIC": "1"}  # fmt: skip


def fake_clock(node, folder):
    """A clock that can be set while the node runs, through the file that is returned."""
    file = folder / f"clock-of-{node.name}"
    set_clock(file, "+0")
    shift_clock(node, "+0")
    del node.more["FAKETIME"]  # it would come first
    node.more |= {"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1"}
    return file


def set_clock(file, shift):
    """Counts within a second, when somebody looks at the clock."""
    new = file.with_suffix(".new")
    new.write_text(shift + "\n")
    new.rename(file)


def ahead_s(node):
    """How far its clock is ahead of ours, by the time of an answer."""
    try:
        with urllib.request.urlopen(f"{node.url}/api/v1/nothing", timeout=5) as answer:
            text = answer.read()
    except urllib.error.HTTPError as refusal:
        text = refusal.read()
    then = datetime.datetime.fromisoformat(json.loads(text)["timestamp"].replace("Z", "+00:00"))
    return (then - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def wait_clock(node, seconds):
    wait_until(lambda: abs(ahead_s(node) - seconds) < 20,
               f"{node.name}'s clock to be {seconds} s ahead", 10)  # fmt: skip
