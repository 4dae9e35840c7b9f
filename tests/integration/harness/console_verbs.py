# SPDX-License-Identifier: MIT
"""Every verb of the console, asked of the program itself, so that none is forgotten."""

import re
import subprocess

from .process import TOOL, clean_environment

_IS_A_VERB_TOO = "and with a verb:"


def _help(*words):
    return subprocess.run(
        [str(TOOL), "console", "help", *words], env=clean_environment(), capture_output=True,
        text=True, check=True, stdin=subprocess.DEVNULL,
    ).stdout  # fmt: skip


def _parts(text):
    """(name, what it says) of what is listed under Subcommands."""
    _, _, listed = text.partition("Subcommands:\n")
    found = []
    for line in listed.splitlines():
        # A name, its aliases, and what it does; what is indented further goes on with that.
        if m := re.match(r"  (\S+?)(?:, *\S+)*(?:\s{2,}(.*))?$", line):
            found.append([m.group(1), m.group(2) or ""])
        elif found and line.strip():
            found[-1][1] += " " + line.strip()
    return found


def verbs_of_the_program(*before):
    """In words, as they are typed, each by its first name: "nodes", "nodes drain", …"""
    found = []
    for name, what in _parts(_help(*before)):
        words = (*before, name)
        deeper = verbs_of_the_program(*words)
        if not deeper or what.rstrip().endswith(_IS_A_VERB_TOO):
            found.append(" ".join(words))
        found += deeper
    return found
