# SPDX-License-Identifier: MIT
"""Nodes that end at each step of a shard's way to another node."""

import re

from harness.waiting import wait_until

STEPS = ("adds", "gives the vote to", "takes out", "hands over to")
WHO = ("its leader", "whom it is about", "the leader of the map")
TURNS = 4
LINE = re.compile(rf"shard (\d+): ({'|'.join(STEPS)}) (node\d+)")


class Steps:
    """What leaders have done to their groups since it was last asked."""

    def __init__(self, trio):
        self.trio = trio
        self.read = {}
        self.new()

    def new(self):
        found = []
        for node in self.trio.all:
            at = self.read.get(node.name, 0)
            with open(node.log_path, "rb") as file:
                file.seek(at)
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self.read[node.name] = at + len(whole)
            found += [(node, step, about) for _, step, about in LINE.findall(whole.decode())]
        return found


class Crashes:
    """Each of `WHO` is killed right after each of `STEPS`, while people go on."""

    def __init__(self, trio, stage):
        self.trio, self.stage = trio, stage
        self.left = {(step, who) for step in STEPS for who in WHO}
        self.done = []
        self.steps = Steps(trio)

    def victim_of(self, who, leader, about):
        if who == WHO[0]:
            return leader
        name = about if who == WHO[1] else self.trio.leaders(leader).get(0)
        return next((n for n in self.trio.all if n.name == name), None)

    def go_on(self):
        for leader, step, about in self.steps.new():
            for who in WHO:
                if (step, who) not in self.left or not leader.is_running():
                    continue
                victim = self.victim_of(who, leader, about)
                if victim and victim.is_running():
                    self.crash(step, who, victim)
                    self.steps.new()  # what happened meanwhile is not now
                    return

    def crash(self, step, who, victim):
        what = f"kill -9 when a leader {step}"
        self.stage.fault(what, victim.name, mute=True)
        victim.kill()
        self.left.discard((step, who))
        self.done.append((step, who))
        self.stage.wait_progress()
        victim.launch()
        if victim in self.trio.nodes:
            victim.wait_ready()
        self.stage.fault(what, victim.name, on=False, mute=True)

    def until(self, condition, what):
        def over():
            self.go_on()
            self.stage.check_people()
            try:
                return condition()
            except (OSError, KeyError):
                return False

        wait_until(over, what, 240)


def test_crashes_at_each_step_of_a_move(trio, stage, figure):
    """Nodes join and are decommissioned under load. Every group has a leader again, every move
    comes to its end, and nothing that was acknowledged is lost."""
    crashes = Crashes(trio, stage)
    for turn in range(TURNS):
        if not crashes.left:
            break
        new = trio.add(f"node{4 + turn}")
        new.launch()

        def has_its_share(name=new.name):
            rows = trio.nodes[0].rows("shards")
            return (all(r["state"] == "led" for r in rows)
                    and sum(name in r["replicas"] for r in rows) >= 20)  # fmt: skip

        crashes.until(has_its_share, f"{new.name} to have its share")

        def is_leaving(name=new.name):
            result = trio.nodes[0].console("node", "decommission", name, "--yes")
            return result.returncode == 0

        wait_until(is_leaving, f"{new.name} to be decommissioned", 60)

        def is_gone(name=new.name):
            rows = trio.nodes[0].rows("shards")
            return (all(r["state"] == "led" and len(r["replicas"]) == 3 for r in rows)
                    and not any(name in r["replicas"] for r in rows))  # fmt: skip

        crashes.until(is_gone, f"others to have what {new.name} had")
        wait_until(lambda n=new: not n.is_running(), f"{new.name} to end", 60)
    trio.settle()
    stage.wait_progress()
    stage.end(alone=True)
    figure(f"{len(crashes.done)} crashes; not met: "
           f"{', '.join(f'{s} × {w}' for s, w in sorted(crashes.left)) or 'none'}")
    assert len(crashes.done) >= 8, f"most steps are met: {crashes.done}"
