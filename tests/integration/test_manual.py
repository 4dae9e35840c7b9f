# SPDX-License-Identifier: MIT
"""The manual pages: every option of the daemon's --help, and no complaint of groff."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness.process import DAEMON, clean_environment

PAGES = Path(__file__).resolve().parents[2] / "docs/man"


def test_every_option_of_the_daemon_is_in_its_page():
    shown = subprocess.run([str(DAEMON), "--help"], env=clean_environment(), capture_output=True,
                           text=True, check=True).stdout  # fmt: skip
    options = re.findall(r"^  (?:-\w,)?(--[a-z-]+)", shown, re.MULTILINE)
    assert "--config" in options, shown
    page = (PAGES / "greenroomd.8").read_text().replace("\\-", "-")
    missing = [option for option in options if f"\\fB{option}\\fR" not in page]
    assert not missing, f"greenroomd.8 lacks {missing}"


@pytest.mark.parametrize("page", sorted(p.name for p in PAGES.iterdir()))
def test_pages_are_written_well(page):
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    result = subprocess.run([groff, "-man", "-Tutf8", "-ww", str(PAGES / page)],
                            capture_output=True, text=True)  # fmt: skip
    assert result.returncode == 0 and not result.stderr, result.stderr
