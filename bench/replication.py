#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What replication costs: three nodes on this machine whose shards have one replica or three, in
turns. Acknowledged sends (64 under way, 16 rooms, all through one node), and what the nodes use
when nothing happens.

    bench/replication.py [ROUNDS]      3 without; needs build/release, or GREENROOM_BIN_DIR
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

from harness.process import BIN  # noqa: E402
from rig.nodes import Trio  # noqa: E402

LOAD = BIN / "bench/load"
CONNECTIONS, ROOMS = 64, 16
MORE_SHARDS = 256
IDLE_S = 20


def started(**settings):
    trio = Trio(**settings)
    trio.start()
    trio.settle()
    return trio


def ingest(replicas):
    """Acknowledged sends per second, and CPU-seconds of all nodes for a million of them."""
    trio = started(cluster__replicas=replicas)
    try:
        answer = trio.nodes[0].admin("token issue", 60, user="load", create=True,
                                     count=CONNECTIONS + 1)  # fmt: skip
        tokens = trio.folder / "tokens.txt"
        tokens.write_text("".join(row["token"] + "\n" for row in answer["rows"]))
        pids = ",".join(str(n.pid()) for n in trio.nodes)
        result = subprocess.run(
            [str(LOAD), "--proto=greenroom", f"--port={trio.nodes[0].http_port}", "--mode=ingest",
             f"--conns={CONNECTIONS}", f"--rooms={ROOMS}", "--ws-create=1", f"--ws-tokens={tokens}",
             "--warm=1", "--secs=4", f"--pids={pids}"],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        found = json.loads(result.stdout)
        return found["per_s"], found["srv_cpu_per_M"]
    finally:
        trio.end()


def idle(**settings):
    """Percent of a core and resident KiB of each node."""
    trio = started(**settings)
    try:
        time.sleep(5)  # the start is over
        before = [n.cpu_s() for n in trio.nodes]
        time.sleep(IDLE_S)
        used = [100 * (n.cpu_s() - b) / IDLE_S for n, b in zip(trio.nodes, before)]
        return used, [n.memory_kib() for n in trio.nodes]
    finally:
        trio.end()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found = {1: [], 3: []}
    for _ in range(rounds):
        for replicas in found:
            found[replicas].append(ingest(replicas))
            per_s, cpu = found[replicas][-1]
            print(f"{replicas} replicas: {per_s:.0f} acknowledged/s, {cpu:.0f} CPU µs each "
                  f"(load {os.getloadavg()[0]:.1f})", flush=True)  # fmt: skip
    medians = {r: [statistics.median(v[i] for v in runs) for i in (0, 1)]
               for r, runs in found.items()}  # fmt: skip
    print(f"3 replicas to 1: {medians[3][0] / medians[1][0]:.2f} of the sends, "
          f"{medians[3][1] / medians[1][1]:.2f} times the CPU of each")  # fmt: skip
    used, few = idle()
    print(f"idle, 32 shards: {' '.join(f'{u:.2f}' for u in used)} % of a core")
    _, many = idle(cluster__shards=MORE_SHARDS)
    each = statistics.median(m - f for m, f in zip(many, few)) / (MORE_SHARDS - 32)
    print(f"memory of a replica: {each:.0f} KiB ({statistics.median(few):.0f} KiB with 32 shards)")


if __name__ == "__main__":
    main()
