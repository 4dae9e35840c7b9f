# SPDX-License-Identifier: MIT
"""One step after the other, drawn from a seed; each answer is compared with what the model says,
and now and then everything that everybody sees."""

import collections
import itertools
import random
import uuid

from harness.waiting import SLOWNESS, wait_until

from . import compare, steps
from .messages import Chat
from .people import Refused
from .person import Person
from .steps_again import come_back

ENCODINGS = ["json", "msgpack"]
REMEMBERED = 400
TOLD = 12

_number = itertools.count(1)


class Walk:
    def __init__(self, trio, seed, people=6, people_max=9, **weights):
        """`weights`: steps that are not taken, or less often, otherwise."""
        self.trio, self.seed = trio, seed
        self.weights = steps.WEIGHTS | weights
        self.down = None  # the index of a node that does not run
        self.rng = random.Random(seed)
        self.chat = Chat()
        self.people_max = people_max
        self.number = next(_number)
        self.people = []
        self.told = collections.deque(maxlen=TOLD)  # what was done last
        self.done = collections.deque(maxlen=REMEMBERED)  # what can be repeated
        self.counts = collections.Counter()
        self.refusals = collections.Counter()
        self.outcomes = collections.defaultdict(collections.Counter)  # request → "ok" or code
        self.bytes = {}  # (room, seq, encoding) → what was sent to the first who heard it
        self.step = self.moves = self.late_views = 0
        for _ in range(people):
            self.add_person()
        self.make_server_admin(self.people[0])

    # -- people --------------------------------------------------------------

    def add_person(self):
        i = len(self.people)
        name = f"p{i}-{self.number}-{self.seed}"
        node = i % 3 if self.down is None else self.any_node()
        person = Person(self, name, node, ENCODINGS[i // 3 % 2])
        self.people.append(person)
        person.register()
        return person

    def make_server_admin(self, person):
        """The node knows it with the next authentication at the latest."""
        made = self.trio.nodes[0].console("user", "role", person.user.name, "admin")
        assert made.returncode == 0, made.stdout + made.stderr
        person.go()
        person.come(person.node, person.encoding)
        person.user.is_server_admin = True

    def any_node(self):
        """The index of one that runs."""
        return self.rng.choice([i for i in range(3) if i != self.down])

    def here(self):
        return [p for p in self.people if p.user.is_online]

    # -- steps ---------------------------------------------------------------

    def run(self, count, compare_every=1000):
        names, weights = zip(*self.weights.items())
        for person in self.here()[: 0 if self.chat.rooms else 5]:
            steps.find("create")(self, person)
        for self.step in range(1, count + 1):
            name = self.rng.choices(names, weights)[0]
            self.counts[name] += 1
            person = self.rng.choice(self.here())
            steps.find(name)(self, person)
            if self.step % compare_every == 0 and self.step < count:
                self.compare()

    def finish(self):
        if self.down is not None:
            steps.find("crash")(self, None)
        for person in self.people:
            if not person.user.is_online:
                come_back(self, person)
        self.compare()
        entries = sum(r.last_seq for r in self.chat.rooms.values())
        return (f"{self.step} steps by {len(self.people)} people: {len(self.chat.rooms)} rooms, "
                f"{entries} entries, {sum(self.refusals.values())} refusals, {self.moves} moves; "
                f"{dict(self.counts)} {dict(self.refusals)}")  # fmt: skip

    def compare(self):
        self.told.append("compared everything")
        compare.everything(self)

    def close(self):
        for person in self.here():
            person.client.close()

    # -- asking --------------------------------------------------------------

    def new_id(self):
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def fail(self, why):
        told = "\n  ".join(self.told)
        raise AssertionError(f"seed {self.seed}, step {self.step}: {why}\nlast:\n  {told}")

    def tell(self, person, type_, fields):
        self.told.append(f"{person.user.name} {person.user.id[:8]}@node{person.node + 1}: {type_} "
                         f"{fields}")  # fmt: skip

    def do(self, person, type_, rule, fields, learn=None):
        """Asks, and compares with the rule. `rule(message_id)` is the model's; `learn(answer,
        wanted)` compares and takes over what is more."""
        message_id = self.new_id()
        self.tell(person, type_, fields)
        try:
            wanted, refused = rule(message_id), None
        except Refused as why:
            wanted, refused = None, why
        answer = person.call(type_, message_id, **fields)
        self.judge(answer, wanted, refused)
        self.outcomes[type_][answer["code"] if refused else "ok"] += 1
        if refused:
            self.refusals[answer["code"]] += 1
            return None
        if answer.get("duplicate") and not answer["is_repeat"] and not wanted.get("duplicate"):
            self.fail(f"asked for the first time, and answered as a duplicate: {answer}")
        if learn:
            learn(answer, wanted)
        if type_ in steps.REPEATABLE:
            self.done.append((person, type_, message_id, fields, answer))
        return answer

    def judge(self, answer, wanted, refused):
        if refused:
            if answer["type"] != "error":
                self.fail(f"expected {refused}, got {answer}")
            if answer["code"] not in refused.codes:
                self.fail(f"expected {refused}, got {answer}")
        elif answer["type"] == "error":
            self.fail(f"expected success, got {answer}")
        if wanted and "seq" in wanted and wanted["seq"] != answer["seq"]:
            self.fail(f"expected seq {wanted['seq']}, got {answer}")
        if wanted and "message" in wanted and "seq" in wanted:
            self.take_ack(answer, wanted["message"])

    def take_ack(self, answer, message):
        if message.id is None:
            message.acknowledged(answer["id"], answer["created_at"])
        if (answer["id"], answer["created_at"]) != (message.id, message.created_at):
            self.fail(f"expected the ack of {message.id} of {message.created_at}: {answer}")

    def same(self, what, found, wanted):
        if found != wanted:
            if isinstance(found, dict) and isinstance(wanted, dict):
                keys = [k for k in wanted if found.get(k) != wanted[k]]
                found = {k: found.get(k) for k in keys}
                wanted = {k: wanted[k] for k in keys}
            self.fail(f"{what}: the node says {found}, the model {wanted}")

    def eventually(self, what, found, wanted):
        """What follows a moment after the answer: lists, and the counts in them."""
        try:
            wait_until(lambda: found() == wanted, what, 5 * SLOWNESS)
        except AssertionError:
            self.same(what, found(), wanted)
