"""The command line as a user calls it: in this process where speed matters, in one of its own where it must.

`demo` is a data folder with the demo's knowledge, words only; tests that write take a copy of it, so that no
test sees another's tickets.
"""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.cli.app import main

ROWS_EACH = 10
EMBEDDED = ("xc-200-manual-en.md", "xc-200-faq-it.md")  # to embed all of them takes half a minute
ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


Run = Callable[..., Ended]


def refused(ended: Ended, code: int, *words: str) -> None:
    """One clear sentence on standard error, the right exit code, no traceback."""
    assert ended.code == code, (ended.code, ended.out, ended.err)
    assert "Traceback" not in ended.err + ended.out
    assert len(ended.err.strip().splitlines()) == 1, ended.err
    assert ended.err.startswith(("Error ", "{"))
    for word in words:
        assert word in ended.err, ended.err


def spawn(*arguments: object, embedder: str = "none", **options: object) -> subprocess.Popen[str]:
    """`rimedio` in a process of its own."""
    environment = {**os.environ, "RIMEDIO_EMBEDDER": embedder}
    command = [sys.executable, "-m", "rimedio", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # Whoever runs the tests in the background has SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,  # type: ignore[call-overload, no-any-return]
    )


def in_process(arguments: Sequence[object], capsys: pytest.CaptureFixture[str]) -> Ended:
    code = 0
    old, sys.argv = sys.argv, ["rimedio", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = old
    said = capsys.readouterr()
    return Ended(code, said.out, said.err)


@pytest.fixture
def rimedio(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run one command in this process, from an empty folder: `rimedio("ask", "…", stdin=b"…")`."""
    work = tmp_path / "cwd"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "none")

    def run(*arguments: object, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        capsys.readouterr()
        return in_process(arguments, capsys)

    return run


def _load(folder: Path, embedder: str, *names: str) -> Path:
    folder.mkdir()
    shutil.copyfile(EXAMPLES / "taxonomy.json", folder / "taxonomy.json")
    paths = [EXAMPLES / "knowledge" / name for name in names or (".",)]
    with spawn("--data-dir", folder, "ingest", *paths, embedder=embedder) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return folder


def few_rows(path: Path) -> Path:
    """The first rows of each category: training on all of them takes seconds."""
    with (EXAMPLES / "training" / "tickets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    seen: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("text", "label"), extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            seen[row["label"]] += 1
            if seen[row["label"]] <= ROWS_EACH:
                writer.writerow(row)
    return path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's knowledge, words only. Read it, do not write."""
    return _load(tmp_path_factory.mktemp("demo") / "data", "none")


@pytest.fixture(scope="session")
def embedded_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the demo's knowledge with its vectors, and a trained classifier: a healthy folder."""
    folder = _load(tmp_path_factory.mktemp("embedded") / "data", "e5-small-latin", *EMBEDDED)
    training = few_rows(folder.parent / "training.csv")
    with spawn("--data-dir", folder, "classify", "train", training) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return folder


@pytest.fixture
def own(demo: Path, tmp_path: Path) -> Path:
    """A copy of `demo` that a test may write to, or break."""
    return Path(shutil.copytree(demo, tmp_path / "own"))


@pytest.fixture
def healthy(embedded_demo: Path, tmp_path: Path) -> Path:
    """A copy of `embedded_demo` that a test may break."""
    return Path(shutil.copytree(embedded_demo, tmp_path / "healthy"))
