"""Each measure counts where it applies, and only there."""

from rimedio.domain.answer import Outcome
from rimedio.domain.knowledge import Chunk, DocType
from rimedio.evaluation.labelled import Expected, Gold, LabelledTicket
from rimedio.evaluation.score import Observed, Scores, plain, score
from rimedio.tickets.open_ticket import parse_request

REQUEST = parse_request(
    {
        "customer": {"id": "c", "name": "Riva"},
        "asset": {"product_type": "HVAC", "model": "TP-8", "serial": "S"},
        "symptom_text": "La pompa di calore non parte",
    }
)
GOLD = Gold(source="manual.md", section="E12 Low pressure")


def labelled(*traits: str, outcome: Outcome = Outcome.PUBLISH, gold: tuple[Gold, ...] = ()) -> LabelledTicket:
    return LabelledTicket(
        "t1", REQUEST, Expected(outcome=(outcome,), gold=gold, category="WATER"), frozenset(traits)
    )


def chunk(name: str, section: str, page: int | None = None) -> Chunk:
    uri = f"/manuals/{name}"
    return Chunk(section, "d", "acme", 0, "text", uri, name, DocType.MANUAL, "en", (section,), page)


def scored(
    ticket: LabelledTicket, outcome: Outcome, found: tuple[Chunk, ...] = (), category: str | None = None
) -> Scores:
    return score([ticket], lambda _: Observed(outcome, None, found, category, 0.1), lambda _: None)


def test_the_right_outcome_is_a_hit_and_another_one_a_named_miss() -> None:
    assert scored(labelled(), Outcome.PUBLISH).figures() == {"outcome": 1.0}
    wrong = scored(labelled(), Outcome.REVIEW)
    assert wrong.figures() == {"outcome": 0.0}
    assert (wrong.misses[0].ticket, wrong.misses[0].measure) == ("t1", "outcome")


def test_only_a_classified_ticket_is_judged_by_its_category() -> None:
    assert scored(labelled(), Outcome.PUBLISH, category="WATER").figures()["category"] == 1.0
    assert scored(labelled(), Outcome.PUBLISH, category="POWER").figures()["category"] == 0.0
    assert "category" not in scored(labelled(), Outcome.PUBLISH).figures()


def test_gold_counts_first_or_among_five() -> None:
    gold, other = chunk("manual.md", "E12 – Low pressure"), chunk("manual.md", "E13 High pressure")
    ticket = labelled(gold=(GOLD,))
    assert scored(ticket, Outcome.PUBLISH, (gold,)).figures()["hit1"] == 1.0
    second = scored(ticket, Outcome.PUBLISH, (other, gold)).figures()
    assert (second["hit1"], second["hit5"]) == (0.0, 1.0)
    late = scored(ticket, Outcome.PUBLISH, (*(other,) * 5, gold)).figures()
    assert (late["hit1"], late["hit5"]) == (0.0, 0.0)


def test_the_same_section_of_another_file_is_no_gold() -> None:
    stranger = chunk("faq.md", "E12 Low pressure")
    assert scored(labelled(gold=(GOLD,)), Outcome.PUBLISH, (stranger,)).figures()["hit5"] == 0.0


def test_a_page_is_gold_where_the_section_is_not_named() -> None:
    ticket = labelled(gold=(Gold(source="manual.pdf", section="absent", page=4),))
    assert scored(ticket, Outcome.PUBLISH, (chunk("manual.pdf", "x", 4),)).figures()["hit1"] == 1.0
    assert scored(ticket, Outcome.PUBLISH, (chunk("manual.pdf", "x", 5),)).figures()["hit1"] == 0.0


def test_what_nobody_can_answer_must_not_be_published() -> None:
    ticket = labelled("unanswerable", outcome=Outcome.ESCALATE)
    assert scored(ticket, Outcome.ESCALATE).figures()["refused"] == 1.0
    assert scored(ticket, Outcome.PUBLISH).figures()["refused"] == 0.0
    assert "refused" not in scored(labelled(), Outcome.PUBLISH).figures()


def test_rows_say_on_how_many_tickets_a_measure_was_taken() -> None:
    seen = Observed(Outcome.PUBLISH, None, (), None, 0.1)
    scores = score([labelled(), labelled("unanswerable")], lambda _: seen, lambda _: None)
    assert scores.rows() == {"outcome": 2, "refused": 1}


def test_layout_and_case_do_not_decide() -> None:
    assert plain("  E12 –\nLow  Pressure! ") == "e12 low pressure"
