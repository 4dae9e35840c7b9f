# SPDX-License-Identifier: MIT
"""A cluster of three on the server's core, made by the same code as that of the tests."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from servers import NODE_SETTINGS, ROOT, SERVER_CORE, BenchError, Server


class ThreeNodes(Server):
    """Loaded through its first node; charged for all three."""

    name = "greenroom"

    def __init__(self, parent: Path, programs: Path, settings: dict, replicas: int):
        super().__init__(parent)
        os.environ["GREENROOM_BIN_DIR"] = str(programs)  # where the tests' code looks
        sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]
        from rig.nodes import Trio  # noqa: PLC0415  (needs the two lines above)

        every = NODE_SETTINGS | settings
        # On the disk that is measured, wherever temporary folders are.
        self.folder = Path(tempfile.mkdtemp(prefix="three-", dir=parent))
        self.trio = Trio(
            folders=[self.folder / str(i) for i in range(3)], cluster__replicas=replicas,
            **{name.replace(".", "__"): value for name, value in every.items()},
        )  # fmt: skip
        self.port = self.trio.nodes[0].http_port

    @property
    def load_options(self):
        tokens = self.trio.folder / "tokens"
        return ["--proto=greenroom", f"--ws-tokens={tokens}", "--ws-create=1"]

    def __enter__(self):
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {SERVER_CORE})  # what is started here inherits it
        try:
            self.trio.start()
            self.trio.settle()
        except AssertionError as failure:
            self.__exit__()
            raise BenchError(f"three nodes did not get ready: {failure}") from None
        finally:
            os.sched_setaffinity(0, own)
        return self

    def prepare(self, connections):
        answer = self.trio.nodes[0].admin("token issue", 120, user="bench", create=True,
                                          count=connections + 1)  # fmt: skip
        if not answer.get("ok", True):
            raise BenchError(f"no tokens: {json.dumps(answer)}")
        text = "".join(row["token"] + "\n" for row in answer["rows"])
        (self.trio.folder / "tokens").write_text(text)

    def pids(self):
        return [node.pid() for node in self.trio.nodes]

    def __exit__(self, *ignored):
        self.trio.end()
        shutil.rmtree(self.folder, ignore_errors=True)
