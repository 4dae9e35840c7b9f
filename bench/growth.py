#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the cost of one node grows: with the members of a room, with rooms, with connections at rest,
with the rooms of who signs in, with the messages of a room. Prints tables, and writes plots to
docs/growth-*.svg.

    bench/growth.py [--quick] [--only PART…] [--data DIR] [--plots DIR]

PART is members, rooms, idle, sign-in or history. Seven minutes without options, of which the
history (1,000,000 messages are made first) has most; --quick takes small numbers, to see that it
works, and --most 10000000 a longer history. The node has the server's core, as in scripts/bench.
Needs build/release, or GREENROOM_BIN_DIR.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "bench/runner")]

from harness.client import Client  # noqa: E402
from harness.process import BIN, Node  # noqa: E402
from plot import line_plot  # noqa: E402
from servers import LOAD_CORE, NODE_SETTINGS, SERVER_CORE, pinned  # noqa: E402

LOAD = BIN / "bench/load"
PARTS = ("members", "rooms", "idle", "sign-in", "history")
PAGE = 50
PAGES = 40  # of each kind, of which the median is taken
SIGN_INS = 20
WRITERS, WINDOW = 64, 16  # who makes the messages of a history


def say(text):
    print(text, flush=True)


class Bed:
    """A fresh node on the server's core, with tokens; ended and removed after the block."""

    def __init__(self, options, tokens):
        self.folder = Path(tempfile.mkdtemp(prefix="growth-", dir=options.data))
        settings = {k.replace(".", "__"): v for k, v in NODE_SETTINGS.items()}
        self.node = Node(folder=self.folder / "node", **settings)
        (self.folder / "node").mkdir(mode=0o700)
        self.options = options
        self.tokens = []
        self.wanted = tokens

    def __enter__(self):
        try:
            self.start()
            answer = self.node.admin("token issue", 300, user="grown", create=True,
                                     count=self.wanted)  # fmt: skip
            self.tokens = [row["token"] for row in answer["rows"]]
            self.file = self.folder / "tokens"
            self.file.write_text("".join(t + "\n" for t in self.tokens))
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        """Seconds until it is ready."""
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {SERVER_CORE})  # what is started here inherits it
        began = time.monotonic()
        try:
            self.node.launch()
        finally:
            os.sched_setaffinity(0, own)
        while not self.node.is_ready():
            if not self.node.is_running():
                raise SystemExit(f"the node has ended:\n{self.node.log_tail()}")
            if time.monotonic() - began > 600:
                raise SystemExit("the node is not ready after 10 minutes")
            time.sleep(0.01)
        return time.monotonic() - began

    def load(self, alias, *words):
        command = [LOAD, "--proto=greenroom", f"--port={self.node.http_port}", "--ws-create=1",
                   f"--ws-tokens={self.file}", f"--pids={self.node.pid()}", f"--ws-alias={alias}",
                   *words]  # fmt: skip
        result = subprocess.run(pinned(LOAD_CORE, command), capture_output=True, text=True,
                                timeout=3600, check=False)  # fmt: skip
        if result.returncode != 0:
            raise SystemExit(f"{words}: {result.stderr.strip()[-1000:]}")
        found = json.loads(result.stdout.splitlines()[-1])
        if found["disc"] or found.get("ack_err") or found.get("lost"):
            say(f"  not all went well: {json.dumps(found)}")
        return found

    def __exit__(self, *ignored):
        if self.node.process:
            self.node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def timing(options):
    return [f"--warm={min(1.0, options.seconds / 2)}", f"--secs={options.seconds}"]


def per_cpu_second(found):
    return 1e6 / found["srv_cpu_per_M"] if found["srv_cpu_per_M"] else 0


def fan_out(options, rooms, members):
    with Bed(options, rooms * (members + 1) + 1) as bed:
        return bed.load("grow-%r", f"--rooms={rooms}", f"--members={members}", "--senders=1",
                        "--window=1", *timing(options))  # fmt: skip


def members(options):
    say("\nmembers of one room | deliveries per CPU-second | deliveries/s | p99 ms")
    points = []
    for count in options.pick([10, 100, 1000, 10_000], [10, 100]):
        found = fan_out(options, 1, count)
        points.append((count, per_cpu_second(found)))
        say(f"{count} | {points[-1][1]:.0f} | {found['per_s']:.0f} | {found['p99_us'] / 1e3:.2f}")
    options.plot("members", "Deliveries for a CPU-second, by members of the room",
                 "members", "deliveries per CPU-second", {"": points})  # fmt: skip


def rooms(options):
    # One connection for each room: 10,000 are fewer than the files that a process may often have.
    say("\nrooms of one who writes | deliveries per CPU-second | deliveries/s | p99 ms | MiB")
    points = []
    for count in options.pick([1, 100, 10_000], [1, 20]):
        found = fan_out(options, count, 0)
        points.append((count, per_cpu_second(found)))
        say(f"{count} | {points[-1][1]:.0f} | {found['per_s']:.0f} | {found['p99_us'] / 1e3:.2f} | "
            f"{found['rss_kb'] / 1024:.0f}")  # fmt: skip
    options.plot("rooms", "Deliveries for a CPU-second, by rooms in which people write",
                 "rooms", "deliveries per CPU-second", {"": points})  # fmt: skip


def idle(options):
    say("\nconnections at rest | CPU % of a core | MiB resident | bytes for each")
    points = []
    for count in options.pick([1, 10_000, 18_000], [1, 200]):
        with Bed(options, count + 1) as bed:
            found = bed.load("idle-%r", "--mode=idle", f"--conns={count}", "--members=10",
                             f"--warm={options.pick(5, 0.5)}",
                             f"--secs={options.pick(15, 1)}")  # fmt: skip
        points.append((count, found["idle_cpu_pct"]))
        say(f"{count} | {found['idle_cpu_pct']:.2f} | {found['rss_kb'] / 1024:.0f} | "
            f"{found['rss_per_conn']:.0f}")  # fmt: skip
    options.plot("idle", "CPU at rest, by connections", "connections", "percent of a core",
                 {"": points}, logarithmic=False)  # fmt: skip


