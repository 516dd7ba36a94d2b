"""The style of the code, executed: sizes, names, docstrings, imports."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from rimedio.lambdas.api import TOPICS
from rimedio.lambdas.functions import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "rimedio"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = {
    room: list(paths) for room, paths in groupby(MODULES, key=lambda path: path.relative_to(SOURCE).parts[0])
}
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
ENGINE_LINES_MAX = 3_000  # of what has to be read to know how a state machine runs
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)($|_)", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef
each_room = pytest.mark.parametrize("room", ROOMS)  # one test a module would be thousands


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def defined_in(path: Path) -> tuple[Function | ast.ClassDef, ...]:
    return tuple(node for node in ast.walk(tree_of(path)) if isinstance(node, Function | ast.ClassDef))


def functions_of(path: Path) -> Iterator[Function]:
    return (node for node in defined_in(path) if isinstance(node, Function))


def imported_by(text: str) -> set[str]:
    """Every module of Rimedio that a text names: whole, or as what is imported from the module above it."""
    names = set(re.findall(r"rimedio(?:\.\w+)+", text))
    for parent, inside, line in re.findall(r"from (rimedio[\w.]*) import (?:\(([^)]*)\)|([^\n(]*))", text):
        names |= {f"{parent}.{leaf}" for leaf in re.findall(r"\w+", inside or line)}
    return {name[:end] for name in names for end in (*(m.start() for m in re.finditer(r"\.", name)), None)}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@each_room
def test_a_module_can_be_read_in_one_sitting(room: str) -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in ROOMS[room]}
    long = {name: lines for name, lines in lengths.items() if lines > MODULE_LINES_MAX}
    assert not long, f"too many lines; split them at their seams: {long}"


def test_how_a_machine_runs_can_be_read_in_an_evening() -> None:
    asl = SOURCE / "asl"
    core = [*asl.glob("execution/*.py"), asl / "definition" / "model.py", asl / "journal" / "port.py"]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in core)
    assert 1_000 < lines <= ENGINE_LINES_MAX, (
        f"{lines} lines: what is not the engine's core belongs into another room"
    )


@each_room
def test_a_function_fits_on_a_screen(room: str) -> None:
    long = [
        f"{name_of(path)}: {f.name} ({f.end_lineno - f.lineno + 1} lines)"
        for path in ROOMS[room]
        for f in functions_of(path)
        if f.end_lineno and f.end_lineno - f.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long


@each_room
def test_names_say_what_a_thing_is(room: str) -> None:
    vague = [
        f"{name_of(path)}: {name}"
        for path in ROOMS[room]
        for name in (path.stem, *(node.name for node in defined_in(path)))
        if VAGUE.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
    ]
    assert not vague


@each_room
def test_what_is_public_says_what_it_is_for(room: str) -> None:
    missing = []
    for path in (p for p in ROOMS[room] if p.read_text("utf-8").strip()):
        tree = tree_of(path)
        missing += [] if ast.get_docstring(tree) else [f"{name_of(path)}: the module"]
        for node in tree.body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                missing += [] if ast.get_docstring(node) else [f"{name_of(path)}: {node.name}"]
    assert not missing, f"no docstring: {missing}"


def test_boto3_stands_only_in_modules_named_for_the_service() -> None:
    aws = re.compile(
        r"(bedrock|dynamodb|opensearch|sagemaker|eventbridge|step_functions|s3|kms|aws|textract|cognito)"
    )
    guilty = [
        name_of(p)
        for p in MODULES
        if re.search(r"^\s*(import|from) (boto3|botocore)", p.read_text("utf-8"), re.MULTILINE)
        and not aws.search(p.stem)
        and p.parent.name != "aws"
    ]
    assert not guilty


def test_no_module_is_an_orphan() -> None:
    named = {
        p: imported_by(p.read_text("utf-8"))
        for p in [*MODULES, *ROOT.glob("tools/**/*.py"), *ROOT.glob("benchmarks/*.py")]
    }
    entry = {"cli", "__main__", "__init__"}
    fake = re.compile(r"^(fake|faults|memory)(_|$)")  # shipped for the tests of whoever builds on Rimedio
    topics = set(TOPICS)  # imported by name when an API is built
    orphans = []
    for path in MODULES:
        if path.stem in entry or fake.search(path.stem):
            continue
        if path.parent.name == "routes" and path.stem in topics:
            continue
        if path.parent.name == "functions" and path.stem in FUNCTIONS:  # entry points that AWS calls
            continue
        dotted = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        if not any(dotted in names for other, names in named.items() if other != path):
            orphans.append(dotted)
    assert not orphans, f"nothing imports {orphans}"


def test_imports_go_one_way() -> None:
    # In a process of its own: import-linter sets the logs of whole processes up.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
