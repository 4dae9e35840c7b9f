# SPDX-License-Identifier: MIT
"""Settings: the defaults as a running node has them, what overrides what, and mistakes."""

import json
import os
import stat
import subprocess

import time

import pytest
from harness.client import Client
from harness.names import fresh
from harness.process import DAEMON, ROOT, Node, clean_environment, temporary_folder

DEFAULTS = {
    "limits.messages_per_minute": 100, "limits.requests_per_minute": 6000,
    "limits.max_connections": 10_000,
    "websocket.heartbeat_s": 30, "websocket.auth_timeout_s": 10,
    "websocket.deflate_from_bytes": 1024,
    "limits.outbound_queue_messages": 1000, "limits.outbound_queue_bytes": 8 * 1024 * 1024,
    "history.page": 50, "rooms.recent_messages": 50, "rooms.idle_park_s": 3600,
    "auth.access_token_s": 3600, "log.durability": "fsync", "client.connect_timeout_s": 10,
    "client.io_timeout_s": 30, "http.request_timeout_s": 30, "http.address": "127.0.0.1",
    "resume.max_entries": 1000, "limits.request_timeout_ms": 5000,
    "websocket.max_message_bytes": 1024 * 1024, "auth.argon2_memory_mib": 19, "auth.argon2_ops": 2,
    "cluster.shards": 32, "chaos.enabled": False,
    "search.enabled": True, "tcp.listen": "",
}  # fmt: skip


