"""Writers are tried in order, and the draft says so."""

import pytest

from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.question import Question
from rimedio.answering.writers import WriterChain
from rimedio.domain.errors import GenerationFailed, ModelUnavailable

QUESTION = Question("error E001", "en", ("E001",))


class Broken:
    def write(self, question, context):
        raise ModelUnavailable("the model sleeps")


def test_the_next_writer_writes_and_the_reason_is_recorded(chunk, context):
    found = context(chunk("E001\nAction: Close the door.", error_codes=("E001",)))

    draft = WriterChain([Broken(), ExtractiveWriter()]).write(QUESTION, found)

    assert draft.routing.provider == "extractive"
    assert draft.routing.fallback_used
    assert draft.routing.reason == "the model sleeps"
    assert draft.steps


def test_the_first_writer_leaves_no_fallback_behind(chunk, context):
    draft = WriterChain([ExtractiveWriter(), Broken()]).write(QUESTION, context())

    assert not draft.routing.fallback_used


def test_all_reasons_are_told_when_nobody_can_write(context):
    with pytest.raises(GenerationFailed, match=r"sleeps .* sleeps"):
        WriterChain([Broken(), Broken()]).write(QUESTION, context())


def test_an_empty_chain_is_refused():
    with pytest.raises(GenerationFailed, match="extractive"):
        WriterChain([])
