# SPDX-License-Identifier: MIT
"""Single bits that flip on the disk: found, or without effect; never a node with less."""

import shutil

from harness.client import Client, Lost, Refused
from harness.names import fresh
from harness.process import STARTED, Node, temporary_folder
from rig.damage import PARTS, flip

FLIPS = 200
MESSAGES = 200


def test_flipped_bits(programs, rng, figure):
    """A single node: it refuses to start, ends, or answers that the record is damaged, or all
    of it is there as it was."""
    node = Node()
    node.start()
    with Client(node) as c:
        c.register(fresh("alice"))
        token = c.token
        room = c.create_room("bits")["id"]
        said = []
        for part in range(2):
            for i in range(MESSAGES // 2):
                said.append(f"{part} {i} " + "x" * rng.randrange(400))
                c.send(room, said[-1])
            if part == 0:  # opening turns the log into table files
                node.kill()
                node.start()
                c = Client(node, token=token)
    node.kill()
    good = temporary_folder() / "good"
    shutil.copytree(node.folder, good, ignore=shutil.ignore_patterns("*.sock"))
    outcomes = {}
    for number in range(FLIPS):
        shutil.rmtree(node.folder)
        shutil.copytree(good, node.folder)
        kind = list(PARTS)[number % len(PARTS)]
        path, at = flip(node.folder, kind, rng)
        before = len(node.log())
        outcome = judge(node, token, room, said)
        log = node.log()[before:]
        if outcome == "refused":
            assert "store" in log, f"{path.name}:{at}: the refusal names where:\n{log[-2000:]}"
        outcomes[kind, outcome] = outcomes.get((kind, outcome), 0) + 1
        assert outcome != "less", f"{path.name}: bit in byte {at}: the node has less, and says so "\
                                  "to nobody"
    STARTED.remove(node)
    figure(", ".join(f"{k} {o}: {n}" for (k, o), n in sorted(outcomes.items())))


def judge(node, token, room, said):
    """What becomes of a node with a flipped bit."""
    try:
        node.launch()
        try:
            node.wait_ready()
        except AssertionError:
            return "refused" if not node.is_running() else "never ready"
        try:
            with Client(node, token=token) as c:
                got = [m["content"] for m in c.whole_history(room)]
            return "without effect" if got == said else "less"
        except Refused as why:
            return f"answered {why.code}"
        except Lost:
            return "ended" if not node.is_running() else "connection closed"
    finally:
        node.kill()
