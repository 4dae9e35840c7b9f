# SPDX-License-Identifier: MIT
"""/metrics of running nodes: what is counted, and that documentation, alerts and dashboard speak of
figures that there are."""

import contextlib
import json
import re
from pathlib import Path

import pytest
from harness.client import Client, new_id
from harness.names import NOBODY, fresh
from harness.process import ROOT
from harness.waiting import wait_until
from harness.web import Browser

NAME = re.compile(r"\b(?:greenroom|process)_[a-z0-9_]+\b")
SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# What Prometheus adds to each sample.
FROM_OUTSIDE = {"job", "instance"}


class Figures:
    """One answer of /metrics."""

    def __init__(self, text):
        self.kinds = {}  # family → type
        self.samples = []  # (name, labels, value)
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line[7:].split()
                assert name not in self.kinds, f"{name} is there twice"
                self.kinds[name] = kind
            elif line and not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def family(self, name):
        stem = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in self.kinds and self.kinds.get(stem) == "histogram":
            return stem
        return name if name in self.kinds else None

    def labels(self, name):
        """The label names of a metric's samples, with the values of each."""
        found = {}
        for sample, labels, _ in self.samples:
            if sample == name:
                for label, value in labels.items():
                    found.setdefault(label, set()).add(value)
        return found

    def sum(self, name, **labels):
        return sum(value for sample, have, value in self.samples
                   if sample == name and labels.items() <= have.items())  # fmt: skip


@pytest.fixture(scope="module")
def look(node):
    browser = Browser(node)

    def read():
        answer = browser.request("GET", "/metrics")
        assert answer.status_code == 200
        return Figures(answer.text)

    yield read
    browser.close()


@pytest.fixture(scope="module")
def complete(look, node):
    """The figures of a node that has run for a while: some are first told a second later."""
    with Client(node) as c:
        c.register(fresh("figures"))
        room = c.create_room("r")["id"]
        c.send(room, "counted")
    wait_until(lambda: look().labels("greenroom_raft_term")
               and "greenroom_slow_disk" in look().kinds, "the first second")  # fmt: skip
    return look()


def documented():
    """metric → its labels, from the table in docs/operations.md."""
    text = (ROOT / "docs/operations.md").read_text()
    table = text[text.index("\n## Metrics\n"):text.index("\n### Alerts\n")]
    found = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            name, labels, unit, _ = (cell.strip() for cell in line.split("|")[1:-1])
            assert unit, f"{name} has no unit"
            assert name not in found, f"{name} is there twice"
            found[name.strip("`")] = set(re.findall(r"`(\w+)`", labels))
    assert len(found) > 50
    return found


# -- the documentation -------------------------------------------------------------------------


def test_the_documentation_has_every_figure_and_no_other(complete):
    table = documented()
    assert table.keys() == complete.kinds.keys()
    for name, labels in table.items():
        sampled = f"{name}_count" if complete.kinds[name] == "histogram" else name
        found = set(complete.labels(sampled))
        if found:
            assert found == labels, f"{name}: labels {labels} in the table, {found} in /metrics"


def test_names_follow_the_conventions(complete):
    for name, kind in complete.kinds.items():
        assert NAME.fullmatch(name), name
        assert name.endswith("_total") == (kind == "counter"), f"{name} is a {kind}"
        if kind == "histogram":
            assert name.endswith("_seconds"), name


def test_no_label_names_people_or_rooms(complete):
    for name, labels, _ in complete.samples:
        for value in labels.values():
            assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", value), f"{name}{labels}"
        assert not {"user", "room", "user_id", "room_id", "username"} & labels.keys(), name


