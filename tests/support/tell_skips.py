# SPDX-License-Identifier: MIT
"""A pytest plugin: what a test skips is told to scripts/test, which lists it as not run."""

import os


def pytest_runtest_logreport(report):
    _tell(report)


def pytest_collectreport(report):
    _tell(report)


def _tell(report):
    path = os.environ.get("GRTEST_NOT_RUN")
    if not path or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    with open(path, "a") as file:
        file.write(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}\n")
