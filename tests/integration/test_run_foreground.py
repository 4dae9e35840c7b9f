# SPDX-License-Identifier: MIT
"""scripts/run in the foreground: signals, nodes that end, nodes that others start again."""

import json
import os
import signal
import subprocess

import pytest
from harness.stand_in import Cluster, is_alive, wait_for


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.run("--stop")


def foreground(cluster, **environment):
    process = subprocess.Popen(
        cluster.command("--http-port", str(cluster.port)), env=cluster.environment | environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    shown = ""
    while "Ctrl+C" not in shown:
        line = process.stdout.readline()
        assert line, shown
        shown += line
    return process, shown


def lines_until(process, words):
    """What the foreground shows up to a line with these words."""
    shown = ""
    while words not in shown:
        line = process.stdout.readline()
        assert line, f"waited in vain for {words!r}:\n{shown}"
        shown += line
    return shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_nodes_in_an_orderly_way(cluster, number):
    process, shown = foreground(cluster)
    assert shown.count(" is ready: ") == 3
    pids = [cluster.pid(i) for i in (1, 2, 3)]
    process.send_signal(number)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0, rest
    assert not any(is_alive(pid) for pid in pids)
    assert (cluster.data / "node2/ended").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_the_nodes_are_stopped_also_when_nobody_reads_any_more(cluster, number):
    """As with `scripts/run | tee log` and Ctrl+C, or when the terminal is closed."""
    process, _ = foreground(cluster)
    pids = [cluster.pid(i) for i in (1, 2, 3)]
    process.stdout.close()
    process.send_signal(number)
    process.wait(timeout=30)
    assert not any(is_alive(pid) for pid in pids)
    assert (cluster.data / "node2/ended").exists(), "in an orderly way"


def test_a_second_signal_kills(cluster):
    process, _ = foreground(cluster, GREENROOM_LOG_FORMAT="text")
    pids = [cluster.pid(i) for i in (1, 2, 3)]
    process.send_signal(signal.SIGINT)
    while "Stopping" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert rest.count("was killed") == 3
    assert not any(is_alive(pid) for pid in pids)


def test_a_node_that_dies_is_reported_and_the_others_go_on(cluster):
    process, _ = foreground(cluster)
    os.kill(cluster.pid(2), signal.SIGKILL)
    while "node2 ended with signal SIGKILL" not in process.stdout.readline():
        pass
    assert is_alive(cluster.pid(1)) and is_alive(cluster.pid(3))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_node_that_was_started_again_elsewhere_is_stopped_too(cluster):
    process, _ = foreground(cluster)
    os.kill(cluster.pid(2), signal.SIGTERM)
    told = lines_until(process, "node2 was stopped")
    assert f"scripts/run --background --data {cluster.data}" in told, "how it comes back"
    assert "environment" not in told, "its log is of no interest"
    assert cluster.start().returncode == 0
    again = cluster.pid(2)
    lines_until(process, "node2 runs again")
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and "All have stopped" in rest
    assert not is_alive(again)


def test_what_runs_on_is_named(cluster):
    assert cluster.start().returncode == 0
    os.kill(cluster.pid(2), signal.SIGKILL)
    wait_for(lambda: not is_alive(cluster.pid(2)), "the end of node2")
    process, _ = foreground(cluster)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "All have stopped" not in rest
    assert f"node1, node3 of {cluster.data} still run" in rest and "--stop" in rest
    assert is_alive(cluster.pid(1)) and is_alive(cluster.pid(3))


def test_the_log_of_a_node_that_failed_is_shown_for_people(cluster):
    process, _ = foreground(cluster)
    entry = {"time": "2026-11-24T07:03:48.123Z", "level": "error", "component": "store",
             "thread": 7, "message": "the disk is full"}  # fmt: skip
    with open(cluster.data / "node2/greenroomd.log", "a") as log:
        log.write(json.dumps(entry) + "\n")
    os.kill(cluster.pid(2), signal.SIGKILL)
    told = lines_until(process, "the disk is full")
    assert "2026-11-24T07:03:48.123Z error store: the disk is full" in told
    assert "--background" in told, "how it comes back"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
