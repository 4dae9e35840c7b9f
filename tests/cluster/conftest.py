# SPDX-License-Identifier: MIT
"""Fixtures: a cluster of three that may be broken, and people on it. The harness is that of the
integration tests."""

import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

import pytest  # noqa: E402
from harness import process  # noqa: E402
from load import Stage  # noqa: E402
from rig import needs  # noqa: E402
from rig.network import Network  # noqa: E402
from rig.nodes import Trio  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for node in process.STARTED:
            if tail := node.log_tail():
                report.sections.append((f"log of {node.name}", tail))


@pytest.fixture
def seed():
    """GREENROOM_SEED, or a new one; it is printed, and in every history."""
    chosen = int(os.environ.get("GREENROOM_SEED") or random.randrange(2**31))
    print(f"seed {chosen}: repeat with GREENROOM_SEED={chosen}")
    return chosen


@pytest.fixture
def figure(record_property):
    """figure(text): what was measured; it is printed, and stands in the table of scripts/test
    --faults."""

    def tell(text):
        print(text)
        record_property("figure", text)

    return tell


@pytest.fixture
def rng(seed):
    return random.Random(seed)


@pytest.fixture
def programs():
    assert process.DAEMON.exists(), f"build it first: {process.DAEMON}"


@pytest.fixture
def make_trio(programs, request):
    """make_trio(hosts=…) → a cluster that has not been started, ended after the test."""
    made = []

    def make(**options):
        made.append(Trio(**options))
        return made[-1]

    yield make
    failed = request.session.testsfailed
    for trio in made:
        if failed:
            print(f"kept: {trio.keep()}")
        trio.end()


@pytest.fixture
def trio(make_trio):
    return make_trio().start()


@pytest.fixture
def network():
    needs.namespaces()
    made = Network()
    yield made
    made.end()


@pytest.fixture
def apart(network, make_trio):
    """A trio of which each node is in a namespace of its own."""
    trio = make_trio(hosts=network.hosts)
    for i, node in enumerate(trio.nodes, 1):
        node.before = network.before(i)
    yield trio.start()
    network.heal()


@pytest.fixture
def make_stage(seed, request):
    """make_stage(trio) → people at work, gone after the test."""
    made = []

    def make(trio, **options):
        name = request.node.name.replace("[", "-").replace("]", "").replace("/", "-")
        made.append(Stage(trio, f"{name}-{len(made)}", seed, **options))
        return made[-1].start()

    yield make
    for stage in made:
        stage.leave()


@pytest.fixture
def stage(trio, make_stage):
    return make_stage(trio)
