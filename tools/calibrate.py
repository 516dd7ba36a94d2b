"""Calibrates the confidence of remedies: `python -m tools.calibrate [--write] [--error 0.1]`

Works through labelled tickets (examples/tickets) with the demo knowledge, from search to verification, writer
extractive. A remedy is right when it cites a gold section, quotes what it must and nothing it must not; a
remedy for a ticket that the documents do not answer is wrong whatever it says. Prints, each ticket judged by
a model fitted on the others:

- the reliability table and the expected calibration error,
- coverage against error: of the answers sent at this threshold, how many were wrong,
- the lowest threshold that keeps the wanted error rate with 90 % certainty.

`--write` stores the model fitted on all of them as src/rimedio/answering/confidence.json. Deterministic.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks._corpora import TENANT, load
from benchmarks._vectors import onnx_embedder
from numpy.typing import NDArray

from rimedio.answering.answer import Answerer, AnswerLimits, AnswerParts, Asked
from rimedio.answering.calibration import (
    Logistic,
    LogisticFile,
    coverage_table,
    expected_calibration_error,
    fit_logistic,
    reliability,
    threshold_for,
)
from rimedio.answering.case import AnswerCase
from rimedio.answering.context import Context
from rimedio.answering.decide import FEATURES, Gate, evidence
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.verification.quote import find_quote
from rimedio.answering.verify import GroundednessVerifier
from rimedio.domain.answer import Draft, Outcome, SafetyFlag
from rimedio.domain.clock import RandomIds, SystemClock
from rimedio.llm.tokens import CharacterTokenCounter

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
TICKETS = EXAMPLES / "tickets" / "tickets.jsonl"
TARGET = ROOT / "src" / "rimedio" / "answering" / "confidence.json"
PENALTY = 1.0
THRESHOLDS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
Matrix = NDArray[np.float64]
Labels = NDArray[np.bool_]


@dataclass(frozen=True)
class Labelled:
    """A ticket worked through: its case, whether the remedy is right, and the outcomes that would be."""

    ticket_id: str
    case: AnswerCase
    right: bool
    outcomes: tuple[str, ...]
    traits: tuple[str, ...]


class _NoSafety:
    """Safety is judged elsewhere; here only the remedy's truth counts."""

    def check(self, draft: Draft, context: Context) -> tuple[SafetyFlag, ...]:
        del draft, context
        return ()


def answerer(folder: Path) -> Answerer:
    """The way from question to decision over the demo knowledge, kept in `folder`."""
    knowledge = load(EXAMPLES / "knowledge", onnx_embedder(), folder)
    writer = ExtractiveWriter()
    return Answerer(
        AnswerParts(
            search=knowledge.search,
            index=knowledge.index,
            primary=writer,
            extractive=writer,
            verifier=GroundednessVerifier(),
            safety=_NoSafety(),
            decider=Gate(),
            count_tokens=CharacterTokenCounter().count,
            clock=SystemClock(),
            ids=RandomIds(),
            limits=AnswerLimits(),
        )
    )


def work_through(path: Path, answers: Answerer) -> list[Labelled]:
    """Every labelled ticket of a file, up to the point where it is decided."""
    lines = path.read_text("utf-8").splitlines()
    return [_labelled(json.loads(line), answers) for line in lines if line.strip()]


def _labelled(raw: dict[str, object], answers: Answerer) -> Labelled:
    ticket, expected = raw["ticket"], raw["expected"]
    assert isinstance(ticket, dict)
    assert isinstance(expected, dict)
    code = ticket.get("error_code")
    asked = Asked(
        TENANT,
        str(ticket["symptom_text"]),
        (str(code),) if code else (),
        (str(ticket["asset"]["model"]),),
        ticket.get("lang"),
    )
    retrieved = answers.retrieve(asked)
    context = answers.assemble(retrieved)
    draft = answers.write(retrieved.question, context)
    verification = answers.verify(draft, context)
    case = AnswerCase(retrieved.question, retrieved, context, draft, verification)
    return Labelled(
        str(raw["id"]),
        case,
        is_right(case, expected),
        tuple(str(o) for o in expected["outcome"]),
        tuple(str(t) for t in raw.get("traits", ())),  # type: ignore[attr-defined]
    )


