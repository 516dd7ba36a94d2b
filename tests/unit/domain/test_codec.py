"""Domain values survive the way to JSON and back."""

import json
from datetime import UTC, datetime

import pytest

from rimedio.domain import codec
from rimedio.domain.answer import (
    Citation,
    Claim,
    Decision,
    Draft,
    DraftSentence,
    DraftStep,
    Outcome,
    Performance,
    Quality,
    Routing,
    SafetyFlag,
    Section,
    Severity,
    Solution,
    Step,
    Verdict,
    Verification,
)
from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals

CHUNK = Chunk(
    chunk_id="c-1",
    document_id="d-1",
    tenant_id="t-1",
    ordinal=3,
    text="Causa: corrente di dispersione.\nRimedio: sostituire il cavo.",
    source_uri="file:///manuale.md",
    source_title="Manuale",
    doc_type=DocType.MANUAL,
    language="it",
    section=("Errori", "E029"),
    page=12,
    error_codes=("E029",),
    updated_at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
)
PASSAGE = Passage(CHUNK, 1, 0.75, Signals(bm25=3.2, bm25_rank=1, code_match=True))
ROUTING = Routing("extractive", "extractive", "none", fallback_used=True, reason="no model configured")
DRAFT = Draft(
    "it",
    (
        DraftStep(
            Section.REMEDY,
            "Rimedio",
            (DraftSentence("sostituire il cavo.", 1, "sostituire il cavo."),),
            Severity.WARNING,
            15,
            ("cacciavite",),
            ("XC2-1",),
        ),
    ),
    ROUTING,
)
CLAIM = Claim(1, "sostituire il cavo.", "c1", "sostituire il cavo.", Verdict.SUPPORTED, 0.98, ("literal",))
DECISION = Decision(Outcome.PUBLISH, 0.91, ("grounded",), None, {"support": 0.98})
SOLUTION = Solution(
    "sol_1",
    "tkt_1",
    "it",
    (Step(1, Section.REMEDY, "Rimedio", "sostituire il cavo.", ("c1",)),),
    (
        Citation(
            "c1", "c-1", "file:///manuale.md", "Manuale", DocType.MANUAL, "sostituire", 0.75, 12, ("E029",)
        ),
    ),
    (CLAIM,),
    (SafetyFlag("live-mains-work", "sotto tensione", Severity.DANGER, "Isolare prima."),),
    ("Chiamare l'assistenza",),
    Quality(0.98, 1.0, 0.91),
    DECISION,
    ROUTING,
    Performance(12.5),
)


@pytest.mark.parametrize(
    "value",
    [CHUNK, PASSAGE, DRAFT, Verification((CLAIM,), 0.98, 1.0), DECISION, SOLUTION],
    ids=lambda v: type(v).__name__,
)
def test_a_value_survives_the_way_to_json_and_back(value):
    plain = json.loads(json.dumps(codec.to_json(value)))

    assert codec.from_json(type(value), plain) == value
    assert codec.loads(type(value), codec.dumps(value)) == value


def test_a_list_of_values_needs_its_kind_and_comes_back_as_a_tuple():
    kind = tuple[Passage, ...]

    assert codec.from_json(kind, codec.to_json((PASSAGE, PASSAGE), kind)) == (PASSAGE, PASSAGE)


def test_dates_and_enums_are_written_as_plain_text():
    plain = codec.to_json(CHUNK)

    assert plain["doc_type"] == "MANUAL"
    assert plain["updated_at"] == "2026-03-01T12:30:00Z"


def test_a_field_that_did_not_exist_yet_takes_its_default():
    plain = codec.to_json(CHUNK)
    del plain["mentioned_codes"]
    plain["a_field_of_tomorrow"] = 1

    assert codec.from_json(Chunk, plain) == CHUNK


def test_a_broken_value_is_refused_with_the_field_at_fault():
    plain = codec.to_json(DECISION)
    plain["outcome"] = "SHRUG"

    with pytest.raises(InvalidInput, match=r"Decision: at outcome"):
        codec.from_json(Decision, plain)


def test_text_that_is_not_json_is_refused():
    with pytest.raises(InvalidInput, match="Decision"):
        codec.loads(Decision, "{")
