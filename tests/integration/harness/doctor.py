# SPDX-License-Identifier: MIT
"""What `doctor` says of a node that is asked."""

import json

OK, UNHEALTHY = 0, 7


def findings(node, *words):
    """(exit code, {(check, node): row}); `all` is the node of what is said of the whole cluster.
    The code is always that of the worst row."""
    result = node.console("doctor", "-o", "json", *words)
    assert result.returncode in {OK, UNHEALTHY}, result
    rows = json.loads(result.stdout)
    failed = [r for r in rows if r["state"] == "failed"]
    assert bool(failed) == (result.returncode == UNHEALTHY), (result.returncode, failed)
    return result.returncode, {(r["check"], r["node"]): r for r in rows}
