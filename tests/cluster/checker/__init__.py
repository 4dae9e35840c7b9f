# SPDX-License-Identifier: MIT
"""Judges what clients saw of a cluster: 18 properties over one history, without any code of the
server. `python3 -m checker FILE...` prints a verdict; `judge(records)` returns the violations.

    history      records of NDJSON → operations, logs, memberships
    truth        P1-P7, P18: what was written, and where
    delivery     P8-P11: what connections, devices and readers got
    rules        P12-P17: cursors, membership, objects, replicas, leaders, answers
    witness      a violation as a text: two records and the faults between them

A record is one JSON object a line; `t` is CLOCK_MONOTONIC in ns, `k` says what it is:

    meta     seed, rooms {r: {members, creator, shard}}: what was there before
    inv      op, c, u, d, n, f (send, history, mark, join, leave, logout, auth, resume, members,
             edit, delete), r, m, h and what else the request says
    ret      op, ok, code and the answer; an op has one
    evt      c, r, seq, e (message, created, joined, left, edited, …), id, m, h, u, by, re, to
    cur      c, r, u, kind, seq: somebody's cursor as an event told it
    close    c, code
    device   d, u, r, base: has to get everything that u may see after base
    fault    what, node, on, mute (clients may get no answers from the node)
    final    n, r, last, log: the whole room, read through a node after healing
    replica  n, r, last, log: the messages in one node's own store
    hash     n, s, i, h: hash of a shard's state at an applied index
    lead     n, s, term, leader: who leads, as a node sees it
    rest     all is healed, and all has arrived
"""

from .history import History, load
from .rules import RULES
from .delivery import DELIVERY
from .truth import TRUTH

PROPERTIES = {**TRUTH, **DELIVERY, **RULES}


def judge(records):
    """[Violation], the earliest of each property."""
    history = History(records)
    found = []
    for name in sorted(PROPERTIES, key=lambda n: int(n.split()[0][1:])):
        worst = min(PROPERTIES[name](history), key=lambda v: v.at, default=None)
        if worst:
            worst.name = name
            found.append(worst)
    return found


__all__ = ["PROPERTIES", "History", "judge", "load"]
