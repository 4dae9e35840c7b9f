# SPDX-License-Identifier: MIT
"""Rooms with people in them on a cluster of three, from the beginning to the verdict."""

import asyncio
import contextlib
import itertools
import os
import signal
import threading
from pathlib import Path

from checker import History, judge, load
from checker.witness import report
from harness import names
from harness.client import Client
from harness.waiting import SLOWNESS, wait_until

from .people import Listener, Person, Rover, Visitor, Writer
from .recording import Recording, hash_of
from .speaker import Speaker

PAGE = 200
PAGES_AT_ONCE = 100  # a node reads 128 requests of a connection ahead of its answers
SAMPLE_S = 0.5

_number = itertools.count(1)


def is_stopped(pid):
    """The signal is sent before the threads stand still."""
    states = [path.read_text().rsplit(")", 1)[1].split()[0]
              for path in Path(f"/proc/{pid}/task").glob("*/stat")]  # fmt: skip
    return set(states) == {"T"}


class Room:
    def __init__(self, name, id_):
        self.name = name
        self.id = id_


class Stage:
    """`trio` has nodes, leaders() and settle(). One room per node that leads it; in each `writers`
    writers and two listeners, one rover and one visitor for all."""

    def __init__(self, trio, name, seed, writers=2, padding=0):
        self.trio, self.nodes, self.seed = trio, trio.nodes, seed
        self.padding = " " + "x" * padding if padding else ""
        self.names = {}
        self.people, self.writers, self.rooms = [], [], []
        trio.settle()
        self._make(name, writers)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.tasks = []
        self.sampling = threading.Event()
        self.verdict = None

    # -- the beginning -------------------------------------------------------

    def _make(self, name, writers):
        number = next(_number)
        node = self.nodes[0]
        leaders = self.trio.leaders()
        roles = [f"w{i}" for i in range(writers * 3)] + ["l0", "l1", "l2", "rover", "visitor"]
        accounts = {}
        for role in ["owner", *roles]:
            with Client(node) as c:
                # All tokens are then of one node's clock.
                c.register(names.name_led_by(node.name, leaders, f"{role}-{number}-{os.getpid()}-",
                                             names.user_id))  # fmt: skip
                accounts[role] = c.user["id"], c.user["username"], c.token
                self.names[c.user["id"]] = role
        members = [accounts[r][0] for r in roles if r != "rover"]
        meta = {}
        with Client(node, token=accounts["owner"][2]) as owner:
            for i, each in enumerate(self.nodes):
                alias = names.name_led_by(each.name, leaders, f"room{i}-{number}-{os.getpid()}x",
                                          names.room_id)  # fmt: skip
                made = owner.create_room("under load", alias=alias, members=members,
                                         room_type="public")  # fmt: skip
                room = Room(f"room{i}", made["id"])
                self.rooms.append(room)
                self.names[room.id] = room.name
                meta[room.name] = {
                    "members": ["owner", *(r for r in roles if r != "rover")], "creator": "owner",
                    "shard": names.shard_of(room.id, max(leaders)), "leader": each.name,
                }  # fmt: skip
        self.recording = Recording(self.trio.folder / f"{name}.ndjson", seed=self.seed, name=name,
                                   rooms=meta)  # fmt: skip
        for i in range(writers * 3):
            self.writers.append(Writer(self, f"w{i}", i, self.rooms[i % 3]))
        self.people = self.writers + [
            Listener(self, "l0", 0, self.rooms), Listener(self, "l1", 1, self.rooms),
            Listener(self, "l2", 2, self.rooms, way="request"),
            Rover(self, "rover", 0, self.rooms), Visitor(self, "visitor", 1),
        ]  # fmt: skip
        self.owner = Person(self, "owner", 0)
        for person in [*self.people, self.owner]:
            person.id, person.username, person.token = accounts[person.name]
        for person in self.people:
            for room in getattr(person, "last", {}):
                self.recording.write(k="device", d=person.device, u=person.name, r=room, base=1)

    def start(self):
        self.thread.start()
        for person in self.people:
            self.tasks.append(asyncio.run_coroutine_threadsafe(person.live(), self.loop))
        self.sampler = threading.Thread(target=self._sample, daemon=True)
        self.sampler.start()
        return self

    def _sample(self):
        """Who leads what, as each node sees it."""
        while not self.sampling.wait(SAMPLE_S):
            for node in self.nodes:
                with contextlib.suppress(OSError, AssertionError, ValueError, KeyError):
                    for row in node.admin("shards", timeout_s=1)["rows"]:
                        self.recording.write(k="lead", n=node.name, s=row["shard"],
                                             term=row["term"], leader=row["leader"])  # fmt: skip

    # -- the middle ----------------------------------------------------------

    def fault(self, what, node=None, on=True, mute=False):
        self.recording.write(k="fault", what=what, node=node, on=on, mute=mute)

    def check_people(self):
        for person in self.people:
            if person.failure:
                raise person.failure

    def acked(self, room=None):
        return sum(w.acked for w in self.writers if room is None or w.room is room)

    def wait_progress(self, count=5, within_s=40):
        """Each writer gets `count` more acknowledgements."""
        marks = [w.acked + count for w in self.writers]

        def done():
            self.check_people()
            return all(w.acked >= m for w, m in zip(self.writers, marks))

        wait_until(done, "all writers to get on", within_s)

    def pause(self, seconds):
        """How long a fault lasts, where nothing tells that it has lasted long enough."""
        if threading.Event().wait(seconds * SLOWNESS):
            raise AssertionError("nobody sets it")
        self.check_people()

    def room_led_by(self, node):
        """The room that the node led at the beginning."""
        return self.rooms[self.nodes.index(node)]

    # -- the end -------------------------------------------------------------

    def _call(self, coroutine, within_s=60):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(within_s * SLOWNESS)

    def _end(self, person):
        person.stopping = True
        self.tasks[self.people.index(person)].result(40 * SLOWNESS)

    def end(self, alone=False):
        """Writers finish, listeners get the rest, all nodes are read; the verdict must be clean.
        `alone`: each node's own store is read as well, with the others frozen."""
        self.trio.settle()
        self.fault("all healed", on=False)
        listeners = [p for p in self.people if isinstance(p, Listener)]
        rovers = [p for p in listeners if isinstance(p, Rover)]
        for rover in rovers:
            rover.resting = True
        for person in self.people:
            if person not in listeners:
                self._end(person)
        for rover in rovers:
            with contextlib.suppress(AssertionError):  # what keeps it is for the judge to say
                wait_until(lambda r=rover: r.failure or (r.open is None and r.inside == r.heard),
                           f"{rover.name} to have heard of what it did", 20)  # fmt: skip
        self.check_people()
        finals = self._call(self._read_all())
        for person in listeners:
            for room, last in finals.items():
                if person in rovers and not (person.inside[room] and person.heard[room]):
                    continue
                wait_until(lambda p=person, r=room, n=last: p.failure or p.last[r] >= n,
                           f"{person.name} to hear {last} of {room}", 20)  # fmt: skip
        self.recording.write(k="rest")
        if alone:
            self._read_stores(finals)
        for person in listeners:
            self._end(person)
        self.check_people()
        self.leave()
        records = load(self.recording.path)
        history = History(records)
        violations = judge(records)
        self.verdict = report(violations, history, self.recording.path.name)
        print(self.verdict)
        assert not violations, f"{self.verdict}\nkept: {self.trio.keep()}"
        refused = [p.refused for p in self.people if p.refused]
        assert not refused, refused
        return history

    def leave(self):
        """Also after a failure; twice is not too often."""
        for person in self.people:
            person.stopping = True
        self.sampling.set()
        if self.thread.is_alive():
            self.sampler.join(20)
            asyncio.run_coroutine_threadsafe(self._cancel_all(), self.loop).result(20)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
        self.recording.close()

    async def _cancel_all(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.wait(others or [asyncio.ensure_future(asyncio.sleep(0))], timeout=10)

    async def _enter(self, node, rooms=None):
        speaker = Speaker(self.recording, self.names, self.owner, node)
        await speaker.open()
        log = {r.name: [] for r in self.rooms}

        def hear(room, seq, fields, user):
            log[room].append({"seq": seq, **fields})

        speaker.on_event = hear
        await speaker.log_in(rooms)
        return speaker, log

    async def _read_all(self):
        """Each room through each node, from its first entry on; the last seqs."""
        finals = {}
        for node in self.nodes:
            self.owner.device = f"owner.{node.name}"
            speaker, log = await self._enter(node, {r.id: 0 for r in self.rooms})
            for room in self.rooms:
                for _ in range(SLOWNESS):  # a leader has 2 s to confirm it, however slow it is
                    answer, data = await speaker.ask("history", "history_request", r=room.name,
                                                     fields={"room_id": room.id})  # fmt: skip
                    if not answer["stale"]:
                        break
                assert answer["ok"] and not answer["stale"], f"after healing: {data}"
                last = answer["last"]
                while len(log[room.name]) < last and not speaker.closed:
                    await asyncio.sleep(0.02)
                self.recording.write(k="final", n=node.name, r=room.name, last=last,
                                     log=log[room.name])  # fmt: skip
                finals[room.name] = max(last, finals.get(room.name, 0))
                answer, _ = await speaker.ask("members", "room_members_request", r=room.name,
                                              fields={"room_id": room.id, "limit": 200},
                                              final=True)  # fmt: skip
            await speaker.close()
        return finals

    # -- each store by itself ------------------------------------------------

    def _read_stores(self, finals):
        speakers = {}
        for node in self.nodes:
            self.owner.device = f"owner.{node.name}.alone"
            speakers[node.name], _ = self._call(self._enter(node))
        frozen = []
        try:
            for node in self.nodes:  # never two that run at the same time
                for other in self.nodes:
                    if other is not node and other not in frozen:
                        self.fault("SIGSTOP", other.name, mute=True)
                        os.kill(other.pid(), signal.SIGSTOP)
                        frozen.append(other)
                        wait_until(lambda o=other: is_stopped(o.pid()), "all its threads to stop")
                if node in frozen:
                    os.kill(node.pid(), signal.SIGCONT)
                    frozen.remove(node)
                    self.fault("SIGSTOP", node.name, on=False, mute=True)
                self._call(self._read_store(node, speakers[node.name], finals))
        finally:
            for node in frozen:
                os.kill(node.pid(), signal.SIGCONT)
                self.fault("SIGSTOP", node.name, on=False, mute=True)
        self.trio.settle()
        for speaker in speakers.values():
            self._call(speaker.close())

    async def _read_store(self, node, speaker, finals):
        """What it has when nobody can tell it more; it waits 2 s for somebody, so many at once."""
        asked = [(room, after) for room in self.rooms
                 for after in range(0, finals[room.name], PAGE)]  # fmt: skip
        pages = []
        for first in range(0, len(asked), PAGES_AT_ONCE):
            pages += await asyncio.gather(*(
                speaker.ask("history", "history_request", r=room.name,
                            fields={"room_id": room.id, "after_seq": after, "limit": PAGE})
                for room, after in asked[first : first + PAGES_AT_ONCE]
            ))  # fmt: skip
        logs, last = {r.name: {} for r in self.rooms}, {}
        for (room, _), (page, data) in zip(asked, pages):
            assert page["ok"] and page["stale"], f"{node.name} is alone: {data}"
            last[room.name] = page["last"]
            for m in data["messages"]:
                logs[room.name][m["seq"]] = {"seq": m["seq"], "e": "message", "id": m["id"],
                                             "h": hash_of(m["content"])}  # fmt: skip
        for room, log in logs.items():
            self.recording.write(k="replica", n=node.name, r=room, last=last[room],
                                 log=[log[seq] for seq in sorted(log)])  # fmt: skip
