from rimedio.knowledge.proximity import Measure, rarity
from rimedio.knowledge.question import Question
from rimedio.knowledge.terms import QueryTerm


def asked(*words: str, frequencies: dict[str, int] | None = None) -> Question:
    terms = [QueryTerm(word, (word,)) for word in words]
    known = dict.fromkeys(words, 10) if frequencies is None else frequencies
    return Question("", "en", terms, (), (), (), known, 1000)


def test_neighbours_that_stay_neighbours_count_as_pairs() -> None:
    measure = Measure(asked("option", "group", "stop"))
    assert measure.proximity(["option", "group", "x", "x", "x", "stop"]).pairs == 0.5
    assert measure.proximity(["stop", "group", "option"]).pairs == 0.0
    assert measure.proximity(["option", "x", "group", "stop"]).pairs == 1.0


def test_words_far_apart_do_not_share_a_window() -> None:
    measure = Measure(asked("pump", "valve"))
    far = ["pump", *["x"] * 60, "valve"]
    assert measure.proximity(["pump", "valve"]).window == 1.0
    assert measure.proximity(far).window == 0.5


def test_a_rare_word_weighs_more_in_the_window() -> None:
    question = asked("pump", "zebra", frequencies={"pump": 900, "zebra": 1})
    assert Measure(question).proximity(["zebra"]).window > 0.8
    assert rarity(question)[1] > rarity(question)[0]


def test_words_the_index_does_not_know_are_left_out() -> None:
    measure = Measure(asked("pump", "zebra", frequencies={"pump": 5}))
    assert measure.proximity(["pump"]).window == 1.0


def test_a_question_of_one_word_or_none_has_no_pairs() -> None:
    assert Measure(asked("pump")).proximity(["pump", "pump"]).pairs == 0.0
    assert Measure(asked()).proximity(["pump"]).window == 0.0
