# SPDX-License-Identifier: MIT
"""The data of a node that does not run: what verify finds, what dump shows, and backups that are
restored and started again."""

import json
import os
import stat
import subprocess

from harness import names, process
from harness.client import PASSWORD, Client
from harness.names import fresh
from harness.newcomers import Newcomers
from harness.process import TOOL, Cluster, Node, clean_environment, temporary_folder
from harness.waiting import PATIENCE_S, wait_until


def store_tool(verb, *words):
    return subprocess.run(
        [str(TOOL), "store", verb, *map(str, words)], env=clean_environment(), text=True,
        capture_output=True, timeout=8 * PATIENCE_S, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def succeeded(result):
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return result.stdout


def lines(result):
    return [json.loads(line) for line in succeeded(result).splitlines()]


def write_something(node, texts=("one", "two", "three")):
    """A name that has written into a room of its own, and that room's id."""
    name = fresh("alice")
    with Client(node) as alice:
        alice.register(name)
        room = alice.create_room("Tea", alias=fresh("tea"), room_type="public")["id"]
        acks = [alice.send(room, text) for text in texts]
        at = {"room_id": room}
        alice.ask("edit_message_request", id=acks[0]["id"], content="one, changed", **at)
        alice.ask("reaction_request", id=acks[1]["id"], emoji="👍", add=True, **at)
        alice.ask("delete_message_request", id=acks[2]["id"], **at)
        history = [(m["seq"], m["content"]) for m in alice.whole_history(room)]
    return name, room, history


def read_again(node, name, room):
    with Client(node) as alice:
        alice.log_in(username=name, password=PASSWORD)
        return [(m["seq"], m["content"]) for m in alice.whole_history(room)]


def modes_below(folder):
    return {
        (stat.S_ISDIR(path.stat().st_mode), stat.S_IMODE(path.stat().st_mode))
        for path in [folder, *folder.rglob("*")]
        if path.name != "LOCK"
    }


def test_a_running_node_is_refused(start_node, tmp_path):
    node = start_node()
    for verb, *words in (
        ("verify", node.folder), ("dump", node.folder), ("stats", node.folder),
        ("backup", "--to", tmp_path / "b", node.folder),
    ):  # fmt: skip
        result = store_tool(verb, *words)
        assert result.returncode == 4, f"{verb}: {result.stdout}{result.stderr}"
        assert "stop the node" in result.stderr, result.stderr
    assert not (tmp_path / "b").exists()
    assert node.is_ready(), "and nothing happened to it"


def test_what_is_not_there(tmp_path):
    assert store_tool("verify", tmp_path).returncode == 3
    assert store_tool("restore", "--to", tmp_path / "x", tmp_path).returncode == 3
    assert store_tool("dump", "--kind", "nonsense", tmp_path).returncode == 2


def test_verify_dump_and_stats(start_node):
    node = start_node()
    name, room, history = write_something(node)
    node.stop()
    said = succeeded(store_tool("verify", node.folder))
    assert "nothing is wrong" in said, said

    messages = lines(store_tool("dump", "--room", room, "--kind", "message", node.folder))
    assert [(m["seq"], m["content"]) for m in messages] == history
    assert len(lines(store_tool("dump", "--kind", "message", "--limit", "1", node.folder))) == 1
    users = lines(store_tool("dump", "--kind", "user", node.folder))
    shown = next(u for u in users if u["username"] == name)
    assert shown["password_hash"] == "(secret)", shown
    shard = messages[0]["shard"]
    everything = lines(store_tool("dump", "--shard", shard, node.folder))
    assert {line["shard"] for line in everything} == {shard}
    assert "argon2" not in succeeded(store_tool("dump", node.folder))

    counts = json.loads(succeeded(store_tool("stats", "-o", "json", node.folder)))
    kinds = {row["kind"]: row for row in counts["kinds"]}
    assert kinds["message"]["records"] == len(history), counts
    assert any(row["shard"] == shard and row["kind"] == "message" for row in counts["shards"])
    assert "message" in succeeded(store_tool("stats", node.folder))
    node.start()
    assert read_again(node, name, room) == history, "looking has changed nothing"


def test_a_damaged_file_is_named(start_node):
    node = start_node()
    write_something(node, [f"text {i}" for i in range(50)])
    node.restart()  # what was in the journal is in tables now
    node.stop()
    tables = sorted((node.folder / "store").glob("*.sst"), key=lambda p: p.stat().st_size)
    victim = tables[-1]
    with open(victim, "r+b") as file:
        file.seek(16)
        was = file.read(8)
        file.seek(16)
        file.write(bytes(255 - byte for byte in was))
    result = store_tool("verify", node.folder)
    assert result.returncode == 1, result.stdout
    assert victim.name in result.stdout, result.stdout
    assert "findings" in result.stdout


def test_a_backup_is_restored_elsewhere(start_node, started, tmp_path):
    node = start_node()
    name, room, history = write_something(node)
    node.stop()
    backup = tmp_path / "backup"
    succeeded(store_tool("backup", "--to", backup, node.folder))
    assert modes_below(backup) == {(True, 0o700), (False, 0o600)}
    assert "nothing is wrong" in succeeded(store_tool("verify", backup))
    assert store_tool("backup", "--to", backup, node.folder).returncode == 4, "not twice"

    manifest = json.loads((backup / "backup.json").read_text())
    assert manifest["schema"] == 1 and manifest["node"] == node.name and not manifest["online"]
    assert any(shard["applied"] > 0 for shard in manifest["shards"])

    full = tmp_path / "full"
    (full / "x").mkdir(parents=True)
    assert store_tool("restore", "--to", full, backup).returncode == 4, "only into an empty one"

    folder = temporary_folder() / "again"
    said = succeeded(store_tool("restore", "--to", folder, backup))
    assert "greenroomd --data" in said, said
    assert modes_below(folder) == {(True, 0o700), (False, 0o600)}
    again = started(Node(folder=folder))
    assert read_again(again, name, room) == history
    with Client(again) as alice:
        alice.log_in(username=name, password=PASSWORD)
        ack = alice.send(room, "after the backup")
        assert ack["seq"] > max(seq for seq, _ in history), "and the room goes on"
    again.stop()
    assert "nothing is wrong" in succeeded(store_tool("verify", folder))


def test_a_backup_with_another_byte_is_not_restored(start_node, tmp_path):
    node = start_node()
    write_something(node)
    node.stop()
    backup = tmp_path / "backup"
    succeeded(store_tool("backup", "--to", backup, node.folder))
    victim = max((backup / "store").iterdir(), key=lambda p: p.stat().st_size)
    with open(victim, "r+b") as file:
        file.seek(victim.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(victim.stat().st_size // 2)
        file.write(bytes([255 - byte]))
    result = store_tool("restore", "--to", tmp_path / "again", backup)
    assert result.returncode == 1
    assert victim.name in result.stderr, result.stderr
    assert not os.path.exists(tmp_path / "again" / "store")
    (backup / "backup.json").unlink()
    result = store_tool("restore", "--to", tmp_path / "again", backup)
    assert result.returncode == 3 and "backup.json" in result.stderr


def test_a_new_identity_alone(start_node, started, tmp_path):
    node = start_node()
    name, room, history = write_something(node)
    old = node.rows("nodes")[0]["id"]
    node.stop()
    backup, folder = tmp_path / "backup", temporary_folder() / "new"
    succeeded(store_tool("backup", "--to", backup, node.folder))
    said = succeeded(store_tool("restore", "--new-identity", "--to", folder, backup))
    assert "new cluster" in said, said
    assert "nothing is wrong" in succeeded(store_tool("verify", folder))
    again = started(Node(folder=folder))
    assert again.rows("nodes")[0]["id"] != old
    assert read_again(again, name, room) == history
    with Client(again) as bob:
        bob.register(fresh("bob"))
        bob.ask("join_room_request", room_id=room)
        assert bob.send(room, "hello")["seq"] > max(seq for seq, _ in history)
    again.restart()
    assert len(read_again(again, name, room)) == len(history) + 1


def test_a_lost_cluster_from_the_backup_of_one(started, tmp_path):
    """Three nodes are gone; the backup of one becomes a cluster of one, and two others join it."""
    lost = Cluster()
    try:
        lost.start().settle()
        lost.wait_even()
        name, room, history = write_something(lost.nodes[0])
        with Client(lost.nodes[0]) as alice:
            alice.log_in(username=name, password=PASSWORD)
            lost.wait_everywhere(
                names.shard_of(room),
                lambda: alice.ask("update_room_request", room_id=room, topic="on all nodes"),
            )
        rows = lambda: lost.nodes[0].rows("raft")  # noqa: E731
        wait_until(
            lambda: all(r["votes"] == 3 and r["lag"] == 0 and r["applied"] == r["last"]
                        for r in rows()),
            "every replica to have everything", 30,
        )  # fmt: skip
        lost.stop()
        backup = tmp_path / "backup"
        succeeded(store_tool("backup", "--to", backup, lost.nodes[1].folder))
        assert json.loads((backup / "backup.json").read_text())["nodes"] == 3
    finally:
        lost.kill()
        process.STARTED.remove(lost)

    folder = temporary_folder() / "new1"
    restored = store_tool("restore", "--new-identity", "--to", folder, backup)
    succeeded(restored)
    assert "no majority of the replicas" in restored.stderr, "and what that means is said"
    new = Newcomers(started).start(folder)
    first, *others = new.nodes
    assert read_again(first, name, room) == history
    assert {n["name"] for n in first.rows("nodes")} == {"new1", "new2", "new3"}
    for node in others:
        assert read_again(node, name, room) == history
    first.stop()
    wait_until(
        lambda: {r["leader"] for r in others[0].rows("shards")} <= {"new2", "new3"},
        "the others to lead", 30,
    )  # fmt: skip
    assert read_again(others[0], name, room) == history, "what joined has all of it"
    for node in others:
        node.stop()
        assert "nothing is wrong" in succeeded(store_tool("verify", node.folder))
