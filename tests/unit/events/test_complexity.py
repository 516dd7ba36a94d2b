"""Wildcards that one text can match at very many places are refused, as EventBridge refuses them."""

import pytest

from rimedio.events.complexity import too_complex
from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern


def _wild(*texts: str) -> list[dict[str, object]]:
    return [{"wildcard": text} for text in texts]


@pytest.mark.parametrize(
    "pattern",
    [
        {"arn": _wild("*:*:*:*:*:event-bus/*")},
        {"arn": _wild(*[f"*:stack/{name}/*" for name in "ABCD"])},
        {"key": _wild(*[f"*/images/*.{name}" for name in ("bif", "tif", "tiff", "svs")])},
        {"key": _wild("*" + "ab" * 12)},
        {"key": [{"anything-but": {"wildcard": [f"*:stack/{name}/*" for name in "ABCDE"]}}]},
        {"$or": [{"key": _wild("*:stack/A/*", "*:stack/B/*")}, {"key": _wild("*:stack/C/*", "*:stack/D/*")}]},
        {"a": ["x"], "detail": {"key": _wild("*:*:*:*:*:event-bus/*")}},
    ],
)
def test_too_many_places_at_once_are_refused(pattern: object) -> None:
    with pytest.raises(InvalidPattern, match="Rule is too complex - try using fewer wildcard characters"):
        Pattern.compile(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"key": _wild("/Users/*/dir/dir/dir/dir/dir/doc.txt")},
        {"arn": _wild(*[f"*:stack/{name}/*" for name in "ABC"])},
        {"key": _wild(*[f"*.{name}" for name in ("bif", "tif", "tiff", "svs")])},
        {"key": _wild(*[f"*/images/*.{name}" for name in ("bif", "tif")])},
        {"key": _wild("", "*", "é*à", "\\*\\\\*")},
        {"a": _wild("*:*:*:*:*"), "b": _wild("*:*:*:*:*")},
        {"$or": [{"a": ["1"], "b": _wild("*:*:*:*:*")}, {"a": ["2"], "b": _wild("*:*:*:*;*")}]},
        {"a": [{"prefix": "x"}, {"anything-but": {"suffix": "y"}}, 1, None]},
    ],
)
def test_fewer_are_taken(pattern: object) -> None:
    Pattern.compile(pattern)


def test_ten_beginnings_at_once_are_the_limit() -> None:
    assert not too_complex([("*aaaaaaaaa",)])  # of a long row of a: the star and nine beginnings
    assert too_complex([("*aaaaaaaaaa",)])


def test_a_long_wildcard_without_repetition_is_simple() -> None:
    assert not too_complex([("*" + "abcdefghij klmnop" * 1 + "x" * 8,)])
    assert not too_complex([("x" * 2000,)])


def test_a_stored_rule_is_not_stopped_by_a_limit_that_came_later() -> None:
    stored = Pattern.stored({"arn": _wild("*:*:*:*:*:event-bus/*")})
    assert stored.matches({"arn": "a:b:c:d:e:event-bus/f"})


def test_a_stored_pattern_that_is_no_longer_valid_matches_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not Pattern.stored({"ip": [{"cidr": "10.0.0.0/255.0.0.0"}]}).matches({"ip": "10.0.0.1"})
    assert "matches nothing until it is put again" in caplog.text


def test_a_pattern_to_keep_has_a_size() -> None:
    Pattern.admitted({"a": ["x" * 4000]})
    with pytest.raises(InvalidPattern, match="4096 are allowed"):
        Pattern.admitted({"a": ["x" * 4100]})
