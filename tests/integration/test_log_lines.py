# SPDX-License-Identifier: MIT
"""What the log looks like depends on who reads it: text on a terminal, JSON lines otherwise."""

import json
import os
import re
import subprocess
import threading

import pytest
from harness.client import PASSWORD, new_id
from harness.names import fresh
from harness.process import Node, clean_environment
from harness.waiting import wait_until
from harness.web import Browser

TEXT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (\w+) +([a-z_-]+): (.*)")


class Watched(Node):
    """Its standard error is what `make` makes (two ends: ours to read from, its to write to), and
    goes on to its log file."""

    def __init__(self, make, environment=None, **settings):
        super().__init__(**settings)
        self.make = make
        self.environment = environment or {}
        self.reader = None

    def launch(self):
        ours, theirs = self.make()
        self.process = subprocess.Popen(
            self.command(), env=clean_environment(self.settings) | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.reader = threading.Thread(target=self.copy, args=(ours,))
        self.reader.start()
        return self

    def copy(self, ours):
        with open(self.log_path, "ab") as log:
            while True:
                try:
                    some = os.read(ours, 65536)
                except OSError:  # of a terminal that nobody holds any more
                    some = b""
                if not some:
                    break
                log.write(some)
                log.flush()
        os.close(ours)

    def stop(self):
        super().stop()
        self.reader.join()


def refused(node):
    """Something that a request is refused for, which is a line of the log."""
    name = "knock-" + new_id()
    words = {"username": fresh("bob"), "password": PASSWORD}
    registered = Browser(node).post("/api/auth/register", 201, json=words)
    Browser(node, registered["token"]).refusal("POST", "/api/admin/announcements", 403, "FORBIDDEN",
                                 json={"target": "everybody", "content": "x"},
                                 headers={"X-Request-Id": name})  # fmt: skip
    wait_until(lambda: name in node.log(), "its line in the log")
    return name


def test_text_on_a_terminal(started):
    node = started(Watched(os.openpty))
    name = refused(node)
    node.stop()
    lines = node.log().replace("\r\n", "\n").splitlines()
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    found = [TEXT.fullmatch(line) for line in plain]
    assert lines and all(found), [line for line, ok in zip(plain, found) if not ok]
    assert {"info"} <= {m[1] for m in found} and {"main"} <= {m[2] for m in found}
    (line,) = [m for m in found if name in m[3]]
    assert line[3].endswith(f" (request {name})") and "{" not in line[0][:1]


def test_colours_unless_they_are_not_wanted(started):
    for environment, has_colours in (({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)):
        node = started(Watched(os.openpty, environment | {"TERM": "xterm"}))
        node.stop()
        assert ("\x1b[" in node.log()) == has_colours, (environment, node.log())


@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_json_lines_otherwise(started, start_node, kind):
    node = started(Watched(os.pipe)) if kind == "pipe" else start_node()
    name = refused(node)
    node.stop()
    lines = [json.loads(line) for line in node.log().splitlines()]
    for line in lines:
        assert set(line) - {"request_id"} == {
            "time", "level", "component", "node", "thread", "message"}, line  # fmt: skip
        assert line["node"] == "node1"
    (line,) = [e for e in lines if e.get("request_id") == name]
    assert name not in line["message"], "it is a field of its own"


@pytest.mark.parametrize(("form", "make"), [("json", os.openpty), ("text", os.pipe)])
def test_the_configuration_goes_before_that(started, form, make):
    node = started(Watched(make, log__format=form))
    node.stop()
    lines = node.log().replace("\r\n", "\n").splitlines()
    assert lines and all(line.startswith("{") is (form == "json") for line in lines), lines
