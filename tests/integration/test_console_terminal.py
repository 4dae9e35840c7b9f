# SPDX-License-Identifier: MIT
"""The console on a terminal: its prompt, what it asks, what it draws again and again."""

import shlex
import subprocess

import pytest
from harness.fake_admin import FakeAdmin, listing
from harness.process import TOOL, clean_environment
from harness.terminal import Terminal
from harness.waiting import SLOWNESS, wait_until

NODES = [{"name": "node1", "rooms": 3, "state": "ready"},
         {"name": "node2", "rooms": 10, "state": "failed"}]  # fmt: skip
ROOMS = [{"id": "0192-aa", "alias": "lobby", "members": 2},
         {"id": "0192-bb", "alias": "lounge", "members": 7}]  # fmt: skip


@pytest.fixture
def admin():
    answers = {"nodes": NODES, "rooms": ROOMS,
               "room show": lambda args: [{"field": "alias", "value": args["room"]}]}  # fmt: skip
    with FakeAdmin(answers) as fake:
        yield fake


@pytest.fixture
def terminal():
    made = []

    def make(**options):
        made.append(Terminal(**options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def start(screen, admin, *words):
    screen.type(shlex.join([str(TOOL), "console", "--node", str(admin.path), *words])
                + "; echo status $?")  # fmt: skip


@pytest.fixture
def prompt(admin, terminal):
    screen = terminal()
    start(screen, admin)
    screen.wait_last("node1>")
    return screen


def test_verbs_at_the_prompt(admin, prompt):
    prompt.type("nodes")
    lines = prompt.wait("node2")
    prompt.wait_last("node1>")
    assert "node1      3  ready" in lines, "as from the command line"
    prompt.type("nodez")
    prompt.wait('Did you mean "nodes"?')
    prompt.type("room show 'a b'")
    prompt.wait("alias  a b")
    prompt.type("help room show")
    prompt.wait("Its id or alias")
    prompt.wait_last("node1>")
    prompt.type("exit")
    prompt.wait("status 0")


def test_end_of_input_ends_the_prompt(prompt):
    prompt.key("C-d")
    prompt.wait("status 0")
    prompt.wait_last("$")


def test_tab_completes(admin, prompt):
    prompt.type("doc", enter=False)
    prompt.key("Tab")
    prompt.wait_last("node1> doctor")
    prompt.key("C-u")
    prompt.type("room show lo", enter=False)
    prompt.key("Tab")
    prompt.wait("lobby   lounge")
    prompt.wait_last("node1> room show lo")
    prompt.type("b", enter=False)
    prompt.key("Tab")
    prompt.wait_last("node1> room show lobby")
    assert len(admin.of("rooms")) == 1, "kept for a while"
    prompt.type("-o js", enter=False)
    prompt.key("Tab")
    prompt.wait_last("node1> room show lobby -o json")
    prompt.type("")
    prompt.wait('[{"field":"alias","value":"lobby"}]')


def test_a_key_gives_up_a_line_and_a_running_verb(admin, prompt):
    prompt.type("nodes --no-hea", enter=False)
    prompt.wait_last("node1> nodes --no-hea")
    prompt.key("C-c")
    prompt.wait("nodes --no-hea^C")
    prompt.wait_last("node1>")
    assert not admin.of("nodes")
    admin.answers["nodes"] = None
    prompt.type("nodes --timeout 600")
    wait_until(lambda: admin.of("nodes"), "the question")
    prompt.key("C-c")
    prompt.wait_last("node1>")
    admin.answers["nodes"] = NODES
    prompt.type("nodes -o name")
    prompt.wait("node2")
    prompt.wait_last("node1>")


def test_the_prompt_says_whether_the_node_is_there(admin, prompt):
    admin.stop()
    prompt.type("nodes")
    prompt.wait("no node answers")
    prompt.wait_last("node1 (unreachable)>")
    admin.start()
    prompt.type("")
    prompt.wait_for(lambda: prompt.type("") or prompt.lines()[-1] == "node1>", "the node again")


def test_history_is_kept_and_is_the_owners_alone(admin, prompt):
    prompt.type("nodes -o name")
    prompt.wait("node2")
    prompt.wait_last("node1>")
    prompt.type("exit")
    prompt.wait("status 0")
    file = prompt.home / "greenroom" / "console-history"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    prompt.type("clear")
    prompt.wait_last("$")
    start(prompt, admin)
    prompt.wait_last("node1>")
    prompt.key("Up")
    prompt.key("Up")  # the newest is exit
    prompt.wait_last("node1> nodes -o name")


def test_a_name_is_typed_before_what_cannot_be_taken_back(admin, terminal):
    admin.answers["user erase"] = [{"user": "eve", "erased": True}]
    screen = terminal()
    start(screen, admin, "user", "erase", "eve")
    screen.wait("Type its name to go on:")
    screen.type("yes")
    screen.wait("status 4")
    assert not admin.requests, "nothing was done"
    screen.type("clear")
    screen.wait_last("$")
    start(screen, admin, "user", "erase", "eve")
    screen.wait("Type its name to go on:")
    screen.type("eve")
    screen.wait("status 0")
    assert admin.of("user erase") == [{"user": "eve"}]


def test_a_table_fits_the_terminal(admin, terminal):
    admin.answers["nodes"] = [{"name": "node1", "address": "long-" * 30, "version": "1"}]
    screen = terminal(columns=80)
    start(screen, admin, "nodes")
    lines = screen.wait("status 0")
    row = next(line for line in lines if line.startswith("node1"))
    assert "…" in row and row.endswith("  1") and len(row) <= 80, row
    start(screen, admin, "nodes", "-o", "wide")
    screen.wait("long-" * 30)


def test_a_narrow_terminal_shows_whole_columns_and_sentences(admin, terminal):
    admin.answers["rooms"] = [
        {"id": "cc114d60-5920-52b1-b2c4-38e132097358", "alias": "the-lobby-of-all",
         "name": "The lobby", "shard": 24, "node": "node1", "entries_per_min": 11.5,
         "members": 6, "last_seq": 1234567}]  # fmt: skip
    screen = terminal(columns=80)
    start(screen, admin, "rooms")
    lines = screen.wait("status 0")
    head = next(line for line in lines if line.startswith("ID"))
    row = next(line for line in lines if line.startswith("cc114d60…"))
    assert head.split() == ["ID", "ALIAS", "NAME", "SHARD", "NODE", "ENTRIES_PER_MIN",
                            "MEMBERS", "…"]  # fmt: skip
    assert "The lobby" in row and row.endswith("11.5        6 …") and len(row) <= 80, row
    told = "word " * 30 + "end"
    admin.answers["doctor"] = [{"check": "links", "node": "node1", "state": "ok", "detail": told}]
    start(screen, admin, "doctor")
    lines = screen.wait("end")
    assert any(told in line for line in lines), "it goes on in the next line"


def test_colours_are_for_terminals_that_want_them(admin, terminal):
    screen = terminal(NO_COLOR="")
    start(screen, admin, "nodes")
    screen.wait("status 0")
    shown = screen._tmux("capture-pane", "-p", "-e")
    assert "\033[31mfailed" in shown and "\033[32mready" in shown, shown
    plain = terminal()
    start(plain, admin, "nodes")
    plain.wait("status 0")
    assert "\033[31m" not in plain._tmux("capture-pane", "-p", "-e")


def test_watching_draws_what_has_changed(admin, terminal):
    screen = terminal()
    start(screen, admin, "nodes", "--watch", "0.1")
    screen.wait("every 0.1 s: nodes")
    screen.wait("node2     10  failed")
    admin.answers["nodes"] = [NODES[0] | {"rooms": 4}]
    lines = screen.wait("node1      4  ready")
    screen.wait_for(lambda: not any("node2" in line for line in screen.lines()), "node2 to go")
    assert sum("NAME" in line for line in lines) == 1, "in its place"
    screen.key("C-c")
    screen.wait("status 0")


def test_completion_for_a_shell(admin, terminal):
    script = subprocess.run([str(TOOL), "completion", "bash"], env=clean_environment(),
                            capture_output=True, text=True, check=True).stdout  # fmt: skip
    ask = f"""{script}
complete_here() {{
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _greenroom; printf '%s\\n' "${{COMPREPLY[@]}}"
}}
tool={shlex.quote(str(TOOL))}
complete_here "$tool" con
complete_here "$tool" console nodes --no
complete_here "$tool" console --node {shlex.quote(str(admin.path))} room show lou
"""
    found = subprocess.run(["bash", "-c", ask], env=clean_environment(), capture_output=True,
                           text=True, check=True, timeout=30 * SLOWNESS).stdout  # fmt: skip
    assert found.split() == ["console", "--no-headers", "--node", "lounge"]


ACTORS = [{"kind": "room", "name": f"room{i}", "mailbox": i, "id": f"node1/{i}"}
          for i in range(40)]  # fmt: skip


@pytest.fixture
def top(admin, terminal):
    admin.answers["actors"] = lambda args: ACTORS
    admin.answers["actor show"] = [{"field": "report", "value": "all is well"}]
    screen = terminal(columns=80, rows=24)
    start(screen, admin, "top", "--watch", "0.2")
    screen.wait("1[actors]")
    screen.wait("40 of 40, by mailbox (largest first)")
    return screen


def rows_of(screen):
    """The names, from the top."""
    return [line.split()[2] for line in screen.lines() if line.startswith("node1/")]


def test_top_shows_the_busiest_first(admin, top):
    top.wait_for(lambda: rows_of(top)[:2] == ["room39", "room38"], "the order")
    assert len(top.lines()) <= 24 and len(rows_of(top)) == 20
    top.type("r", enter=False)
    top.wait_for(lambda: rows_of(top)[:2] == ["room0", "room1"], "the other order")
    assert admin.of("actors")[0]["sort"] == "mailbox:desc"
    top.type("q", enter=False)
    top.wait("status 0")


def test_top_begins_with_the_order_that_was_asked_for(admin, terminal):
    admin.answers["actors"] = ACTORS
    screen = terminal(columns=80, rows=24)
    start(screen, admin, "top", "--sort", "name:asc", "--limit", "50")
    screen.wait("40 of 40, by name (smallest first)")
    screen.wait_for(lambda: rows_of(screen)[:2] == ["room0", "room1"], "the order")
    assert admin.of("actors")[0] == {"sort": "name:asc", "limit": 50}
    screen.type("2", enter=False)
    screen.wait("lounge")
    own = {"sort": "entries_per_min:desc", "limit": 50}
    assert admin.of("rooms")[0] == own, "that list has its own"
    screen.type("q", enter=False)
    screen.wait("status 0")


def test_top_filters_and_pauses(admin, top):
    top.type("/ROOM3")
    top.wait("11 of 40")
    top.wait_for(lambda: rows_of(top)[-1] == "room3", "only those")
    top.type(" ", enter=False)
    top.wait("paused")
    top.key("C-c")
    top.wait("status 0")


def test_top_drills_down_and_comes_back(admin, top):
    top.key("Down")
    top.type("")
    top.wait("actors: node1/38")
    top.wait("all is well")
    assert admin.of("actor show") == [{"actor": "node1/38"}]
    top.type("q", enter=False)
    top.wait("1[actors]")
    top.key("Tab")
    top.wait("2[rooms]")
    top.wait("lounge")
    top.type("4", enter=False)
    top.wait("unknown verb shards")
    top.type("q", enter=False)
    top.wait("status 2")


@pytest.mark.parametrize("reason", ["no link to it", "no answer in time", "the link was lost"])
def test_top_says_which_node_is_missing(admin, top, reason):
    away = [{"node": "node3", "reason": reason}]
    admin.answers["actors"] = lambda args: listing(ACTORS) | {"missing": away}
    lines = top.wait(f"missing: node3 ({reason})")
    assert "1[actors]" in lines[0] and lines[0].endswith(")"), "in the line that is always there"
    top.wait_for(lambda: len(rows_of(top)) == 20, "what the others say")
    admin.answers["actors"] = lambda args: ACTORS
    top.wait_for(lambda: "missing" not in top.lines()[0], "it to be back")
    admin.answers["actors"] = lambda args: listing(ACTORS) | {"missing": away}
    top.wait(f"missing: node3 ({reason})")
    top.type("q", enter=False)
    top.wait("status 7")


def test_top_shows_on_80_columns_what_matters(admin, top):
    actor = {"kind": "connection", "name": "0123456789abcdef0123456789abcdef", "node": "node1",
             "queue_depth": 7, "handled": 123456789, "busy_us": 12345678, "busy_percent": 12.34,
             "errors": 0, "restarts": 0, "parent": "supervisor of connections", "age_ms": 12345678,
             "last_message_ms": 12345, "id": "node1/12345", "mailbox": 7, "busy": 12.34,
             "rate": 123.45, "oldest_message_ms": 99999}  # fmt: skip
    admin.answers["actors"] = [actor] * 2
    top.wait_for(lambda: top.lines()[2].split() == ["ID", "KIND", "NAME", "MAILBOX", "WAIT_MS",
                                                    "RATE", "BUSY"], "its own columns")  # fmt: skip
    row = next(line for line in top.lines() if "node1/" in line).split()
    assert row[:2] == ["node1/12345", "connection"] and row[3:] == ["7", "99999", "123.45", "12.34"]
    assert len(row[2]) >= 20 and row[2].startswith("0123456789abcdef"), row
    room = {"id": "0123456789abcdef0123456789abcdef", "alias": "alias", "shard": 31,
            "node": "node1", "nodes": 3, "actor": "active", "handled": 1, "age_ms": 5}  # fmt: skip
    admin.answers["rooms"] = [
        room | {"name": name, "members": members, "last_seq": 1234567, "entries_per_min": entries,
                "mailbox": 12}
        for name, members, entries in [("a large and quiet room", 10_000, 0.5), ("hot", 2, 12345.6)]
    ]  # fmt: skip
    top.type("2", enter=False)
    top.wait("2 of 2, by entries_per_min (largest first)")
    lines = top.lines()
    assert lines[2].split() == ["NAME", "SHARD", "NODE", "LAST_SEQ", "ENTRIES_PER_MIN", "MAILBOX"]
    assert lines[3].split() == ["hot", "31", "node1", "1234567", "12345.6", "12"]
    assert lines[4].startswith("a large and quiet room "), lines[4]


def test_top_fits_a_terminal_that_changes(admin, top):
    top.wait_for(lambda: len(rows_of(top)) == 20, "a full screen")
    top._tmux("resize-window", "-x", "100", "-y", "34")
    top.wait_for(lambda: len(rows_of(top)) == 30, "ten rows more")
    top._tmux("resize-window", "-x", "80", "-y", "24")
    top.wait_for(lambda: len(rows_of(top)) == 20, "as before")


def test_top_leaves_the_terminal_alone_when_it_is_none(admin):
    admin.answers["actors"] = ACTORS[:3]
    words = [str(TOOL), "console", "--node", str(admin.path), "top"]
    once = subprocess.run([*words, "--once", "-o", "name", "--columns", "id"],
                          env=clean_environment(), capture_output=True, text=True)  # fmt: skip
    assert once.returncode == 0 and once.stdout == "node1/0\nnode1/1\nnode1/2\n", once.stderr
    none = subprocess.run(words, env=clean_environment(), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)  # fmt: skip
    assert none.returncode == 2 and "--once" in none.stderr