def list_all(client):
    count, cursor = 0, None
    while True:
        page = client.ask("room_list_request", scope="joined", limit=200, cursor=cursor)
        count += len(page["rooms"])
        cursor = page["next_cursor"]
        if not cursor:
            return count


def sign_in(options):
    say("\nrooms of who signs in | until he has his list, median ms | CPU ms of the node")
    points, costs = [], []
    for count in options.pick([1, 100, 1000], [1, 20]):
        with Bed(options, 1) as bed:
            with Client(bed.node, token=bed.tokens[0]) as maker:
                for first in range(0, count, 50):
                    made = [maker.post("create_room_request", name=f"room {i}")
                            for i in range(first, min(count, first + 50))]  # fmt: skip
                    for each in made:
                        assert each.result(60)["data"]["type"] == "room_response"
            took, before = [], bed.node.cpu_s()
            for _ in range(SIGN_INS):
                began = time.monotonic()
                with Client(bed.node, token=bed.tokens[0]) as client:
                    assert list_all(client) == count
                    took.append(1000 * (time.monotonic() - began))
            cpu = 1000 * (bed.node.cpu_s() - before) / SIGN_INS
        points.append((count, statistics.median(took)))
        costs.append((count, cpu))
        say(f"{count} | {points[-1][1]:.1f} | {cpu:.1f}")
    options.plot("sign-in", "Until somebody has his list of rooms, by rooms", "rooms", "ms",
                 {"until the list is there": points, "CPU of the node": costs})  # fmt: skip


def page_ms(client, room, **where):
    took = []
    for _ in range(PAGES):
        began = time.monotonic()
        page = client.ask("history_request", room_id=room, limit=PAGE, **where)
        took.append(1000 * (time.monotonic() - began))
        assert len(page["messages"]) == PAGE, f"{where}: {len(page['messages'])} messages"
    return statistics.median(took)


def write_until(bed, count, there):
    """Messages in one room, by many at once; returns how many there are: a little more."""
    while there < count:
        # A sixth more than asked for is no harm; a rate that is too small only takes a round more.
        seconds = min(120.0, max(0.2, (count - there) / write_until.per_s))
        found = bed.load("history", "--mode=ingest", f"--conns={WRITERS}", f"--window={WINDOW}",
                         "--rooms=1", "--warm=0", f"--secs={seconds:.1f}")  # fmt: skip
        write_until.per_s = max(500.0, found["per_s"])
        there += int(found["per_s"] * seconds)
    return there


write_until.per_s = 5000.0


def history(options):
    say(f"\nmessages in a room | newest {PAGE}, ms | {PAGE} in the middle, ms | "
        f"oldest {PAGE}, ms | start of the node, s | MiB of data")  # fmt: skip
    lines = {"newest": [], "in the middle": [], "oldest": []}
    starts = []
    steps = [10**n for n in range(3, 9) if 10**n <= options.most]
    with Bed(options, WRITERS + 2) as bed:
        there = 0
        for count in options.pick(steps, [1000, 3000]):
            there = write_until(bed, count, there)
            with Client(bed.node, token=bed.tokens[0]) as client:
                room = client.ask("room_request", alias="history")["room"]
                last = room["last_seq"]
                asked = {"newest": {}, "in the middle": {"before_seq": last // 2},
                         "oldest": {"before_seq": WRITERS + PAGE + 10}}  # fmt: skip
                for name, where in asked.items():
                    lines[name].append((last, page_ms(client, room["id"], **where)))
            bed.node.stop()
            took = bed.start()
            starts.append((last, took))
            size = sum(f.stat().st_size for f in bed.node.folder.rglob("*") if f.is_file())
            pages = " | ".join(f"{points[-1][1]:.2f}" for points in lines.values())
            say(f"{last} | {pages} | {took:.2f} | {size / 2**20:.0f}")
    options.plot("history", f"A page of {PAGE} messages, by messages in the room", "messages", "ms",
                 lines)  # fmt: skip
    options.plot("start", "Start of a node, by messages in its rooms", "messages",
                 "seconds until it is ready", {"": starts})  # fmt: skip


class Options(argparse.Namespace):
    def pick(self, full, quick):
        return quick if self.quick else full

    def plot(self, name, title, x, y, lines, logarithmic=True):
        path = Path(self.plots) / f"growth-{name}.svg"
        path.write_text(line_plot(title, x, y, lines, logarithmic))


def main():
    parser = argparse.ArgumentParser(prog="bench/growth.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it works")
    parser.add_argument("--only", action="append", choices=PARTS, help="may be repeated")
    parser.add_argument("--seconds", type=float, default=3, help="measured time of a load (3)")
    parser.add_argument("--most", type=int, default=10**6, help="messages of the history (1000000)")
    parser.add_argument("--data", default=str(BIN / "bench"), help="folder on the disk to measure")
    parser.add_argument("--plots", help="folder of the plots (docs, with --quick none)")
    options = parser.parse_args(namespace=Options())
    with tempfile.TemporaryDirectory() as nowhere:
        options.plots = options.plots or (nowhere if options.quick else str(ROOT / "docs"))
        work = {"members": members, "rooms": rooms, "idle": idle, "sign-in": sign_in,
                "history": history}  # fmt: skip
        for part in options.only or PARTS:
            work[part](options)


if __name__ == "__main__":
    main()
