"""Sentences are found in a reply while it still grows, however it is cut into pieces."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimedio.domain.answer import DraftSentence, Section
from rimedio.tickets.live.draft_reader import DraftReader, HeardSentence

REPLY = json.dumps(
    {
        "steps": [
            {
                "section": "CAUSE",
                "title": "Why {it} \"stops\"",
                "sentences": [
                    {"text": "The filter {is} \\ \"clogged\".", "passage": 1, "quote": "filter is clogged"},
                    {"text": "Dust: città.", "passage": 2, "quote": "dust"},
                ],
            },
            {
                "section": "REMEDY",
                "title": "Do",
                "requires_tools": ["key"],
                "sentences": [{"text": "Replace it.", "passage": 1, "quote": "replace"}],
            },
        ]
    }
)  # fmt: skip
EXPECTED = [
    HeardSentence(1, Section.CAUSE, DraftSentence("The filter {is} \\ \"clogged\".", 1, "filter is clogged")),
    HeardSentence(1, Section.CAUSE, DraftSentence("Dust: città.", 2, "dust")),
    HeardSentence(2, Section.REMEDY, DraftSentence("Replace it.", 1, "replace")),
]  # fmt: skip


def heard(pieces: list[str]) -> list[HeardSentence]:
    found: list[HeardSentence] = []
    reader = DraftReader(found.append, found.clear)
    reader.begin()
    for piece in pieces:
        reader.hear(piece)
    return found


@given(st.lists(st.integers(0, len(REPLY)), max_size=20))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(REPLY)]
    assert heard([REPLY[a:b] for a, b in itertools.pairwise(places)]) == EXPECTED


def test_a_sentence_is_told_as_soon_as_its_object_is_closed() -> None:
    found: list[HeardSentence] = []
    reader = DraftReader(found.append, found.clear)
    reader.hear(REPLY[: REPLY.index("Dust")])
    assert found == EXPECTED[:1]


def test_talk_around_the_json_and_a_new_reply_do_not_confuse() -> None:
    found: list[HeardSentence] = []
    reader = DraftReader(found.append, found.clear)
    reader.hear('Here: {"steps": [{"section": "CAUSE", "sentences": [{"text": "bro')
    reader.begin()
    reader.hear(f"```json\n{REPLY}\n```")
    assert found == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "}}}}",
        "{{{{",
        '{"steps": [{"sentences": [{"text": 1}]}]}',
        "no JSON at all",
        '{"a": {"b": {"c": 1}}}',
    ],
)
def test_what_is_no_draft_tells_nothing(text: str) -> None:
    assert heard([text]) == []


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    heard([text])
