# SPDX-License-Identifier: MIT
"""Measures one node beside what the machine can do at best; scripts/bench calls it after the
build."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
import report
from cases import CASES
from measure import GREENROOM, LIMIT, Bench, note
from servers import LOAD_CORE, SERVER_CORE, BenchError, clean_environment

ROOT = Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures a fresh node per case beside the limit of this machine: bare "
        "fdatasync group commit for ingest, the smallest possible room server for fan-out. The "
        f"server has core {SERVER_CORE} for itself, the load core {LOAD_CORE}. Medians of several "
        "runs; ratios are greenroom / limit, each from the same run. docs/performance.md explains "
        "the figures.",
        epilog="Examples: scripts/bench; scripts/bench --cases ingest --runs 5; "
        "scripts/bench --peers redis,nats --markdown; scripts/bench --set log.durability=os; "
        "scripts/bench --all --runs 1 --peers redis,nats,inspircd,ejabberd --growth",
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N",
                        help="runs of each case and server (default 3)")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=3, metavar="S",
                        help="measured time of a run (default 3)")  # fmt: skip
    parser.add_argument("--cases", action="append", metavar="TEXT",
                        help="only the case of that name, or those whose name contains TEXT; may "
                        "be repeated")  # fmt: skip
    parser.add_argument("--all", action="store_true",
                        help="every case: also other settings, TCP, MessagePack, three nodes, "
                        "10,000 connections, a storm")
    parser.add_argument("--growth", action="store_true",
                        help="afterwards bench/growth.py: what costs more with more of it")
    parser.add_argument("--peers", default="", metavar="A,B",
                        help="also these servers, where installed: " + ", ".join(peers.OFFERS))
    parser.add_argument("--set", dest="settings", action="append", default=[],
                        metavar="KEY=VALUE", help="a setting of the node, as in greenroomd --set")
    parser.add_argument("--retries", type=int, default=2, metavar="N",
                        help="of a run that other programs disturbed (default 2)")  # fmt: skip
    parser.add_argument("--data", metavar="DIR",
                        help="folder on the disk to measure (default: in the build folder)")
    parser.add_argument("--json", metavar="FILE", help="append the result of every run here")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--list", action="store_true", help="list the cases, measure nothing")
    options = parser.parse_args()
    if options.runs < 1 or options.retries < 0 or not 0.1 <= options.seconds <= 600:
        parser.error("--runs from 1, --retries from 0, --seconds from 0.1 to 600")
    wanted = [case for case in CASES if is_wanted(case, options)]
    if not wanted:
        parser.error("no case has that name; --list shows them")
    options.cases = wanted
    options.peers = [name for name in options.peers.split(",") if name]
    if unknown := set(options.peers) - set(peers.OFFERS):
        parser.error(f"unknown peers: {', '.join(sorted(unknown))}")
    if any("=" not in pair for pair in options.settings):
        parser.error("--set needs KEY=VALUE")
    options.settings = dict(pair.split("=", 1) for pair in options.settings)
    return options


def is_wanted(case, options) -> bool:
    if not options.cases:
        return options.all or case.in_default
    names = {other.name for other in CASES}
    # A whole name means that case, and not also those that begin alike.
    return any(text == case.name if text in names else text in case.name for text in options.cases)


def check_machine(folder: Path):
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise BenchError(f"cores {SERVER_CORE} and {LOAD_CORE} are needed, one for each side")
    if report.file_system(folder) in ("tmpfs", "ramfs"):
        raise BenchError(f"{folder} is in memory, where a sync costs nothing; choose --data")


def measure(bench: Bench, name: str, case, failed: list):
    """Who fails leaves a gap in the table, and the rest is measured all the same. That of a peer is
    no failure of ours."""
    try:
        return bench.measure(name, case)
    except BenchError as failure:
        note(str(failure))
        if name in (LIMIT, GREENROOM):
            failed.append(f"{case.name}, {name}")
        return None


def run(options, programs: Path, folder: Path) -> report.Report:
    installed = [name for name in options.peers if peers.is_installed(name)]
    for name in set(options.peers) - set(installed):
        note(f"{name} is not installed and is left out; Debian has it as {peers.package(name)}")
    result = report.Report(options.cases, installed)
    bench = Bench(programs, folder, options)
    for number in range(options.runs):
        for case in options.cases:
            # Side by side in time, so that a change of the machine's pace meets all of them.
            for name in (LIMIT, GREENROOM, *installed):
                measured = measure(bench, name, case, result.failed)
                if measured is None:
                    continue
                measured["run"] = number
                result.add(number, name, measured)
                if options.json:
                    with open(options.json, "a") as file:
                        file.write(json.dumps(measured) + "\n")
            note(f"run {number + 1} of {options.runs}: {case.name} is done")
    return result


def show(result: report.Report, options, folder: Path):
    settings = " ".join(f"{k}={v}" for k, v in options.settings.items()) or "defaults"
    print(f"{report.machine(folder)}; node with {settings}")
    print(f"{options.runs} runs of {options.seconds:g} s, medians; ratio: greenroom / the other, "
          "median of the runs' ratios; ↓: less is better; must: docs/performance.md; "
          "busy: server / load\n")  # fmt: skip
    rows = result.rows()
    print(report.as_markdown(rows) if options.markdown else report.as_text(rows))
    if disturbed := result.disturbed():
        print("\nDisturbed by other programs, so not to be trusted:")
        print("\n".join(f"  {line}" for line in disturbed))
    if result.failed:
        print("\nNot measured, because it failed: " + "; ".join(result.failed))


def main() -> int:
    options = arguments()
    if options.list:
        for case in options.cases:
            print(f"{case.name:20} {case.kind}, {case.connections} connections")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # what runs is ended all the same
    programs = Path(os.environ.get("GRTEST_PROGRAMS", ROOT / "build/release")).absolute()
    parent = Path(options.data).resolve() if options.data else programs / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    check_machine(parent)
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=parent))
    folder.chmod(0o755)  # some peers change their user
    try:
        result = run(options, programs, folder)
        show(result, options, parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    status = 1 if result.failed else 0
    return max(status, growth(programs, parent)) if options.growth else status


def growth(programs: Path, parent: Path) -> int:
    environment = clean_environment() | {"GREENROOM_BIN_DIR": str(programs)}
    command = [sys.executable, "-B", str(ROOT / "bench/growth.py"), "--data", str(parent)]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, OSError) as failure:
        note(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
