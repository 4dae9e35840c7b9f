# SPDX-License-Identifier: MIT
"""A room with as much in it as is wanted, said by bench/load."""

import json
import subprocess

from harness.process import BIN

CONNECTIONS = 8
MESSAGE_BYTES = 16_000


def fill(trio, mib, salt, slowest_mib_per_s=2):
    """Writes `mib` or a little more into one room, in one shard. What is there then, in MiB."""
    node = trio.nodes[0]
    answer = node.admin("token issue", 60, user=f"fills-{salt}-", create=True,
                        count=CONNECTIONS + 1)  # fmt: skip
    tokens = trio.folder / f"tokens-{salt}.txt"
    tokens.write_text("".join(row["token"] + "\n" for row in answer["rows"]))
    written, seconds = 0.0, 3.0
    while written < mib:
        result = subprocess.run(
            [str(BIN / "bench/load"), "--proto=greenroom", f"--port={node.http_port}",
             "--mode=ingest", f"--conns={CONNECTIONS}", "--rooms=1", "--ws-create=1",
             f"--ws-tokens={tokens}", f"--salt={salt}", f"--size={MESSAGE_BYTES}", "--window=4",
             "--warm=0", f"--secs={seconds:.1f}"],
            capture_output=True, text=True, timeout=seconds + 60,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr
        rate = json.loads(result.stdout)["per_s"] * MESSAGE_BYTES / 2**20
        written += rate * seconds
        assert rate > slowest_mib_per_s, f"{rate:.1f} MiB/s are written: too few to fill a shard"
        seconds = max(1.0, min(60.0, (mib - written) / rate))
    return written
