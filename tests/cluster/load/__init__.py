# SPDX-License-Identifier: MIT
"""People who use a cluster that breaks, and write down everything that they ask, get and see.

    recording    the file, and what time it is
    speaker      one connection: each request, answer and event becomes a record
    people       writers, listeners, rovers, visitors: what they do, and go on doing elsewhere
    stage        accounts and rooms, the beginning, the end, the verdict
"""

from .stage import Stage

__all__ = ["Stage"]
