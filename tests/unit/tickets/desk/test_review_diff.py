"""What an edit changed."""

from hypothesis import given
from hypothesis import strategies as st

from rimedio.domain.review import Change
from rimedio.tickets.desk.review_diff import PlacedSentence, sentence_diff, share_changed

sentences = st.lists(
    st.builds(PlacedSentence, st.sampled_from(["a b c", "a b d", "e f", "g"]), st.integers(1, 3)), max_size=6
)


def placed(*texts: str) -> list[PlacedSentence]:
    return [PlacedSentence(text, 1) for text in texts]


def test_a_sentence_that_keeps_some_words_is_changed_else_exchanged() -> None:
    (change,) = sentence_diff(placed("replace the old filter"), placed("replace the new filter"))
    assert change.op is Change.CHANGED
    ops = [c.op for c in sentence_diff(placed("replace the filter"), placed("call us"))]
    assert ops == [Change.REMOVED, Change.ADDED]


def test_what_stays_comes_between_what_changes() -> None:
    found = sentence_diff(placed("one two", "three"), placed("one two", "new words", "three"))
    assert [(c.op, c.after) for c in found] == [
        (Change.SAME, "one two"),
        (Change.ADDED, "new words"),
        (Change.SAME, "three"),
    ]


@given(sentences, sentences)
def test_each_side_can_be_read_off_the_diff(
    before: list[PlacedSentence], after: list[PlacedSentence]
) -> None:
    found = sentence_diff(before, after)
    assert [c.before for c in found if c.before is not None] == [s.text for s in before]
    assert [c.after for c in found if c.after is not None] == [s.text for s in after]
    assert all((c.before == c.after) == (c.op is Change.SAME) for c in found)


def test_the_share_of_words_changed_is_between_none_and_all() -> None:
    assert share_changed("a b c", "a b c") == 0
    assert share_changed("a b", "c d") == 1
    assert share_changed("", "") == 0
    assert share_changed("a b c d", "a b c x") == 0.25
