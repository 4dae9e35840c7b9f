# SPDX-License-Identifier: MIT
"""A TCP forwarder in a thread: delays what passes, swallows one direction, cuts connections."""

import asyncio
import random
import socket
import threading

PIECE = 1 << 16


class Relay:
    """`to`: (host, port), or a function that returns it when somebody calls. Directions are named
    as the caller sees them: "there" and "back"."""

    def __init__(self, to, seed=0, host="127.0.0.1"):
        self.to = to if callable(to) else lambda: to
        self.delay_s = 0.0
        self.jitter_s = 0.0
        self.swallowed = set()  # directions of which nothing arrives
        self.closed = False  # takes nobody
        self.rng = random.Random(seed)
        self.tasks = set()
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, 0))
        self.host, self.port = self.sock.getsockname()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self._call, sock=self.sock))
        self.loop.run_forever()

    async def _call(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        others = []
        try:
            if self.closed:
                return
            other_reader, other = await asyncio.open_connection(*self.to())
            others.append(other)
            await asyncio.wait(
                [asyncio.ensure_future(self._pass("there", reader, other)),
                 asyncio.ensure_future(self._pass("back", other_reader, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )  # fmt: skip
        except OSError:
            pass
        finally:
            self.tasks.discard(task)
            for each in [writer, *others]:
                each.transport.abort()

    async def _pass(self, direction, reader, writer):
        """In order, each piece after its delay."""
        queue = asyncio.Queue(1000)
        sender = asyncio.ensure_future(self._send(queue, writer))
        try:
            while piece := await reader.read(PIECE):
                if direction in self.swallowed:
                    continue
                delay = max(0.0, self.delay_s + self.rng.uniform(-1, 1) * self.jitter_s)
                await queue.put((self.loop.time() + delay, piece))
        except OSError:
            pass
        finally:
            sender.cancel()

    async def _send(self, queue, writer):
        while True:
            at, piece = await queue.get()
            if at > self.loop.time():
                await asyncio.sleep(at - self.loop.time())
            writer.write(piece)
            await writer.drain()

    def cut(self):
        """Everybody who is connected."""
        self.loop.call_soon_threadsafe(lambda: [t.cancel() for t in list(self.tasks)])

    def end(self):
        def stop():
            self.server.close()
            for task in list(self.tasks):
                task.cancel()
            self.loop.call_later(0.05, self.loop.stop)

        self.loop.call_soon_threadsafe(stop)
        self.thread.join(5)
