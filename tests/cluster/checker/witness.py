# SPDX-License-Identifier: MIT
"""A violation as a text for people."""

import json

FAULTS_MAX = 12


def _line(record, start):
    at = f"{(record['t'] - start) / 1e9:9.3f} s" if "t" in record else " " * 11
    where = f"line {record['line']:>7}" if "line" in record else " " * 12
    shown = {k: v for k, v in record.items() if k not in ("t", "line", "log", "items", "objects")}
    return f"  {at}  {where}  {json.dumps(shown, separators=(',', ':'))}"


def describe(violation, history):
    """The sentence, the records in the order of time, and the faults between and around them."""
    start = min((r["t"] for r in history.records if "t" in r), default=0)
    times = [r["t"] for r in violation.records if "t" in r]
    begin, end = (min(times), max(times)) if times else (0, 0)
    before = [f for f in history.faults if f["t"] < begin][-2:]
    between = [f for f in history.faults if begin <= f["t"] <= end]
    left_out = len(between) - FAULTS_MAX
    shown = violation.records + before + between[:FAULTS_MAX]
    shown.sort(key=lambda r: r.get("t", 0))
    lines = [f"{violation.name}: {violation.text}"] + [_line(r, start) for r in shown]
    if left_out > 0:
        lines.append(f"  … and {left_out} more faults between")
    return "\n".join(lines)


def report(violations, history, name=""):
    """The verdict over a history, one that can be repeated."""
    meta = history.meta
    sends = len(history.writes)
    acked = sum(1 for w in history.writes.values() if w.first_ok())
    again = sum(len(w.attempts) - 1 for w in history.writes.values())
    injected = sum(1 for f in history.faults if f.get("on", True))
    head = (f"{name}: {len(history.records)} records, {sends} sends, {acked} acknowledged, "
            f"{again} repeats, {len(history.by_kind['evt'])} deliveries, {injected} faults, "
            f"seed {meta.get('seed')}")  # fmt: skip
    if not violations:
        return f"{head}: clean"
    return "\n".join([head] + [describe(v, history) for v in violations])
