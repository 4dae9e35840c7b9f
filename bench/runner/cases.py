# SPDX-License-Identifier: MIT
"""What is measured: the cases, and the figures that each of them gives."""

from dataclasses import dataclass, field
from typing import Callable

IDLE_CONNECTIONS = 1000


@dataclass(frozen=True)
class Figure:
    name: str
    of: Callable  # result of one run → number, or None when this server has no such figure
    decimals: int = 0
    less_is_better: bool = False

    @property
    def title(self):
        return f"{self.name} ↓" if self.less_is_better else self.name


@dataclass(frozen=True)
class Case:
    name: str
    kind: str  # fanout, ingest or idle
    connections: int
    options: list = field(default_factory=list)  # of the load generator
    group: int = 0  # ingest: records per fdatasync of the limit

    def figures(self):
        return FIGURES[self.kind]


def _inverse(name):
    """Per CPU-second, from CPU seconds per million."""

    def figure(result):
        cost = result.get(name)
        return 1e6 / cost if cost else None

    return figure


def _field(name):
    return lambda result: result.get(name)


FIGURES = {
    "ingest": [
        Figure("acknowledged/s", _field("per_s")),
        Figure("p50 µs", _field("p50_us"), less_is_better=True),
        Figure("p99 µs", _field("p99_us"), less_is_better=True),
        Figure("CPU µs per message", _field("srv_cpu_per_M"), 1, less_is_better=True),
    ],
    "fanout": [
        Figure("deliveries/s", _field("per_s")),
        Figure("deliveries per CPU-second", _inverse("srv_cpu_per_M")),
        Figure("p50 µs", _field("p50_us"), less_is_better=True),
        Figure("p99 µs", _field("p99_us"), less_is_better=True),
    ],
    "idle": [
        Figure("joins/s", _field("join_per_s")),
        Figure("CPU µs per join", _field("join_cpu_us"), 1, less_is_better=True),
        Figure("bytes per connection", _field("rss_per_conn"), less_is_better=True),
        Figure("idle CPU %", _field("idle_cpu_pct"), 2, less_is_better=True),
    ],
}


def _fanout(name, rooms, members, senders, window):
    return Case(
        name, "fanout", rooms * (members + senders),
        [f"--rooms={rooms}", f"--members={members}", f"--senders={senders}", f"--window={window}"],
    )  # fmt: skip


def _ingest(name, connections, rooms):
    return Case(
        name, "ingest", connections,
        ["--mode=ingest", f"--conns={connections}", f"--rooms={rooms}"], group=connections,
    )  # fmt: skip


CASES = [
    _ingest("ingest c1", 1, 1),
    _ingest("ingest c64", 64, 16),
    _fanout("1x1000 w1", 1, 1000, 1, 1),
    _fanout("1x1000 w32", 1, 1000, 4, 8),
    _fanout("100x10 w1", 100, 10, 1, 1),
    _fanout("100x10 w8", 100, 10, 1, 8),
    Case("idle 1000", "idle", IDLE_CONNECTIONS,
         ["--mode=idle", f"--conns={IDLE_CONNECTIONS}", "--members=10"]),  # fmt: skip
]
