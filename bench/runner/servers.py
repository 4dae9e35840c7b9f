# SPDX-License-Identifier: MIT
"""Servers to measure. Each run gets a fresh one in a folder of its own, on the server's core; what
was started here is ended here, by its pid."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts/cluster"))
import ports  # noqa: E402  (the one place that knows how to choose a port)

PEERS = Path(__file__).resolve().parents[1] / "peers"
SERVER_CORE, LOAD_CORE = 0, 1
READY_WITHIN_S = 30
STOP_WITHIN_S = 20

# What a benchmark must not run into; everything else is as an operator gets it.
NODE_SETTINGS = {"limits.messages_per_minute": "0", "limits.requests_per_minute": "0",
                 "limits.max_connections": "100000",
                 "limits.connects_per_minute_per_address": "0",
                 "limits.rooms_per_user": "100000"}  # fmt: skip
# What a member says who is in his rooms already.
LOG_IN = ('{"version":"1","message_id":"%u","data":{"type":"auth_request","token":"%t"}}'
          '=>"auth_response"')  # fmt: skip


class BenchError(Exception):
    pass


def pinned(core, command):
    return ["taskset", "-c", str(core), *map(str, command)]


class Server:
    """Use it as a context: ready inside, ended and its folder removed after."""

    name = ""
    load_options = []

    def __init__(self, parent: Path):
        self.parent = parent
        self.folder = Path()
        self.port = 0
        self.process = None

    def command(self) -> list:
        raise NotImplementedError

    def environment(self) -> dict:
        return clean_environment()

    def is_ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def prepare(self, connections: int):
        """Once it is ready: what the case needs there."""

    def figures(self) -> dict:
        """What only the server itself knows, since it started."""
        return {}

    def pids(self) -> list:
        """The process and all it has started."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except OSError:
                pass
        return found

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=self.parent))
        self.folder.chmod(0o777)  # some peers change their user
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        command = pinned(SERVER_CORE, self.command())
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                end = "\n".join(self.output().splitlines()[-10:])
                raise BenchError(f"{self.name} did not get ready; the end of its output:\n{end}")
            time.sleep(0.02)

    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def _end(self):
        if self.process is None:
            return
        pids = self.pids()
        self._signal(pids[:1], signal.SIGTERM)
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._signal(pids, signal.SIGKILL)
            self.process.wait()

    def __exit__(self, *ignored):
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _signal(pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


class Greenroom(Server):
    name = "greenroom"

    def __init__(self, parent: Path, programs: Path, settings: dict, proto="greenroom"):
        super().__init__(parent)
        self.programs = programs
        self.settings = NODE_SETTINGS | settings
        self.proto = proto
        self.has_members = False
        self.http_port = self.port = ports.choose(())
        if proto == "greenroom-tcp":
            self.port = ports.choose((self.http_port,))
            self.settings["tcp.listen"] = f"127.0.0.1:{self.port}"

    @property
    def load_options(self):
        options = [f"--proto={self.proto}", f"--ws-tokens={self.folder / 'tokens'}"]
        return [*options, f"--ws-join={LOG_IN}" if self.has_members else "--ws-create=1"]

    def begin_with_members(self):
        """Starts again: who has joined is a member, and only logs in from now on."""
        self._end()
        self.has_members = True
        self._start()

    def command(self):
        # The socket's path is short, whatever the folder's is: 107 bytes are the most.
        root = ["--allow-root"] if os.geteuid() == 0 else []
        return [self.programs / "greenroomd", "--data", self.folder / "node", *root]

    def environment(self):
        settings = {"http.port": self.http_port, "admin.socket": self.socket_path()} | self.settings
        names = {"GREENROOM_" + k.upper().replace(".", "_"): str(v) for k, v in settings.items()}
        return clean_environment() | names

    def socket_path(self) -> Path:
        return Path(tempfile.gettempdir()) / f"{self.folder.name}.sock"

    def is_ready(self):
        return self._get("/health/ready") is not None

    def _get(self, path):
        """The body of an answer with 200, else None."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            body = answer.read().decode()
            return body if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def figures(self):
        """What only the server itself knows, since it started."""
        found = {}
        for line in (self._get("/metrics") or "").splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("greenroom_log_"):
                found[name] = float(value)
        return found

    def prepare(self, connections):
        # One more: who makes the rooms is a user of his own.
        command = [self.programs / "greenroom", "console", "--node", self.socket_path(),
                   "token", "issue", "--user", "bench", "--create", "--count", connections + 1]
        result = subprocess.run(
            list(map(str, command)), env=clean_environment(), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        if result.returncode != 0:
            raise BenchError(f"no tokens: {result.stderr.strip()}")
        (self.folder / "tokens").write_text(result.stdout)

    def __exit__(self, *ignored):
        super().__exit__()
        self.socket_path().unlink(missing_ok=True)


class LimitServer(Server):
    """The smallest room server, of this project."""

    name = "limit"
    load_options = ["--proto=wsraw"]

    def __init__(self, parent: Path, programs: Path):
        super().__init__(parent)
        self.programs = programs
        self.port = ports.choose(())

    def command(self):
        return [self.programs / "bench/limit_ws", "serve", self.port]


class Peer(Server):
    """A server of Debian, with its configuration in bench/peers and the port that stands there."""

    def __init__(self, parent: Path, name: str, command, port: int, load_options):
        super().__init__(parent)
        self.name = name
        self.port = port
        self.load_options = load_options
        self._command = command
        if not ports.is_free(port):
            raise BenchError(f"port {port}, which bench/peers gives to {name}, is in use")

    def command(self):
        return self._command


def clean_environment() -> dict:
    return {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")}
