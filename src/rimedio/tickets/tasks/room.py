"""Keeps what tasks hand on within Step Functions' limit of 262,144 bytes a payload, with room.

The largest payload, the one of `decide`, holds the question, the passages found and the context built of them:
the shares below leave it a fifth free whatever the settings and the ticket. What is too long is cut or left
out from its end; the best stands first.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from collections.abc import Iterable
from dataclasses import replace

from rimedio.answering.context import Context, Dropped
from rimedio.domain.codec import dumps
from rimedio.domain.knowledge import Passage

QUESTION_BYTES_MAX = 20_000
ATTACHMENTS_BYTES_MAX = 60_000  # of all texts read out of a ticket's files
PASSAGES_BYTES_MAX = 45_000  # of what one search found
CONTEXT_BYTES_MAX = 80_000
BUDGET = "budget"


def cut_text(text: str, bytes_max: int) -> str:
    """The beginning of a text, as JSON no longer than so many bytes of UTF-8."""
    if len(text) * 6 <= bytes_max:  # a character takes six bytes at most, as an escape
        return text
    while (size := len(dumps(text).encode())) > bytes_max:
        text = text[: min(len(text) - 1, len(text) * bytes_max // size)]
    return text


def fitting_passages(passages: Iterable[Passage], bytes_max: int = PASSAGES_BYTES_MAX) -> tuple[Passage, ...]:
    """The best passages that fit; one that is too long by itself is left out."""
    kept: list[Passage] = []
    room = bytes_max
    for passage in passages:
        size = len(dumps(passage).encode())
        if size <= room:
            kept.append(passage)
            room -= size
    return tuple(kept)


def fitting_context(context: Context, bytes_max: int = CONTEXT_BYTES_MAX) -> Context:
    """The context without the last entries that do not fit; they are named as dropped."""
    room = bytes_max
    for place, entry in enumerate(context.entries):
        room -= len(dumps(entry).encode())
        if room < 0:
            kept, left_out = context.entries[:place], context.entries[place:]
            dropped = tuple(Dropped(e.passage.chunk.chunk_id, BUDGET) for e in left_out)
            tokens = sum(e.tokens for e in kept)
            return replace(context, entries=kept, tokens=tokens, dropped=(*context.dropped, *dropped))
    return context
