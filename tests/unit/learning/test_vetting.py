"""Rows are sorted out: what people agree on is learnt, what one person pushes waits for another."""

from datetime import UTC, datetime, timedelta

from rimedio.classification.dataset import folded
from rimedio.learning.observations import Origin
from rimedio.learning.rows import Ruling, TrainingRow
from rimedio.learning.vetting import FREE_ALLOWANCE, Doubt, labelled, to_blazingtext, vet

START = datetime(2026, 5, 1, tzinfo=UTC)


def row(number: int, label: str = "SENSOR", by: str = "anna", **fields: object) -> TrainingRow:
    given: dict[str, object] = {
        "row_id": f"row_{by}_{number}",
        "tenant_id": "acme",
        "ticket_id": f"tkt_{number}",
        "text": f"the probe number {number} reads nonsense",
        "label": label,
        "predicted": "THERMAL",
        "origin": Origin.REVIEW,
        "by": by,
        "at": START + timedelta(minutes=number),
    }
    return TrainingRow(**(given | fields))  # type: ignore[arg-type]


def test_one_person_alone_cannot_move_a_category() -> None:
    vetted = vet([row(n) for n in range(40)])
    assert len(vetted.accepted) == FREE_ALLOWANCE
    assert {one.doubt for one in vetted.set_aside} == {Doubt.ONE_PERSON}
    assert [r.ticket_id for r in vetted.accepted] == [f"tkt_{n}" for n in range(FREE_ALLOWANCE)]  # the oldest


def test_what_others_confirm_counts_in_proportion() -> None:
    mine, theirs = [row(n) for n in range(40)], [row(100 + n, by="bruno") for n in range(12)]
    vetted = vet([*mine, *theirs])
    by = [r.by for r in vetted.accepted]
    assert (by.count("anna"), by.count("bruno")) == (24, 12)


def test_approvals_move_nothing_and_need_no_second_person() -> None:
    same = [row(n, label="THERMAL", origin=Origin.APPROVAL) for n in range(50)]
    assert len(vet(same).accepted) == 50


def test_people_who_disagree_about_a_text_are_both_set_aside() -> None:
    text = "the fan is loud"
    vetted = vet([row(1, text=text), row(2, label="MECHANICAL", by="bruno", text="The fan is LOUD!"), row(3)])
    assert [r.ticket_id for r in vetted.accepted] == ["tkt_3"]
    assert {one.doubt for one in vetted.set_aside} == {Doubt.CONTRADICTION}


def test_a_ruling_ends_a_contradiction() -> None:
    text = "the fan is loud"
    right = row(1, text=text, ruling=Ruling.ACCEPTED, ruled_by="capo")
    vetted = vet([right, row(2, label="MECHANICAL", by="bruno", text=text)])
    assert vetted.accepted == (right,)
    assert [one.row.by for one in vetted.set_aside] == ["bruno"]


def test_a_text_that_the_first_rows_hold_otherwise_waits_unless_a_person_accepts_it() -> None:
    base = {folded("the fan is loud"): "MECHANICAL"}
    doubtful = row(1, text="The fan is loud")
    assert vet([doubtful], base).set_aside[0].doubt is Doubt.BASE
    assert vet([row(1, text="The fan is loud", ruling=Ruling.ACCEPTED)], base).accepted


def test_rejected_rows_and_copies_are_not_trained_on() -> None:
    vetted = vet([row(1, text="same words"), row(2, text="Same words."), row(3, ruling=Ruling.REJECTED)])
    assert [r.ticket_id for r in vetted.accepted] == ["tkt_1"]
    assert (vetted.copies, vetted.rejected) == (1, 1)


def test_rows_are_written_as_blazingtext_reads_them() -> None:
    assert to_blazingtext([row(7, text="Probe B1 reads -40 °C")]).startswith("__label__SENSOR probe b1 reads")
    assert labelled([row(1, text="Same words"), row(2, text="same words!")])[0].group == "ticket same words"
