#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What it costs a node to be looked at: CPU for a delivery while nobody looks, and while everything
looks at once, in turns on the same node: Prometheus every second, `top`'s four lists every two
seconds, a console that follows the log, and one that traces.

What is counted all the time (figures of actors, requests, deliveries) has no switch and is in both;
docs/performance.md says what that is.

    bench/telemetry_cost.py [ROUNDS]      5 without; needs build/release, or GREENROOM_BIN_DIR
"""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration")]

from harness.process import BIN, Node  # noqa: E402

LOAD = BIN / "bench/load"
MEMBERS, SENDERS, SECS = 200, 4, 5
# So often that no round measures the chance of a second.
METRICS_S, TOP_S, FOLLOW_S = 1.0, 2.0, 0.33


def read_metrics(node):
    connection = http.client.HTTPConnection(node.host, node.http_port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        assert len(connection.getresponse().read()) > 1000


def show_top(node):
    for verb in ("actors", "rooms", "connections", "shards"):
        assert node.admin(verb, limit=500)["ok"], verb


class Watchers:
    """All of them, until the end of the block."""

    def __init__(self, node, user):
        self.node, self.user = node, user
        self.over = threading.Event()
        listener = uuid.uuid4().hex
        self.threads = [
            self.every(METRICS_S, lambda: read_metrics(node)),
            self.every(TOP_S, lambda: show_top(node)),
            self.every(FOLLOW_S, lambda: node.admin("log tail", follow=True, listener=listener)),
            self.every(FOLLOW_S, lambda: node.admin("trace user", user=user, limit=100, seconds=300,
                                                    tracer=listener)),
        ]  # fmt: skip

    def every(self, seconds, look):
        def run():
            while not self.over.wait(seconds):
                look()

        return threading.Thread(target=run)

    def __enter__(self):
        for t in self.threads:
            t.start()

    def __exit__(self, *ignored):
        self.over.set()
        for t in self.threads:
            t.join()


def fan_out(node, tokens):
    """µs of CPU of the node for a delivery, and deliveries a second."""
    result = subprocess.run(
        [str(LOAD), "--proto=greenroom", f"--port={node.http_port}", "--mode=fanout", "--rooms=1",
         f"--members={MEMBERS}", f"--senders={SENDERS}", "--ws-create=1", f"--ws-tokens={tokens}",
         "--warm=1", f"--secs={SECS}", f"--pids={node.pid()}"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(result.stdout)
    assert found["lost"] == 0 and found["disc"] == 0, found
    return found["srv_cpu_per_M"], found["per_s"]


def measure(node, rounds):
    answer = node.admin("token issue", 60, user="load", create=True, count=MEMBERS + SENDERS + 1)
    tokens = node.folder / "tokens.txt"
    tokens.write_text("".join(row["token"] + "\n" for row in answer["rows"]))
    found = {"alone": [], "watched": []}
    for i in range(rounds):
        # Who is first changes, so that what gets slower with time is in both.
        for how in list(found) if i % 2 == 0 else reversed(list(found)):
            watching = Watchers(node, "load1") if how == "watched" else contextlib.nullcontext()
            with watching:
                found[how].append(fan_out(node, tokens))
            cpu, per_s = found[how][-1]
            print(f"{how}: {cpu:.2f} CPU µs a delivery, {per_s:.0f} deliveries/s "
                  f"(load {os.getloadavg()[0]:.1f})", flush=True)  # fmt: skip
    alone, watched = (statistics.median(cpu for cpu, _ in found[how]) for how in found)
    print(f"medians of {rounds}: {alone:.2f} alone, {watched:.2f} watched: "
          f"{100 * (watched / alone - 1):+.1f} %")  # fmt: skip


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    node = Node(log__durability="os", limits__max_connections=2000)
    try:
        measure(node.start(), rounds)
    finally:
        node.kill()


if __name__ == "__main__":
    main()
