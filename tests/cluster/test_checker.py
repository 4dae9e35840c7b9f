# SPDX-License-Identifier: MIT
"""The judge is judged: good histories are clean, and each thing that may go wrong is seen by the
property that is about it."""

import json
import os
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


SOME_TESTS = """
import os, pytest
def test_good(record_property): record_property("figure", "p99 3 ms")
@pytest.mark.parametrize("count", [1, 2])
def test_count(count): assert count == 1, "two are too many"
def test_luck(): pytest.skip("needs luck")
@pytest.fixture
def bad_end():
    yield
    assert False, "it ends badly"
def test_cleared_away(bad_end): pass
def test_dies(): os._exit(3)
def test_never(): pass
"""


def test_the_table_of_faults_says_what_became_of_each(tmp_path):
    (tmp_path / "test_some_long.py").write_text(SOME_TESTS)
    support = Path(__file__).parent.parent / "support"
    tried = tmp_path / "tried"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tell_tried",
         "test_some_long.py"],
        cwd=tmp_path, capture_output=True,
        env=os.environ | {"GRTEST_TRIED": str(tried), "PYTHONPATH": str(support)},
    )  # fmt: skip
    done = subprocess.run([sys.executable, support / "tell_tried.py", tried],
                          capture_output=True, text=True, check=True)  # fmt: skip
    found = {}
    for line in done.stdout.splitlines()[1:-1]:
        name, rest = line[:52].strip(), line[52:].split(maxsplit=1)[1]
        found[name] = rest
    assert found.pop("some: good") == "held         p99 3 ms"
    assert found.pop("some: count (1)") == "held"
    assert found.pop("some: count (2)") == "BROKEN       AssertionError: two are too many"
    assert found.pop("some: luck") == "not run      needs luck"
    assert found.pop("some: cleared away") == "BROKEN       AssertionError: it ends badly"
    assert found.pop("some: dies") == "NO END"
    assert found.pop("some: never") == "not reached"
    assert not found
    assert done.stdout.splitlines()[-1].startswith("7 faults in 0.0 minutes: 2 held, 2 BROKEN")
