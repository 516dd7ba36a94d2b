"""The extractive writer gives the passage's own words: the right code, the whole remedy, in order."""

import re
from datetime import UTC, datetime

import pytest

from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft, Section, Severity
from rimedio.domain.knowledge import DocType

FAULT_IT = """E029 – Sovratemperatura
Significato: il dissipatore ha superato 85 °C. La stazione si spegne.

Causa probabile: filtro intasato, ventola ferma.

Controlli:

1. Leggere la temperatura a freddo.
2. Controllare il filtro: se non passa luce, è intasato.

Rimedio:

1. Mettere fuori tensione come da sezione 1.2.
2. Sostituire il filtro con XC2-FLT-01.
3. Serrare le viti a 1,5 Nm.
4. Attendere 10 minuti e ridare tensione.

Attrezzi: cacciavite torx, cacciavite dinamometrico. Ricambi: XC2-FLT-01. Tempo: 45 min.

Attenzione: il dissipatore resta caldo per 20 minuti."""
SECTIONS_IT = """Codice 018
Teleruttore non attratto.

Descrizione
Il comando è stato dato ma il teleruttore non risponde.

Cause
1. teleruttore difettoso
2. tensione bassa

Soluzioni
1. cambiare teleruttore
2. controllare la tensione

Controllare poi l'assorbimento sotto carico."""
RECORD_EN = """Error Code: E407 · Sub Code: 01
Reason: Sensor below its lower limit
Self-diagnostic/Action:
1. Check the wiring.
2. Replace the sensor.
• If only one sensor is faulty, run at reduced capacity."""
TABLE_EN = """Code | Possible cause | Action
E001 | Door open | Close the door.
E002 | Fan blocked | 1. Switch off. 2. Free the fan. 3. Restart.
E003 | Low pressure | Refill to 1.5 bar."""


def write(context, text="?", codes=(), language="en", models=()) -> Draft:
    return ExtractiveWriter().write(Question(text, language, tuple(codes), tuple(models)), context)


def said(draft: Draft, section: Section) -> list[str]:
    return [s.text for step in draft.steps if step.section is section for s in step.sentences]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_a_fault_is_told_as_cause_checks_and_remedy_in_the_order_of_the_text(chunk, context):
    draft = write(
        context(chunk(FAULT_IT, error_codes=("E029",), language="it")), codes=["E029"], language="it"
    )

    assert said(draft, Section.CAUSE)[-1] == "filtro intasato, ventola ferma."
    assert said(draft, Section.CHECKS)[-2:] == [
        "1. Leggere la temperatura a freddo.",
        "2. Controllare il filtro: se non passa luce, è intasato.",
    ]
    assert said(draft, Section.REMEDY)[:4] == [
        "1. Mettere fuori tensione come da sezione 1.2.",
        "2. Sostituire il filtro con XC2-FLT-01.",
        "3. Serrare le viti a 1,5 Nm.",
        "4. Attendere 10 minuti e ridare tensione.",
    ]
    assert [s.section for s in draft.steps] == sorted(
        (s.section for s in draft.steps), key=list(Section).index
    )


def test_tools_parts_time_and_danger_are_read_out_of_the_text(chunk, context):
    draft = write(
        context(chunk(FAULT_IT, error_codes=("E029",), language="it")), codes=["E029"], language="it"
    )
    remedy = [s for s in draft.steps if s.section is Section.REMEDY]

    assert remedy[0].requires_tools == ("cacciavite torx", "cacciavite dinamometrico")
    assert remedy[0].estimated_time_minutes == 45
    assert remedy[1].requires_parts == ("XC2-FLT-01",)
    assert remedy[2].requires_tools == ("cacciavite dinamometrico",)
    assert remedy[3].estimated_time_minutes == 10
    assert any(s.severity is Severity.WARNING and "resta caldo" in s.sentences[0].text for s in draft.steps)


def test_a_torque_value_asks_for_a_torque_wrench_where_no_tool_is_named(chunk, context):
    found = context(chunk("E001\nRemedy: Tighten the nuts to 9 Nm.", error_codes=("E001",)))

    assert write(found, codes=["E001"]).steps[-1].requires_tools == ("torque wrench",)


@pytest.mark.parametrize(
    ("text", "code", "remedy"),
    [
        (SECTIONS_IT, "018", SECTIONS_IT.partition("Soluzioni\n")[2]),
        (RECORD_EN, "E407/01", RECORD_EN.partition("Action:\n")[2].replace("• ", "")),
        (TABLE_EN, "E003", "Refill to 1.5 bar."),
        (TABLE_EN, "E002", "1. Switch off. 2. Free the fan. 3. Restart."),
    ],
)
def test_the_remedy_is_given_whole_with_its_numbers(chunk, context, text, code, remedy):
    codes = ("E001", "E002", "E003") if text is TABLE_EN else (code,)
    draft = write(context(chunk(text, error_codes=codes)), codes=[code])

    assert squeezed(remedy) == squeezed("".join(said(draft, Section.REMEDY)))


