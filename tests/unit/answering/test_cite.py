"""Citations come from trusted ids; what was refused never reaches the customer."""

from rimedio.answering.cite import citation_ids, citations_of, refused_claims, steps_of, trusted
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


def sentence(text: str, passage: int) -> DraftSentence:
    return DraftSentence(text, passage, text)


def draft(*steps: tuple[DraftSentence, ...]) -> Draft:
    made = tuple(DraftStep(Section.REMEDY, f"Step {n}", s) for n, s in enumerate(steps, 1))
    return Draft("en", made, Routing("fake", "fake-1", "p@1"))


def verification(made: Draft, *refused: str) -> Verification:
    claims = tuple(
        Claim(n, s.text, "c1", s.quote, Verdict.REFUTED if s.text in refused else Verdict.SUPPORTED, 0.9)
        for n, step in enumerate(made.steps, 1)
        for s in step.sentences
    )
    return Verification(claims, 0.9, 1.0)


def test_ids_follow_the_order_of_first_use():
    made = draft((sentence("a", 3), sentence("b", 1)), (sentence("c", 3),))

    assert citation_ids(made) == {3: "c1", 1: "c2"}


def test_a_sentence_that_cites_no_passage_is_dropped_and_recorded(chunk, context):
    found = context(chunk("True."))

    safe = trusted(draft((sentence("True.", 1), sentence("Invented.", 7)), (sentence("Also.", 0),)), found)

    assert [s.text for s in safe.draft.sentences] == ["True."]
    assert safe.dropped == ("Invented.", "Also.")
    assert len(safe.draft.steps) == 1


def test_a_citation_names_source_page_section_and_quotes(chunk, context):
    found = context(chunk("Close it. Open it.", page=4, section=("Doors",)))

    (citation,) = citations_of(draft((sentence("Close it.", 1), sentence("Open it.", 1))), found)

    assert citation.source_uri == "file:///manual.md#page=4"
    assert (citation.page, citation.section, citation.relevance_score) == (4, ("Doors",), 1.0)
    assert citation.snippet == "Close it. … Open it."


def test_a_refused_claim_never_reaches_the_customer():
    made = draft((sentence("Good.", 1), sentence("Bad.", 1)), (sentence("Worse.", 1),))

    steps = steps_of(made, verification(made, "Bad.", "Worse."))

    assert [(s.order, s.text) for s in steps] == [(1, "Good.")]


def test_refused_claims_stay_visible_to_the_operator():
    made = draft((sentence("Good.", 1), sentence("Bad.", 1)))

    assert [c.text for c in refused_claims(verification(made, "Bad."))] == ["Bad."]


def test_a_step_names_all_passages_it_stands_on():
    made = draft((sentence("a", 2), sentence("b", 1), sentence("c", 2)))

    assert steps_of(made, verification(made))[0].citation_ids == ("c1", "c2")
