# SPDX-License-Identifier: MIT
"""`greenroom chat --output json` with its input and output as pipes."""

import json
import subprocess
import threading

from .client import PASSWORD
from .process import TOOL, clean_environment, temporary_folder
from .waiting import SLOWNESS, wait_until


class Chat:
    def __init__(self, nodes, user, *options, password=PASSWORD, home=None, output="json"):
        """`password` None: none is given. `home` keeps sessions from one start to the next."""
        home = home or temporary_folder()
        environment = clean_environment() | {"HOME": str(home), "XDG_STATE_HOME": str(home)}
        if password is not None:
            environment["GREENROOM_PASSWORD"] = password
        address = ",".join(n.address for n in nodes)
        self.process = subprocess.Popen(
            [str(TOOL), "chat", "--node", address, "--user", user, "--output", output, *options],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self.events, self.lines, self.complaints = [], [], ""
        self._is_json = output == "json"
        self.readers = [threading.Thread(target=self._read, daemon=True),
                        threading.Thread(target=self._complain, daemon=True)]  # fmt: skip
        for reader in self.readers:
            reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))
            if self._is_json:
                self.events.append(json.loads(line))  # each line is one event

    def _complain(self):
        for line in self.process.stderr:
            self.complaints += line.decode()

    def say(self, *lines):
        """Texts, or bytes as they are."""
        for line in lines:
            self.process.stdin.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
        self.process.stdin.flush()

    def all(self, **fields):
        """The events with these fields, so far."""
        return [e for e in list(self.events)
                if all(e.get(key) == value for key, value in fields.items())]  # fmt: skip

    def wait(self, what, **fields):
        """The first event with these fields."""
        return self._wait(lambda: next(iter(self.all(**fields)), None), what)

    def wait_message(self, content):
        def found():
            return next((e for e in self.all(event="message_received")
                         if e["message"]["content"] == content), None)  # fmt: skip

        return self._wait(found, f"the message {content!r}")

    def _wait(self, condition, what):
        try:
            return wait_until(condition, what, 20)
        except AssertionError as why:
            raise AssertionError(f"{why}; saw {self.lines[-5:]} {self.complaints}") from None

    def finish(self):
        """The end of input; the exit code."""
        self.process.stdin.close()
        return self.leave()

    def leave(self):
        code = self.process.wait(30 * SLOWNESS)
        for reader in self.readers:
            reader.join()
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
