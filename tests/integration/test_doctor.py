# SPDX-License-Identifier: MIT
"""What `doctor` finds at nodes that run, each with its exit code."""

import json

import pytest
from harness.certificates import make_authority, make_certificate
from harness.client import Client
from harness.doctor import OK, UNHEALTHY, findings
from harness.names import fresh
from harness.ports import free_port
from harness.process import Node, temporary_folder
from harness.sleeper import sleeping_session
from harness.waiting import wait_until


def test_a_backup_that_fails_and_one_that_is_there(started):
    """Of none there is a warning, which is no failure by itself."""
    node = started(Node())
    code, found = findings(node)
    assert found["backup", "node1"]["state"] == "warning"
    assert "none has been made" in found["backup", "node1"]["detail"]
    assert {r["state"] for r in found.values()} <= {"ok", "warning"} and code == OK, found
    (node.folder / "backups").write_text("no folder")
    assert node.console("backup", "now", "--to", "one").returncode == UNHEALTHY
    code, found = findings(node)
    assert found["backup", "node1"]["state"] == "failed" and code == UNHEALTHY
    (node.folder / "backups").unlink()
    assert node.console("backup", "now", "--to", "two").returncode == OK
    code, found = findings(node)
    assert found["backup", "node1"]["state"] == "ok" and code == OK, found


def test_a_backup_that_is_too_old(started):
    node = started(Node())
    assert node.console("backup", "now", "--to", "old").returncode == OK
    node.stop()
    manifest = node.folder / "backups" / "old" / "backup.json"
    written = json.loads(manifest.read_text())
    written["made_at"] = "2026-01-02T03:04:05.000Z"
    manifest.write_text(json.dumps(written))
    node.start()
    code, found = findings(node)
    row = found["backup", "node1"]
    assert row["state"] == "warning" and "the newest is " in row["detail"], row
    assert code == OK, "a warning is no failure"


@pytest.mark.parametrize(("days", "state", "code"), [
    (5, "failed", UNHEALTHY), (20, "warning", OK), (90, "ok", OK)])  # fmt: skip
def test_a_certificate_that_is_near_its_end(started, days, state, code):
    tls = temporary_folder()
    make_authority(tls, "ca", 365)
    make_certificate(tls, "ca", "node1", days)
    port = free_port()
    node = started(Node(cluster__port=port, cluster__certificate=tls / "node1.crt",
                        cluster__key=tls / "node1.key", cluster__ca=tls / "ca.crt",
                        cluster__initial_nodes=f"127.0.0.1:{port}"))  # fmt: skip
    found_code, found = findings(node)
    row = found["certificates", "node1"]
    assert (row["state"], found_code) == (state, code), found
    assert str(days - 1) in row["detail"] or str(days) in row["detail"], row


def test_somebody_who_does_not_read(start_node):
    """More than half of his queue is full."""
    node = start_node(limits__outbound_queue_messages=200)
    with Client(node) as alice, Client(node) as bob:
        alice.register(fresh("alice"))
        slow = bob.register(fresh("bob"))
        room = alice.create_room(members=[bob.user["id"]])["id"]
        with sleeping_session(node, slow, room):
            code, found = findings(node)
            assert (found["consumers", "node1"]["state"], code) == ("ok", OK), found

            def is_slow():
                for _ in range(20):
                    alice.send(room, "x" * 16_000)
                return max(r["queue"] for r in node.rows("connections")) >= 100

            # As much as the kernel keeps for a socket.
            wait_until(is_slow, "half of his queue to be full", 90)
            code, found = findings(node)
            row = found["consumers", "node1"]
            assert row["state"] == "warning", row
            assert "1 of 3 connections take less" in row["detail"], row
            assert code == OK, "a warning is no failure"
            assert node.metric("greenroom_slow_consumers_total") == 0
