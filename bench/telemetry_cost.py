#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What it costs a node that its actors count, and to be looked at: CPU for a delivery (a room with
200 listeners: one message of actors is many deliveries) and for an acknowledgement (64 senders, 16
rooms: several messages of actors for each)

off      with `telemetry.actors = false`
on       as nodes are; nobody looks
watched  the same node, while everything looks at once: Prometheus every second, `top`'s four lists
         every two seconds, a console that follows the log, and one that traces

in turns. Each round has two fresh nodes, so that no node's luck with its memory is taken for a
cost, and another one of the three begins; what is compared are those of one round. Requests and
deliveries are counted in all three, without a switch.

    bench/telemetry_cost.py [ROUNDS] [WORK…]

9 rounds without ROUNDS, of both without WORK (delivery, acknowledgement). Printed are medians, and
between which two figures half of the rounds are. Needs build/release, or GREENROOM_BIN_DIR.
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
SECS = 5
ROUNDS = 9
WORK = {
    "delivery": ["--mode=fanout", "--rooms=1", "--members=200", "--senders=4"],
    "acknowledgement": ["--mode=ingest", "--rooms=16", "--conns=64"],
}
TOKENS = 256
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


def load(node, tokens, work):
    """µs of CPU of the node for one, and so many a second."""
    result = subprocess.run(
        [str(LOAD), "--proto=greenroom", f"--port={node.http_port}", *WORK[work], "--ws-create=1",
         f"--ws-tokens={tokens}", "--warm=1", f"--secs={SECS}", f"--pids={node.pid()}"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(result.stdout)
    assert found["lost"] == 0 and found["disc"] == 0, found
    return found["srv_cpu_per_M"], found["per_s"]


@contextlib.contextmanager
def fresh_node(**settings):
    node = Node(log__durability="os", limits__max_connections=2000, **settings)
    try:
        node.start()
        answer = node.admin("token issue", 60, user="load", create=True, count=TOKENS)
        tokens = node.folder / "tokens.txt"
        tokens.write_text("".join(row["token"] + "\n" for row in answer["rows"]))
        yield node, tokens
    finally:
        node.kill()


def measure(number, work):
    """µs for one of each, of one round."""
    found = {}
    with fresh_node(telemetry__actors=False) as off, fresh_node() as on:
        ways = {"off": off, "on": on, "watched": on}
        order = list(ways)[number % 3 :] + list(ways)[: number % 3]
        for node, tokens in (off, on):
            load(node, tokens, work)  # what is done for the first time is nobody's cost
        for how in order:
            node, tokens = ways[how]
            with Watchers(node, "load1") if how == "watched" else contextlib.nullcontext():
                found[how], per_s = load(node, tokens, work)
            print(f"{how}: {found[how]:.2f} CPU µs for each {work}, {per_s:.0f} a second "
                  f"(load {os.getloadavg()[0]:.1f})", flush=True)  # fmt: skip
    return found


def spread(values):
    """Median, and the halves' medians: half of all rounds are between them."""
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    return quarters[1], quarters[0], quarters[2]


def compare(rounds, what, beside):
    middle, low, high = spread([100 * (r[what] / r[beside] - 1) for r in rounds])
    print(f"{what} beside {beside}: {middle:+.1f} % (half of the rounds {low:+.1f} to {high:+.1f})")


def main(words):
    numbers, chosen = [w for w in words if w.isdigit()], [w for w in words if not w.isdigit()]
    count = int(numbers[0]) if numbers else ROUNDS
    if count < 2 or len(numbers) > 1:
        sys.exit("one number of rounds, and two at least: one round has no spread")
    if unknown := set(chosen) - set(WORK):
        sys.exit(f"what is measured is one of {', '.join(WORK)}, not {', '.join(unknown)}")
    for work in chosen or WORK:
        rounds = [measure(number, work) for number in range(count)]
        for how in rounds[0]:
            middle, low, high = spread([r[how] for r in rounds])
            print(f"{how}: median {middle:.2f} CPU µs for each {work} ({low:.2f} to {high:.2f})")
        compare(rounds, "on", "off")
        compare(rounds, "watched", "on")


if __name__ == "__main__":
    main(sys.argv[1:])
