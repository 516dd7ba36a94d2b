"""What is asked of the documentation, and what was found for it."""

from dataclasses import dataclass

from rimedio.domain.knowledge import Passage


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the writers see it, personal data already out of `text`.

    `codes` are canonical ("E029", "042", "E407/01") and include those that no document defines: a question
    about an unknown code must find nothing, not the code's neighbour.
    """

    text: str
    language: str  # ISO 639-1 of the answer's frame: "it", "en"
    codes: tuple[str, ...] = ()
    product_models: tuple[str, ...] = ()
    unknown_codes: tuple[str, ...] = ()  # those of `codes` that no document defines


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages for a question, best first, with what following their references added at the end."""

    question: Question
    passages: tuple[Passage, ...]
    known_terms: float = 1.0  # share of the question's content words that the index knows, 0..1
