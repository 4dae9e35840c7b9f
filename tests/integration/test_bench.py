# SPDX-License-Identifier: MIT
"""The benchmark programs measure something: small runs, whose figures are not judged."""

import importlib
import importlib.util
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from harness.process import BIN, ROOT, clean_environment, free_port, is_alive, temporary_folder
from harness.waiting import SLOWNESS, wait_until

BENCH = BIN / "bench"
QUICK = ["--warm=0.2", "--secs=1"]
# A closed loop whose messages are all delivered, however slow the machine is.
FANOUT = ["--rooms=2", "--members=5", "--senders=1", "--window=2", *QUICK]

pytestmark = pytest.mark.skipif(not BENCH.is_dir(), reason="built without GREENROOM_BENCH")


def run(*command):
    """The last line that a program prints, which is JSON."""
    result = subprocess.run(
        [str(word) for word in command], env=clean_environment(), capture_output=True, text=True,
        timeout=30 * SLOWNESS, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stderr}"
    return json.loads(result.stdout.splitlines()[-1])


def load_on(node, *options, tokens, proto="greenroom"):
    file = node.folder / "tokens"
    issued = node.console("token", "issue", "--user", "bench", "--create", "--count", str(tokens))
    assert issued.returncode == 0, issued.stderr
    file.write_text(issued.stdout)
    port = node.tcp_port if proto == "greenroom-tcp" else node.http_port
    return run(BENCH / "load", f"--proto={proto}", f"--port={port}", "--ws-create=1",
               f"--pids={node.pid()}", f"--ws-tokens={file}", *options)  # fmt: skip


def test_every_message_reaches_all_members_over_tcp(start_node):
    node = start_node(tcp__listen=f"127.0.0.1:{free_port()}")
    result = load_on(node, "--ws-alias=fan-%r", *FANOUT, tokens=13, proto="greenroom-tcp")
    assert result["conns"] == 12 and result["per_s"] > 0, result
    assert result["lost"] == 0 and result["foreign"] == 0, result
    assert result["disc"] == 0 and result["ack_err"] == 0 and result["fail"] == "", result
    result = load_on(node, "--ws-alias=in-%r", "--mode=ingest", "--conns=8", "--rooms=2", *QUICK,
                     tokens=9, proto="greenroom-tcp")  # fmt: skip
    assert result["per_s"] > 0 and result["ack_err"] == 0 and result["fail"] == "", result


def test_every_message_reaches_all_members(node):
    result = load_on(node, "--ws-alias=fan-%r", *FANOUT, tokens=13)
    assert result["conns"] == 12, "5 receivers and a sender in each of 2 rooms"
    assert result["per_s"] > 0 and result["pub_per_s"] > 0
    assert result["lost"] == 0 and result["foreign"] == 0, result
    assert result["disc"] == 0 and result["ack_err"] == 0 and result["fail"] == "", result
    assert result["srv_cpu_per_M"] > 0, "the node is charged for it"
    assert 0 < result["p50_us"] <= result["p99_us"] <= result["max_us"]


def test_every_send_is_acknowledged(node):
    result = load_on(node, "--ws-alias=in-%r", "--mode=ingest", "--conns=8", "--rooms=2", *QUICK,
                     tokens=9)  # fmt: skip
    assert result["per_s"] > 0 and result["pub_per_s"] > 0
    assert result["disc"] == 0 and result["ack_err"] == 0 and result["fail"] == "", result


def test_idle_connections_are_counted(node):
    result = load_on(node, "--ws-alias=idle-%r", "--mode=idle", "--conns=20", "--members=10",
                     "--warm=0", "--secs=0.2", tokens=21)  # fmt: skip
    assert result["conns"] == 20 and result["join_per_s"] > 0
    assert result["rss_kb"] > 0 and result["disc"] == 0, result


def test_a_refused_token_is_an_error(node):
    file = node.folder / "no-tokens"
    file.write_text("nonsense\n" * 3)
    result = subprocess.run(
        [str(BENCH / "load"), "--proto=greenroom", f"--port={node.http_port}", "--rooms=1",
         "--members=1", f"--ws-tokens={file}", *QUICK],
        capture_output=True, text=True, timeout=30 * SLOWNESS,
    )  # fmt: skip
    assert result.returncode == 2 and "joined only 0 of 2" in result.stderr, result
    assert "UNAUTHORIZED" in result.stderr, "the first answer says why"


@pytest.mark.parametrize("coalesce", ["1", "0"])
def test_the_smallest_server_delivers(coalesce):
    port = free_port()
    server = subprocess.Popen([str(BENCH / "limit_ws"), "serve", str(port), coalesce])
    try:
        wait_until(lambda: listens(port), "limit_ws to listen")
        result = run(BENCH / "load", "--proto=wsraw", f"--port={port}", f"--pids={server.pid}",
                     *FANOUT)  # fmt: skip
    finally:
        server.terminate()
        server.wait()
    assert result["per_s"] > 0 and result["lost"] == 0 and result["disc"] == 0, result


def test_syncs_are_counted():
    result = run(BENCH / "limit_sync", temporary_folder(), "0.2", "64")
    assert result["per_s"] == pytest.approx(64 * result["syncs_per_s"], rel=0.01, abs=64)
    assert result["syncs_per_s"] > 0 and result["p50_us"] <= result["p99_us"]


def test_what_trace_points_cost_is_measured():
    result = run(BENCH / "trace_points", 1)
    assert set(result) == {"empty_ns", "point_ns", "cold_ns"}
    assert result["empty_ns"] > 0 and result["point_ns"] > 0, result
    refused = subprocess.run([str(BENCH / "trace_points"), "0"], capture_output=True, text=True)
    assert refused.returncode == 2 and "MILLIONS" in refused.stderr, refused


