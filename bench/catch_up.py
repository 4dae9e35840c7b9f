#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A replica with an empty disk catches up a large shard while the cluster of three on this machine
serves: how fast, what memory that takes on both sides, and what it does to those who send
meanwhile, in a room of the large shard and in one of another.

    bench/catch_up.py [MIB] [MIB_PER_SECOND]

A shard of 64 MiB without, at the node's own limit (cluster.transfer_bytes_per_second, 32 MiB).
2048 is what the product promises. Needs three times as much room in the temporary folder, and
build/release, or GREENROOM_BIN_DIR.
"""

import os
import statistics
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

from harness import names  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.waiting import wait_until  # noqa: E402
from rig.filling import fill  # noqa: E402
from rig.nodes import settled_trio  # noqa: E402

QUIET_S = 5  # sends are timed this long before anything happens
PAUSE_S = 0.02  # between two sends
SLOWEST_MIB_PER_S = 0.5  # slower than this is stuck


def high_water_kib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(s for s in status.splitlines() if s.startswith("VmHWM:")).split()[1])


def forget_high_water(pid):
    """From now on the kernel counts anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


class Talker:
    """Sends one small message after the other and remembers when, and how long each took."""

    def __init__(self, node, alias):
        self.client = Client(node)
        self.client.register(names.fresh("talks"))
        self.room = self.client.create_room("meanwhile", alias=alias)["id"]
        self.sent = []
        self.ending = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.ending.wait(PAUSE_S):
                began = time.monotonic()
                self.client.send(self.room, "meanwhile")
                self.sent.append((began, time.monotonic() - began))
        except Exception as e:  # noqa: BLE001: told by the one who waits
            self.failure = e

    def end(self):
        self.ending.set()
        self.thread.join(30)
        self.client.abort()
        if self.failure:
            raise self.failure

    def told(self, since, until):
        """Median, 99th percentile and longest of the sends that began in between, in ms."""
        took = sorted(1000 * t for at, t in self.sent if since <= at < until)
        if not took:
            return "no sends"
        return (f"median {statistics.median(took):.1f}, p99 {took[len(took) * 99 // 100]:.1f}, "
                f"longest {took[-1]:.0f} ms of {len(took)}")  # fmt: skip


def alias_in(shard, inside):
    """An alias whose room is in the shard, or in another."""
    for number in range(10_000):
        alias = names.fresh(f"meanwhile{number}x")
        if (names.shard_of(names.room_id(alias)) == shard) == inside:
            return alias
    raise AssertionError("no alias is in the shard")


def largest_shard(node):
    """Where everything was written: its log has gone furthest."""
    return max(node.rows("raft"), key=lambda r: r["last"] if r["shard"] else 0)["shard"]


def main():
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    settings = {}
    if len(sys.argv) > 2:
        settings["cluster__transfer_bytes_per_second"] = int(float(sys.argv[2]) * 2**20)
    with settled_trio(**settings) as trio:
        began = time.monotonic()
        written = fill(trio, mib, "bench", slowest_mib_per_s=SLOWEST_MIB_PER_S)
        wait_until(trio.keeps_up, "all replicas to keep up", 120)
        print(f"{written:.0f} MiB written in {time.monotonic() - began:.0f} s "
              f"(load {os.getloadavg()[0]:.1f})", flush=True)  # fmt: skip
        victim, others = trio.nodes[2], trio.nodes[:2]
        shard = largest_shard(trio.nodes[0])
        victim.kill()
        wait_until(lambda: trio.led_by_none_of(victim), "the others to lead", 60)
        talkers = [Talker(trio.nodes[0], alias_in(shard, inside)) for inside in (True, False)]
        quiet = time.monotonic()
        time.sleep(QUIET_S)
        for node in others:
            forget_high_water(node.pid())
        before = [n.memory_kib() for n in others]
        cpu = [n.cpu_s() for n in others]
        start = time.monotonic()
        trio.renew(victim)

        def whole():
            assert victim.is_running(), f"{victim.name} has ended:\n{victim.log_tail()}"
            for t in talkers:
                assert t.failure is None, t.failure
            return victim.is_ready() and trio.keeps_up()

        wait_until(whole, f"{victim.name} to have everything", 60 + written / SLOWEST_MIB_PER_S)
        end = time.monotonic()
        for t in talkers:
            t.end()
        took = end - start
        print(f"shard {shard}: {written:.0f} MiB caught up in {took:.1f} s, the start of the node "
              f"included: {written / took:.1f} MiB/s (load {os.getloadavg()[0]:.1f})")  # fmt: skip
        print(f"memory at most, MiB: {victim.name}, which fetches, "
              f"{high_water_kib(victim.pid()) / 1024:.0f}")  # fmt: skip
        for node, kib, used in zip(others, before, cpu):
            print(f"  {node.name}, which gives or follows, {high_water_kib(node.pid()) / 1024:.0f} "
                  f"({kib / 1024:.0f} before); {node.cpu_s() - used:.1f} CPU-seconds")  # fmt: skip
        print(f"  {victim.name}: {victim.cpu_s():.1f} CPU-seconds")
        for what, t in zip(("in the large shard", "in another"), talkers):
            print(f"sends {what}: before {t.told(quiet, start)}; meanwhile {t.told(start, end)}")


if __name__ == "__main__":
    main()