def daemon(*flags, environment=None):
    root = ["--allow-root"] if os.geteuid() == 0 else []
    return subprocess.run(
        [str(DAEMON), *root, *flags], env=clean_environment() | (environment or {}),
        capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def folder():
    return temporary_folder()


def settings_of(node):
    return {row["key"]: row["value"] for row in node.rows("settings")}


class Plain(Node):
    """A node with nothing but its port and folder set."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = {"http.port": self.http_port} | settings


@pytest.fixture
def plain(programs):
    nodes = []

    def start(**settings):
        nodes.append(Plain(**settings))
        return nodes[-1].start()

    yield start
    for node in nodes:
        node.stop()


def test_defaults_of_a_running_node(plain):
    node = plain()
    settings = settings_of(node)
    for key, value in DEFAULTS.items():
        assert key in settings, f"{key} is a key"
        assert settings[key] == value, f"{key}: expected {value!r}, got {settings[key]!r}"
    # And not only on paper: the page, and the budget of messages.
    with Client(node) as c:
        c.register(fresh("alice"))
        room = c.create_room("r")["id"]
        began, sent = time.monotonic(), 0
        while (data := c.answer("send_message_request", room_id=room, content=f"m{sent}",
                                message_type="text")["data"])["type"] == "message_ack":  # fmt: skip
            sent += 1
            refilled = (time.monotonic() - began) * 100 / 60
            assert sent <= 99 + refilled + 1, "the creation, 99 more, and what comes anew"
        assert data["code"] == "RATE_LIMIT" and sent >= 99, f"after {sent}: {data}"
        assert len(c.history(room)["messages"]) == 50, "history.page"


def test_the_documented_file_has_every_default(plain):
    import tomllib

    text = (ROOT / "config/greenroom.toml").read_text()
    documented = {
        f"{section}.{key}": value
        for section, keys in tomllib.loads(text).items() for key, value in keys.items()
    }  # fmt: skip
    settings = settings_of(plain())
    assert set(documented) == set(settings), "the same keys"
    derived = {"node.name", "node.data_dir", "http.port", "admin.socket"}
    for key in set(documented) - derived:
        assert documented[key] == settings[key], f"{key}: the file says {documented[key]}"


def test_flag_over_environment_over_file_over_default(folder, programs):
    (folder / "one.toml").write_text(
        "[limits]\nmessages_per_minute = 1\nmax_connections = 1\nrequest_timeout_ms = 4001\n"
        "[history]\npage = 11\n")
    (folder / "two.toml").write_text("[history]\npage = 12\n")
    flags = ["--config", str(folder / "one.toml"), "--config", str(folder / "two.toml"),
             "--set", "limits.messages_per_minute=3"]  # fmt: skip
    node = Node(flags=flags)
    node.settings = {"http.port": node.http_port, "limits.messages_per_minute": 2,
                     "limits.max_connections": 2}  # fmt: skip
    try:
        settings = settings_of(node.start())
        assert settings["limits.messages_per_minute"] == 3, "a flag wins over the environment"
        assert settings["limits.max_connections"] == 2, "the environment wins over a file"
        assert settings["history.page"] == 12, "a later file wins over an earlier one"
        assert settings["limits.request_timeout_ms"] == 4001, "a file wins over the default"
        assert settings["history.max_page"] == 200, "the default is the last resort"
        node.stop()
    finally:
        node.kill()


def test_a_free_port_is_named_in_the_log(plain):
    node = Plain(**{"http.port": 0})
    try:
        node.launch()
        line = None
        while line is None:
            assert node.process.poll() is None, node.log()
            line = next((text for text in node.log().splitlines() if "http://127.0.0.1:" in text),
                        None)  # fmt: skip
        node.http_port = int(line.split("http://127.0.0.1:")[1].split()[0].rstrip('",'))
        assert node.http_port > 0
        node.wait_ready()
        with Client(node) as c:
            assert c.ask("heartbeat")
        node.stop()
    finally:
        node.kill()


@pytest.mark.parametrize("text, expected", [
    ("[limits]\nmessages_per_minuet = 5\n", [":2:", "limits.messages_per_minuet",
                                             "did you mean limits.messages_per_minute?"]),
    ("\n\n[limit]\nx = 1\n", [":3:", "limit", "did you mean limits?"]),
    ("[http]\nport = \"eighty\"\n", [":2:", "http.port"]),
    ("[http]\nport = 70000\n", [":2:", "http.port", "65535"]),
    ("[log]\ndurability = \"maybe\"\n", [":2:", "log.durability", "fsync"]),
    ("[http\n", [":1:"]),
    ("[history]\npage = 300\n", [":2:", "history.page", "200"]),
    ("[http]\naddress = \"999.1.1.1\"\n", ["http.address", "999.1.1.1", "IP address"]),
    ("[rooms]\nx = 1\n[http]\nx = 1\n", [":2: the key rooms.x", ":4: the key http.x"]),
])  # fmt: skip
def test_mistakes_in_a_file(folder, text, expected):
    file = folder / "wrong.toml"
    file.write_text(text)
    for flags in (["--check-config"], ["--data", str(folder / "data")]):
        result = daemon("--config", str(file), *flags)
        assert result.returncode == 1, f"expected status 1, got {result.returncode}"
        at = 0
        for part in expected:
            at = result.stderr.find(part, at)
            assert at >= 0, f"expected {part!r}, in this order, in {result.stderr!r}"
    assert not (folder / "data").exists(), "nothing is started"


def test_mistakes_elsewhere(folder):
    result = daemon("--check-config", environment={"GREENROOM_LIMITS_MAX_CONECTIONS": "5"})
    assert result.returncode == 1 and "GREENROOM_LIMITS_MAX_CONNECTIONS" in result.stderr
    result = daemon("--check-config", environment={"GREENROOM_HTTP_PORT": "x"})
    assert result.returncode == 1 and "GREENROOM_HTTP_PORT" in result.stderr
    result = daemon("--check-config", "--set", "http.prot=1")
    assert result.returncode == 1 and "http.port" in result.stderr
    result = daemon("--check-config", "--set", "http.port")
    assert result.returncode == 2 and "KEY=VALUE" in result.stderr
    result = daemon("--no-such-flag")
    assert result.returncode == 2 and "--help" in result.stderr
    result = daemon("--config", str(folder / "absent.toml"))
    assert result.returncode == 1 and "absent.toml" in result.stderr
    result = daemon("--config", str(folder))
    assert result.returncode == 1 and "is a folder" in result.stderr


def test_checking_and_telling(folder):
    good = folder / "good.toml"
    good.write_text("[limits]\nmessages_per_minute = 0\n")
    result = daemon("--check-config", "--config", str(good))
    assert result.returncode == 0 and "valid" in result.stdout, result.stderr
    result = daemon("--default-config")
    assert result.stdout.strip() == (ROOT / "config/greenroom.toml").read_text().strip()
    result = daemon("--help")
    assert result.returncode == 0 and "Examples:" in result.stdout
    assert daemon("--version").stdout.startswith("greenroomd ")


def test_a_port_that_is_taken(plain, folder):
    node = plain()
    result = daemon("--data", str(folder), "--http-port", str(node.http_port))
    assert result.returncode not in (0, None), "expected an error"
    shown = result.stdout + result.stderr
    assert str(node.http_port) in shown, "which names the port"
    assert "stopped" not in shown, "what has not begun does not stop"
    assert not list(folder.iterdir()), "nothing is left behind"


def test_what_a_node_writes_is_its_owners(plain):
    node = plain()
    with Client(node) as c:
        c.register(fresh("alice"))
    node.restart()
    for path in node.folder.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode & 0o077 == 0, f"{path}: {mode:o}"


def test_a_folder_that_is_taken(plain):
    node = plain()
    result = daemon("--data", str(node.folder), "--http-port", "0")
    assert result.returncode not in (0, None), "two nodes cannot share one folder"
    assert str(node.folder) in result.stdout + result.stderr, "which is named"
    with Client(node) as c:
        assert c.ask("heartbeat"), "the first one goes on"


def test_root_needs_to_say_so(folder):
    if os.geteuid() != 0:
        pytest.skip("only root can be refused for being root")
    result = subprocess.run([str(DAEMON), "--data", str(folder)], env=clean_environment(),
                            capture_output=True, text=True, timeout=30)  # fmt: skip
    assert result.returncode != 0 and "--allow-root" in result.stderr + result.stdout


def test_settings_hold_no_secrets(plain):
    shown = json.dumps(settings_of(plain()))
    assert "BEGIN" not in shown and "PRIVATE" not in shown
