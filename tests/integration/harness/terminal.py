# SPDX-License-Identifier: MIT
"""A terminal with a shell in it (tmux), as a person has it: keys in, a screen out."""

import itertools
import os
import shlex
import shutil
import subprocess

from .process import clean_environment, temporary_folder
from .waiting import wait_until

_counter = itertools.count()


class Terminal:
    def __init__(self, columns=80, rows=30, **environment):
        """The shell's prompt is `$ `; no locale is set."""
        self._name = f"greenroom-test-{os.getpid()}-{next(_counter)}"
        self.home = temporary_folder()
        inside = {k: v for k, v in clean_environment().items()
                  if k not in ("LANG", "TMUX") and not k.startswith("LC_")}  # fmt: skip
        inside |= {"HOME": str(self.home), "PS1": "$ ", "XDG_STATE_HOME": str(self.home),
                   "NO_COLOR": "1"} | environment  # fmt: skip
        shell = ["env", "-i", *(f"{k}={v}" for k, v in inside.items()), "TERM=screen", "dash"]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                   shlex.join(shell))  # fmt: skip
        self.wait("$")

    def _tmux(self, *words):
        environment = {k: v for k, v in os.environ.items() if k != "TMUX"}
        return subprocess.run(
            [shutil.which("tmux"), "-u", "-L", self._name, *words], check=True,
            capture_output=True, env=environment | {"LC_ALL": "C.UTF-8"},
        ).stdout.decode()  # fmt: skip

    def type(self, text, enter=True):
        if text:
            self._tmux("send-keys", "-l", "--", text)
        if enter:
            self._tmux("send-keys", "Enter")

    def key(self, name):
        self._tmux("send-keys", name)

    def lines(self):
        """What is on the screen and above it, without what is empty at the end."""
        shown = self._tmux("capture-pane", "-p", "-J", "-S", "-200").splitlines()
        while shown and not shown[-1].strip():
            shown.pop()
        return [line.rstrip() for line in shown]

    def wait(self, text, what=None):
        """Until a line has this text; all lines."""

        def found():
            shown = self.lines()
            return shown if any(text in line for line in shown) else None

        return self.wait_for(found, what or f"{text!r}")

    def wait_last(self, line):
        """Until this is the line of the cursor."""
        return self.wait_for(lambda: self.lines()[-1:] == [line] and self.lines(),
                             f"{line!r} at the bottom")  # fmt: skip

    def wait_for(self, condition, what):
        try:
            return wait_until(condition, f"{what} on the screen", 20)
        except AssertionError as why:
            raise AssertionError(f"{why}:\n" + "\n".join(self.lines())) from None

    def close(self):
        self._tmux("kill-server")
