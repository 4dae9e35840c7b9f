# SPDX-License-Identifier: MIT
"""No secrets in logs: what must never be there is planted so that it can be recognised, and what a
node has written is searched for it when the node has ended (process.Started).

Passwords carry MARK. Tokens, refresh tokens, and the tokens and secrets of webhooks are kept as
they are handed out; of what people say the long texts are, and those that carry MARK. Anything that
looks like a JWT is a find too."""

import collections
import re
import threading

MARK = "s3cr3t-"
# Fields of answers whose values are nobody else's business.
FIELDS = {"token", "refresh_token", "secret", "password"}
# A short one could be in a log by chance.
VALUE_CHARS_MIN = 16
CONTENT_CHARS_MIN = 24
KEPT_MAX = 4000

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}")
_lock = threading.Lock()
_values = collections.OrderedDict()  # secret → what it is


def keep(value, what):
    """Nobody may find it in a log from now on; of very many the newest count."""
    with _lock:
        _values[value] = what
        _values.move_to_end(value)
        while len(_values) > KEPT_MAX:
            _values.popitem(last=False)


def keep_answer(thing):
    """Whatever in an answer is secret."""
    if isinstance(thing, list):
        for each in thing:
            keep_answer(each)
    elif isinstance(thing, dict):
        for name, value in thing.items():
            if name in FIELDS and isinstance(value, str) and len(value) >= VALUE_CHARS_MIN:
                keep(value, name)
            elif isinstance(value, (dict, list)):
                keep_answer(value)


def keep_content(content):
    if isinstance(content, str) and len(content) >= CONTENT_CHARS_MIN and len(set(content)) > 4:
        keep(content, "what somebody said")


def found_in(text):
    """What is in it that must not be: lines of what it is and where, never the secret itself."""
    finds = []

    def report(what, at):
        begin = text.rfind("\n", 0, at) + 1
        finds.append(f"{what} in line {text.count(chr(10), 0, at) + 1}, column {at - begin + 1}")

    if (at := text.find(MARK)) >= 0:
        report("a text with the marker", at)
    if jwt := _JWT.search(text):
        report("a JWT", jwt.start())
    with _lock:
        known = list(_values.items())
    for value, what in known:
        if (at := text.find(value)) >= 0:
            report(what, at)
    return finds


def check(name, text):
    finds = found_in(text)
    assert not finds, f"{name} has written secrets: " + "; ".join(finds)
