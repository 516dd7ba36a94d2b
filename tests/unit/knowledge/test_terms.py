from rimedio.knowledge.terms import index_terms, quantities, query_terms


def test_words_become_stems_of_their_language() -> None:
    assert index_terms("contactors connected", "en") == ["contactor", "connect"]
    assert index_terms("contattori collegati", "it") == ["contattor", "colleg"]


def test_stop_words_and_elided_articles_go() -> None:
    assert index_terms("l'errore della scheda", "it") == ["error", "sched"]
    assert index_terms("the error of a board", "en") == ["error", "board"]


def test_accents_make_no_difference() -> None:
    assert index_terms("velocità", "it") == index_terms("velocita", "it")


def test_part_numbers_stay_whole_with_their_parts_beside() -> None:
    assert index_terms("XC2-PSU-0420", "en") == ["xc2-psu-0420", "xc2", "psu", "0420"]
    assert index_terms("E407/01", "en") == ["e407/01", "e407", "01"]


def test_a_name_of_several_words_is_found_by_each() -> None:
    assert index_terms("CreateTable", "en") == ["createt", "creat", "tabl"]


def test_spellings_of_a_quantity_are_one_term() -> None:
    assert quantities("48 volt") == quantities("48 VDC") == quantities("48V") == ["48v"]
    assert quantities("3,5 A") == ["3.5a"]
    assert quantities("48 bananas, E 407, 2024-01-05") == []


def test_an_endless_run_of_characters_is_no_word() -> None:
    assert index_terms("x" * 500, "en") == []


def test_a_third_language_keeps_its_words() -> None:
    assert index_terms("Wärmepumpen", "de") == ["warmepumpen"]


def test_a_question_has_each_word_once_in_every_language() -> None:
    terms = query_terms("Lambda functions, lambda", ("en", "it"))
    assert [t.forms for t in terms] == [("lambda", "lambd"), ("function", "functions")]
