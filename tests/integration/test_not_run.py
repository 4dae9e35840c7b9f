# SPDX-License-Identifier: MIT
"""What a machine cannot run is told at the end of scripts/test, with the reason, and is never a
test that passed."""

import os
import subprocess
import sys

from harness.process import ROOT


def say_not_run(file):
    return subprocess.run(["bash", "-c", 'source "$1" && say_not_run "$2"', "test",
                           str(ROOT / "scripts/lib.sh"), str(file)],
                          capture_output=True, text=True)  # fmt: skip


def test_what_is_skipped_is_listed_with_its_reason(tmp_path):
    (tmp_path / "test_of_a_machine.py").write_text(
        "import pytest\n"
        "def test_runs():\n    pass\n"
        "def test_cannot():\n    pytest.skip('needs a floppy disk')\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_cannot_twice(n):\n    pytest.skip('needs root')\n"
    )
    told = tmp_path / "not-run"
    told.touch()
    assert say_not_run(told).returncode == 0, "nothing was left out"
    plugin = str(ROOT / "tests/support")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tell_skips", "."],
        cwd=tmp_path, env=os.environ | {"GRTEST_NOT_RUN": str(told), "PYTHONPATH": plugin},
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = say_not_run(told)
    assert result.returncode == 1, "with --require-all that is a failure"
    assert "not run: 3\n" in result.stdout, result.stdout
    assert "test_of_a_machine.py::test_cannot: needs a floppy disk" in result.stdout
    assert "test_of_a_machine.py::test_cannot_twice[2]: needs root" in result.stdout
