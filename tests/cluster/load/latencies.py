# SPDX-License-Identifier: MIT
"""How long sends took, from a history."""


def latencies_ms(history, begin, end, without=None):
    """From the first attempt to the acknowledgement, sorted; of those that began in between.
    `without`: a node; neither sends through it nor those to the room that it led."""
    found = [(ok["t"] - w.inv["t"]) / 1e6 for w in history.writes.values()
             if (ok := w.first_ok()) and begin <= w.inv["t"] <= end
             and (without is None or (w.inv["n"] != without
                                      and history.rooms[w.inv["r"]]["leader"] != without))
             ]  # fmt: skip
    return sorted(found)


def percentile(values, percent):
    return values[min(len(values) - 1, len(values) * percent // 100)]