def test_alerts_are_documented():
    rules = (ROOT / "cluster/prometheus/alerts.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    severities = re.findall(r"^ +severity: (\w+)$", rules, re.MULTILINE)
    assert len(alerts) == len(severities) > 0
    text = (ROOT / "docs/operations.md").read_text()
    table = text[text.index("\n### Alerts\n"):]
    told = {}
    for names, severity in re.findall(r"^\| (`Greenroom.*?) \| (\w+) \|", table, re.MULTILINE):
        told |= {name: severity for name in re.findall(r"`(\w+)`", names)}
    assert told == dict(zip(alerts, severities, strict=True))


# -- what is built upon them -------------------------------------------------------------------


def check_query(query, figures):
    """Every metric is exported, and every label that is asked for is one of its own."""
    query = query.replace("$__rate_interval", "5m")
    names = NAME.findall(query)
    assert names or re.match(r"up\b", query), f"asks for nothing: {query}"
    all_labels = {"le"} | FROM_OUTSIDE
    for name in names:
        assert figures.family(name), f"{name} is not exported: {query}"
        all_labels |= figures.labels(name).keys() | documented()[figures.family(name)]
        is_histogram = figures.kinds[figures.family(name)] == "histogram"
        assert is_histogram == (figures.family(name) != name), f"{name}: {query}"
    for name, inside in re.findall(r"(\w+)\{(.*?)\}", query):
        if not NAME.fullmatch(name):
            assert name == "up", f"{name}: {query}"
            continue
        have = figures.labels(name)
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"(.*?)"', inside):
            if label in FROM_OUTSIDE:
                continue
            assert label in have, f"{name} has no label {label}: {query}"
            values = value.split("|") if "~" in operator else [value]
            for each in values:
                assert each in have[label], f"{name} has no {label} {each!r}: {query}"
    for labels in re.findall(r"\b(?:by|without|on|ignoring) ?\((.*?)\)", query):
        for label in labels.split(","):
            assert label.strip() in all_labels, f"no label {label.strip()}: {query}"
    for function in ("rate", "increase", "changes"):
        for name in re.findall(rf"\b{function}\((\w+)", query):
            kind = figures.kinds[figures.family(name)]
            assert kind != "gauge" or function == "changes", f"{function} of a gauge: {query}"
    return all_labels


def test_alerts_ask_for_what_there_is(complete):
    rules = (ROOT / "cluster/prometheus/alerts.yml").read_text()
    queries = re.findall(r"^ +expr: (.*)$", rules, re.MULTILINE)
    assert len(queries) == rules.count("- alert: ") > 15
    for part in rules.split("- alert: ")[1:]:
        query = re.search(r"expr: (.*)", part).group(1)
        known = check_query(query, complete)
        for label in re.findall(r"\$labels\.(\w+)", part):
            assert label in known, f"{label} in the text of {part.splitlines()[0]}"


def test_the_dashboard_asks_for_what_there_is(complete):
    dashboard = json.loads((ROOT / "cluster/grafana/greenroom.json").read_text())
    panels = [p for p in dashboard["panels"] if p["type"] != "row"]
    assert len(panels) > 20
    assert len({p["id"] for p in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in panels:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            known = check_query(target["expr"], complete)
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label in known, f"{label} in the legend of {panel['title']}"
    variables = dashboard["templating"]["list"]
    for variable in variables:
        if variable["type"] == "query":
            for name in NAME.findall(variable["definition"]):
                assert complete.family(name), f"{name} is not exported"
    assert {"job", "instance"} <= {v["name"] for v in variables}


# -- what is counted ---------------------------------------------------------------------------


def test_requests_are_counted_by_type_and_code(look, person):
    alice = person("alice")
    room = alice.create_room("r")["id"]
    before = look()
    for i in range(3):
        alice.send(room, f"m{i}")
    assert alice.code("room_request", room_id=NOBODY) == "ROOM_NOT_FOUND"
    after = look()

    def grown(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)

    assert grown("greenroom_requests_total", type="send_message_request", code="OK") == 3
    assert grown("greenroom_requests_total", type="room_request", code="ROOM_NOT_FOUND") == 1
    assert grown("greenroom_request_errors_total", code="ROOM_NOT_FOUND") == 1
    assert grown("greenroom_acknowledgement_seconds_count") == 3
    assert grown("greenroom_acknowledgement_seconds_sum") > 0
    assert grown("greenroom_request_seconds_count", **{"class": "write"}) == 3
    assert grown("greenroom_log_sync_seconds_count") >= 1
    assert grown("greenroom_raft_applied_entries_total") >= 3


def test_log_ins_and_http_are_counted_too(look, node, person):
    before = look()
    alice = person("alice")
    with contextlib.closing(Browser(node, alice.token)) as browser:
        browser.get("/api/rooms")
    with Client(node) as stranger:
        assert stranger.code("room_list_request") == "UNAUTHORIZED"
    after = look()
    for type_, code in (("register_request", "OK"), ("room_list_request", "OK"),
                        ("room_list_request", "UNAUTHORIZED")):  # fmt: skip
        grown = (after.sum("greenroom_requests_total", type=type_, code=code)
                 - before.sum("greenroom_requests_total", type=type_, code=code))  # fmt: skip
        assert grown == 1, f"{type_} {code}: expected one more, got {grown}"


def test_deliveries_are_counted_for_each_who_gets_them(look, room_of_two):
    alice, bob, room = room_of_two
    before = look().sum("greenroom_deliveries_total")
    text = f"for both {new_id()}"
    alice.send(room["id"], text)
    bob.wait_message(text)
    wait_until(lambda: look().sum("greenroom_deliveries_total") - before >= 2,
               "a delivery to each of the two")  # fmt: skip


def test_connections_sessions_and_actors_come_and_go(look, node):
    wait_until(lambda: look().sum("greenroom_websocket_connections") == 0
               and look().sum("greenroom_sessions") == 0, "earlier ones to go")  # fmt: skip
    before = look()
    with Client(node) as c:
        c.register(fresh("one"))
        during = look()
        for name in ("greenroom_websocket_connections", "greenroom_sessions"):
            assert during.sum(name) == before.sum(name) + 1, name
    wait_until(lambda: look().sum("greenroom_sessions") == before.sum("greenroom_sessions"),
               "the session to be gone")  # fmt: skip
    after = look()
    for kind in ("session", "connection", "room"):
        handled = [f.sum("greenroom_actor_messages_total", kind=kind)
                   for f in (before, during, after)]  # fmt: skip
        assert handled == sorted(handled), f"a counter never falls: {kind} {handled}"


def test_threads_have_names(node):
    """As `top -H` shows them, and docs/operations.md."""
    tasks = Path(f"/proc/{node.pid()}/task").glob("*/comm")
    names = {re.sub(r"\d+$", "", task.read_text().strip()) for task in tasks}
    ours = {"io-", "actors", "log-writer", "clock", "password-hash", "searcher", "web-client",
            "admin-socket"}  # fmt: skip
    assert ours <= names, names
    told = (ROOT / "docs/operations.md").read_text()
    assert all(f"`{name.replace('io-', 'io-0')}`" in told for name in ours)
