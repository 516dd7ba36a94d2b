"""Nothing false gets through, nothing true is held back."""

from collections.abc import Sequence
from random import Random

import pytest
from benchmarks._mutations import MUTATIONS, mutants
from tests.unit.answering.facts import (
    PARAPHRASES_ENGLISH,
    PARAPHRASES_ITALIAN,
    TRUE_ENGLISH,
    TRUE_ITALIAN,
)

from rimedio.answering.verification.reasons import Doubt, reason
from rimedio.answering.verify import verify_groundedness
from rimedio.domain.answer import (
    Claim,
    Draft,
    DraftSentence,
    DraftStep,
    Routing,
    Section,
    Verdict,
    Verification,
)
from rimedio.domain.knowledge import Chunk, DocType

MANUAL = (
    "Error E029: the heat sink is above 85 °C.\nSwitch off the unit. Tighten the screws of the fan to 2,5 Nm."
)


def chunk(
    text: str = MANUAL, *, language: str = "en", section: tuple[str, ...] = (), codes: tuple[str, ...] = ()
) -> Chunk:
    return Chunk(
        "c", "d", "t", 0, text, "file:m", "Manual", DocType.MANUAL, language, section, error_codes=codes
    )


def verify(sentences: Sequence[DraftSentence], chunks: Sequence[Chunk], language: str = "en") -> Verification:
    step = DraftStep(Section.REMEDY, "Step", tuple(sentences))
    return verify_groundedness(Draft(language, (step,), Routing("test", "none", "1")), chunks)


def claim(text: str, quote: str | None = None, of: Chunk | None = None, language: str = "en") -> Claim:
    (found,) = verify(
        [DraftSentence(text, 1, text if quote is None else quote)], [of or chunk()], language
    ).claims
    return found


def false_claims() -> list[tuple[str, str, str]]:
    random = Random(7)
    sets = (("en", TRUE_ENGLISH), ("it", TRUE_ITALIAN))
    return [
        (language, text, false)
        for language, texts in sets
        for text in texts
        for _ in range(3)
        for _, false in mutants(text, random)
    ]


