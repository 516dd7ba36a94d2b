"""Which Java this machine has: engines want 17 or 21 at least, and one that can compile."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile(r'version "(\d+)')
_FOLDERS = ("/usr/lib/jvm", "/opt", "/Library/Java/JavaVirtualMachines")


class Missing(Exception):
    """An engine cannot be had here; the message says what to install."""


@dataclass(frozen=True, order=True)
class Jdk:
    """A Java with its compiler."""

    version: int
    home: Path

    @property
    def java(self) -> Path:
        """The program."""
        return self.home / "bin" / "java"


def version_in(text: str) -> int:
    """The main version in what `java -version` prints; 0 when there is none."""
    found = _VERSION.search(text)
    return int(found[1]) if found else 0


def installed() -> list[Jdk]:
    """Every JDK found, lowest version first."""
    homes = {home.resolve() for home in _homes()}
    found = (_at(home) for home in homes)
    return sorted(jdk for jdk in found if jdk is not None)


def chosen(jdks: Iterable[Jdk], least: int) -> Jdk:
    """The lowest JDK that is new enough: the one that an engine was tried with. Raises Missing."""
    fitting = [jdk for jdk in jdks if jdk.version >= least]
    if not fitting:
        raise Missing(
            f"no JDK {least} or later was found (apt-get install default-jdk-headless brings 17 on Debian 12, "
            "21 on Debian 13); set JAVA_HOME if there is one elsewhere"
        )
    return min(fitting)


def _homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if java := shutil.which("java"):
        yield Path(java).resolve().parents[1]
    for folder in map(Path, _FOLDERS):
        for pattern in ("*/bin/java", "*/Contents/Home/bin/java"):
            yield from (java.parents[1] for java in folder.glob(pattern))


def _at(home: Path) -> Jdk | None:
    java = home / "bin" / "java"
    if not java.is_file() or not (home / "bin" / "javac").exists():
        return None
    try:
        said = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = version_in(said.stderr + said.stdout)
    return Jdk(version, home) if version else None
