"""E-mail addresses, also with the at sign written out to fool harvesters."""

import re
from collections.abc import Iterator

from rimedio.llm.guardrails.pii.entity import EntityKind, Span

# Lengths are those of RFC 5321; the look-behind keeps the search linear.
_ADDRESS = re.compile(
    r"(?<![\w.%+-])[\w.%+-]{1,64}(?:@|\s?[\[(]\s?(?:at|chiocciola)\s?[\])]\s?)"
    r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}(?![\w-])",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses in `text`."""
    if "@" not in text and "[" not in text and "(" not in text:
        return
    for match in _ADDRESS.finditer(text):
        lead = len(match[0]) - len(match[0].lstrip(".-%+"))
        yield Span(EntityKind.EMAIL, match.start() + lead, match.end())
