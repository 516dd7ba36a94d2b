"""The style of the code, executed: sizes, names, docstrings, imports."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from rimedio.lambdas.api import TOPICS
from rimedio.lambdas.functions import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "rimedio"
MODULES = sorted(SOURCE.rglob("*.py"))
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
ENGINE_LINES_MAX = 3_000  # of what has to be read to know how a state machine runs
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)($|_)", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions_of(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MODULE_LINES_MAX, f"{path} has {lines} lines; split it at its seams"


def test_how_a_machine_runs_can_be_read_in_an_evening() -> None:
    asl = SOURCE / "asl"
    core = [*asl.glob("execution/*.py"), asl / "definition" / "model.py", asl / "journal" / "port.py"]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in core)
    assert 1_000 < lines <= ENGINE_LINES_MAX, (
        f"{lines} lines: what is not the engine's core belongs into another room"
    )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{f.name} ({f.end_lineno - f.lineno + 1} lines)"
        for f in functions_of(path)
        if f.end_lineno and f.end_lineno - f.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long, f"{path}: {long}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_names_say_what_a_thing_is(path: Path) -> None:
    names = [path.stem] + [n.name for n in ast.walk(tree_of(path)) if isinstance(n, ast.ClassDef | Function)]
    assert not [n for n in names if VAGUE.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", n))]


@pytest.mark.parametrize("path", [p for p in MODULES if p.read_text("utf-8").strip()], ids=name_of)
def test_what_is_public_says_what_it_is_for(path: Path) -> None:
    tree = tree_of(path)
    missing = [] if ast.get_docstring(tree) else ["the module"]
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            missing += [] if ast.get_docstring(node) else [node.name]
    assert not missing, f"{path}: no docstring on {missing}"


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
    texts = {
        p: p.read_text("utf-8")
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
        parent, _, leaf = dotted.rpartition(".")
        pattern = re.compile(
            rf"{re.escape(dotted)}\b|from {re.escape(parent)} import [^\n]*\b{leaf}\b|from {re.escape(parent)} import \([^)]*\b{leaf}\b"
        )
        if not any(pattern.search(text) for other, text in texts.items() if other != path):
            orphans.append(dotted)
    assert not orphans, f"nothing imports {orphans}"


def test_imports_go_one_way() -> None:
    # In a process of its own: import-linter sets the logs of whole processes up.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
