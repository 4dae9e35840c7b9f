# SPDX-License-Identifier: MIT
"""Clients of the binary framing over TCP, docs/protocol.md, section 6."""

import contextlib
import os
import signal
import socket
from pathlib import Path

from harness import process, raw
from harness.client import PASSWORD, Client, new_id
from harness.framed import (ERROR, FramedClient, alice, beat, connect, frames_in,  # noqa: F401
                            listening, read_frame, request)  # fmt: skip
from harness.names import fresh
from harness.process import Node
from harness.waiting import PATIENCE_S, wait_until

NODE = listening()  # of the fixture `node`


# -- conversation ---------------------------------------------------------------------------------


def listening_ports(node):
    """Of the process, over IPv4."""
    own = set()
    for fd in Path(f"/proc/{node.pid()}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            own.add(os.readlink(fd))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(r[1].split(":")[1], 16) for r in rows
            if r[3] == "0A" and f"socket:[{r[9]}]" in own}  # fmt: skip


def test_nobody_listens_unless_told_to(start_node, node):
    assert node.tcp_port in listening_ports(node), "so it would be seen"
    without = start_node()
    others = listening_ports(without) - {without.http_port}
    assert len(others) <= 1, f"the cluster port at most, and there are {others}"
    node = without
    row = next(r for r in node.rows("settings") if r["key"] == "tcp.listen")
    assert row["value"] == ""


def test_a_conversation(node, alice):
    with FramedClient(node) as bob:
        bob.register(fresh("bob"))
        room = alice.create_room("the room", alias=fresh("room"), room_type="public")
        assert bob.ask("join_room_request", alias=room["alias"])["room"]["id"] == room["id"]
        ack = alice.send(room["id"], "hello, höre")
        assert alice.wait_message("hello, höre")["seq"] == ack["seq"]
        message = bob.wait_message("hello, höre")["message"]
        assert message["sender_id"] == alice.user["id"]
        bob.ask("mark_request", room_id=room["id"], status="read", seq=ack["seq"])
        alice.wait_for(lambda d: d["type"] == "message_status" and d["status"] == "read")
        bob.ask("typing", room_id=room["id"], is_typing=True)
        alice.wait_for(lambda d: d["type"] == "typing" and d["is_typing"])
        edited = bob.refusal("edit_message_request", room_id=room["id"], id=message["id"],
                             content="mine")  # fmt: skip
        assert edited["code"] == "FORBIDDEN"
        assert [m["content"] for m in bob.history(room["id"])["messages"]] == ["hello, höre"]
        assert bob.ask("heartbeat")["type"] == "heartbeat_response"


def test_log_in_by_password_token_and_refresh_token(node, alice):
    first = alice.answer("session_list_request")["data"]["sessions"]
    assert len(first) == 1
    name = alice.user["username"]
    with FramedClient(node) as again:
        assert again.code("room_list_request") == "UNAUTHORIZED"
        assert again.code("auth_request", username=name, password="wrong password") == (
            "INVALID_CREDENTIALS")  # fmt: skip
        entered = again.log_in(username=name, password=PASSWORD)
        assert again.ask("room_list_request")["rooms"] == []
    with FramedClient(node) as by_token:
        by_token.log_in(token=entered["token"])
    with FramedClient(node) as refreshed:
        assert refreshed.log_in(refresh_token=entered["refresh_token"])["refresh_token"]


def test_resume_over_tcp(node, alice):
    with FramedClient(node) as bob:
        token = bob.register(fresh("bob"))["token"]
        room = alice.create_room(members=[bob.user["id"]])["id"]
        alice.send(room, "before")
        bob.wait_message("before")
        last = bob.room_events(room)[-1]["seq"]
    alice.send(room, "meanwhile")
    with FramedClient(node) as bob:
        bob.log_in(token=token, rooms={room: last})
        assert bob.wait_message("meanwhile")["seq"] == last + 1
        assert [e["seq"] for e in bob.room_events(room)] == [last + 1]


