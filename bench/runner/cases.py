# SPDX-License-Identifier: MIT
"""What is measured: the cases, the figures that each of them gives, and what these must be."""

from dataclasses import dataclass, field
from typing import Callable

LIMIT = "limit"
MANY = 10_000  # connections at rest
STORM = 5_000


@dataclass(frozen=True)
class Must:
    """What is asked of a figure: at least so much, or where less is better at most. Beside another
    server, or beside the node itself in another case, it is a ratio."""

    value: float
    # "limit", a peer, "case NAME" (the node there), "limit of NAME" (of that case), "limit + sync"
    # (with the round trip a sync as ingest's limit has it); empty: an absolute value
    beside: str = ""


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
    kind: str  # fanout, ingest, idle, storm; "relaxed": ingest without a sync
    connections: int
    options: list = field(default_factory=list)  # of the load generator
    group: int = 0  # ingest: records per fdatasync of the limit
    proto: str = "greenroom"  # what the node is spoken to with
    settings: dict = field(default_factory=dict)  # of the node
    replicas: int = 0  # of each shard of three nodes; 0: one node
    with_others: bool = True  # also the limit and the peers
    musts: dict = field(default_factory=dict)  # figure's name → [Must]
    in_default: bool = True  # also without --all
    seconds: float = 0  # 0: as long as was asked for
    # The node starts again when everybody has joined: what is measured are members who log in.
    members_first: bool = False

    @property
    def load_mode(self):
        return "ingest" if self.kind == "relaxed" else self.kind

    def figures(self):
        return FIGURES[self.load_mode]


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
        Figure("log bytes per entry", _field("log_bytes_each"), 0, less_is_better=True),
        Figure("bytes to disk per message", _field("disk_bytes_each"), 0, less_is_better=True),
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
    "storm": [
        Figure("s until all are back", _field("rejoin_s"), 3, less_is_better=True),
        Figure("p99 ms", _field("p99_ms"), 1, less_is_better=True),
        Figure("CPU µs per join", _field("join_cpu_us"), 1, less_is_better=True),
    ],
}

# Beside the nearest server in function.
_FIVE_TIMES = [Must(5, "ejabberd")]


def _fanout(name, rooms, members, senders, pace, musts=(), **more):
    musts = {name: list(wanted) for name, wanted in dict(musts).items()}
    if more.get("with_others", True):
        for figure in ("deliveries/s", "deliveries per CPU-second"):
            if "--window" in pace and members > 1:  # a round trip is the machine's
                musts[figure] = musts.get(figure, []) + _FIVE_TIMES
    return Case(
        name, "fanout", rooms * (members + senders),
        [f"--rooms={rooms}", f"--members={members}", f"--senders={senders}", pace],
        musts=musts, **more,
    )  # fmt: skip


def _ingest(name, connections, rooms, musts=(), kind="ingest", **more):
    return Case(
        name, kind, connections,
        ["--mode=ingest", f"--conns={connections}", f"--rooms={rooms}"], group=connections,
        musts=dict(musts), **more,
    )  # fmt: skip


def _alone(**more):
    """The node in another way: beside itself, not beside others."""
    return {"with_others": False, "in_default": False} | more


_OS = {"log.durability": "os"}
_TCP = "greenroom-tcp"
_MSGPACK = "greenroom-msgpack"
_LOG = [Must(400)]

CASES = [
    _ingest("ingest c1", 1, 1, {
        "acknowledged/s": [Must(1, "redis")], "log bytes per entry": _LOG}),
    _ingest("ingest c64", 64, 16, {
        "acknowledged/s": [Must(0.8, "redis"), Must(40, "ejabberd")],
        "log bytes per entry": _LOG}),
    _fanout("1x1000 w1", 1, 1000, 1, "--window=1", {"deliveries/s": [Must(0.7, LIMIT)]}),
    _fanout("1x1000 w32", 1, 1000, 4, "--window=8", {"deliveries/s": [Must(0.5, LIMIT)]}),
    _fanout("100x10 w1", 100, 10, 1, "--window=1", {"deliveries/s": [Must(0.5, LIMIT)]}),
    _fanout("100x10 w8", 100, 10, 1, "--window=8", {"deliveries/s": [Must(0.15, LIMIT)]}),
    Case("idle 1000", "idle", 1000, ["--mode=idle", "--conns=1000", "--members=10"]),
    _fanout("1:1 w1", 1, 1, 1, "--window=1", {"p50 µs": [Must(1.5, "limit + sync")]},
            in_default=False),
    _fanout("1:1 w64", 1, 1, 1, "--window=64", in_default=False),
    _fanout("1x1000 20/s", 1, 1000, 4, "--rate=20", {"p99 µs": [Must(2, LIMIT)]},
            in_default=False),
    _fanout("100x10 1000/s", 100, 10, 1, "--rate=1000", in_default=False),
    _ingest("ingest c1 os", 1, 1, kind="relaxed", settings=_OS, in_default=False),
    _ingest("ingest c64 os", 64, 16, {"acknowledged/s": [Must(0.5, "nats")]}, kind="relaxed",
            settings=_OS, in_default=False),
    _fanout("1x1000 w1 os", 1, 1000, 1, "--window=1", **_alone(settings=_OS)),
    _fanout("100x10 w1 os", 100, 10, 1, "--window=1", {
        "deliveries/s": [Must(0.6, "limit of 100x10 w1")]}, **_alone(settings=_OS)),
    _fanout("100x10 w8 os", 100, 10, 1, "--window=8", {
        "deliveries/s": [Must(0.3, "limit of 100x10 w8")]}, **_alone(settings=_OS)),
    _fanout("1:1 w1 os", 1, 1, 1, "--window=1", {
        "p50 µs": [Must(1.4, "limit of 1:1 w1")]}, **_alone(settings=_OS)),
    _ingest("ingest c64 tcp", 64, 16, **_alone(proto=_TCP)),
    _fanout("1x1000 w32 tcp", 1, 1000, 4, "--window=8", **_alone(proto=_TCP)),
    _fanout("100x10 w8 tcp", 100, 10, 1, "--window=8", **_alone(proto=_TCP)),
    _fanout("1:1 w1 tcp", 1, 1, 1, "--window=1", **_alone(proto=_TCP)),
    _ingest("ingest c64 msgpack", 64, 16, **_alone(proto=_MSGPACK)),
    _fanout("100x10 w8 msgpack", 100, 10, 1, "--window=8", **_alone(proto=_MSGPACK)),
    _ingest("c64 three nodes r1", 64, 16, **_alone(replicas=1)),
    _ingest("c64 three nodes r3", 64, 16, {
        "acknowledged/s": [Must(0.3, "case c64 three nodes r1")]}, **_alone(replicas=3)),
    Case("idle 10k", "idle", MANY, ["--mode=idle", f"--conns={MANY}", "--members=10"],
         in_default=False, musts={"bytes per connection": [Must(6144)]}),
    Case("members 10k", "idle", MANY, ["--mode=idle", f"--conns={MANY}", "--members=10"],
         members_first=True, musts={
             "CPU µs per join": [Must(70)], "bytes per connection": [Must(6144)]}, **_alone()),
    Case("storm 5k", "storm", STORM,
         ["--mode=storm", f"--conns={STORM}", "--members=10", "--inflight=1000"],
         in_default=False, members_first=True, musts={
             "s until all are back": [Must(0.6)], "CPU µs per join": [Must(70)]}),
]  # fmt: skip
