# SPDX-License-Identifier: MIT
"""One case with one server: a fresh server, one run of the load generator, its line of JSON.

A run counts as disturbed when others used the processors: then it says little, and is repeated.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import peers
from servers import (
    LOAD_CORE,
    SERVER_CORE,
    BenchError,
    Greenroom,
    LimitServer,
    clean_environment,
    pinned,
)
from three_nodes import ThreeNodes

LIMIT, GREENROOM = "limit", "greenroom"
# Beyond what server and load explain, in percent of a core.
OTHERS_MAX = 12
RUN_WITHIN_S = 300


class Bench:
    def __init__(self, programs: Path, folder: Path, options):
        self.programs = programs
        self.folder = folder
        self.seconds = options.seconds
        self.retries = options.retries
        self.settings = options.settings

    def measure(self, name: str, case) -> dict | None:
        """The least disturbed of a few attempts; None when this server has no part in the case."""
        best = None
        for attempt in range(1 + self.retries):
            result = self._attempt(name, case)
            if result is None:
                return None
            result.update(server=name, case=case.name, clean=is_clean(result))
            if best is None or result["others_pct"] < best["others_pct"]:
                best = result
            if result["clean"]:
                return result
            if attempt < self.retries:
                note(f"{case.name}, {name}: others used {result['others_pct']} % of a core; again")
        return best

    def _attempt(self, name: str, case) -> dict | None:
        if name != GREENROOM and not case.with_others:
            return None
        if name == LIMIT and case.kind == "relaxed":
            return None  # nothing limits who does not sync
        if name == LIMIT and case.kind == "ingest":
            command = [self.programs / "bench/limit_sync", self.folder, self.seconds, case.group]
            return run_program(pinned(SERVER_CORE, command))
        server = self._server(name, case)
        if server is None:
            return None
        with server:
            server.prepare(case.connections)
            if case.members_first and name == GREENROOM:
                run_program(pinned(LOAD_CORE, self._load(server, case, mode="idle")))
                server.begin_with_members()
            before = server.figures()
            result = run_program(pinned(LOAD_CORE, self._load(server, case)))
            add_log_figures(result, before, server.figures())
        if result["disc"] or result.get("ack_err"):
            raise BenchError(f"{case.name}, {name}: {result['fail']} (see {json.dumps(result)})")
        return result

    def _server(self, name: str, case):
        if name == LIMIT:
            return LimitServer(self.folder, self.programs)
        if name != GREENROOM:
            return peers.make(name, case.kind, self.folder)
        settings = case.settings | self.settings
        if case.replicas:
            return ThreeNodes(self.folder, self.programs, settings, case.replicas)
        return Greenroom(self.folder, self.programs, settings, case.proto)

    def _load(self, server, case, mode="") -> list:
        # Names that no other run has, because peers may keep their rooms.
        unique = f"{time.time_ns():x}"
        pids = ",".join(map(str, server.pids()))
        command = [self.programs / "bench/load", f"--port={server.port}", f"--pids={pids}",
                   f"--secs={self.seconds}", f"--warm={min(1.0, self.seconds / 2)}",
                   f"--salt={unique[-6:]}", f"--label={server.name} {case.name}"]  # fmt: skip
        options = case.options
        if mode:
            options = [o for o in options if not o.startswith("--mode=")] + [f"--mode={mode}"]
        return command + server.load_options + options


def add_log_figures(result: dict, before: dict, after: dict):
    """Bytes of the node's log for each of its entries, of which nearly all are messages here."""
    grown = {name: after[name] - before[name] for name in before if name in after}
    if entries := grown.get("greenroom_log_entries_total"):
        result["log_bytes_each"] = grown["greenroom_log_written_bytes_total"] / entries


def run_program(command) -> dict:
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, env=clean_environment(), timeout=RUN_WITHIN_S,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BenchError(f"no end after {RUN_WITHIN_S} s: {' '.join(command)}") from None
    if result.returncode != 0 or not result.stdout.strip():
        raise BenchError(f"{' '.join(command)}: {result.stderr.strip()[-1000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def is_clean(result: dict) -> bool:
    """In fan-out the kernel's time belongs to server and load as well. Ingest wakes threads of the
    kernel that write the disk, so there only the time of other programs counts."""
    if result["others_pct"] > OTHERS_MAX:
        return False
    if result.get("mode") != "fanout":
        return True
    cores = result["cores"]
    return (
        cores[SERVER_CORE] - result["srv_pct"] <= OTHERS_MAX
        and cores[LOAD_CORE] - result["cli_pct"] <= OTHERS_MAX
    )


def note(text: str):
    print(f"scripts/bench: {text}", file=sys.stderr, flush=True)