def test_two_codes_in_one_passage_are_never_mixed(chunk, context):
    draft = write(context(chunk(TABLE_EN, error_codes=("E001", "E002", "E003"))), codes=["E002"])

    everything = " ".join(s.text for s in draft.sentences)
    assert "Fan blocked" in everything
    assert "door" not in everything
    assert "Refill" not in everything


def test_two_codes_asked_for_are_told_apart_by_their_titles(chunk, context):
    draft = write(context(chunk(TABLE_EN, error_codes=("E001", "E002", "E003"))), codes=["E001", "E003"])

    remedies = {s.title: s.sentences[0].text for s in draft.steps if s.section is Section.REMEDY}
    assert remedies == {"Remedy (E001)": "Close the door.", "Remedy (E003)": "Refill to 1.5 bar."}


def test_a_code_without_its_sub_code_asks_to_read_it_when_the_remedies_differ(chunk, context):
    other = RECORD_EN.replace("01", "02").replace("Replace the sensor", "Replace the board")
    found = context(chunk(RECORD_EN, error_codes=("E407/01",)), chunk(other, error_codes=("E407/02",)))

    draft = write(found, codes=["E407"])

    assert "E407/01, E407/02" in draft.alternative_actions[0]
    assert {step.title[-9:] for step in draft.steps} == {"(E407/01)", "(E407/02)"}


def test_sub_codes_with_one_remedy_get_it_once(chunk, context):
    other = RECORD_EN.replace("01", "02").replace("lower", "upper")
    found = context(chunk(RECORD_EN, error_codes=("E407/01",)), chunk(other, error_codes=("E407/02",)))

    draft = write(found, codes=["E407"])

    assert said(draft, Section.CAUSE) == ["Sensor below its lower limit", "Sensor below its upper limit"]
    assert len(said(draft, Section.REMEDY)) == 3
    assert draft.steps[-1].title == "Remedy 3 (E407/01, E407/02)"
    assert draft.alternative_actions == ()


def test_a_sub_code_asked_for_gets_its_own_remedy_only(chunk, context):
    other = RECORD_EN.replace("Sub Code: 01", "Sub Code: 02").replace(
        "Replace the sensor", "Replace the board"
    )
    found = context(chunk(other, error_codes=("E407/02",)), chunk(RECORD_EN, error_codes=("E407/01",)))

    assert "2. Replace the sensor." in said(write(found, codes=["E407/01"]), Section.REMEDY)
    assert "2. Replace the board." not in said(write(found, codes=["E407/01"]), Section.REMEDY)


def test_an_unknown_code_gets_no_answer_though_its_neighbours_are_there(chunk, context):
    found = context(chunk(TABLE_EN, error_codes=("E001", "E002", "E003")))

    assert write(found, "Error E009: the fan is blocked", codes=["E009"]).steps == ()


def test_the_passage_of_another_product_is_not_used(chunk, context):
    found = context(
        chunk("E001\nAction: Replace the pump.", error_codes=("E001",), product_models=("AB-10",)),
        chunk("E001\nAction: Replace the fan.", error_codes=("E001",), product_models=("XC-200",)),
    )

    draft = write(found, codes=["E001"], models=["xc 200"])

    assert said(draft, Section.REMEDY) == ["Replace the fan."]


def test_every_sentence_is_literally_in_the_passage_it_cites(chunk, context):
    found = context(
        chunk(FAULT_IT, error_codes=("E029",), language="it"), chunk(SECTIONS_IT, error_codes=("018",))
    )

    for code in ("E029", "018"):
        for sentence in write(found, codes=[code], language="it").sentences:
            assert sentence.text == sentence.quote
            assert squeezed(sentence.quote) in squeezed(found.entry(sentence.passage).passage.chunk.text)


def test_a_remedy_that_goes_on_in_the_next_chunk_is_given_to_its_end(chunk, context):
    first = chunk(
        "E050\nCause: dirt.\n\nRemedy:\n\n1. Open.", error_codes=("E050",), section=("E050",), ordinal=1
    )
    second = chunk("2. Clean.\n3. Close.", section=("E050",), ordinal=2)

    draft = write(context(first, nearby=lambda passage: [first, second]), codes=["E050"])

    assert said(draft, Section.REMEDY) == ["1. Open.", "2. Clean.", "3. Close."]
    assert [s.passage for step in draft.steps if step.section is Section.REMEDY for s in step.sentences] == [
        1,
        2,
        2,
    ]


