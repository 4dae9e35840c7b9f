# SPDX-License-Identifier: MIT
"""scripts/run: what it makes, starts, stops and refuses; the foreground is tested elsewhere."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
from harness.stand_in import ROOT, Cluster, is_alive, wait_for


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.run("--stop")


def test_three_nodes_start_and_stop(cluster):
    result = cluster.start()
    assert result.returncode == 0, result.stderr
    pids = [cluster.pid(i) for i in (1, 2, 3)]
    for index, pid in enumerate(pids, 1):
        assert is_alive(pid)
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        assert os.fsencode(cluster.data / f"node{index}") in words
        assert cluster.ports(index)["http"] == cluster.port + index - 1
        assert f"http://127.0.0.1:{cluster.port + index - 1}" in result.stdout
    assert len({cluster.ports(i)["cluster"] for i in (1, 2, 3)}) == 3
    assert result.stdout.count(" chat ") == 2 and " console " in result.stdout
    assert result.stdout.count("--register") == 2, "nobody is there yet"
    stopped = cluster.run("--stop")
    assert stopped.returncode == 0
    assert not any(is_alive(pid) for pid in pids)
    assert (cluster.data / "node3/ended").read_text() == "orderly"
    assert not (cluster.data / "node1/greenroomd.pid").exists()
    again = cluster.run("--stop")
    assert again.returncode == 0 and "No node" in again.stdout


def test_background_nodes_hold_nothing_of_the_caller(cluster):
    # The output is a pipe here: run() would not return while a node held it.
    began = time.monotonic()
    assert cluster.start("--nodes", "1").returncode == 0
    assert time.monotonic() - began < 20
    files = (cluster.data / "node1/open-files").read_text().split("\n")
    assert not [name for name in files if name.startswith(("pipe:", "socket:"))]
    assert os.getsid(cluster.pid(1)) == cluster.pid(1)


def test_certificates(cluster):
    assert cluster.start().returncode == 0
    tls = cluster.data / "tls"
    assert stat.S_IMODE(tls.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in tls.iterdir())
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", str(tls / "node2.crt")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "DNS:node2" in shown and "prime256v1" in shown
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in shown
    before = (tls / "node2.crt").read_bytes()
    cluster.run("--stop")
    assert cluster.start().returncode == 0
    assert (tls / "node2.crt").read_bytes() == before


def test_configuration_of_a_node(cluster):
    import tomllib

    assert cluster.start().returncode == 0
    config = tomllib.loads((cluster.data / "node2/greenroom.toml").read_text())
    assert config["node"] == {"name": "node2", "data_dir": str(cluster.data / "node2")}
    assert config["cluster"]["port"] == cluster.ports(2)["cluster"]
    everyone = [f"127.0.0.1:{cluster.ports(i)['cluster']}" for i in (1, 2, 3)]
    assert config["cluster"]["initial_nodes"] == everyone
    real = Path(os.environ.get("GREENROOM_BIN_DIR", ROOT / "build/release")) / "greenroomd"
    if real.exists():
        check = [real, "--check-config", "--config", cluster.data / "node2/greenroom.toml"]
        environment = {k: v for k, v in cluster.environment.items()}
        result = subprocess.run(check, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr


def test_one_node_needs_no_cluster(cluster):
    assert cluster.start("--nodes", "1").returncode == 0
    assert cluster.ports(1)["cluster"] == 0
    assert not (cluster.data / "tls").exists()
    assert "[cluster]" not in (cluster.data / "node1/greenroom.toml").read_text()


def test_started_again_only_the_missing_start(cluster):
    assert cluster.start().returncode == 0
    pids = [cluster.pid(i) for i in (1, 2, 3)]
    ports = [cluster.ports(i) for i in (1, 2, 3)]
    os.kill(pids[1], signal.SIGKILL)
    wait_for(lambda: not is_alive(pids[1]), "the end of node2")
    result = cluster.start()
    assert result.returncode == 0, result.stderr
    assert cluster.pid(1) == pids[0] and cluster.pid(3) == pids[2]
    assert cluster.pid(2) != pids[1] and is_alive(cluster.pid(2))
    assert " chat " in result.stdout and "--register" not in result.stdout, "they are registered"
    assert [cluster.ports(i) for i in (1, 2, 3)] == ports
    began = time.monotonic()
    assert cluster.run().returncode == 0
    assert time.monotonic() - began < 5


def test_a_stale_pid_file_is_no_obstacle_and_nobody_else_is_harmed(cluster):
    assert cluster.start("--nodes", "1").returncode == 0
    cluster.run("--stop")
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        pid_file = cluster.data / "node1/greenroomd.pid"
        pid_file.write_text(f"{bystander.pid}\n")
        assert cluster.run("--stop").returncode == 0
        assert bystander.poll() is None
        pid_file.write_text(f"{bystander.pid}\n")
        assert cluster.start().returncode == 0
        assert cluster.pid(1) != bystander.pid and bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_cluster_of_one_grows_and_does_not_shrink(cluster):
    assert cluster.start("--nodes", "1").returncode == 0
    result = cluster.start("--nodes", "3")
    assert result.returncode == 1
    assert "without a port for other nodes: stop it first" in result.stderr
    assert cluster.run("--stop").returncode == 0
    result = cluster.start("--nodes", "3")
    assert result.returncode == 0, result.stderr
    result = cluster.start("--nodes", "1")
    assert result.returncode == 1
    assert "node decommission node3" in result.stderr and "Traceback" not in result.stderr
    assert cluster.start().returncode == 0, "without --nodes the folder decides"


def test_fresh_forgets_only_what_is_the_clusters(cluster):
    assert cluster.start("--nodes", "1").returncode == 0
    (cluster.data / "notes.txt").write_text("mine")
    first = cluster.pid(1)
    result = cluster.start("--nodes", "3", "--fresh")
    assert result.returncode == 0, result.stderr
    assert not is_alive(first) and cluster.pid(3)
    assert not (cluster.data / "node1/ended").exists()
    assert (cluster.data / "notes.txt").read_text() == "mine"


def test_fresh_on_a_folder_of_somebody_else(cluster):
    (cluster.data / "node1").mkdir(parents=True)
    (cluster.data / "node1/thesis.txt").write_text("years")
    cluster.start("--nodes", "1", "--fresh")
    assert (cluster.data / "node1/thesis.txt").read_text() == "years"


def test_a_node_that_ends_is_shown_with_its_log(cluster):
    result = cluster.start(GREENROOM_LOG_LEVEL="trace")
    assert result.returncode == 1
    assert "ended with status 3" in result.stderr
    assert "this one refuses to start" in result.stderr
    left = [p for p in cluster.data.glob("node*/greenroomd.pid") if is_alive(int(p.read_text()))]
    assert not left


def test_a_taken_port_is_named(cluster):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", cluster.port + 1))
        taken.listen()
        result = cluster.start()
    assert result.returncode == 1
    assert f"port {cluster.port + 1}" in result.stderr and "--http-port" in result.stderr
    assert cluster.start().returncode == 0
    cluster.run("--stop")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", cluster.ports(2)["cluster"]))
        taken.listen()
        result = cluster.start()
    assert result.returncode == 1
    assert f"port {cluster.ports(2)['cluster']}, under which the other nodes know" in result.stderr


def test_variables_reach_the_nodes_except_those_that_are_decided_here(cluster):
    result = cluster.start("--nodes", "1", GREENROOM_LOG_LEVEL="info", GREENROOM_HTTP_PORT="1")
    assert result.returncode == 0, result.stderr
    assert "GREENROOM_HTTP_PORT is ignored" in result.stderr
    log = (cluster.data / "node1/greenroomd.log").read_text()
    assert re.search(r"environment \['GREENROOM_LOG_LEVEL'\]", log)


def test_a_cluster_that_runs_is_not_moved(cluster):
    assert cluster.start("--nodes", "1").returncode == 0
    result = cluster.run("--background", "--http-port", str(cluster.port + 1))
    assert result.returncode == 1
    assert str(cluster.port) in result.stderr and str(cluster.port + 1) in result.stderr
    assert "--stop" in result.stderr and "Traceback" not in result.stderr
    cluster.run("--stop")
    assert cluster.run("--background", "--http-port", str(cluster.port + 1)).returncode == 0
    assert cluster.ports(1)["http"] == cluster.port + 1


def test_stopping_forgets_what_a_crash_left_behind(cluster):
    assert cluster.start().returncode == 0
    pid = cluster.pid(2)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), "the end of node2")
    result = cluster.run("--stop")
    assert result.returncode == 0 and "Stopped node1, node3." in result.stdout
    assert not list(cluster.data.glob("node*/greenroomd.pid"))


def test_folders_that_hold_no_cluster(cluster, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    empty = tmp_path / "empty"
    empty.mkdir()
    for data, status, words in (
        (tmp_path / "absent", 1, "holds no cluster"), (empty, 1, "holds no cluster"),
        (file, 1, "is a file"), ("", 2, "--data must name a folder"),
    ):  # fmt: skip
        result = cluster.run("--stop", "--data", str(data))
        assert result.returncode == status, (data, result.stderr)
        assert words in result.stderr and "Traceback" not in result.stderr
    for data, status in ((file, 1), ("", 2)):
        result = cluster.run("--background", "--data", str(data))
        assert result.returncode == status and "Traceback" not in result.stderr, result.stderr
    assert not (tmp_path / "absent").exists()


def test_files_are_the_owners(cluster):
    assert cluster.start().returncode == 0
    for path in [cluster.data, *cluster.data.rglob("*")]:
        if path.name not in ("ended", "open-files"):  # of the stand-in
            assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path


def test_wrong_options_are_refused():
    for options, words in (
        (["--nodes", "0"], "between 1 and 99"), (["--http-port", "65534"], "between 1 and 65533"),
        (["--http-port", "65535", "--nodes", "2"], "between 1 and 65534"),
        (["--no-such-option"], "--no-such-option"),
    ):  # fmt: skip
        environment = os.environ | {"GRTEST_PROGRAMS": "/nonexistent"}
        result = subprocess.run(
            [str(ROOT / "scripts/run"), *options], env=environment, capture_output=True, text=True
        )
        assert result.returncode == 2, options
        assert "usage:" in result.stderr and words in result.stderr


def test_a_missing_program_is_a_sentence(cluster):
    shutil.rmtree(cluster.programs)
    result = cluster.start()
    assert result.returncode == 1
    assert "greenroomd" in result.stderr and "Traceback" not in result.stderr
