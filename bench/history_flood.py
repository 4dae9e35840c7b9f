#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What somebody who writes in a room notices of many clients that read its history: each keeps some
pages asked for at all times, over TCP, so that reading them costs this script little. One node.

    bench/history_flood.py [CLIENTS [PAGES]]      500 and 20 without; needs build/release, or
                                                  GREENROOM_BIN_DIR
"""

import contextlib
import multiprocessing
import os
import random
import selectors
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/integration")]

from harness import framed  # noqa: E402
from harness.client import PASSWORD, Client, new_id  # noqa: E402
from harness.process import Node  # noqa: E402
from harness.web import Browser  # noqa: E402
from steady_writer import SteadyWriter  # noqa: E402

MESSAGES = 2000  # in the room, of 200 bytes
PAGE = 200
SENDS_S = 25
SECONDS = 20
WARM_S = 3
HISTORY = framed.NUMBERS["history_request"]


class Reader:
    """One connection, which asks for another page whenever one has come."""

    def __init__(self, node, room, token):
        self.pages = self.refused = 0
        self.room = room
        self.sock = framed.connect(node)
        self.sock.sendall(framed.request("auth_request", new_id(), token=token))
        while framed.read_frame(self.sock)[0] != 0x8000 + framed.NUMBERS["auth_request"]:
            pass
        self.sock.setblocking(False)
        self.head = b""
        self.left = 0  # bytes of the frame that is being read

    def ask(self):
        before = random.randrange(PAGE, MESSAGES)
        self.sock.send(framed.request("history_request", new_id(), room_id=self.room, limit=PAGE,
                                      before_seq=before))  # fmt: skip

    def read(self):
        data = memoryview(self.sock.recv(1 << 18))
        assert data, "the node has closed a reader"
        while data:
            if self.left:
                step = min(self.left, len(data))
                self.left -= step
                data = data[step:]
                continue
            step = framed.HEADER.size - len(self.head)
            self.head += bytes(data[:step])
            data = data[step:]
            if len(self.head) == framed.HEADER.size:
                number, _, _, self.left = framed.HEADER.unpack(self.head)
                self.head = b""
                if number in (0x8000 + HISTORY, framed.ERROR):
                    self.pages += number != framed.ERROR
                    self.refused += number == framed.ERROR
                    self.ask()


def read_on(address, room, tokens, pages, pipe):
    """A process of its own. Says when all are there, reads when told, and counts until the end."""

    class Where:
        host, tcp_port = address

    readers = [Reader(Where, room, token) for token in tokens]
    pipe.send("connected")
    pipe.recv()
    for reader in readers:
        for _ in range(pages):
            reader.ask()
    with selectors.DefaultSelector() as ready:
        for reader in readers:
            ready.register(reader.sock, selectors.EVENT_READ, reader)
        ready.register(pipe, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.data is None:
                    if pipe.recv() == "end":
                        return
                    pipe.send([(r.pages, r.refused) for r in readers])
                else:
                    key.data.read()


def write(client, room):
    """What somebody who writes for a while has waited, as a text."""
    writer = SteadyWriter(client, room, SENDS_S)
    time.sleep(SECONDS)
    return writer.end()


def make_readers(node, room, count):
    tokens = []
    lock = threading.Lock()

    def make(numbers):
        for i in numbers:
            browser = Browser(node)
            who = {"username": f"reader{i}", "password": PASSWORD}
            answer = browser.post("/api/auth/register", 201, json=who)
            browser.close()
            browser = Browser(node, answer["token"])
            browser.request("PUT", f"/api/rooms/{room}/members/me").raise_for_status()
            browser.close()
            with lock:
                tokens.append(answer["token"])

    threads = [threading.Thread(target=make, args=(range(i, count, 8),)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(tokens) == count
    return tokens


def measure(node, count, pages):
    with contextlib.ExitStack() as end:
        alice = end.enter_context(Client(node))
        alice.register("alice")
        room = alice.create_room("read", room_type="public")["id"]
        sent = [alice.post("send_message_request", room_id=room, content="m" * 200,
                           message_type="text") for _ in range(MESSAGES)]  # fmt: skip
        assert all(s.result(60)["data"]["type"] == "message_ack" for s in sent)
        tokens = make_readers(node, room, count)
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe()
        address = (node.host, node.tcp_port)
        reading = spawn.Process(target=read_on, args=(address, room, tokens, pages, there),
                                daemon=True)  # fmt: skip
        reading.start()
        assert here.recv() == "connected"
        print(f"nobody reads: {write(alice, room)} "
              f"(load {os.getloadavg()[0]:.1f})", flush=True)  # fmt: skip
        here.send("begin")
        time.sleep(WARM_S)
        here.send("tell")
        before, began, used_before = here.recv(), time.monotonic(), node.cpu_s()
        print(f"{count} clients ask for {pages} pages each: {write(alice, room)} "
              f"(load {os.getloadavg()[0]:.1f})", flush=True)  # fmt: skip
        here.send("tell")
        after, took, used = here.recv(), time.monotonic() - began, node.cpu_s() - used_before
        got = sorted(b[0] - a[0] for a, b in zip(before, after))
        refused = sum(b[1] - a[1] for a, b in zip(before, after))
        each = 1000 * used / max(1, sum(got))
        print(f"{sum(got) / took:.0f} pages a second, {each:.2f} ms of CPU each; "
              f"a client had {got[0]} to {got[-1]}; {refused} refused", flush=True)  # fmt: skip
        here.send("end")
        reading.join(10)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    pages = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    node = Node(**framed.listening())
    try:
        node.start()
        measure(node, count, pages)
    finally:
        node.kill()


if __name__ == "__main__":
    main()
