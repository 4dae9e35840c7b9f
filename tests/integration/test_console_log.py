# SPDX-License-Identifier: MIT
"""The logs of three nodes through one of them: what is kept, what comes, with one node gone."""

import json
import signal
import subprocess
import threading

import pytest
from harness.client import new_id
from harness.process import TOOL, clean_environment
from harness.waiting import SLOWNESS, wait_until

NODES = {"node1", "node2", "node3"}
WORDS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()


def a_component():
    """A name that nothing else logs about; levels know letters only."""
    return "".join(WORDS[int(c, 16)] for c in new_id().replace("-", ""))[:20]


def make_a_line(node, component):
    """On every node: that an operator has set its level. Only few components may have one."""
    answer = node.admin("log level", level="info", component=component)
    assert answer["ok"], answer


def usage(node, **args):
    answer = node.admin("log tail", **args)
    assert not answer["ok"] and answer["error"]["code"] == "usage", f"{args}: {answer}"
    return answer["error"]["message"]


def test_all_nodes_are_followed(cluster):
    asked, component = cluster.nodes[0], a_component()
    wanted = {"follow": True, "listener": component, "grep": component.upper()}
    assert asked.rows("log tail", **wanted) == []
    make_a_line(cluster.nodes[1], component)
    found = []

    def heard():
        rows = asked.rows("log tail", **wanted)
        assert [r["time"] for r in rows] == sorted(r["time"] for r in rows), "by time, each time"
        found.extend(rows)
        return {r["node"] for r in found} == NODES

    wait_until(heard, "a line of each node")
    assert len(found) == 3, "each of them once"
    for r in found:
        assert r["level"] == "info" and r["component"] == "main", r
        assert r["message"] == f"log level of {component} set to info by an operator"


def test_one_node_is_followed(cluster):
    asked, component = cluster.nodes[0], a_component()
    wanted = {"follow": True, "listener": component, "grep": component, "from": "node2"}
    asked.rows("log tail", **wanted)
    make_a_line(asked, component)
    found = wait_until(lambda: asked.rows("log tail", **wanted), "the line of node2")
    assert [r["node"] for r in found] == ["node2"]
    answer = asked.admin("log tail", **wanted | {"from": "node9"})
    assert answer["error"]["code"] == "not_found", answer


def test_the_tool_follows_until_it_is_told_to_end(cluster):
    asked, component = cluster.nodes[0], a_component()
    words = ["log", "tail", "--follow", "--level", "info", "--component", "main", "--grep",
             component, "-o", "json"]  # fmt: skip
    lines = []
    with subprocess.Popen(
        [str(TOOL), "console", "--node", str(asked.socket_path), *words],
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    ) as tool:  # fmt: skip
        reader = threading.Thread(target=lambda: lines.extend(iter(tool.stdout.readline, "")))
        reader.start()

        def heard():
            # Again: the first may come before the tool does.
            make_a_line(asked, component)
            return {json.loads(line)["node"] for line in list(lines)} == NODES

        try:
            wait_until(heard, "a line of each node on standard output")
        finally:
            tool.send_signal(signal.SIGINT)
        assert tool.wait(10 * SLOWNESS) == 0
        reader.join()
    assert all(json.loads(line)["component"] == "main" for line in lines)


def test_what_is_wrong(cluster):
    asked = cluster.nodes[0]
    assert "level is one of" in usage(asked, level="loud")
    assert "level is one of" in usage(asked, level="off")
    assert "limit is 0 to 256" in usage(asked, limit=257)
    assert "limit is 0 to 256" in usage(asked, limit="many")
    assert "grep has at most 256 bytes" in usage(asked, grep="x" * 257)
    assert "grep is a text" in usage(asked, grep=7)
    assert "follow is true or false" in usage(asked, follow="yes")
    assert "listener:" in usage(asked, follow=True)
    assert "listener:" in usage(asked, follow=True, listener="x" * 65)
    result = asked.console("log", "tail", "--follow", "--sort", "time")
    assert result.returncode == 2 and not result.stdout


def test_a_node_that_goes_is_in_the_log_of_the_others(cluster):
    asked, listener = cluster.nodes[0], a_component()
    wanted = {"follow": True, "listener": listener, "component": "link", "grep": "down: node3",
              "limit": 0}  # fmt: skip
    assert asked.rows("log tail", **wanted) == [], "nothing of what is kept, by limit"
    cluster.nodes[2].kill()
    found = []

    def heard():
        answer = asked.admin("log tail", timeout_s=4, **wanted)
        assert answer["ok"], answer
        found.extend(answer["rows"])
        missing = {m["node"] for m in answer["missing"]}
        return {r["node"] for r in found} == {"node1", "node2"} and missing == {"node3"}

    wait_until(heard, "node1 and node2 to have lost node3")
    assert all(r["level"] == "warn" for r in found)

    def kept():
        return asked.admin("log tail", timeout_s=4, level="warn", limit=256)["rows"]

    lost = [r for r in kept() if r["message"].startswith("down: node3")]
    assert {r["node"] for r in lost} == {"node1", "node2"}, "it is kept, for who asks later"
    assert len(asked.admin("log tail", timeout_s=4, limit=1)["rows"]) == 1, "of all together"
    shown = asked.console("log", "tail", "--grep", "down: node3")
    assert shown.returncode == 7 and "nothing from node3" in shown.stderr
    assert shown.stdout.splitlines()[0].split() == ["TIME", "NODE", "LEVEL", "COMPONENT", "MESSAGE"]
    assert "down: node3" in shown.stdout


def test_so_many_follow_and_no_more(cluster):
    """The last test: its listeners stay for five seconds."""
    asked = cluster.nodes[0]
    args = {"follow": True, "from": "node1"}
    answers = [asked.admin("log tail", listener=f"l{n}", **args) for n in range(9)]
    refused = [a["error"] for a in answers if not a["ok"]]
    assert refused and all(e["code"] == "refused" for e in refused), answers
    assert "8 consoles follow the log of node1 already" in refused[-1]["message"]
