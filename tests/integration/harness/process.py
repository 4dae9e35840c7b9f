# SPDX-License-Identifier: MIT
"""Nodes as processes. Whatever was started here is ended here, by its pid."""

import atexit
import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import planted
from .ports import free_port
from .waiting import PATIENCE_S, SANITIZED, SLOWNESS, wait_until

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("GREENROOM_BIN_DIR", ROOT / "build/release")).absolute()
DAEMON = BIN / "greenroomd"
TOOL = BIN / "greenroom"

# What makes tests quick without changing what is tested.
QUICK = {"auth.argon2_memory_mib": 1, "auth.argon2_ops": 1, "limits.messages_per_minute": 0,
         "limits.requests_per_minute": 0}  # fmt: skip
if SANITIZED:
    QUICK["limits.request_timeout_ms"] = 5000 * SLOWNESS
    QUICK["websocket.auth_timeout_s"] = 10 * SLOWNESS
    # Who is only slow is not to be taken for gone.
    QUICK["cluster.connection_timeout_ms"] = 2000 * SLOWNESS
    QUICK["cluster.election_timeout_ms"] = 750 * SLOWNESS


class Started(list):
    """Nodes and clusters. Whoever is done with one removes it, and with that it is looked whether
    it has written what nobody may read: the failure is that of who owned it."""

    def remove(self, each):
        super().remove(each)
        each.check_secrets()


STARTED = Started()  # everything that may have to be ended, and whose log a failure shows

_SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


