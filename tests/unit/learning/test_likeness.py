"""Questions that ask the same are known by their words in either language, and by their codes."""

from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.learning.likeness import Likeness, Worded, top_words

LIKENESS = Likeness()


def same(one: Worded, other: Worded) -> bool:
    return LIKENESS.same(one, other) > 0


def test_other_words_for_the_same_thing_are_the_same() -> None:
    asked = Worded("How do I integrate the smart meter of the building?", "en", "XC-200")
    assert same(asked, Worded("Can the smart meter of our building be integrated?", "en", "XC-200"))
    assert not same(asked, Worded("How do I paint the front cover?", "en", "XC-200"))


def test_words_that_many_questions_share_weigh_little() -> None:
    asked = Worded("How do I connect the heat pump to the solar inverter?", "en", "TP-8")
    other = Worded("How do I clean the heat pump before the winter season?", "en", "TP-8")
    common = {"en:heat", "en:pump"}
    weighed = Likeness(rarity=lambda forms: 0.1 if common & forms else 1.0)
    assert weighed.same(asked, other) == 0.0
    assert weighed.same(asked, Worded("Connect the heat pump and the solar inverter", "en", "TP-8")) > 0.5


def test_a_code_decides_by_itself_but_not_across_products() -> None:
    asked = Worded("E399 on the display", "en", "XC-200", "E399")
    assert same(asked, Worded("La colonnina è ferma dopo il temporale", "it", "XC-200", "e399"))
    assert not same(asked, Worded("E399 on the display", "en", "TP-8", "E399"))
    assert not same(asked, Worded("E399 on the display", "en", "XC-200", "E398"))
    assert not same(asked, Worded("E399 on the display", "en", "XC-200"))


def test_the_model_named_in_both_is_not_what_they_ask() -> None:
    one = Worded("XC-200 firmware update", "en", "XC-200")
    assert not same(one, Worded("XC-200 dimensions", "en", "XC-200"))


def test_meaning_joins_what_words_alone_would_not() -> None:
    embedder = FakeEmbedder()
    one, other = Worded("loud fan noise", "en"), Worded("loud fan noise today", "en")
    assert Likeness(embedder).same(one, other) > 0
    assert Likeness(embedder).same(one, Worded("painting colours", "en")) == 0.0


def test_terms_are_the_words_most_texts_share() -> None:
    texts = ["The smart meter is silent", "Smart meter integration", "Integration of a meter"]
    assert top_words(texts, "en", 2) == ("meter", "smart")
