"""Build the deployment package of the Lambda functions: one zip for all of them, each has its own entry point.

    python -m tools.package_lambda [--architecture arm64|x86_64] [--output dist/lambda-arm64.zip] [--sources-only]

Libraries are the wheels of `requirements/lambda.txt`, checked by their hashes, for Amazon Linux 2023 and Python
3.13, whatever this machine is. The same inputs give the same bytes: files in order, one time for all, no path of
this machine in the compiled code.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.package_lambda_contents import COMPILED_ONLY, add_rimedio, prune
from tools.package_lambda_elf import strip_libraries

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "lambda.txt"
SOURCE = ROOT / "src" / "rimedio"
PYTHON = "3.13"
PLATFORMS = {  # glibc of Amazon Linux 2023 is 2.34
    "x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}
EVERY_FILE_AT = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
DEPLOYED_AT = "/var/task"
ZIPPED_MB_MAX = 50.0  # Lambda's limit of a direct upload
UNZIPPED_MB_MAX = 250.0  # Lambda's limit of code with layers


@dataclass(frozen=True, slots=True)
class Package:
    """What was built."""

    path: Path
    zipped_mb: float
    unzipped_mb: float
    files: int
    compiled: bool


def build(
    output: Path,
    architecture: str = "arm64",
    *,
    compiled: bool = True,
    lock: Path = LOCK,
    source: Path = SOURCE,
) -> Package:
    """Build the package. Raises CalledProcessError when pip cannot get a wheel or a hash is another one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "package"
        _install(folder, architecture, lock)
        prune(folder)
        strip_libraries(folder)
        add_rimedio(source, folder)
        done = compiled and _compile(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        output.parent.mkdir(parents=True, exist_ok=True)
        _zip(output, folder, files)
        size = sum(path.stat().st_size for path in files)
        return Package(output, output.stat().st_size / 1e6, size / 1e6, len(files), done)


def python_of_lambda() -> str | None:
    """An interpreter of the functions' version on this machine, or None."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    named = shutil.which(f"python{PYTHON}")
    versions = (Path.home() / ".pyenv" / "versions").glob(f"{PYTHON}*/bin/python{PYTHON}")
    candidates = [sys.executable] if own == PYTHON else [*filter(None, (named,)), *map(str, sorted(versions))]
    for candidate in candidates:
        asked = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and f" {PYTHON}." in asked.stdout:
            return candidate
    return None


def _install(folder: Path, architecture: str, lock: Path) -> None:
    """The locked wheels. The interpreter that runs pip is another one than Lambda's: its own version does not count."""
    platforms = [part for name in PLATFORMS[architecture] for part in ("--platform", name)]
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
        "--no-deps", "--require-hashes", "--only-binary", ":all:", "--implementation", "cp",
        "--ignore-requires-python", "--python-version", PYTHON, *platforms,
        "--target", str(folder), "--requirement", str(lock),
    ]  # fmt: skip
    subprocess.run(command, check=True)


def _compile(folder: Path) -> bool:
    """Compile for Lambda's Python: what the functions' folder holds is read-only, so nothing is kept there later.

    Rimedio keeps its sources beside, for the lines of tracebacks.
    """
    python = python_of_lambda()
    if python is None:
        print(f"python{PYTHON} is not on the path: the package holds sources only.", file=sys.stderr)
        return False
    folders = [folder / name for name in COMPILED_ONLY if (folder / name).is_dir()]
    alone = sorted(folder.glob("*.py"))  # libraries of one file, such as typing_extensions
    command = [
        python, "-m", "compileall", "-q", "-j", "1", "--invalidation-mode", "unchecked-hash",
        "-s", str(folder), "-p", DEPLOYED_AT,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run([*command, str(folder / "rimedio")], check=True, env=environment)
    subprocess.run([*command, "-b", *map(str, (*folders, *alone))], check=True, env=environment)
    for source in [*alone, *(path for library in folders for path in library.rglob("*.py"))]:
        if source.with_suffix(".pyc").exists():
            source.unlink()
    return True


def _zip(output: Path, folder: Path, files: Sequence[Path]) -> None:
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EVERY_FILE_AT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the rights below count
            entry.external_attr = 0o100644 << 16
            package.writestr(entry, path.read_bytes())


def main(argv: Sequence[str] | None = None) -> int:
    """Build, and say how large it is; 1 where Lambda would refuse it."""
    parser = argparse.ArgumentParser(prog="python -m tools.package_lambda", description=__doc__)
    parser.add_argument("--architecture", choices=sorted(PLATFORMS), default="arm64")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--sources-only", action="store_true", help="do not compile")
    given = parser.parse_args(argv)
    output = given.output or ROOT / "dist" / f"lambda-{given.architecture}.zip"
    made = build(output, given.architecture, compiled=not given.sources_only)
    kind = "compiled" if made.compiled else "sources only"
    print(
        f"{made.path}: {made.zipped_mb:.1f} MB zipped, {made.unzipped_mb:.1f} MB, {made.files} files, {kind}"
    )
    too_large = made.zipped_mb > ZIPPED_MB_MAX or made.unzipped_mb > UNZIPPED_MB_MAX
    if too_large:
        print(
            f"Lambda takes {ZIPPED_MB_MAX:.0f} MB zipped and {UNZIPPED_MB_MAX:.0f} MB in all.",
            file=sys.stderr,
        )
    return int(too_large)


if __name__ == "__main__":
    raise SystemExit(main())
