# SPDX-License-Identifier: MIT
"""python3 -m checker FILE...: judges recorded histories; exit status 1 when one is not clean."""

import sys

from . import PROPERTIES, History, judge, load
from .witness import report


def main(files):
    if not files or files[0] in ("-h", "--help"):
        print(__doc__)
        print("\n".join(PROPERTIES))
        return 0 if files else 2
    bad = 0
    for file in files:
        records = load(file)
        violations = judge(records)
        print(report(violations, History(records), file))
        bad += bool(violations)
    return 1 if bad else 0


sys.exit(main(sys.argv[1:]))