def is_right(case: AnswerCase, expected: dict[str, object]) -> bool:
    """Whether the remedy cites a gold section, quotes what it must, and nothing that it must not."""
    gold, wanted, unwanted = (expected.get(k) or [] for k in ("gold", "must_quote", "must_not_quote"))
    assert isinstance(gold, list)
    assert isinstance(wanted, list)
    assert isinstance(unwanted, list)
    said = "\n".join(s.text for s in case.draft.sentences)
    cited = [case.context.entry(s.passage) for s in case.draft.sentences]
    hit = any(
        entry is not None
        and entry.passage.chunk.source_uri.endswith(str(place["source"]))
        and str(place["section"]) in "\n".join((*entry.passage.chunk.section, entry.passage.chunk.text))
        for entry in cited
        for place in gold
    )
    quoted = all(find_quote(str(w), said) is not None for w in wanted)
    return hit and quoted and not any(find_quote(str(u), said) for u in unwanted)


def leave_one_out(rows: Matrix, labels: Labels) -> Matrix:
    """Each answer's probability by a model fitted on all the others."""
    others = ~np.eye(len(rows), dtype=np.bool_)
    return np.array(
        [fit(rows[k], labels[k]).probabilities(row[None, :])[0] for row, k in zip(rows, others, strict=True)]
    )


def fit(rows: Matrix, labels: Labels) -> Logistic:
    """The confidence model."""
    return fit_logistic(FEATURES, rows, labels, penalty=PENALTY)


def show(probabilities: Matrix, labels: Labels, error_max: float) -> None:
    """Print the three tables."""
    print(f"{len(labels)} remedies, {labels.mean():.2f} right")
    print(f"expected calibration error {expected_calibration_error(probabilities, labels):.3f}")
    print("\nconfidence   answers   promised   right")
    for b in reliability(probabilities, labels):
        print(f"{b.low:.1f} - {b.high:.1f}    {b.answers:7d}   {b.confidence:8.2f}   {b.right:5.2f}")
    print("\nthreshold   sent   share   wrong   wrong at most (90 %)")
    for c in coverage_table(probabilities, labels, THRESHOLDS):
        print(f"{c.threshold:9.2f}   {c.sent:4d}   {c.share:5.2f}   {c.wrong:5.2f}   {c.wrong_at_most:5.2f}")
    chosen = threshold_for(probabilities, labels, error_max)
    found = "none: too few labelled answers" if chosen is None else f"{chosen:.2f}"
    print(f"\nthreshold for at most {error_max:.0%} wrong, with 90 % certainty: {found}")


def main(argv: Sequence[str] | None = None) -> None:
    """Work through, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="store the fitted model")
    parser.add_argument("--error", type=float, default=0.1, help="wanted error rate of what is sent")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        worked = work_through(TICKETS, answerer(Path(folder)))
    answered = [w for w in worked if w.case.draft.sentences]
    rows = np.array([[evidence(w.case)[f] for f in FEATURES] for w in answered])
    labels = np.array([w.right for w in answered])
    show(leave_one_out(rows, labels), labels, options.error)
    model = fit(rows, labels)
    if options.write:
        provenance: dict[str, str | int | float] = {
            "made_by": "python -m tools.calibrate --write",
            "fitted_on": str(TICKETS.relative_to(ROOT)),
            "rows": len(rows),
            "right": int(labels.sum()),
            "penalty": PENALTY,
        }
        TARGET.write_text(LogisticFile.of(model, provenance).model_dump_json(indent=1) + "\n", "utf-8")
    _outcomes(worked, model)


def _outcomes(worked: Sequence[Labelled], model: Logistic) -> None:
    """How often the decision is one of those that the labels allow."""
    gate = Gate(confidence=model)
    missed = [(w, gate.decide(w.case)) for w in worked]
    wrong = [(w, d) for w, d in missed if d.outcome not in w.outcomes]
    sent = [w for w, d in missed if d.outcome is Outcome.PUBLISH]
    print(f"\noutcome as labelled: {1 - len(wrong) / len(worked):.2f} of {len(worked)} tickets")
    print(f"published: {len(sent)}, of them wrong: {sum(not w.right for w in sent)}")
    for w, decision in wrong:
        wanted, why = "/".join(w.outcomes), decision.reasons[0]
        print(f"  {w.ticket_id} {decision.outcome} instead of {wanted}: {why[:90]}")


if __name__ == "__main__":
    main()