def test_a_bulletin_that_corrects_the_manual_comes_first_and_both_are_cited(chunk, context):
    manual = chunk("E060\nRemedy:\n1. Tighten the nuts to 12 Nm.", error_codes=("E060",))
    bulletin = chunk(
        "E060\nThis bulletin replaces the torque of the manual.\nRemedy: Tighten the nuts to 9 Nm.",
        error_codes=("E060",),
        document_id="bulletin",
        source_title="Bulletin 7",
        doc_type=DocType.BULLETIN,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

    draft = write(context(manual, bulletin), codes=["E060"])

    assert said(draft, Section.REMEDY) == ["Tighten the nuts to 9 Nm.", "Tighten the nuts to 12 Nm."]
    assert draft.steps[-1].title == "Superseded: “Manual” used to say"
    assert draft.steps[0].sentences[0].text == "This bulletin replaces the torque of the manual."
    assert "Bulletin 7" in draft.alternative_actions[0]


def test_two_documents_that_agree_raise_no_alarm(chunk, context):
    text = "E061\nRemedy: Close the door and press reset."
    found = context(
        chunk(text, error_codes=("E061",)), chunk(text + " ", error_codes=("E061",), document_id="b")
    )

    assert write(found, codes=["E061"]).alternative_actions == ()


def test_a_question_of_how_gets_the_whole_procedure(chunk, context):
    filters = chunk(
        "7.2 Replacing the air filter\n1. Isolate the unit.\n2. Take out the filter.\n3. Insert the new one.",
        section=("7 Maintenance", "7.2 Replacing the air filter"),
    )
    other = chunk("Filters keep dust away. They last a year.", section=("2 Description",))

    draft = write(context(other, filters), "How do I replace the air filter?")

    assert [s.text[0] for s in draft.sentences] == ["1", "2", "3"]


def test_a_symptom_without_a_code_gets_the_fault_that_describes_it(chunk, context):
    found = context(chunk(SECTIONS_IT, error_codes=("018",), language="it", section=("Codice 018",)))

    draft = write(found, "Il comando è dato ma il teleruttore non risponde", language="it")

    assert "1. cambiare teleruttore" in said(draft, Section.REMEDY)
    assert all("018" in step.title for step in draft.steps)


@pytest.mark.parametrize(
    ("question", "language", "text", "short"),
    [
        (
            "What is the maximum number of users per group?",
            "en",
            "Users per group | 40\nGroups per account | 12",
            "40",
        ),
        ("Qual è la pressione massima?", "it", "La pressione massima è 3 bar a 20 °C.", "3 bar"),
        ("A che coppia si serrano i dadi?", "it", "I dadi M8 si serrano con una coppia di 9 Nm.", "9 Nm"),
        ("What is the default timeout?", "en", "The default timeout: 30 seconds.", "30 seconds"),
    ],
)
def test_a_question_for_a_value_gets_the_value_and_the_sentence_it_stands_in(
    chunk, context, question, language, text, short
):
    draft = write(context(chunk(text, language=language)), question, language=language)

    assert draft.steps[0].title.endswith(f": {short}")
    assert short in draft.sentences[0].text


def test_what_the_passages_do_not_speak_of_gets_no_answer(chunk, context):
    draft = write(
        context(chunk(FAULT_IT, language="it")), "Qual è la ricetta della carbonara?", language="it"
    )

    assert draft.steps == ()


def test_titles_are_in_the_language_of_the_question_words_in_that_of_the_passage(chunk, context):
    draft = write(context(chunk(RECORD_EN, error_codes=("E407/01",))), codes=["E407/01"], language="it")

    assert draft.steps[0].title == "Causa probabile"
    assert said(draft, Section.CAUSE) == ["Sensor below its lower limit"]


def test_a_remedy_that_only_points_elsewhere_brings_that_procedure_along(chunk, context):
    fault = chunk("E070\nRemedy: See section 7.2.", error_codes=("E070",), section=("5", "E070"))
    target = chunk("1. Open.\n2. Clean.", section=("7", "7.2 Cleaning"))

    draft = write(context(fault, target), codes=["E070"])

    assert said(draft, Section.REMEDY) == ["See section 7.2.", "1. Open.", "2. Clean."]
    assert "7.2 Cleaning" in draft.steps[-1].title


def test_no_passages_make_an_empty_draft(context):
    assert write(context(), "What now?").steps == ()
