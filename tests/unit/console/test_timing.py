"""Schedules as a form shows them, run by Node: what it writes is what the service reads, and says the same again."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from rimedio.events.schedule import timing_of

CONSOLE = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console"
PROGRAM = """
const storage = { getItem: () => process.argv[4], setItem() {}, removeItem() {} };
globalThis.window = globalThis;
globalThis.localStorage = globalThis.sessionStorage = storage;
globalThis.document = { documentElement: { lang: "" } };
const { expressionOf, inWords, partsOf } = await import(process.argv[2]);
const work = { expressionOf, inWords, partsOf, round: (text) => expressionOf(partsOf(text)) };
const { ask, given } = JSON.parse(process.argv[3]);
process.stdout.write(JSON.stringify(given.map((one) => work[ask](one))));
"""
FORMS = (
    {"kind": "rate", "every": 1, "unit": "hour"},
    {"kind": "rate", "every": 15, "unit": "minute"},
    {"kind": "daily", "time": "08:05"},
    {"kind": "weekdays", "time": "23:00"},
    {"kind": "once", "at": "2027-01-31T08:30"},
)
EXPRESSIONS = (
    "rate(1 hour)",
    "rate(15 minutes)",
    "cron(5 8 * * ? *)",
    "cron(0 23 ? * MON-FRI *)",
    "at(2027-01-31T08:30:00)",
)


def run(tmp_path: Path, ask: str, given: Sequence[object], language: str = "en") -> list[object]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on the path")
    program = tmp_path / "program.mjs"
    program.write_text(PROGRAM)
    asked = json.dumps({"ask": ask, "given": given})
    command = [node, str(program), (CONSOLE / "events" / "timing.js").as_uri(), asked, language]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_what_the_form_writes_the_service_reads(tmp_path: Path) -> None:
    assert run(tmp_path, "expressionOf", FORMS) == list(EXPRESSIONS)
    for expression in EXPRESSIONS:
        timing_of(expression)  # raises when it is none


def test_an_expression_stays_itself_through_the_form(tmp_path: Path) -> None:
    others = [
        "cron(0/15 8-18 ? * 2#1 2027)",
        "cron(5 8 15W * ? *)",
        "rate(3 days)",
        "at(2027-01-31T08:30:20)",
    ]
    given = [*EXPRESSIONS, *others]
    kept = run(tmp_path, "round", given)
    assert kept[:-1] == given[:-1]
    assert kept[-1] == given[-1], "seconds that the form cannot show must not be lost"


def test_expressions_are_said_in_words_of_the_language(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        "inWords",
        ["rate(1 hour)", "rate(2 days)", "cron(5 8 * * ? *)", "cron(1,2 8 * * ? *)"],
        "it",
    )
    assert said == ["ogni ora", "ogni 2 giorni", "ogni giorno alle 08:05", None]
