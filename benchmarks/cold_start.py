"""How long a Lambda function takes to be imported, and how large its package is.

Figures: `import.api_ms`, `import.task_ms`: median of fresh interpreters that import the handler's module out of the
package as Lambda unpacks it, under Lambda's version of Python where this machine has it; else out of this
installation. `zip_mb`: the deployment package. Every handler is told as a note.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tools.package_lambda import build, python_of_lambda

from benchmarks._report import CACHE, Report, parse_args
from rimedio.lambdas.functions import FUNCTIONS

RUNS = 7
MEASURED = ("api", "task")  # figures; the others are notes
PROGRAM = """
import sys, time
began = time.perf_counter()
import_module = __import__("importlib").import_module
import_module("rimedio.lambdas.functions." + sys.argv[1])
print((time.perf_counter() - began) * 1000)
"""


def import_ms(python: str, name: str, path: Path | None) -> list[float]:
    """Milliseconds of each run, after one that warms the files up."""
    environment = {**os.environ, "RIMEDIO_TASK": "validate", "PYTHONDONTWRITEBYTECODE": "1"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    command = [python, *(["-S"] if path is not None else []), "-c", PROGRAM, name]
    found = []
    for _ in range(RUNS + 1):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.append(float(done.stdout))
    return found[1:]


def main() -> int:
    """Build the package, import every handler out of it."""
    options = parse_args("cold_start", "Import time and package size of the Lambda functions")
    report = Report("cold_start", options)
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    python, path = sys.executable, None
    with tempfile.TemporaryDirectory() as name:
        try:
            made = build(CACHE / f"lambda-{architecture}.zip", architecture)
        except (OSError, subprocess.CalledProcessError) as error:
            report.missing("zip_mb", f"the package cannot be built here: {error}")
        else:
            report.add("zip_mb", made.zipped_mb, made.files)
            report.note(f"{made.zipped_mb:.1f} MB zipped, {made.unzipped_mb:.1f} MB unzipped, {architecture}")
            found = python_of_lambda()
            if found is not None:
                python, path = found, Path(name)
                with zipfile.ZipFile(made.path) as packed:
                    packed.extractall(path)
        report.note(f"imported by {Path(python).name}, {'the package' if path else 'this installation'}")
        measure(report, {name: import_ms(python, name, path) for name in FUNCTIONS})
    report.finish()
    return 0


def measure(report: Report, found: Mapping[str, list[float]]) -> None:
    """Tell every handler; two of them are figures."""
    for name, runs in found.items():
        middle = statistics.median(runs)
        report.note(f"{name:>14}: {middle:6.0f} ms (best {min(runs):.0f}, worst {max(runs):.0f})")
        if name in MEASURED:
            report.add(f"import.{name}_ms", middle, len(runs))


if __name__ == "__main__":
    raise SystemExit(main())
