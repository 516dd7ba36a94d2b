"""Questions without a code: the fault that fits, the procedure asked for, the answer of an FAQ."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.answering.context import assemble_context
from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.extractive.intent import Intent, intent_of
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft, Section
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals

FAQ = """Questions and answers
Why is the cable still locked?
Keep the button pressed for 3 s. The car releases the plug first.

Why does it charge slowly in winter?
A cold battery takes less power. This is normal."""
WARNINGS = """Code | Meaning | Cause | Action
W201 | One string produces less | Shade or dirt | Clean the modules.
W202 | Surge arrester spent | Thunderstorm | Replace the cartridges within 30 days."""


def write(context, text, codes=(), language="en") -> Draft:
    return ExtractiveWriter().write(Question(text, language, tuple(codes)), context)


def said(draft: Draft, section: Section | None = None) -> list[str]:
    return [s.text for step in draft.steps if section in {None, step.section} for s in step.sentences]


def test_an_faq_gives_the_whole_answer_and_only_that(chunk, context):
    found = context(chunk(FAQ, doc_type=DocType.FAQ))

    assert said(write(found, "My car is unlocked but the cable is locked")) == [
        "Keep the button pressed for 3 s.",
        "The car releases the plug first.",
    ]


def test_of_a_table_of_warnings_one_row_is_told(chunk, context):
    found = context(chunk(WARNINGS))

    draft = write(found, "One string of my roof produces less since spring")

    assert said(draft, Section.REMEDY) == ["Clean the modules."]
    assert not any("arrester" in text for text in said(draft))


def test_a_row_tells_of_its_code_though_nothing_defines_it(chunk, context):
    draft = write(context(chunk(WARNINGS, mentioned_codes=("W201", "W202"))), "W202?", ["W202"])

    assert said(draft, Section.REMEDY) == ["Replace the cartridges within 30 days."]


def test_an_unknown_code_of_digits_is_not_found_in_a_measure_or_a_heading(chunk, context):
    found = context(chunk("Wait 150 ms."), chunk("150 | Door time | 3 s", section=("Parameters", "150")))

    assert write(found, "errore 150", ["150"], "it").steps == ()


def test_what_is_said_from_the_mention_of_a_code_on_is_told(chunk, context):
    found = context(chunk("The fan turns freely. Error 150 means that the door is open. Close it gently."))

    assert said(write(found, "error 150", ["150"])) == [
        "Error 150 means that the door is open.",
        "Close it gently.",
    ]


def test_an_english_symptom_finds_the_fault_in_an_italian_manual(chunk, context):
    pump = chunk(
        "E040\nSignificato: la pompa è bloccata.\n\nRimedio: pulire la girante.",
        error_codes=("E040",),
        language="it",
        section=("E040",),
    )
    fan = chunk(
        "E041\nSignificato: la ventola è ferma.\n\nRimedio: cambiare la ventola.",
        error_codes=("E041",),
        language="it",
        section=("E041",),
    )

    draft = write(context(pump, fan), "The pump is blocked")

    assert said(draft, Section.REMEDY) == ["pulire la girante."]


def test_the_account_in_the_readers_language_is_told(chunk, context):
    english = chunk(
        "E040\nRemedy: Clean the wheel.", error_codes=("E040",), section=("E040",), document_id="en"
    )
    italian = chunk(
        "E040\nRimedio: pulire la girante.",
        error_codes=("E040",),
        section=("E040",),
        document_id="it",
        language="it",
    )

    assert said(write(context(english, italian), "E040", ["E040"], "it")) == ["pulire la girante."]
    assert said(write(context(italian, english), "E040", ["E040"], "en")) == ["Clean the wheel."]


def test_a_value_comes_with_the_instruction_that_uses_it(chunk, context):
    found = context(
        chunk(
            "The torque of the nuts is 12 Nm in the manual, which is wrong.\n\nThe correct value is 9 Nm.\n\n"
            "1. Tighten the M8 nuts to 9 Nm.",
            section=("Torque of the M8 nuts",),
        )
    )

    draft = write(found, "How many Nm for the M8 nuts?")

    assert draft.steps[0].title == "Answer: 9 Nm"
    assert "1. Tighten the M8 nuts to 9 Nm." in said(draft)
    assert not any("12 Nm" in text for text in said(draft))


def test_a_code_of_two_products_is_told_for_one_and_the_reader_is_warned(chunk, context):
    found = context(
        chunk("E017\nRemedy: Free the charger's fan.", error_codes=("E017",), product_models=("XC-200",)),
        chunk(
            "E017\nRemedy: Melt the ice.", error_codes=("E017",), product_models=("TP-8",), document_id="pump"
        ),
    )

    draft = write(found, "E017", ["E017"])

    assert said(draft) == ["Free the charger's fan."]
    assert "XC-200, TP-8" in draft.alternative_actions[0]


def test_documents_of_one_age_that_disagree_are_both_told_and_neither_is_called_newer(chunk, context):
    found = context(
        chunk("E060\nRemedy: Set the valve to 3 bar.", error_codes=("E060",)),
        chunk("E060\nRemedy: Close both taps.", error_codes=("E060",), document_id="b", source_title="Other"),
    )

    draft = write(found, "E060", ["E060"])

    assert [step.title for step in draft.steps] == ["Remedy", "“Other” says otherwise"]
    assert "have it checked" in draft.alternative_actions[0]


def test_a_procedure_cut_in_two_chunks_is_given_whole_with_its_warning_and_tools(chunk, context):
    first = chunk(
        "7.2 Replacing the filter\nWarning: hot surface.\n\nTools: screwdriver.\n\n1. Isolate.\n2. Open.",
        section=("7.2 Replacing the filter",),
        ordinal=1,
    )
    second = chunk(
        "7.2 Replacing the filter\n3. Change the filter.\n4. Close.",
        section=("7.2 Replacing the filter",),
        ordinal=2,
    )

    draft = write(context(first, nearby=lambda passage: [first, second]), "How do I replace the filter?")

    assert said(draft)[:5] == [
        "Warning: hot surface.",
        "1. Isolate.",
        "2. Open.",
        "3. Change the filter.",
        "4. Close.",
    ]
    assert draft.steps[1].requires_tools == ("screwdriver",)


def test_a_bulletins_value_goes_before_the_manuals(chunk, context):
    manual = chunk("4. Refit the plug of the strainer and tighten it to 20 Nm.", section=("6.2 Strainer",))
    bulletin = chunk(
        "The plug is tightened to 15 Nm, not to 20 Nm as in section 6.2.",
        section=("Plug of the strainer",),
        document_id="bulletin",
        doc_type=DocType.BULLETIN,
    )

    draft = write(context(manual, bulletin), "What torque for the plug of the strainer?")

    assert draft.steps[0].title == "Answer: 15 Nm"


@pytest.mark.parametrize("question", ["How much does the filter cost?", "Quanto costa il filtro?"])
def test_a_question_for_a_price_is_not_answered_by_another_number(chunk, context, question):
    found = context(
        chunk("The filter costs little effort: change it every 12 months. Il filtro dura 12 mesi.")
    )

    assert write(found, question, language="it" if "Quanto" in question else "en").steps == ()
    priced = context(chunk("The filter costs 30 EUR. Il filtro costa 30 EUR."))
    assert write(priced, question, language="it" if "Quanto" in question else "en").steps


def test_can_i_is_not_answered_by_a_fault_that_only_sounds_alike(chunk, context):
    fault = chunk(
        "E034\nMeaning: the vehicle does not answer.\nRemedy: Update the firmware.", error_codes=("E034",)
    )

    draft = write(context(fault), "Does the station support vehicle to grid, and from which firmware?")

    assert "Remedy (E034)" not in [step.title for step in draft.steps]


def test_a_question_of_which_ones_gets_the_list(chunk, context):
    found = context(chunk("Operating modes\nThe unit has these modes:\n\n- Comfort\n- Economy\n- Away"))

    assert said(write(found, "Which operating modes are there?")) == ["Comfort", "Economy", "Away"]


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("How many users can I add?", Intent.NUMBER),
        ("Qual è la coppia di serraggio dei dadi?", Intent.NUMBER),
        ("How do I replace the filter?", Intent.PROCEDURE),
        ("Come si sostituisce il filtro? Quanto dura?", Intent.PROCEDURE),
        ("Can I use a 32 A cable?", Intent.YES_NO),
        ("Posso usare un cavo da 32 A?", Intent.YES_NO),
        ("What is a residual current device?", Intent.DEFINITION),
        ("Cos'è il differenziale?", Intent.DEFINITION),
        ("Which types of cable are there?", Intent.LIST),
        ("La ventola non gira", Intent.OTHER),
    ],
)
def test_the_kind_of_answer_is_read_from_the_question(question, intent):
    assert intent_of(question) is intent


FRAGMENTS = st.sampled_from(
    [
        *(
            "Cause: ",
            "Rimedio:\n",
            "1. ",
            "2. ",
            "- ",
            "\n\n",
            "\n",
            "# ",
            "## E001\n",
            "**Attenzione:** ",
            "E001",
        ),
        *(
            "Check the fan. ",
            "see section 7.2 ",
            "12 Nm",
            "```\n",
            "===\n",
            "?",
            ":",
            "<br>",
            "·",
            "\u00a0",
            "漢",
        ),
        *("Tempo: 45 min", "How ", "XC2-FLT-01", "  ", "| a | b |\n", "|---|---|\n", " | "),
    ]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.lists(FRAGMENTS, max_size=40).map("".join), max_size=3),
    asked=st.sampled_from(
        [("E001?", ("E001",)), ("How to check the fan", ()), ("fan Nm?", ()), ("la ventola", ())]
    ),
)
def test_whatever_the_text_looks_like_nothing_is_said_that_is_not_in_it(texts, asked):
    chunks = [
        Chunk(
            f"c{n}", "d", "t", n, text, "u", "T", DocType.MANUAL, "en", section=("S",), error_codes=("E001",)
        )
        for n, text in enumerate(texts)
    ]
    found = assemble_context([Passage(c, n, 1.0, Signals()) for n, c in enumerate(chunks, 1)], 500, len)

    draft = ExtractiveWriter().write(Question(asked[0], "en", asked[1]), found)

    for sentence in draft.sentences:
        assert "".join(sentence.quote.split()) in "".join(
            found.passages[sentence.passage - 1].chunk.text.split()
        )
    assert all(step.title and step.sentences for step in draft.steps)
