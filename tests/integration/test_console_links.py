# SPDX-License-Identifier: MIT
"""What an operator sees of the links between three nodes, through one of them."""

import datetime

import pytest
from harness.certificates import make_authority, make_certificate
from harness.ports import free_port
from harness.process import Node, temporary_folder
from harness.waiting import wait_until

NODES = {"node1", "node2", "node3"}
FIGURES = ("bytes_in", "bytes_out", "queue", "rtt_ms", "tls", "cipher", "certificate_until")


@pytest.fixture(autouse=True)
def all_run(cluster):
    cluster.settle()


def links_of(asked):
    return {(r["node"], r["peer"]): r for r in asked.rows("links")}


def measured(asked):
    """Of all six, once each has a round trip behind it."""

    def look():
        links = links_of(asked)
        up = [r for r in links.values()
              if r["state"] == "up" and r["rtt_ms"] is not None and r["tls"]]  # fmt: skip
        return links if len(up) == 6 else None

    return wait_until(look, "six links with a round trip")


def test_each_node_shows_its_link_to_each_other(cluster):
    links = measured(cluster.nodes[1])
    assert set(links) == {(a, b) for a in NODES for b in NODES if a != b}
    today = datetime.datetime.now(datetime.timezone.utc).isoformat()
    for (node, peer), r in links.items():
        back = links[peer, node]
        assert r["since"] <= today < r["certificate_until"], r
        assert r["bytes_in"] > 0 and r["bytes_out"] > 0 and r["frames_in"] > 0, r
        assert 0 < r["rtt_ms"] < 60_000 and r["queue"] >= 0 and r["dropped"] == 0, r
        assert r["tls"] == "TLSv1.3" and r["cipher"].startswith("TLS_"), r
        assert r["cipher"] == back["cipher"], "one connection serves both directions"
        assert r["dials"] is not back["dials"], "and one of the two has made it"
        assert r["failure"] is None and r["up_s"] >= 0 and r["disk"] > 0, r


def test_what_one_side_sends_arrives_at_the_other(cluster):
    asked = cluster.nodes[0]
    before = measured(asked)["node1", "node2"]["bytes_out"]
    # Asked later, so the other side has at least as much as had been sent before.
    wait_until(lambda: links_of(asked)["node2", "node1"]["bytes_in"] >= before,
               "what node1 has sent to be counted at node2")  # fmt: skip


def test_as_a_table(cluster):
    measured(cluster.nodes[0])
    shown = cluster.nodes[0].console("links")
    assert shown.returncode == 0 and not shown.stderr, shown.stderr
    head, *lines = shown.stdout.splitlines()
    assert head.split() == [
        "NODE", "PEER", "STATE", "QUEUE", "RTT_MS", "BYTES_IN", "BYTES_OUT", "SINCE", "TLS",
        "CIPHER", "CERTIFICATE_UNTIL"]  # fmt: skip
    assert len(lines) == 6 and all(" up " in line for line in lines)
    wide = cluster.nodes[0].console("links", "-o", "wide").stdout
    assert "UNACKED_BYTES" in wide.splitlines()[0]


def test_a_link_that_is_down(cluster):
    measured(cluster.nodes[0])
    cluster.nodes[2].kill()
    asked = cluster.nodes[0]

    def down():
        answer = asked.admin("links", timeout_s=4)
        rows = [r for r in answer["rows"] if r["peer"] == "node3"]
        return answer if all(r["state"] == "down" for r in rows) else None

    answer = wait_until(down, "both links to node3 to be down")
    assert [m["node"] for m in answer["missing"]] == ["node3"]
    gone = [r for r in answer["rows"] if r["peer"] == "node3"]
    assert {r["node"] for r in gone} == {"node1", "node2"}
    for r in gone:
        assert all(r[f] is None for f in ("since", "up_s", *FIGURES)), r
        assert r["address"] and r["version"], "what it was is known"
    left = [r for r in answer["rows"] if r["peer"] != "node3"]
    assert [(r["node"], r["peer"]) for r in left] == [("node1", "node2"), ("node2", "node1")]
    assert all(r["state"] != "down" and r["bytes_out"] > 0 for r in left), left
    cluster.start()
    cluster.settle()
    wait_until(lambda: links_of(asked)["node1", "node3"]["state"] == "up", "it to be back")


def test_of_two_connections_the_one_that_is_used_is_shown(started):
    """A node that comes back dials the seed that it was told of, and is dialled by it, later, when
    it was gone for a while."""
    tls = temporary_folder()
    make_authority(tls, "ca", 30)
    first, second = free_port(), free_port()
    if str(first) > str(second):
        first, second = second, first  # the lower address dials

    def node(name, port, **more):
        make_certificate(tls, "ca", name, 30)
        return Node(name=name, cluster__port=port, cluster__ca=tls / "ca.crt",
                    cluster__certificate=tls / f"{name}.crt",
                    cluster__key=tls / f"{name}.key", **more)  # fmt: skip

    asked = started(node("node1", first, cluster__initial_nodes=f"127.0.0.1:{first}"))
    other = started(node("node2", second, cluster__seeds=f"127.0.0.1:{first}"))
    wait_until(lambda: len(links_of(asked)) == 2, "the two to know each other")

    def told(field):
        """By the links of node1; one may end while the others are asked."""
        links = [a for a in asked.rows("actors", kind="link") if a["node"] == "node1"]
        return [f["value"] for link in links
                for f in asked.admin("actor show", actor=link["id"]).get("rows", [])
                if f["field"] == field and (link["role"] == "up" or field != "side")]  # fmt: skip

    def is_patient():
        waits = told("next attempt at the latest after (ms)")
        return any(w and w >= 1600 for w in waits)

    for _ in range(6):
        other.kill()
        wait_until(is_patient, "node1 to dial it seldom", 20)
        other.start()
        wait_until(lambda: "dialled" in told("side"), "node1 to have dialled it")
        if "accepted" in told("side"):
            break  # and before, it was dialled: it does so at once
    else:
        raise AssertionError("node1 was the first each time, though it dials every two seconds")
    last, rises = links_of(asked), {}

    def all_count():
        """There is always something to say, and it is said over the link that is used."""
        now = links_of(asked)
        for pair in set(now) & set(last):
            if all((now[pair][f] or 0) > (last[pair][f] or 0)
                   for f in ("frames_in", "frames_out")):  # fmt: skip
                rises[pair] = rises.get(pair, 0) + 1
        last.update(now)
        return len(rises) == 2 and min(rises.values()) >= 10

    wait_until(all_count, "frames to be counted at both ends, both ways", 30)
