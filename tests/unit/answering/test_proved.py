"""What a chat model adds beside its sentences stays only where the documents say it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rimedio.answering.proved import notices, proved
from rimedio.answering.question import Question
from rimedio.domain.answer import DraftSentence, DraftStep, Section
from rimedio.domain.knowledge import DocType

QUESTION = Question("E029, what now?", "en", ("E029",), ("XC-200",))
OLD, NEW = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def fan(chunk, context):  # type: ignore[no-untyped-def]
    first = chunk(
        "Clean the fan. Tighten the screws to 4 Nm. It takes 1 hour. Part FAN-01.", section=("Air path", "Cleaning the fan"),
    )  # fmt: skip
    second = chunk(
        "Time: 45 min. Tools: soft brush.", document_id="bulletin", source_title="Bulletin", updated_at=NEW
    )
    return context(replace(first, source_title="Manual", updated_at=OLD), second)


def step(title: str = "Remedy", quotes: tuple[str, ...] = ("Clean the fan.",), **more: object) -> DraftStep:
    return DraftStep(Section.REMEDY, title, tuple(DraftSentence(q, 1, q) for q in quotes), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Remedy", True),
        ("Remedy 3", True),
        ("Safety (E029)", True),
        ("Check 2: Cleaning the fan", True),
        ("Procedure Cleaning the fan 4", True),
        ("Clean the fan", True),
        ("Replace the mainboard", False),
        ("Remedy: replace the mainboard", False),
    ],
)
def test_a_title_says_its_kind_a_heading_or_a_quote(fan, title: str, kept: bool) -> None:  # type: ignore[no-untyped-def]
    [found] = proved([step(title)], QUESTION, fan)
    assert found.title == (title if kept else "Remedy")


def test_a_title_sets_documents_against_each_other_only_rightly(fan) -> None:  # type: ignore[no-untyped-def]
    right, wrong = (
        f"The newer document, “{a}”, corrects “{b}”"
        for a, b in (("Bulletin", "Manual"), ("Manual", "Bulletin"))
    )
    unknown = "The newer document, “Leaflet”, corrects “Manual”"
    assert [s.title for s in proved([step(t) for t in (right, wrong, unknown)], QUESTION, fan)] == [
        right,
        "Remedy",
        "Remedy",
    ]


def test_a_tool_or_part_may_be_named_in_any_quote_of_the_draft(fan) -> None:  # type: ignore[no-untyped-def]
    lead = step(requires_tools=("soft brush", "torque wrench", "hammer"), requires_parts=("FAN-01", "FAN-99"))
    needs = step("Tools, parts, time", ("Tools: soft brush.", "Tighten the screws to 4 Nm.", "Part FAN-01."))
    found = proved([lead, needs], QUESTION, fan)[0]
    assert (found.requires_tools, found.requires_parts) == (("soft brush", "torque wrench"), ("FAN-01",))


@pytest.mark.parametrize(("minutes", "kept"), [(60, True), (45, True), (6, False), (90, False)])
def test_a_time_is_said_in_the_steps_words_or_in_a_sentence_of_its_own(fan, minutes: int, kept: bool) -> None:  # type: ignore[no-untyped-def]
    work = step(quotes=("It takes 1 hour.",), estimated_time_minutes=minutes)
    needs = step("Tools, parts, time", ("Time: 45 min.",))
    assert proved([work, needs], QUESTION, fan)[0].estimated_time_minutes == (minutes if kept else None)


def test_documents_that_disagree_are_named_whoever_writes(chunk, context) -> None:  # type: ignore[no-untyped-def]
    manual = chunk("E029 – Fan\nCause: dust. Remedy: clean the filter with water and soap.", error_codes=("E029",),
                   section=("E029 – Fan",), updated_at=OLD)  # fmt: skip
    bulletin = chunk(
        "E029 – Fan\nCause: dust. Remedy: replace the fan at once, never wet anything.", error_codes=("E029",),
        section=("E029 – Fan",), document_id="b", source_title="Bulletin", doc_type=DocType.BULLETIN, updated_at=NEW,
    )  # fmt: skip
    told = notices(QUESTION, context(manual, bulletin))
    assert any("Bulletin" in line for line in told)
