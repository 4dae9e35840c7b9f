# SPDX-License-Identifier: MIT
"""strace in front of a program: a system call that fails, is slow or is the last one.

Numbers count the calls of one thread; the log of all shards is written by one. The traced process
stays our child (-D)."""


def strace(call, what):
    """strace("fdatasync", "signal=KILL:when=7")"""
    # Calls that are not traced are not slowed down either, but signals then never arrive.
    quick = [] if what.startswith("signal") else ["--seccomp-bpf"]
    return ["strace", "-D", "-f", *quick, "-qq", "-o", "/dev/null",
            "-e", f"trace={call}", "-e", f"inject={call}:{what}"]  # fmt: skip
