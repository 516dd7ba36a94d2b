"""Rimedio's prompt for a second opinion on a ticket's category: the laptop has none, and says so.

At home the one classifier there is has spoken already. To ask it again would look like agreement (measured on the
demo: two remedies would go out that a person should see), so the answer is UNKNOWN, as of any model that is unsure.
"""

import re
from typing import Any

from rimedio.classification.predict import UNKNOWN

_TICKET = re.compile(r"<(ticket-[0-9a-f]{8})[^>\n]*>\n(.*?)\n</\1>", re.DOTALL)
_LABEL = re.compile(r"^[A-Z][A-Z0-9_]*$", re.MULTILINE)


def opinion_of(asked: str) -> dict[str, Any] | None:
    """Category, confidence and reason; None when the prompt asks for no category."""
    ticket = _TICKET.search(asked)
    if ticket is None or not _LABEL.search(asked[: ticket.start()]):
        return None
    reason = "the laptop has one classifier, which is no second opinion on itself"
    return {"category": UNKNOWN, "confidence": 0.0, "reason": reason}
