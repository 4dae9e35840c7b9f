# SPDX-License-Identifier: MIT
"""A file system in a loop file: it can be full, slow, or lose its power."""

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from harness.process import temporary_folder
from harness.waiting import wait_until


def run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True,
                          **options).stdout  # fmt: skip


class Disk:
    """`kind`: xfs or ext4. Mounted at `mount`; the data goes into `data`."""

    def __init__(self, size_mib, kind="xfs"):
        self.folder = temporary_folder()
        self.file = self.folder / "disk"
        self.mount = self.folder / "m"
        self.data = self.mount / "d"
        self.mount.mkdir()
        with open(self.file, "wb") as file:
            file.truncate(size_mib << 20)
        run(f"mkfs.{kind}", "-q", self.file)
        self.device = run("losetup", "--find", "--show", self.file).strip()
        try:
            self.on()
            self.data.mkdir(mode=0o700)
        except BaseException:
            self.end()
            raise

    def on(self):
        run("mount", self.device, self.mount)

    def off(self):
        """Nobody may use it any more; a process that was just killed takes a moment to let go."""
        umount = ["umount", self.mount]
        wait_until(lambda: subprocess.run(umount, capture_output=True).returncode == 0,
                   f"{self.mount} to be let go", 10)  # fmt: skip

    def lose_power(self):
        """From now on nothing reaches the disk, and what was not flushed never has. When it began
        and when it was done."""
        began = time.monotonic()
        run("xfs_io", "-x", "-c", "shutdown", self.mount)
        return began, time.monotonic()

    def copy(self):
        """The disk as it is at this moment, whatever is half done; who writes to it has to stand
        still. become_copy() puts it in the disk's place."""
        run("cp", "--sparse=always", self.file, self.folder / "copy")

    def become_copy(self):
        """While it is off."""
        run("losetup", "-d", self.device)
        (self.folder / "copy").rename(self.file)
        self.device = run("losetup", "--find", "--show", self.file).strip()

    def fill(self):
        """A file that takes all that is left."""
        with open(self.mount / "filler", "wb", buffering=0) as filler:
            with contextlib.suppress(OSError):
                os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(self.mount).free)
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    filler.seek(0, os.SEEK_END)
                    while True:
                        filler.write(b"x" * size)

    def leave(self, mib):
        """A file that takes so much that this is free."""
        with open(self.mount / "filler", "ab") as filler:
            size = os.fstat(filler.fileno()).st_size
            size += shutil.disk_usage(self.mount).free - (mib << 20)
            os.ftruncate(filler.fileno(), size)
            os.posix_fallocate(filler.fileno(), 0, size)

    def free(self):
        (self.mount / "filler").unlink()

    def numbers(self):
        """major:minor, for cgroups."""
        device = os.stat(self.device).st_rdev
        return f"{os.major(device)}:{os.minor(device)}"

    def end(self):
        subprocess.run(["umount", "-l", self.mount], capture_output=True)
        subprocess.run(["losetup", "-d", self.device], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Group:
    """A cgroup (v1) of its own, with what the file says."""

    def __init__(self, controller_folder, name):
        self.folder = Path(controller_folder) / f"greenroom-{os.getpid()}-{name}"
        self.folder.mkdir(exist_ok=True)

    def set(self, file, text):
        (self.folder / file).write_text(text)

    def take(self, pid):
        """The process with all its threads."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def end(self):
        deadline = time.monotonic() + 10
        while self.folder.exists():
            with contextlib.suppress(OSError):
                for pid in (self.folder / "cgroup.procs").read_text().split():
                    (self.folder.parent / "cgroup.procs").write_text(pid)
                self.folder.rmdir()
            assert time.monotonic() < deadline, f"{self.folder} stays"
