#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What three nodes use of the processors while nothing happens: 32 shards with three replicas each
and nobody connected. By node, and by thread where it is worth a line.

    bench/idle.py [SECONDS] [SHARDS]      60 and 32 (the fewest) without; needs build/release, or
                                          GREENROOM_BIN_DIR
"""

import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

from rig.nodes import settled_trio  # noqa: E402

REST_S = 10  # groups rest 3 s after their last entry
WORTH_A_LINE = 0.05  # percent of a core


def ns_by_thread(pid):
    """thread → (its name, nanoseconds on a processor, times it was woken); finer than the ticks
    of /proc/PID/stat."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            ran = int((task / "schedstat").read_text().split()[0])
            status = (task / "status").read_text()
        except OSError:
            continue  # it has ended
        lines = dict(s.split(":", 1) for s in status.splitlines() if ":" in s)
        found[task.name] = (lines["Name"].strip(), ran, int(lines["voluntary_ctxt_switches"]))
    return found


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    shards = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    with settled_trio(cluster__shards=shards) as trio:
        time.sleep(REST_S)
        began = time.monotonic()
        before = [ns_by_thread(n.pid()) for n in trio.nodes]
        ticks = [n.cpu_s() for n in trio.nodes]
        time.sleep(seconds)
        after = [ns_by_thread(n.pid()) for n in trio.nodes]
        took = time.monotonic() - began
        totals = []
        for node, old, new, tick in zip(trio.nodes, before, after, ticks):
            names = {}
            for thread, (name, ran, woken) in new.items():
                _, ran_before, woken_before = old.get(thread, (name, 0, 0))
                percent, rate = names.get(name, (0, 0))
                names[name] = (percent + (ran - ran_before) / took / 1e7,
                               rate + (woken - woken_before) / took)  # fmt: skip
            totals.append(sum(p for p, _ in names.values()))
            print(f"{node.name}: {totals[-1]:.2f} % of a core "
                  f"({100 * (node.cpu_s() - tick) / took:.2f} % by ticks), "
                  f"{node.memory_kib() / 1024:.0f} MiB")  # fmt: skip
            for name, (percent, rate) in sorted(names.items(), key=lambda n: -n[1][0]):
                if percent >= WORTH_A_LINE:
                    print(f"  {name}: {percent:.2f} %, woken {rate:.0f} times a second")
        print(f"idle, {shards} shards, {took:.0f} s, {os.cpu_count()} processors, load "
              f"{os.getloadavg()[0]:.1f}: median {statistics.median(totals):.2f}, most "
              f"{max(totals):.2f} % of a core")  # fmt: skip


if __name__ == "__main__":
    main()