def test_one_room_seen_over_tcp_and_websocket(node, alice):
    """The same order, the same events; with MessagePack even the same bytes."""
    with Client(node) as js, Client(node, encoding="msgpack") as packed:
        people = [alice, js, packed]
        js.register(fresh("js"))
        packed.register(fresh("packed"))
        room = alice.create_room(members=[js.user["id"], packed.user["id"]])["id"]
        futures = [
            person.post("send_message_request", room_id=room, content=f"{i} by {at}",
                        message_type="text")
            for i in range(30) for at, person in enumerate(people)
        ]  # fmt: skip
        for future in futures:
            assert future.result(PATIENCE_S)["data"]["type"] == "message_ack"
        last = 1 + len(futures)
        for person in people:
            person.wait_for(lambda d: d.get("seq") == last and d["type"] == "message_received")
        streams = [[e for e in p.room_events(room) if e["type"] == "message_received"]
                   for p in people]  # fmt: skip
        assert [e["seq"] for e in streams[0]] == list(range(2, last + 1))
        assert streams[0] == streams[1] == streams[2]

        def payloads(person):
            return [frame for frame, document in zip(person.raw_events, person.events)
                    if document["data"]["type"] == "message_received"]  # fmt: skip

        assert payloads(alice) == payloads(packed)


# -- limits and ends ------------------------------------------------------------------------------


def test_who_does_not_authenticate_is_closed(start_node):
    node = start_node(**listening(websocket__auth_timeout_s=1))
    with FramedClient(node) as silent:
        assert silent.wait_closed() == 4401
        assert silent.orphans[-1]["data"]["code"] == "UNAUTHORIZED"
    wait_until(lambda: node.metric("greenroom_tcp_connections") == 0, "it to be gone")
    wait_until(lambda: node.metric('greenroom_tcp_closes_total{code="4401"}') == 1, "its code")


def test_who_is_silent_is_closed_and_heartbeats_keep_a_connection(start_node):
    node = start_node(**listening(websocket__heartbeat_s=1))
    with FramedClient(node) as silent, FramedClient(node) as alive:
        silent.register(fresh("silent"))
        alive.register(fresh("alive"))

        def is_over():
            assert alive.ask("heartbeat")
            return silent.close_code

        wait_until(is_over, "the silent one to be let go")
        assert silent.close_code == 4408
        assert alive.ask("heartbeat") and alive.close_code is None


def test_part_of_a_frame_has_its_time(start_node):
    node = start_node(**listening(http__request_timeout_s=1))
    with connect(node) as sock:
        sock.sendall(beat()[:10])
        (number, document), = frames_in(raw.read_all(sock))
    assert number == ERROR and document["data"]["message"].startswith("1008: ")


def test_too_many_connections(start_node):
    node = start_node(**listening(limits__max_connections=2))
    with FramedClient(node) as one:
        one.register(fresh("one"))  # by then the one that asked whether it is ready is gone
        with Client(node) as two:
            assert two.ask("heartbeat")
            with FramedClient(node) as three:
                assert three.wait_closed() == 1013
                assert three.orphans[-1]["data"]["code"] == "UNAVAILABLE"
                assert three.orphans[-1]["data"]["details"]["retry_after_ms"] > 0
            assert one.ask("heartbeat")
    wait_until(lambda: node.metric('greenroom_refused_connections_total{reason="full"}') >= 1,
               "it to be counted")  # fmt: skip


def test_a_slow_reader_is_closed_and_others_are_not(start_node):
    node = start_node(**listening(limits__outbound_queue_messages=20, resume__max_entries=100_000))
    with FramedClient(node) as alice, FramedClient(node) as bob:
        alice.register(fresh("alice"))
        token = bob.register(fresh("bob"))["token"]
        room = alice.create_room(members=[bob.user["id"]])["id"]
        with connect(node, 4096) as sleeper:
            sleeper.sendall(request("auth_request", new_id(), token=token, rooms={room: 0}))
            assert read_frame(sleeper)[1]["data"]["type"] == "auth_response"
            big, sent = "x" * 16_000, 0

            def is_given_up():
                nonlocal sent
                for _ in range(50):
                    alice.send(room, f"{sent} {big}")
                    sent += 1
                return node.metric("greenroom_slow_consumers_total") > 0

            wait_until(is_given_up, "the slow one to be let go", 90)
            frames = frames_in(raw.read_all(sleeper))
        number, document = frames[-1]
        assert number == ERROR and document["data"]["message"].startswith("4413: ")
        seqs = [d["data"]["seq"] for _, d in frames if "seq" in d["data"]]
        assert seqs == list(range(1, len(seqs) + 1)), "what came is whole and in order"
        bob.wait_message(f"{sent - 1} {big}")
        with FramedClient(node) as again:
            again.log_in(token=token, rooms={room: seqs[-1]})
            again.wait_message(f"{sent - 1} {big}")


