"""Why a decision fell, in the reader's language whatever the ticket's is: run by Node on the service's own sentences."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from rimedio.answering.outcomes import ground
from rimedio.cost.budgets import BudgetState, Limits
from rimedio.domain.ground import Ground

REASONS = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console" / "ticket" / "reasons.js"
PROGRAM = """
const storage = { getItem: () => process.argv[4], setItem() {}, removeItem() {} };
globalThis.window = globalThis;
globalThis.localStorage = globalThis.sessionStorage = storage;
globalThis.document = { documentElement: { lang: "" } };
const reasons = await import(process.argv[2]);
const asked = JSON.parse(process.argv[3]);
process.stdout.write(JSON.stringify(asked.map((values) => reasons[process.argv[5] ?? "reasonFor"](...values))));
"""
VALUES = {
    Ground.GROUNDED: ("0.93", "1.00"),
    Ground.LOW_GROUNDEDNESS: ("0.41", "0.75"),
    Ground.LOW_CONFIDENCE: ("0.41", "0.70"),
    Ground.UNKNOWN_CODE: ("E099",),
    Ground.UNSAFE_STEP: ("Aprire il quadro: 400 V",),
    Ground.ASKED_ENOUGH: ("2",),
    Ground.CLAIM_REFUSED: ("3",),
    Ground.TOO_FEW_CITATIONS: ("0", "1"),
    Ground.DOCUMENTS_DISAGREE: ("8 Nm (a), 10 Nm (b)",),
}


def for_reader(
    tmp_path: Path, reasons: Sequence[Sequence[object]], language: str, what: str = "reasonFor"
) -> list[dict[str, str]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on the path")
    program = tmp_path / "program.mjs"
    program.write_text(PROGRAM)
    command = [node, str(program), REASONS.as_uri(), json.dumps(reasons), language, what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("reader", ["it", "en"])
def test_every_reason_is_said_in_the_readers_language(tmp_path: Path, reader: str) -> None:
    written = [(ground(code, lang, *VALUES.get(code, ())), lang) for code in Ground for lang in ("it", "en")]
    said = for_reader(tmp_path, written, reader)
    assert {one["lang"] for one in said} == {reader}
    assert said[::2] == said[1::2], "the same reason, whichever language it was written in"
    for code, one in zip(Ground, said[::2], strict=True):
        held = [value for value in VALUES.get(code, ()) if not value.startswith(("0.", "1."))]
        assert all(value in one["text"] for value in held), one


def test_shares_are_read_as_on_the_scale_and_never_promise_everything(tmp_path: Path) -> None:
    (said,) = for_reader(tmp_path, [(ground(Ground.GROUNDED, "en", "0.93", "1.00"), "en")], "it")
    assert said["text"] == "ogni frase cita il manuale; fondatezza 93%, fiducia 99%"


def test_a_reason_of_another_kind_stays_as_it_was_written(tmp_path: Path) -> None:
    (said,) = for_reader(tmp_path, [("budget: PERSON, 5.00 of 5.00 USD is spent", "it")], "en")
    assert said == {"text": "budget: PERSON, 5.00 of 5.00 USD is spent", "lang": "it"}


@pytest.mark.parametrize(("reader", "level"), [("it", "Modello più piccolo"), ("en", "Smaller model")])
def test_the_budget_that_chose_another_model_is_named_in_the_readers_language(
    tmp_path: Path, reader: str, level: str
) -> None:
    state = BudgetState("2026-11", Limits(10_000_000_000), 7_100_000_000, 7_100_000_000)
    (said,) = for_reader(tmp_path, [(state.reason,)], reader, "fallbackFor")
    assert said["lang"] == reader
    assert said["text"].startswith(f"{level}: ")
    assert "71%" in said["text"]
    assert "SMALL_MODEL" not in said["text"]


def test_why_a_person_decides_is_said_for_what_the_service_names_and_kept_as_a_person_wrote_it(
    tmp_path: Path,
) -> None:
    budget = {"status_code": "BUDGET_REACHED", "status_reason": "BudgetReached: budget: PERSON, …"}
    person = {"status_code": None, "status_reason": "Il cliente chiede di Olga"}
    other = {"status_code": "LOW_CONFIDENCE", "status_reason": "LOW_CONFIDENCE: confidence 0.40, wanted 0.70"}
    silent = {"status_code": None, "status_reason": "escalated by olga"}
    words = [{"status_code": None, "status_reason": word} for word in ("injection", "step-failed")]
    asked = [(one,) for one in (budget, person, other, silent, *words)]
    found = for_reader(tmp_path, asked, "it", "whyHere")
    assert found[0]["lang"] == "it"
    assert found[0]["text"].startswith("Il budget del mese")
    assert found[1] == {"text": "Il cliente chiede di Olga", "lang": None}
    assert found[2] is None
    assert found[3] == {"text": "L'ha passato a una persona olga.", "lang": "it"}
    assert found[4] == {
        "text": "la richiesta o un documento contiene istruzioni rivolte al sistema",
        "lang": "it",
    }
    assert found[5] is None