@pytest.mark.parametrize(("language", "texts"), [("en", TRUE_ENGLISH), ("it", TRUE_ITALIAN)])
def test_a_claim_identical_to_its_quote_is_supported(language: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        found = claim(text, of=chunk("\n".join(texts), language=language), language=language)
        assert found.verdict is Verdict.SUPPORTED
        assert found.support > 0.95


def test_at_least_99_of_100_falsified_claims_are_refuted() -> None:
    tried = false_claims()
    missed = [
        false
        for language, text, false in tried
        if claim(false, text, chunk(text, language=language), language).verdict is not Verdict.REFUTED
    ]
    assert len(tried) > 500
    assert len(missed) <= len(tried) / 100, missed[:10]


def test_there_are_at_least_twelve_ways_to_falsify_and_all_are_used() -> None:
    random = Random(7)
    used = {kind for text in TRUE_ENGLISH + TRUE_ITALIAN for kind, _ in mutants(text, random)}
    assert used == set(MUTATIONS)
    assert len(used) >= 12


@pytest.mark.parametrize(("language", "pairs"), [("en", PARAPHRASES_ENGLISH), ("it", PARAPHRASES_ITALIAN)])
def test_no_paraphrase_is_refuted(language: str, pairs: tuple[tuple[str, str], ...]) -> None:
    for quote, text in pairs:
        found = claim(text, quote, chunk(quote, language=language), language)
        assert found.verdict is not Verdict.REFUTED, (text, found.reasons)


def test_most_paraphrases_are_supported_by_words_alone() -> None:
    pairs = [("en", *p) for p in PARAPHRASES_ENGLISH] + [("it", *p) for p in PARAPHRASES_ITALIAN]
    supported = [
        text
        for language, quote, text in pairs
        if claim(text, quote, chunk(quote, language=language), language).verdict is Verdict.SUPPORTED
    ]
    assert len(supported) >= 0.75 * len(pairs)


def test_a_quote_that_is_not_in_the_passage_proves_nothing() -> None:
    found = claim("Replace the fan.", "Replace the fan with a new one.")
    assert found.verdict is Verdict.UNQUOTED
    assert found.support == 0
    assert found.reasons[0].startswith("QUOTE_NOT_FOUND: ")


@pytest.mark.parametrize("passage", [0, -1, 2, 99])
def test_a_passage_that_does_not_exist_proves_nothing(passage: int) -> None:
    (found,) = verify(
        [DraftSentence("Switch off the unit.", passage, "Switch off the unit.")], [chunk()]
    ).claims
    assert found.verdict is Verdict.UNQUOTED
    assert found.citation_id is None


def test_an_empty_quote_proves_nothing() -> None:
    assert claim("Switch off the unit.", "  ").reasons[0].startswith("NO_QUOTE")


def test_a_quote_of_one_word_does_not_prove_a_sentence() -> None:
    assert claim("The unit must be replaced.", "unit").verdict is Verdict.UNQUOTED


def test_the_offsets_of_a_quote_point_to_it_in_the_stored_text() -> None:
    text = "Note.\n**Switch  off**\nthe unit before you tighten the\nscrews."
    found = claim("Switch off the unit.", "Switch off the unit", of=chunk(text))
    assert text[found.quote_start : found.quote_end] == "Switch  off**\nthe unit"


def test_a_sentence_that_says_more_than_its_quote_is_weak() -> None:
    found = claim(
        "Switch off the unit because lightning may strike the antenna on the roof.", "Switch off the unit."
    )
    assert found.verdict is Verdict.WEAK
    assert found.support < 0.5


def test_a_number_found_in_the_passage_but_not_in_the_quote_makes_a_claim_weak() -> None:
    found = claim("Switch off the unit above 85 °C.", "Switch off the unit.")
    assert found.verdict is Verdict.WEAK
    assert any(r.startswith("NUMBER_NOT_QUOTED") for r in found.reasons)


def test_a_code_in_the_heading_of_the_passage_counts_as_quoted() -> None:
    text = "The heat sink is too hot. Clean the fan."
    found = claim(
        "E029: the heat sink is too hot.", "The heat sink is too hot.", chunk(text, section=("Error E029",))
    )
    assert found.verdict is Verdict.SUPPORTED


def test_a_code_that_the_passage_defines_counts_as_quoted() -> None:
    found = claim(
        "Error E029 means: the heat sink is too hot.",
        "The heat sink is too hot.",
        chunk("The heat sink is too hot.", codes=("E029",)),
    )
    assert found.verdict is not Verdict.REFUTED


def test_another_code_than_the_quoted_one_is_refuted() -> None:
    text = "Error E029: the heat sink is above 85 °C."
    assert claim("Error E030: the heat sink is above 85 °C.", text).verdict is Verdict.REFUTED


def test_an_italian_claim_on_an_english_quote_is_compared_by_its_numbers() -> None:
    text = "Tighten the screws of the fan to 2,5 Nm."
    assert claim("Serrare le viti della ventola a 3,5 Nm.", text, language="it").verdict is Verdict.REFUTED
    assert (
        claim("Serrare le viti della ventola a 2,5 Nm.", text, language="it").verdict is not Verdict.REFUTED
    )


def test_groundedness_is_the_mean_support_and_coverage_the_share_quoted() -> None:
    good = DraftSentence("Switch off the unit.", 1, "Switch off the unit.")
    bad = DraftSentence("Call the fire brigade.", 1, "Call the fire brigade.")
    found = verify([good, bad], [chunk()])
    assert found.citation_coverage == 0.5
    assert found.groundedness == pytest.approx(0.495)


def test_a_draft_without_sentences_is_not_grounded() -> None:
    assert verify([], [chunk()]) == Verification((), 0.0, 0.0)


def test_citation_ids_follow_the_order_of_first_use() -> None:
    one, other = chunk("Switch off the unit."), chunk("Clean the inlet filter.")
    found = verify(
        [
            DraftSentence("Clean the inlet filter.", 2, "Clean the inlet filter."),
            DraftSentence("Switch off the unit.", 1, "Switch off the unit."),
        ],
        [one, other],
    )
    assert [c.citation_id for c in found.claims] == ["c1", "c2"]


def test_an_embedder_is_asked_when_one_is_given() -> None:
    import numpy as np

    asked: list[str] = []

    def embed(texts: Sequence[str]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        asked.extend(texts)
        return np.full((len(texts), 4), 0.5, dtype=np.float32)

    step = DraftStep(
        Section.REMEDY, "s", (DraftSentence("Turn the appliance off.", 1, "Switch off the unit."),)
    )
    verify_groundedness(Draft("en", (step,), Routing("t", "n", "1")), [chunk()], embed=embed)
    assert "Turn the appliance off." in asked


@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_has_a_sentence_in_both_languages(doubt: Doubt) -> None:
    italian, english = (reason(doubt, language, claim="a", quote="b") for language in ("it", "en"))
    assert italian.startswith(f"{doubt}: ")
    assert italian != english


@pytest.mark.parametrize(
    "text", ["", " ", "\x00" * 50, "§" * 5000, "1" * 400, "9" * 5000 + " Nm", "((((" * 500]
)
def test_odd_texts_get_a_verdict(text: str) -> None:
    assert claim(text, "Switch off the unit.").verdict in Verdict
    assert claim("Switch off the unit.", text, chunk(text or "x")).verdict in Verdict