def test_a_revoked_session_is_told(node, alice):
    with FramedClient(node) as other:
        entered = other.log_in(username=alice.user["username"], password=PASSWORD)
        alice.ask("logout_request", session_id=entered["session_id"])
        other.wait_for(lambda d: d["type"] == "session_event" and d["kind"] == "revoked")
        other.wait_closed()
        assert not other.orphans, "the event has said it"


def test_draining_is_told(start_node):
    node = start_node(**listening())
    with FramedClient(node) as known, FramedClient(node) as guest:
        known.register(fresh("known"))
        assert guest.ask("heartbeat")
        node.process.send_signal(signal.SIGTERM)
        event = known.wait_for(lambda d: d["type"] == "session_event", "to be told")
        assert event["kind"] == "draining" and "retry_after_ms" in event
        known.wait_closed()
        assert not known.orphans, "the event has said it"
        assert guest.wait_closed() == 1001
    assert node.process.wait(PATIENCE_S) == 0


# -- what an operator sees ------------------------------------------------------------------------


def test_connections_and_figures(node, alice):
    def own(verb):
        return [r for r in node.rows(verb) if r["username"] == alice.user["username"]]

    wait_until(lambda: own("connections"), "the connection to have a name")
    rows = own("connections")
    assert [r["protocol"] for r in rows] == ["tcp"]
    assert rows[0]["encoding"] == "msgpack" and rows[0]["bytes_in"] > 0
    assert rows[0]["messages_in"] >= 1 and rows[0]["messages_out"] >= 1
    assert [r["protocol"] for r in own("sessions")] == ["tcp"]
    users = [r for r in node.rows("users") if r["id"] == alice.user["id"]]
    assert users and users[0]["online"]
    assert node.metric("greenroom_tcp_connections") >= 1
    sent = node.metric("greenroom_messages_sent_total")
    alice.ask("heartbeat")
    wait_until(lambda: node.metric("greenroom_messages_sent_total") > sent, "it to be counted")


def test_the_operator_ends_a_connection(node):
    with FramedClient(node) as bob:
        bob.register(fresh("bob"))
        answer = node.admin("session kick", user=bob.user["username"])
        assert answer["ok"], answer
        assert bob.wait_closed() == 1013


def test_presence_counts_tcp_clients(node, alice):
    with FramedClient(node) as bob:
        bob.register(fresh("bob"))
        seen = alice.ask("presence_request", user_ids=[bob.user["id"]])["presences"]
        assert seen[0]["is_online"]
    alice.wait_for(lambda d: d["type"] == "presence" and not d["is_online"], "bob to be gone")


def test_a_port_that_is_taken_is_told(programs):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        node = Node(tcp__listen=f"127.0.0.1:{port}").launch()
        process.STARTED.remove(node)
        assert node.process.wait(PATIENCE_S) == 1
        assert f"cannot listen on 127.0.0.1:{port}" in node.log_path.read_text()
        assert not (node.folder / "store").exists(), "nothing is written before"


def test_the_client_library_over_tcp(node, alice, programs):
    """`greenroom chat --tcp` writes and hears what others say."""
    import subprocess

    from harness.process import TOOL, clean_environment

    room = alice.create_room("r", alias=fresh("room"), room_type="public")
    environment = clean_environment() | {"GREENROOM_PASSWORD": PASSWORD}
    done = subprocess.run(
        [str(TOOL), "chat", "--tcp", "--node", f"127.0.0.1:{node.tcp_port}", "--user",
         fresh("bob"), "--register", "--no-save", "--room", room["alias"], "--output", "json"],
        input="over TCP\nagain\n", env=environment, capture_output=True, text=True,
        timeout=PATIENCE_S * 3)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert alice.wait_message("over TCP") and alice.wait_message("again")
    assert '"over TCP"' in done.stdout
