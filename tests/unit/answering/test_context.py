"""The context is ordered, without repetitions, joined, and within its budget."""

from datetime import UTC, datetime

from rimedio.domain.knowledge import DocType

LONG = "One " + " ".join(f"thing{n} follows" for n in range(40)) + "."


def test_entries_are_numbered_from_one_in_the_order_of_the_ranks(chunk, context):
    made = context(chunk("First passage about pumps."), chunk("Second passage about fans."))

    assert [e.index for e in made.entries] == [1, 2]
    assert made.entry(2).text == "Second passage about fans."
    assert made.entry(3) is None


def test_a_place_names_title_section_and_page(chunk, context):
    made = context(chunk("Text.", section=("Errors", "E029"), page=12))

    assert made.entries[0].place == "Manual > Errors > E029 (p. 12)"


def test_a_near_duplicate_is_dropped_and_recorded(chunk, context):
    text = (
        "Check the fan and clean the air filter with dry compressed air before the season starts every year."
    )
    copy = chunk(text + " ", document_id="other")

    made = context(chunk(text), copy)

    assert len(made.entries) == 1
    assert [(d.chunk_id, d.reason) for d in made.dropped] == [(copy.chunk_id, "duplicate")]


def test_passages_that_differ_in_a_number_are_both_kept(chunk, context):
    text = (
        "Tighten the nuts of the busbar to {} Nm and mark them with paint as described in the service manual."
    )

    assert len(context(chunk(text.format(12)), chunk(text.format(9), document_id="bulletin")).entries) == 2


def test_near_equal_texts_of_two_codes_are_both_kept(chunk, context):
    text = (
        "Check and reconnect the wiring of the sensor. Replace the temperature sensor if the fault remains."
    )

    made = context(chunk(text, error_codes=("E407/01",)), chunk(text, error_codes=("E407/02",)))

    assert len(made.entries) == 2


def test_a_sliding_window_does_not_repeat_its_overlap(chunk, context):
    shared = "The compressor starts only when the pressure has been equal for three minutes."
    first = chunk(f"The unit has a delay. {shared}", section=("Start",), ordinal=1)
    second = chunk(f"{shared} Then the fan runs.", section=("Start",), ordinal=2)

    made = context(first, second)

    assert made.entries[1].text == "Then the fan runs."
    assert made.entries[1].continues


def test_the_neighbour_of_a_split_procedure_is_fetched_and_joined(chunk, context):
    first = chunk("1. Open the cover.", section=("7", "7.2 Filter"), ordinal=1)
    second = chunk("2. Take out the filter.", section=("7", "7.2 Filter"), ordinal=2)
    foreign = chunk("Another matter.", section=("7", "7.3 Fan"), ordinal=3)

    made = context(first, nearby=lambda passage: [first, second, foreign])

    assert [e.text for e in made.entries] == ["1. Open the cover.", "2. Take out the filter."]
    assert [e.continues for e in made.entries] == [False, True]


def test_sections_of_other_codes_are_never_joined(chunk, context):
    first = chunk("E001 text", section=("Errors",), ordinal=1, error_codes=("E001",))
    second = chunk("E002 text", section=("Errors",), ordinal=2, error_codes=("E002",))

    assert len(context(first, nearby=lambda passage: [first, second]).entries) == 1


def test_of_two_documents_on_one_code_the_newer_stands_first(chunk, context):
    manual = chunk("E029: tighten to 12 Nm.", error_codes=("E029",))
    bulletin = chunk(
        "E029: tighten to 9 Nm.",
        error_codes=("E029",),
        document_id="bulletin",
        doc_type=DocType.BULLETIN,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

    assert [e.passage.chunk for e in context(manual, bulletin).entries] == [bulletin, manual]


def test_what_does_not_fit_is_cut_at_the_end_of_a_sentence(chunk, context):
    made = context(chunk(f"{LONG} {LONG} {LONG}"), budget=170)

    assert made.tokens <= 170
    assert made.entries[0].truncated
    assert made.entries[0].text.endswith("follows.")


def test_the_budget_is_never_exceeded_and_what_is_left_out_is_recorded(chunk, context):
    made = context(*(chunk(f"{LONG} Number {n}.") for n in range(100, 110)), budget=200)

    assert made.tokens <= 200
    assert {d.reason for d in made.dropped} == {"budget"}


def test_no_passages_make_an_empty_context(context):
    made = context()

    assert (made.entries, made.tokens) == ((), 0)
