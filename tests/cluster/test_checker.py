# SPDX-License-Identifier: MIT
"""The judge is judged: good histories are clean, and each thing that may go wrong is seen by the
property that is about it."""

import json
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from checker import PROPERTIES, History, judge
from checker.witness import report
from model import Model
from mutators import MUTATORS, mutate

SEEDS = range(2)


@cache
def good(seed):
    """As from a file: what JSON makes of keys and numbers is part of it."""
    return [json.loads(json.dumps(r)) for r in Model(seed).run()]


def test_each_property_has_a_mutator():
    assert len(PROPERTIES) == 18
    tried = {name.split()[0] for name in MUTATORS}
    assert tried == {name.split()[0] for name in PROPERTIES}


@pytest.mark.parametrize("seed", range(12))
def test_good_histories_are_clean(seed):
    records = good(seed)
    kinds = {r["k"] for r in records}
    assert {"inv", "ret", "evt", "close", "cur", "final", "replica", "lead", "hash"} <= kinds
    assert any(r.get("dup") for r in records), "repeats are part of it"
    violations = judge(records)
    assert not violations, report(violations, History(records))


@pytest.mark.parametrize("name", MUTATORS)
def test_what_is_wrong_is_seen(name):
    for seed in SEEDS:
        records = mutate(name, good(seed), random.Random(seed))
        caught = {v.name.split()[0] for v in judge(records)}
        assert name.split()[0] in caught, f"seed {seed}: {name}: only {caught} saw it"


def test_a_witness_can_be_read(tmp_path):
    """The command line: the property, both records with their lines, the faults, the seed."""
    records = mutate("P1 a page shows another message at a place", good(3), random.Random(3))
    file = tmp_path / "history.ndjson"
    file.write_text("".join(json.dumps(r) + "\n" for r in records))
    here = Path(__file__).parent
    done = subprocess.run([sys.executable, "-m", "checker", str(file)], cwd=here,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "P1 one truth: " in done.stdout and "another" in done.stdout
    assert "seed 3" in done.stdout and '"k":"fault"' in done.stdout
    assert done.stdout.count("  line ") >= 3, "records with the places where they are"
    file.write_text("".join(json.dumps(r) + "\n" for r in good(3)))
    done = subprocess.run([sys.executable, "-m", "checker", str(file)], cwd=here,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0 and done.stdout.endswith(": clean\n"), done.stdout


def test_silence_is_excused_only_while_a_node_cannot_speak():
    records = mutate("P17 a request is never answered", good(1), random.Random(1))
    assert [v.name for v in judge(records)] == ["P17 answered once"]
    lost = judge(records)[0].records[0]
    at = next(i for i, r in enumerate(records) if r.get("op") == lost["op"])
    frozen = {"t": lost["t"] + 1, "k": "fault", "what": "SIGSTOP", "node": lost["n"], "on": True,
              "mute": True}  # fmt: skip
    records.insert(at + 1, frozen)
    assert not judge(records)
    frozen["node"] = "another"
    assert judge(records), "another node's silence is no excuse"
