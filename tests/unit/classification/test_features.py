from rimedio.classification.features import (
    WORDS_MAX,
    classifier_line,
    from_fasttext_label,
    ticket_text,
    to_fasttext_label,
    words,
)


def test_codes_part_numbers_and_values_stay_whole() -> None:
    assert words("Errore E029, ricambio XC2-FLT-01 (1.5 Nm)?") == [
        "errore", "e029", "ricambio", "xc2-flt-01", "1.5", "nm", "?",
    ]  # fmt: skip


def test_the_first_words_are_repeated_with_a_mark() -> None:
    assert classifier_line("No network") == "no network ^no ^network"
    assert classifier_line("a " * 40).count("^a") == 12


def test_code_blocks_and_web_addresses_are_one_word_each() -> None:
    assert words("See https://example.org/a/b?c=1 and\n```\nlog line\n```\nthanks") == [
        "see", "webaddress", "and", "codeblock", "thanks",
    ]  # fmt: skip


def test_a_text_without_words_gives_an_empty_line() -> None:
    assert classifier_line(" ... \n") == ""


def test_a_line_never_holds_a_line_break_and_is_cut() -> None:
    line = classifier_line("word\n" * 5000)
    assert "\n" not in line
    assert len(line.split()) == WORDS_MAX + 12


def test_labels_with_spaces_and_percent_signs_come_back() -> None:
    for label in ("HR Support", "100%20", "A"):
        assert from_fasttext_label(to_fasttext_label(label)) == label
        assert " " not in to_fasttext_label(label)


def test_model_and_code_follow_the_symptom_also_when_it_names_them() -> None:
    assert ticket_text("It stops", "XC-200", "E029") == "It stops XC-200 E029"
    assert ticket_text("My xc-200 shows e029", "XC-200", "E029") == "My xc-200 shows e029 XC-200 E029"
    assert ticket_text("It stops", "XC-200", None) == "It stops XC-200"
