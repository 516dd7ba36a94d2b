"""What is asked, after the ticket was read: text, language, codes, product models."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the documentation. `codes` are canonical ("E029", "042", "E407/01")."""

    text: str
    language: str  # ISO 639-1 of the answer's frame: "it", "en"
    codes: tuple[str, ...] = ()
    product_models: tuple[str, ...] = ()
