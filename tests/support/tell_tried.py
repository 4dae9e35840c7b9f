# SPDX-License-Identifier: MIT
"""What was tried, how long it took and how it ended: a pytest plugin that writes it down, and a
program that makes a table of it (scripts/test --faults).

GRTEST_TRIED names the file, one line of JSON for each thing that happens to a test. A test names
what it measured with the fixture `figure`; the rest of its row is its own name."""

import json
import os
import sys

VERDICTS = {"passed": "held", "failed": "BROKEN", "skipped": "not run"}
NO_END = "NO END"  # pytest itself did not get to the end of it
WIDTH = 52


def words(nodeid):
    """cluster/long/test_slow.py::test_slow_disks[1] → slow: slow disks (1)"""
    file, _, name = nodeid.partition("::")
    area = file.rsplit("/", 1)[-1].removeprefix("test_").removesuffix(".py").removesuffix("_long")
    name, _, case = name.partition("[")
    case = case.removesuffix("]")
    name = name.removeprefix("test_") + (f" ({case})" if case else "")
    return f"{area}: {name}".replace("_", " ")


def _tell(nodeid, **what):
    if path := os.environ.get("GRTEST_TRIED"):
        with open(path, "a") as file:
            file.write(json.dumps({"id": nodeid, **what}) + "\n")


def pytest_collection_finish(session):
    for item in session.items:
        _tell(item.nodeid, planned=True)


def pytest_collectreport(report):
    if report.failed:
        _tell(report.nodeid, outcome="failed", note="cannot be read by pytest")


def pytest_runtest_logstart(nodeid, location):
    _tell(nodeid, begun=True)


def pytest_runtest_logreport(report):
    note = "; ".join(str(v) for k, v in report.user_properties if k == "figure")
    if report.skipped and isinstance(report.longrepr, tuple):
        note = report.longrepr[2].removeprefix("Skipped: ")
    elif report.failed:
        note = _last_sentence(report) or note
    _tell(report.nodeid, outcome=report.outcome, seconds=report.duration, note=note,
          last=report.when == "teardown")  # fmt: skip


def _last_sentence(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message.splitlines()[0][:200] if crash and crash.message else ""


def rows(lines):
    """name → [verdict, seconds, note], in the order in which they were planned."""
    found = {}
    for line in lines:
        record = json.loads(line)
        row = found.setdefault(record["id"], ["not reached", 0.0, ""])
        if record.get("begun"):
            row[0] = NO_END
        if "outcome" not in record:
            continue
        row[1] += record.get("seconds", 0.0)
        if record["outcome"] == "failed" and row[0] != VERDICTS["failed"]:
            row[0], row[2] = VERDICTS["failed"], record["note"]  # that of the first failure
        elif record["outcome"] == "skipped" or (record["last"] and row[0] == NO_END):
            row[0] = VERDICTS[record["outcome"]]
        row[2] = row[2] or record["note"]
    return found


def table(lines):
    found = rows(lines)
    text = [f"{'what was tried':{WIDTH}}  {'seconds':>7}  {'verdict':11}  figures, or why"]
    for nodeid, (verdict, seconds, note) in found.items():
        text.append(f"{words(nodeid):{WIDTH}}  {seconds:7.1f}  {verdict:11}  {note}".rstrip())
    verdicts = [verdict for verdict, _, _ in found.values()]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    text.append(f"{len(found)} faults in {sum(r[1] for r in found.values()) / 60:.1f} minutes: "
                f"{counts or 'none were tried'}")  # fmt: skip
    return "\n".join(text)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(table(file))
