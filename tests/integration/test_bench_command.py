# SPDX-License-Identifier: MIT
"""`greenroom bench`: every mode against one node, for a moment; the figures are not judged."""

import re

import pytest
from harness.bench_command import bench, figures
from harness.process import Node, free_port, running
from harness.waiting import SLOWNESS

QUICK = ["--warm", "0.2", "--secs", "1"]
ACTIONS = ["send", "typing", "read", "history", "presence", "rooms"]


@pytest.fixture(scope="module")
def node(programs):
    made = Node(tcp__listen=f"127.0.0.1:{free_port()}", limits__connects_per_minute_per_address=0)
    with running(made):
        yield made


def check_times(found, of=""):
    assert 0 < found[f"{of}p50_us"] <= found[f"{of}p99_us"] <= found[f"{of}p999_us"], found


WAYS = {"json": {}, "msgpack": {"words": ["--msgpack"]}, "tcp": {"tcp": True}}


@pytest.mark.parametrize("way", WAYS)
def test_all_members_get_every_message(node, way):
    words, tcp = WAYS[way].get("words", []), WAYS[way].get("tcp", False)
    found = figures(node, "fanout", "--rooms", "2", "--members", "5", "--rate", "40", *QUICK,
                    *words, tcp=tcp)  # fmt: skip
    assert found["conns"] == 12 and found["lost"] == 0 and found["ack_err"] == 0, found
    assert found["foreign"] == 0 and found["srv_cpu_per_M"] >= 0
    # 40 messages a second to 6 each; one more or less is at the edges of the second.
    assert found["pub_per_s"] == pytest.approx(40, abs=3), found
    assert found["per_s"] == pytest.approx(240, abs=60 * SLOWNESS), found
    check_times(found)


@pytest.mark.parametrize("way", WAYS)
def test_every_send_is_acknowledged(node, way):
    words, tcp = WAYS[way].get("words", []), WAYS[way].get("tcp", False)
    found = figures(node, "ingest", "--conns", "6", "--rooms", "2", "--window", "3", *QUICK,
                    *words, tcp=tcp)  # fmt: skip
    assert found["per_s"] > 0 and found["lost"] == 0 and found["ack_err"] == 0, found
    check_times(found)


def test_sends_at_a_rate_are_acknowledged(node):
    found = figures(node, "ingest", "--conns", "4", "--rate", "50", *QUICK)
    assert found["per_s"] == pytest.approx(50, abs=10 * SLOWNESS), found
    assert found["lost"] == 0 and found["rate"] == 50, found


@pytest.mark.parametrize("way", WAYS)
def test_a_working_day_is_answered(node, way):
    words, tcp = WAYS[way].get("words", []), WAYS[way].get("tcp", False)
    found = figures(node, "mixed", "--rooms", "2", "--members", "4", "--rate", "200", "--secs",
                    "2", "--warm", "0.2", *words, tcp=tcp)  # fmt: skip
    assert found["conns"] == 8 and found["lost"] == 0 and found["ack_err"] == 0, found
    assert found["per_s"] == pytest.approx(200, abs=40 * SLOWNESS), found
    assert found["delivery_per_s"] > 0
    check_times(found)
    check_times(found, "delivery_")
    for action in ACTIONS:
        assert found[f"{action}_per_s"] > 0, f"{action} is part of the day: {found}"
        check_times(found, f"{action}_")


def test_connections_come_back(node):
    found = figures(node, "connect", "--conns", "30", "--members", "10", "--warm", "0")
    assert found["conns"] == 30 and found["rejoin_s"] > 0 and found["rejoin_per_s"] > 0, found
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["p999_ms"] <= found["max_ms"], found


def test_connections_rest(node):
    found = figures(node, "idle", "--conns", "20", "--warm", "0", "--secs", "0.5")
    assert found["conns"] == 20 and found["join_per_s"] > 0 and found["idle_cpu_pct"] >= 0, found


def test_people_are_told_in_lines(node):
    result = bench(node, "fanout", "--members", "3", "--rate", "20", *QUICK)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^fanout, greenroom, 4 connections, open loop, 20 a second$", result.stdout,
                     re.MULTILINE), result.stdout  # fmt: skip
    assert re.search(r"^delivered +[\d.,]+ a second, of 2\d", result.stdout, re.MULTILINE)
    assert re.search(r"^latency +p50 [\d.]+ ms, p99 [\d.]+ ms, p99.9 ", result.stdout, re.MULTILINE)
    assert re.search(r"^lost +0, refused 0$", result.stdout, re.MULTILINE), result.stdout
    assert re.search(r"^servers +\d+ % of a core, [\d.]+ MiB", result.stdout, re.MULTILINE)


def test_tokens_from_a_file_are_taken(node, tmp_path):
    issued = node.console("token", "issue", "--user", "filed", "--create", "--count", "5")
    assert issued.returncode == 0, issued.stderr
    file = tmp_path / "tokens"
    file.write_text(issued.stdout)
    words = ["fanout", "--members", "3", "--rate", "20", *QUICK, "--ws-tokens", str(file)]
    assert figures(node, *words, admin=False)["lost"] == 0
    few = bench(node, *words, "--rooms", "2", admin=False)
    assert few.returncode == 1 and "5 tokens" in few.stderr and "9 needed" in few.stderr, few


def test_refusals_are_a_failure_and_are_told(start_node):
    strict = start_node(limits__messages_per_minute=30, limits__connects_per_minute_per_address=0)
    result = bench(strict, "ingest", "--conns", "1", "--window", "4", *QUICK)
    assert result.returncode == 1, result
    assert re.search(r"^lost +0, refused [1-9]", result.stdout, re.MULTILINE), result.stdout
    assert "RATE_LIMIT" in result.stdout, "the first refusal says why"


def test_what_cannot_be_is_said(node, tmp_path):
    absent = bench(node, "fanout", "--admin", str(tmp_path / "none.sock"), admin=False)
    assert absent.returncode == 5 and absent.stderr.startswith("greenroom: "), absent
    usage = bench(node, "ingest", "--rate", "-1")
    assert usage.returncode == 2 and "--rate" in usage.stderr, usage
    strange = bench(node, "everything")
    assert strange.returncode == 2, strange
