# SPDX-License-Identifier: MIT
"""Backups of nodes that run: asked for and by the clock, what they hold, and who hears of them."""

import json
import stat

from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.process import Node, temporary_folder
from harness.waiting import wait_until
from test_store_tools import modes_below, read_again, store_tool, succeeded, write_something


def backups_of(node):
    folder = node.folder / "backups"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def whole_backups_of(node):
    return [n for n in backups_of(node) if (node.folder / "backups" / n / "backup.json").exists()]


def doctor_row(node, of=None):
    (row,) = [
        r for r in node.rows("doctor") if r["check"] == "backup" and r["node"] == (of or node.name)
    ]
    return row


def test_a_backup_of_a_running_node(start_node, started):
    node = start_node()
    assert doctor_row(node)["state"] == "warning" and "none" in doctor_row(node)["detail"]
    assert node.metric("greenroom_backup_age_seconds") == 0, "no sample before the first"
    name, room, history = write_something(node)
    (row,) = node.rows("backup now", timeout_s=60, to="monday")
    assert row["state"] == "made" and row["name"] == "monday" and row["node"] == node.name, row
    backup = node.folder / "backups" / "monday"
    assert row["folder"] == str(backup)
    assert modes_below(backup) == {(True, 0o700), (False, 0o600)}
    assert stat.S_IMODE((node.folder / "backups").stat().st_mode) == 0o700

    # What was acknowledged before it is in it; what comes later is not, and does not disturb it.
    with Client(node) as alice:
        alice.log_in(username=name, password=PASSWORD)
        alice.send(room, "after the backup")
    assert "nothing is wrong" in succeeded(store_tool("verify", backup))
    manifest = json.loads((backup / "backup.json").read_text())
    assert manifest["online"] and manifest["settings"]["node"]["name"] == node.name
    assert {str(s["shard"]): s["applied"] for s in manifest["shards"]} == row["applied"]
    assert manifest["files"] and all(len(f["sha256"]) == 64 for f in manifest["files"])
    assert "secret" not in json.dumps(manifest["settings"])

    folder = temporary_folder() / "again"
    succeeded(store_tool("restore", "--to", folder, backup))
    node.stop()
    again = started(Node(folder=folder))
    assert read_again(again, name, room) == history, "without what came after it"


def test_it_is_written_down_and_refused_where_it_makes_no_sense(start_node):
    node = start_node()
    made = node.console("backup", "now", "--to", "one", timeout_s=60)
    assert made.returncode == 0 and "made" in made.stdout, made.stderr
    (line,) = node.rows("audit tail", limit=1)
    assert line["action"] == "backup now" and line["outcome"] == "ok", line
    again = node.console("backup", "now", "--to", "one", timeout_s=60)
    assert again.returncode == 7 and "there already" in again.stdout, again.stdout
    for name in ("../up", ".hidden", "a/b", "x" * 65, "a b"):
        answer = node.admin("backup now", to=name)
        assert answer["error"]["code"] == "usage", answer
    assert node.admin("backup now", to=5)["error"]["code"] == "usage"
    assert backups_of(node) == ["one"]
    named_by_time = node.rows("backup now", timeout_s=60)[0]["name"]
    assert named_by_time.startswith("20") and named_by_time in backups_of(node)


def test_by_the_clock(start_node):
    node = start_node(backup__every=1, backup__keep=2)
    wait_until(
        lambda: node.rows("backup now", timeout_s=60, to="kept")[0]["state"] == "made",
        "one between those of the clock", 30,
    )  # fmt: skip
    wait_until(lambda: len(by_the_clock(node)) == 2, "two backups by the clock", 30)
    first = by_the_clock(node)[0]
    wait_until(lambda: first not in backups_of(node), "the oldest to go", 30)
    assert len(by_the_clock(node)) <= 3, "and not all of them stay"
    assert "kept" in backups_of(node), "what somebody has named stays"
    assert doctor_row(node)["state"] == "ok", doctor_row(node)
    wait_until(lambda: 0 < node.metric("greenroom_backup_age_seconds") < 60, "its age as a figure")
    node.restart()
    assert doctor_row(node)["state"] == "ok", "it finds what is there when it starts"
    newest = node.folder / "backups" / whole_backups_of(node)[-1]
    node.stop()
    assert not [n for n in backups_of(node) if n.endswith(".unfinished")]
    assert "nothing is wrong" in succeeded(store_tool("verify", newest))


def by_the_clock(node):
    return [n for n in whole_backups_of(node) if n.startswith("20") and n.endswith("Z")]


def test_what_an_ended_node_has_not_finished_goes(start_node):
    node = start_node()
    node.stop()
    left = node.folder / "backups" / "20260101T000000000Z.unfinished" / "store"
    left.mkdir(parents=True)
    node.start()
    wait_until(lambda: backups_of(node) == [], "what was not finished to go")


def test_of_every_node(cluster):
    cluster.settle()
    name, room, history = write_something(cluster.nodes[0])
    called = fresh("all")
    rows = cluster.nodes[0].rows("backup now", timeout_s=60, to=called)
    assert {r["node"] for r in rows} == {"node1", "node2", "node3"}
    for row in rows:
        assert row["state"] == "made" and row["name"] == called and row["shards"] > 0, row
    for node in cluster.nodes:
        backup = node.folder / "backups" / called
        assert "nothing is wrong" in succeeded(store_tool("verify", backup))
        assert doctor_row(cluster.nodes[1], of=node.name)["state"] == "ok"
        assert json.loads((backup / "backup.json").read_text())["nodes"] == 3
