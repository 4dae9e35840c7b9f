# SPDX-License-Identifier: MIT
"""What a rig asks of the machine. What is not there is a skip with a reason, which scripts/test
lists as not run."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


def program(*names):
    for name in names:
        if not shutil.which(name):
            pytest.skip(f"needs {name}; scripts/install-deps --tests installs it")


@functools.cache
def _works(*command):
    return subprocess.run(command, capture_output=True).returncode == 0


def strace():
    program("strace")
    if not _works("strace", "-o", "/dev/null", "-e", "inject=getcwd:error=EIO", "true"):
        pytest.skip("needs strace with the right to trace and to inject")


def namespaces():
    root()
    program("ip", "nft")
    if not _works("unshare", "--net", "sh", "-c",
                  "ip link add gr0 type veth peer name gr1 && ip link add gr2 type bridge"):
        pytest.skip("needs network namespaces with veth and bridge")
    if not _works("unshare", "--net", "nft", "add table inet t"):
        pytest.skip("needs nftables in the kernel")


def loop_disks(*programs):
    root()
    program("losetup", "mount", *programs)
    if not _works("losetup", "--find"):
        pytest.skip("needs loop devices")


def cgroup(controller, file):
    """The folder of a cgroup v1 controller that has `file`."""
    root()
    folder = Path("/sys/fs/cgroup") / controller
    if not (folder / file).exists() and not list(folder.glob(f"*/{file}")):
        pytest.skip(f"needs the cgroup v1 controller {controller} with {file}")
    return folder


def other_release():
    """greenroomd of another release, to be mixed with this one."""
    folder = os.environ.get("GREENROOM_OTHER_BIN_DIR")
    if not folder:
        pytest.skip("needs another release: GREENROOM_OTHER_BIN_DIR names its programs' folder")
    program = Path(folder).absolute() / "greenroomd"
    assert program.exists(), f"GREENROOM_OTHER_BIN_DIR: there is no {program}"
    return program


def faketime():
    for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return path
    pytest.skip("needs libfaketime; scripts/install-deps --tests installs it")
