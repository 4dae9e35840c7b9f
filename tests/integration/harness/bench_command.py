# SPDX-License-Identifier: MIT
"""`greenroom bench` as the load of a test."""

import contextlib
import json
import subprocess

from .process import TOOL, clean_environment
from .waiting import SLOWNESS


def command(node, *words, tcp=False, admin=True):
    port = node.tcp_port if tcp else node.http_port
    said = [str(TOOL), "bench", *words, "--node", f"127.0.0.1:{port}"]
    said += ["--tcp"] if tcp else []
    said += ["--admin", str(node.socket_path)] if admin else []
    return said


def bench(node, *words, within_s=60, **options):
    return subprocess.run(
        command(node, *words, **options), env=clean_environment(), capture_output=True, text=True,
        timeout=within_s * SLOWNESS, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def figures(node, *words, **options):
    """Those of a run in which nothing was refused and nobody was cut off."""
    result = bench(node, *words, "-o", "json", **options)
    assert result.returncode == 0, f"{result.returncode}\n{result.stdout}\n{result.stderr}"
    found = json.loads(result.stdout)
    assert found["servers"] == 1, "it is found by its port"
    assert found["disc"] == 0 and found["fail"] == "", found
    assert found["rss_kb"] > 1000 and found["srv_pct"] >= 0 and found["cli_pct"] >= 0, found
    assert found["cli_is_limit"] in (0, 1)
    return found


@contextlib.contextmanager
def under_way(node, *words, within_s=120):
    """A run beside which something is done; what is given has the figures when the block is over,
    whatever was refused."""
    found = {}
    with subprocess.Popen(
        command(node, *words, "-o", "json"), env=clean_environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield found
            out, err = process.communicate(timeout=within_s * SLOWNESS)
            assert out.startswith("{"), f"{process.returncode}\n{out}\n{err}"
            found |= json.loads(out)
        finally:
            process.kill()
