"""Rimedio's prompt for a ticket's category, answered by the data folder's own classifier."""

import re
from typing import Any

from rimedio.bedrock_local.models import Classify
from rimedio.classification.predict import UNKNOWN

_TICKET = re.compile(r"<(ticket-[0-9a-f]{8})[^>\n]*>\n(.*?)\n</\1>", re.DOTALL)
_LABEL = re.compile(r"^[A-Z][A-Z0-9_]*$", re.MULTILINE)


def opinion_of(asked: str, classify: Classify | None) -> dict[str, Any] | None:
    """Category, confidence and reason; None when the prompt asks for no category.

    Only categories of the prompt's list count: what the classifier gives to others is taken away.
    """
    ticket = _TICKET.search(asked)
    if ticket is None:
        return None
    labels = _LABEL.findall(asked[: ticket.start()])
    if not labels:
        return None
    if classify is None:
        return {"category": UNKNOWN, "confidence": 0.0, "reason": "no classifier was trained here"}
    for guess in classify(ticket[2]).top:
        if guess.label in labels:
            said = "the laptop's classifier says so"
            return {"category": guess.label, "confidence": round(guess.probability, 4), "reason": said}
    return {"category": UNKNOWN, "confidence": 0.0, "reason": "none of the categories fits"}
