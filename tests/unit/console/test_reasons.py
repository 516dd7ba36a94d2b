"""Why a decision fell, in the reader's language whatever the ticket's is: run by Node on the service's own sentences."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rimedio.answering.outcomes import Ground, ground

REASONS = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console" / "ticket" / "reasons.js"
PROGRAM = """
const storage = { getItem: () => process.argv[4], setItem() {}, removeItem() {} };
globalThis.window = globalThis;
globalThis.localStorage = globalThis.sessionStorage = storage;
globalThis.document = { documentElement: { lang: "" } };
const { reasonFor } = await import(process.argv[2]);
process.stdout.write(JSON.stringify(JSON.parse(process.argv[3]).map(([reason, lang]) => reasonFor(reason, lang))));
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


def for_reader(tmp_path: Path, reasons: list[tuple[str, str]], language: str) -> list[dict[str, str]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on the path")
    program = tmp_path / "program.mjs"
    program.write_text(PROGRAM)
    command = [node, str(program), REASONS.as_uri(), json.dumps(reasons), language]
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
