"""Pieces of files: ranges as RFC 9110 writes them, conditions, and what one answer may carry."""

import pytest

from rimedio.lambdas.failures import RequestRefused
from rimedio.lambdas.ranges import PIECE_BYTES_MAX, RangeHeaders, SentFile, sent, wanted_range
from rimedio.lambdas.replies import Download, Reply

CONTENT = bytes(range(200)) * 5
TAG = '"abc"'


def file_of(content: bytes = CONTENT) -> SentFile:
    return SentFile("manual.pdf", len(content), "abc", lambda start, end: content[start:end])


def answered(content: bytes = CONTENT, most: int | None = None, **headers: str) -> Reply[Download]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return sent(file_of(content), RangeHeaders.model_validate(named), most)


@pytest.mark.parametrize(
    ("header", "range_"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-499", (0, 500)),
        ("bytes=990-", (990, 1000)),
        ("bytes=990-5000", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("BYTES=1-2", (1, 3)),
        ("bytes= 1-2 , 5-6", (1, 3)),
        ("bytes=,1-2", (1, 3)),
        ("bytes=2000-, 5-6", (5, 7)),
    ],
)
def test_a_range_names_bytes_of_the_file(header: str, range_: tuple[int, int]) -> None:
    assert wanted_range(header, 1000) == range_


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1-2,x", "lines=1-2", "bytes=1-2;3", "bytes=+1-2"],
)  # fmt: skip
def test_what_is_no_range_is_ignored(header: str) -> None:
    assert wanted_range(header, 1000) is None
    assert answered(Range=header).status is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=5000-,-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        answered(Range=header)
    assert refused.value.status == 416
    assert refused.value.headers["Content-Range"] == "bytes */1000"


def test_a_piece_says_where_it_stands() -> None:
    reply = answered(Range="bytes=10-19")
    assert (reply.status, reply.value.content) == (206, CONTENT[10:20])
    assert reply.headers == {"ETag": TAG, "Accept-Ranges": "bytes", "Content-Range": "bytes 10-19/1000"}


def test_a_piece_is_never_larger_than_an_answer_of_lambda() -> None:
    content = b"x" * (PIECE_BYTES_MAX + 10)
    reply = answered(content, Range="bytes=0-")
    assert len(reply.value.content) == PIECE_BYTES_MAX
    assert reply.headers["Content-Range"] == f"bytes 0-{PIECE_BYTES_MAX - 1}/{len(content)}"
    rest = answered(content, Range=f"bytes={PIECE_BYTES_MAX}-")
    assert reply.value.content + rest.value.content == content


def test_without_a_range_the_whole_file_is_sent_or_the_way_to_it_is_told() -> None:
    assert answered().value.content == CONTENT
    assert answered(most=1000).status is None
    with pytest.raises(RequestRefused, match="Range: bytes=0-") as refused:
        answered(most=999)
    assert (refused.value.status, refused.value.headers["Accept-Ranges"]) == (413, "bytes")
    assert answered(most=999, Range="bytes=0-").status == 206


def test_an_empty_file_has_no_pieces() -> None:
    assert answered(b"", Range="bytes=0-").status is None


@pytest.mark.parametrize("tag", ['"other"', 'W/"abc"', "Sun, 01 Feb 2026 10:00:00 GMT", "abc"])
def test_a_piece_of_another_content_is_never_sent_for_if_range(tag: str) -> None:
    assert answered(Range="bytes=0-1", If_Range=TAG).status == 206
    assert answered(Range="bytes=0-1", If_Range=tag).value.content == CONTENT


def test_if_match_refuses_pieces_of_another_content() -> None:
    assert answered(Range="bytes=0-1", If_Match=f'"x", {TAG}').status == 206
    assert answered(If_Match="*").status is None
    for tag in ('"other"', f"W/{TAG}", ""):
        with pytest.raises(RequestRefused) as refused:
            answered(Range="bytes=0-1", If_Match=tag)
        assert refused.value.status == 412


def test_content_that_the_caller_has_is_not_sent_again() -> None:
    for tags in (TAG, f"W/{TAG}", f'"x", {TAG}', "*"):
        reply = answered(If_None_Match=tags, Range="bytes=5000-")
        assert (reply.status, reply.value.content) == (304, b"")
    assert answered(If_None_Match='"other"').status is None
