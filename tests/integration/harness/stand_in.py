# SPDX-License-Identifier: MIT
"""scripts/run with a stand-in for greenroomd: a program that answers /health/ready and can be told
to fail. So each case takes a moment, and what is tested is the script alone."""

import json
import os
import subprocess
import time
from pathlib import Path

from .ports import free_port

ROOT = Path(__file__).resolve().parents[3]

STAND_IN = '''#!/usr/bin/python3
import http.server, os, signal, sys, tomllib
words = sys.argv[1:]
config = tomllib.load(open(words[words.index("--config") + 1], "rb"))
data = words[words.index("--data") + 1]
assert os.path.isabs(data) and ("--allow-root" in words) == (os.geteuid() == 0)
print("environment", sorted(n for n in os.environ if n.startswith("GREENROOM_")), flush=True)
open_files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
              if os.path.exists(f"/proc/self/fd/{fd}")]
open(os.path.join(data, "open-files"), "w").write("\\n".join(open_files))
if os.environ.get("GREENROOM_LOG_LEVEL") == "trace":
    print("this one refuses to start", flush=True)
    sys.exit(3)
mode = os.environ.get("GREENROOM_LOG_FORMAT", "")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *ignored):
        pass
def ended(*ignored):
    if mode != "text":  # the stand-in for a node that does not stop
        open(os.path.join(data, "ended"), "w").write("orderly")
        os._exit(0)
signal.signal(signal.SIGTERM, ended)
http.server.HTTPServer.allow_reuse_address = True
http.server.HTTPServer(("127.0.0.1", config["http"]["port"]), Handler).serve_forever()
'''


class Cluster:
    def __init__(self, folder):
        self.programs = folder / "programs"
        self.programs.mkdir()
        daemon = self.programs / "greenroomd"
        daemon.write_text(STAND_IN)
        daemon.chmod(0o755)
        self.data = folder / "data"
        self.port = free_port(3)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")}
        self.environment["GRTEST_PROGRAMS"] = str(self.programs)

    def command(self, *options):
        return [str(ROOT / "scripts/run"), "--data", str(self.data), *options]

    def run(self, *options, **environment):
        return subprocess.run(
            self.command(*options), env=self.environment | environment, capture_output=True,
            text=True, timeout=90, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self, *options, **environment):
        return self.run("--background", "--http-port", str(self.port), *options, **environment)

    def pid(self, index):
        return int((self.data / f"node{index}/greenroomd.pid").read_text())

    def ports(self, index):
        return json.loads((self.data / f"node{index}/ports.json").read_text())


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