def clean_environment(settings=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")}
    for key, value in (settings or {}).items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        environment["GREENROOM_" + key.upper().replace(".", "_")] = shown
    return environment


def temporary_folder():
    # Short, because the path of a Unix socket has to fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="gr-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Serving:
    """What can be asked of a node, whoever started it."""

    name = "node1"
    host = "127.0.0.1"  # where it serves clients
    http_port = 0
    socket_path = Path()
    log_path = Path()
    folder = Path()

    def pid(self):
        raise NotImplementedError

    @property
    def address(self):
        return f"{self.host}:{self.http_port}"

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def ws(self):
        return f"ws://{self.address}/ws"

    def is_ready(self):
        connection = http.client.HTTPConnection(self.host, self.http_port, timeout=2)
        try:
            connection.request("GET", "/health/ready", headers={"Connection": "close"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def check_log(self):
        found = _SANITIZER.search(self.log())
        assert not found, f"{self.name}: a sanitizer reported:\n{self.log_tail(120)}"

    def check_secrets(self):
        """In all that it wrote, over all of its starts."""
        planted.check(f"the log of {self.name}", self.log())
        for kind in ("audit", "security"):
            for path in sorted(self.folder.glob(f"{kind}.jsonl*")):
                planted.check(f"{path.name} of {self.name}", path.read_text(errors="replace"))

    def memory_kib(self):
        status = Path(f"/proc/{self.pid()}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid()}/fd"))

    def cpu_s(self):
        """What it has used of the processors so far."""
        return time.clock_gettime((~self.pid() << 3) | 2)  # as Linux numbers the clocks of others

    def metric(self, name):
        """The value of a figure, its labels included in the name; 0 before it is first counted."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10 * SLOWNESS)
        try:
            connection.request("GET", "/metrics", headers={"Connection": "close"})
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def admin(self, verb, timeout_s=10, **args):
        """The answer of the operator's socket, as it comes."""
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(timeout_s * SLOWNESS)
            door.connect(str(self.socket_path))
            request = {"verb": verb, "args": args, "timeout_ms": timeout_s * 1000}
            door.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = door.recv(65536)
                assert piece, f"{self.name}: the admin socket hung up after {answer[:200]!r}"
                answer += piece
        document = json.loads(answer)
        planted.keep_answer(document)  # new passwords and tokens are in it
        return document

    def rows(self, verb, **args):
        """The rows of a list verb, from all nodes."""
        answer = self.admin(verb, **args)
        assert answer["ok"], f"{verb} {args}: expected rows, got {answer}"
        return answer["rows"]

    def console(self, *words, timeout_s=30):
        """The tool, as an operator runs it."""
        return subprocess.run(
            [str(TOOL), "console", "--node", str(self.socket_path), *words],
            env=clean_environment(), capture_output=True, text=True,
            timeout=timeout_s * SLOWNESS, stdin=subprocess.DEVNULL,
        )  # fmt: skip


class Node(Serving):
    """One greenroomd, started from here."""

    def __init__(self, folder=None, name="node1", flags=(), files_max=None, **settings):
        """Settings are keyword arguments with `__` for the dot: http__port=0."""
        self.files_max = files_max  # what `ulimit -n` would be
        self.name = name
        self.folder = Path(folder) if folder else temporary_folder()
        self.flags = list(flags)
        self.settings = QUICK | {k.replace("__", "."): v for k, v in settings.items()}
        self.http_port = self.settings.setdefault("http.port", free_port())
        self.tcp_port = int(self.settings.get("tcp.listen", ":0").rsplit(":", 1)[1])
        self.socket_path = self.folder / "admin.sock"
        self.log_path = self.folder.parent / f"{self.folder.name}-{name}.log"
        atexit.register(self.log_path.unlink, missing_ok=True)
        self.process = None
        STARTED.append(self)

    def pid(self):
        return self.process.pid

    def command(self):
        root = ["--allow-root"] if os.geteuid() == 0 else []
        return [str(DAEMON), "--data", str(self.folder), "--node-name", self.name, *root,
                *self.flags]  # fmt: skip

    def launch(self):
        """Starts without waiting."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), env=clean_environment(self.settings), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                preexec_fn=self._limit_files if self.files_max else None,
            )  # fmt: skip
        return self

    def _limit_files(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files_max, self.files_max))

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready_or_dead():
            status = self.process.poll()
            assert status is None, (
                f"{self.name} ended with {status} before it was ready:\n{self.log_tail()}"
            )
            return self.is_ready()

        wait_until(ready_or_dead, f"{self.name} to be ready", 30)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """The orderly way; anything but status 0 is a failure."""
        if not self.is_running():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=2 * PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not stop {2 * PATIENCE_S:.0f} s after SIGTERM:\n{self.log_tail()}"
            ) from None
        self.check_log()
        assert status == 0, f"{self.name}: expected exit status 0, got {status}\n{self.log_tail()}"

    def kill(self):
        if self.is_running():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()


class ClusterNode(Serving):
    """A node that scripts/run has started."""

    def __init__(self, cluster, index):
        self.cluster = cluster
        self.index = index
        self.name = f"node{index}"
        self.folder = cluster.folder / self.name
        self.http_port = cluster.http_port + index - 1
        self.socket_path = self.folder / "admin.sock"
        self.log_path = self.folder / "greenroomd.log"

    def pid(self):
        """None unless this very node runs."""
        try:
            pid = int((self.folder / "greenroomd.pid").read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(str(self.folder)) in words and is_alive(pid) else None

    @property
    def tcp_port(self):
        return json.loads((self.folder / "ports.json").read_text())["tcp"]

    def cluster_port(self):
        return json.loads((self.folder / "ports.json").read_text())["cluster"]

    def signal(self, number):
        pid = self.pid()
        if pid is not None:
            os.kill(pid, number)
            wait_until(lambda: not is_alive(pid), f"the end of {self.name}", 20)

    def stop(self):
        self.signal(signal.SIGTERM)

    def kill(self):
        self.signal(signal.SIGKILL)


class Cluster:
    """Three nodes (or as many as asked) made by scripts/run, as a newcomer would."""

    def __init__(self, count=3, **settings):
        self.count = count
        self.folder = temporary_folder() / "c"
        self.http_port = free_port(count)
        self.settings = QUICK | {k.replace("__", "."): v for k, v in settings.items()}
        self.nodes = [ClusterNode(self, i) for i in range(1, count + 1)]
        STARTED.append(self)

    def run(self, *options):
        environment = clean_environment(self.settings)
        environment["GRTEST_PROGRAMS"] = str(BIN)
        return subprocess.run(
            [str(ROOT / "scripts/run"), "--data", str(self.folder), *options], env=environment,
            capture_output=True, text=True, timeout=90 * SLOWNESS, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self):
        """Starts what does not run."""
        result = self.run(
            "--background", "--nodes", str(self.count), "--http-port", str(self.http_port)
        )
        assert result.returncode == 0, (
            f"scripts/run --background: expected exit status 0, got {result.returncode}\n"
            f"{result.stdout}{result.stderr}"
        )
        return self

    def settle(self):
        """All run, each knows the others and every leader, and every shard can spare a node."""
        if not all(node.is_ready() for node in self.nodes):
            self.start()
        for node in self.nodes:
            wait_until(
                lambda n=node: not n.admin("nodes")["missing"] and all(self.leaders(n).values()),
                f"{node.name} to see the others", 40,
            )  # fmt: skip
        # The groups of a young cluster grow by one server at a time. Until they are whole, the end
        # of one node can stop a shard, and a node may be without a replica.
        wait_until(self.is_grown, "every shard to have all of its replicas", 60)

    def is_grown(self):
        rows = self.nodes[0].rows("shards")
        return all(len(row["replicas"]) >= min(3, self.count) for row in rows)

    def stop(self):
        result = self.run("--stop")
        for node in self.nodes:
            node.check_log()
        assert result.returncode == 0, f"--stop: expected success\n{result.stderr}"

    def kill(self):
        for node in self.nodes:
            node.kill()

    def check_secrets(self):
        for node in self.nodes:
            node.check_secrets()

    def leaders(self, asked=None):
        """shard → name of the node that leads it, as one node sees it."""
        rows = (asked or self.nodes[0]).rows("shards")
        return {row["shard"]: row["leader"] for row in rows}

    def wait_everywhere(self, shard, write):
        """Every replica of the shard has what was written before. What a node says of its replicas
        is up to a second old, and would fit that from before as well: so `write()` puts something
        more into the shard, and a word that has changed since is one of later."""

        def applied():
            rows = self.nodes[0].rows("raft", shard=shard)
            return {row["node"]: row["applied"] for row in rows}

        before = max(applied().values())
        write()

        def all_have_it():
            now = applied()
            top = max(now.values(), default=0)
            return top > before and len(now) == min(3, self.count) and min(now.values()) == top

        wait_until(all_have_it, f"all replicas of shard {shard} to have what was written", 20)

    def wait_leading(self, name):
        """Who leads, once that node leads a shard of accounts and rooms."""

        def leading():
            leaders = self.leaders()
            return leaders if any(n == name for s, n in leaders.items() if s != 0) else None

        return wait_until(leading, f"{name} to lead", 40)

    def wait_even(self):
        """All agree on who leads, and each leads its share: nothing is about to move."""

        def even():
            views = [self.leaders(node) for node in self.nodes]
            led = [name for shard, name in views[0].items() if shard != 0]
            shares = [led.count(node.name) for node in self.nodes]
            return all(view == views[0] for view in views) and max(shares) - min(shares) <= 1

        wait_until(even, "each node to lead its share", 40)

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)


@contextlib.contextmanager
def running(made):
    """The node or cluster, started, and ended in good order when all went well."""
    try:
        yield made.start()
        made.stop()
    finally:
        made.kill()
        STARTED.remove(made)


@atexit.register
def _end_all():
    for each in STARTED:
        with contextlib.suppress(Exception):
            each.kill()
