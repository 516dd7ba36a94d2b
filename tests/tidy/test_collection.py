"""Every worker of a parallel run has to collect the same tests under the same names, or none runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.order import LONG_FIRST, place

ROOT = Path(__file__).resolve().parents[2]


def _collected(seed: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-n", "0"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-2000:]
    return [line for line in run.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_names_of_tests_depend_neither_on_the_hour_nor_on_the_hash_seed() -> None:
    first, second = _collected("1"), _collected("2")
    assert len(first) > 1000
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == []


def test_bytes_give_a_test_no_name(request: pytest.FixtureRequest) -> None:
    names = request.config.hook.pytest_make_parametrize_id(
        config=request.config, val=b"\x1f\x8b", argname="body"
    )
    assert names == "body"


@pytest.mark.parametrize("path", LONG_FIRST)
def test_what_is_handed_out_first_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_long_files_are_handed_out_before_short_ones() -> None:
    names = ["tests/unit/a.py::t", "tests/e2e/cli/b.py::t", "tests/security/test_schemathesis.py::t"]
    assert sorted(names, key=place) == names[::-1]