def test_what_telemetry_costs_is_told_with_medians_and_spread(monkeypatch, capsys):
    """The rounds are made up: real ones take a minute each."""
    source = importlib.util.spec_from_file_location("cost", ROOT / "bench/telemetry_cost.py")
    cost = importlib.util.module_from_spec(source)
    source.loader.exec_module(cost)
    taken = []

    def measure(number, work):
        taken.append(work)
        return {"off": 100.0, "on": 101.0 + number, "watched": 2 * (101.0 + number)}

    monkeypatch.setattr(cost, "measure", measure)
    cost.main([])
    assert taken == 9 * ["delivery"] + 9 * ["acknowledgement"]
    said = capsys.readouterr().out
    assert said.count("on: median 105.00 CPU µs for each") == 2, said
    assert "on beside off: +5.0 % (half of the rounds +3.0 to +7.0)" in said, said
    assert "watched beside on: +100.0 % (half of the rounds +100.0 to +100.0)" in said, said
    taken.clear()
    cost.main(["5", "acknowledgement"])
    assert taken == 5 * ["acknowledgement"]
    for wrong in (["1"], ["9", "everything"]):
        with pytest.raises(SystemExit):
            cost.main(wrong)


def test_one_command_prints_a_table_and_leaves_nothing(tmp_path):
    if not {0, 1} <= os.sched_getaffinity(0):
        pytest.skip("needs two cores")
    figures = tmp_path / "figures.jsonl"
    data = Path(tempfile.mkdtemp(dir=BENCH))  # not in /tmp, which may be in memory
    environment = clean_environment() | {"GRTEST_PROGRAMS": str(BIN)}
    before = set(os.listdir("/proc"))
    result = subprocess.run(
        [str(ROOT / "scripts/bench"), "--runs", "1", "--seconds", "1", "--retries", "0",
         "--cases", "ingest c64", "--data", str(data), "--json", str(figures), "--markdown"],
        env=environment, capture_output=True, text=True, timeout=60 * SLOWNESS,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in figures.read_text().splitlines()]
    assert [row["server"] for row in rows] == ["limit", "greenroom"]
    assert all(row["per_s"] > 0 for row in rows), rows
    table = [line for line in result.stdout.splitlines() if line.startswith("| ingest c64 |")]
    assert len(table) == 1 and "acknowledged/s" in table[0], result.stdout
    data.rmdir()  # fails if anything is left in it
    started = {int(p) for p in set(os.listdir("/proc")) - before if p.isdigit()}

    def ours_ended():
        return not any(str(data) in command_line(pid) for pid in started if is_alive(pid))

    wait_until(ours_ended, "the end of what it has started")


def runner_module(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench/runner"))
    return importlib.import_module(name)


def test_what_figures_must_be_is_told_beside_them(monkeypatch):
    """The results are made up: real ones depend on the machine."""
    report = runner_module("report", monkeypatch)
    cases = {case.name: case for case in runner_module("cases", monkeypatch).CASES}
    chosen = [cases[name] for name in ("100x10 w1", "100x10 w1 os", "1:1 w1", "ingest c1")]
    told = report.Report(chosen, ["redis"])
    load = {"srv_pct": 99, "cli_pct": 50, "clean": True}
    for case, server, per_s, p50 in (
        ("100x10 w1", "limit", 100.0, 10), ("100x10 w1", "greenroom", 49.9, 10),
        ("100x10 w1 os", "greenroom", 60.0, 10),
        ("1:1 w1", "limit", 100.0, 70), ("1:1 w1", "greenroom", 50.0, 300.1),
        ("ingest c1", "limit", 100.0, 130),
        ("ingest c1", "redis", 50.0, 10), ("ingest c1", "greenroom", 50.0, 400.1),
    ):  # fmt: skip
        told.add(0, server, load | {"case": case, "per_s": per_s, "p50_us": p50})
    rows = told.rows()
    column = rows[0].index("must")
    must, case = {}, ""
    for row in rows[1:]:
        case = row[0] or case
        must[case, row[1]] = row[column]
    assert must["100x10 w1", "deliveries/s"] == (
        "≥ 0.5 limit: MISSED"
    ), "a ratio to who was not measured is left out"
    assert must["100x10 w1 os", "deliveries/s"] == "≥ 0.6 limit of 100x10 w1: met"
    assert must["1:1 w1", "p50 µs ↓"] == "≤ 1.5 limit + sync: MISSED"
    assert must["ingest c1", "acknowledged/s"] == "≥ 1 redis: met"
    assert must["ingest c1", "p50 µs ↓"] == "–"
    assert report.as_text(rows) and report.as_markdown(rows).count("\n") == len(rows)


def test_growth_is_measured_and_plotted(tmp_path):
    if not {0, 1} <= os.sched_getaffinity(0):
        pytest.skip("needs two cores")
    result = subprocess.run(
        [str(ROOT / "bench/growth.py"), "--quick", "--seconds", "0.5", "--only", "sign-in",
         "--only", "history", "--data", str(tmp_path), "--plots", str(tmp_path)],
        env=clean_environment() | {"GREENROOM_BIN_DIR": str(BIN)}, capture_output=True, text=True,
        timeout=60 * SLOWNESS, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    points = {"sign-in": 4, "history": 6, "start": 2}  # lines times counts
    for name, count in points.items():
        root = ElementTree.parse(tmp_path / f"growth-{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(root.findall("{*}circle")) == count, name
    assert "start of the node" in result.stdout


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""
