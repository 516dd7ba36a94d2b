"""Reading scanned pages with Tesseract, when it is installed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from rimedio.domain.errors import InvalidDocument

COMMAND = "tesseract"
LANGUAGES = ("ita", "eng")
INSTALL = (
    "apt-get install tesseract-ocr tesseract-ocr-ita (Debian, Ubuntu) or brew install tesseract-lang (macOS)"
)


def available() -> bool:
    """Whether Tesseract can be called."""
    return shutil.which(COMMAND) is not None


def read_image(png: bytes, name: str, seconds_max: float) -> str:
    """Text of one page image (PNG). Raises InvalidDocument when Tesseract fails or takes too long."""
    found = shutil.which(COMMAND)
    if found is None:
        msg = f"{name} needs OCR, and Tesseract is not installed. Install it: {INSTALL}."
        raise InvalidDocument(msg)
    command = [found, "stdin", "stdout", "-l", "+".join(_languages(found)), "--dpi", "300"]
    # One thread a page: Tesseract's own threads slow each other down.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=png, capture_output=True, timeout=seconds_max, check=True, env=environment
        )
    except subprocess.TimeoutExpired as error:
        msg = (
            f"OCR of a page of {name} took more than {seconds_max:.0f} s and was stopped. Scan it at 300 dpi."
        )
        raise InvalidDocument(msg) from error
    except (subprocess.CalledProcessError, OSError) as error:
        msg = f"OCR of {name} failed ({error}). Check that Tesseract works: tesseract --list-langs."
        raise InvalidDocument(msg) from error
    return done.stdout.decode("utf-8", errors="replace").replace("\f", "\n")


class TesseractReader:
    """Tesseract as a `PageReader`."""

    def available(self) -> bool:
        """Whether it is installed."""
        return available()

    def read_image(self, png: bytes, name: str, seconds_max: float) -> str:
        """Text of one page. Raises InvalidDocument."""
        return read_image(png, name, seconds_max)


@cache
def _languages(command: str) -> Sequence[str]:
    """Those of Italian and English that are installed."""
    try:
        done = subprocess.run([command, "--list-langs"], capture_output=True, timeout=20, check=True)
    except (subprocess.SubprocessError, OSError):
        return ("eng",)
    installed = set(done.stdout.decode(errors="replace").split())
    return tuple(language for language in LANGUAGES if language in installed) or ("eng",)
