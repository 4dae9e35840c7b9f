# SPDX-License-Identifier: MIT
"""One node as a folder with a configuration, a log, a pid file and, sometimes, a process."""

import http.client
import json
import os
import signal
import subprocess
import time
from pathlib import Path


class Node:
    def __init__(self, folder: Path, index: int, daemon: Path):
        self.name = f"node{index}"
        self.index = index
        self.folder = folder / self.name
        self.daemon = daemon
        self.config_file = self.folder / "greenroom.toml"
        self.log_file = self.folder / "greenroomd.log"
        self.pid_file = self.folder / "greenroomd.pid"
        self.ports_file = self.folder / "ports.json"
        self.child = None  # Popen, when this process started it
        self.log_start = 0

    # -- what is published ---------------------------------------------------

    def ports(self) -> dict:
        try:
            return json.loads(self.ports_file.read_text())
        except (OSError, ValueError):
            return {}

    def publish_ports(self, http_port: int, cluster_port: int, tcp_port: int):
        """`tcp_port` is that of the binary framing; 0: none."""
        text = json.dumps({"http": http_port, "cluster": cluster_port, "tcp": tcp_port}) + "\n"
        _replace(self.ports_file, text)

    def is_decommissioned(self) -> bool:
        """It has left its cluster for good, and says so."""
        return (self.folder / "decommissioned").exists()

    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports()['http']}"

    # -- the process ---------------------------------------------------------

    def pid(self):
        """The pid of this node's process, or None. A pid file alone proves nothing: the number
        may long be somebody else's, so the process must name this folder."""
        try:
            pid = int(self.pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (OSError, ValueError, IndexError):
            return None
        is_ours = os.fsencode(str(self.folder)) in words
        return pid if is_ours and state not in "ZX" else None

    def start(self, environment: dict):
        command = [str(self.daemon), "--config", str(self.config_file), "--data", str(self.folder)]
        if os.geteuid() == 0:
            command.append("--allow-root")
        self.log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            # A session of its own: Ctrl+C on the terminal must reach only the script, and the node
            # must outlive the terminal. All other descriptors are closed for it.
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                close_fds=True,
                env=environment,
            )
        _replace(self.pid_file, f"{self.child.pid}\n")

    def exit_status(self):
        """How a process started by us ended, or None while it runs."""
        if self.child is None:
            return None
        status = self.child.poll()
        if status is None:
            return None
        return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports()["http"], timeout=2)
        try:
            connection.request("GET", "/health/ready", headers={"Connection": "close"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def signal(self, number):
        pid = self.pid()
        if pid is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def has_ended(self) -> bool:
        """Nobody runs this node. Not the same as the end of our child: another scripts/run may
        have started the node again."""
        # Our child is asked first: just started, it may not show its arguments yet.
        if self.child is not None and self.child.poll() is None:
            return False
        return self.pid() is None

    def forget(self):
        """Removes the pid file, unless the node runs (again)."""
        if self.pid() is None:
            self.pid_file.unlink(missing_ok=True)

    def log_tail(self, lines: int = 20) -> str:
        """The end of what this start has logged."""
        try:
            with open(self.log_file, "rb") as log:
                log.seek(self.log_start)
                text = log.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join("    " + _readable(line) for line in text.splitlines()[-lines:])


def stop(nodes, patience_s: float, hurry=lambda: False) -> list:
    """SIGTERM to all, then SIGKILL to whoever still runs when the time is over or `hurry()` says
    so. Returns the names of those that had to be killed."""
    for node in nodes:
        node.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    left = list(nodes)
    while left and time.monotonic() < deadline and not hurry():
        left = [node for node in left if not node.has_ended()]
        if left:
            time.sleep(0.05)
    for node in left:
        node.signal(signal.SIGKILL)
    for node in left:
        while not node.has_ended():
            time.sleep(0.05)
    for node in nodes:
        node.forget()
    return [node.name for node in left]


def _readable(line: str) -> str:
    """A line of the log for people: nodes that are not on a terminal log JSON."""
    try:
        entry = json.loads(line)
        return f"{entry['time']} {entry['level']:<5} {entry['component']}: {entry['message']}"
    except (ValueError, KeyError, TypeError):
        return line


def _replace(path: Path, text: str):
    """Readers see the old file or the new one, never half of one."""
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.write_text(text)
    temporary.replace(path)
