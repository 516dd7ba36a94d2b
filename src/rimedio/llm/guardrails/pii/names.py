"""Names that the ticket's own fields give, found in every form in which people write them."""

import re
from collections.abc import Iterable, Iterator

from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.fold import fold
from rimedio.llm.guardrails.pii.lexicon import word_list

_BEFORE_COLOUR = re.compile(
    r"(?:leds?|spi[ae]|luc[ie]|lampad[ae]|fil[oi]|cav[oi]|conduttor[ei]|pulsant[ei]|morsett[oi]|lights?|wires?|cables?)\s+$",
    re.IGNORECASE,
)
_BEFORE_PERSON = re.compile(
    r"(?<!\w)(?:sig|signor|signora|con|da|di|mr|mrs|ms|by|from|with)\.?\s+$", re.IGNORECASE
)
_AFTER_PERSON = re.compile(
    r"\s+(?:ha|hanno|dice|chiede|vuole|chiama|says|said|has|called|asks|wants)(?!\w)", re.IGNORECASE
)
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
NAMES_MAX = 50


class GivenNames:
    """Finds the names of one ticket: whole, first name alone, surname alone; any case, with or without accents."""

    def __init__(self, names: Iterable[str]) -> None:
        forms: set[str] = set()
        for name in list(names)[:NAMES_MAX]:
            forms |= _forms(name)
        ordered = sorted(forms, key=len, reverse=True)
        body = "|".join(re.escape(form).replace(r"\ ", r"[\s.,]{1,3}") for form in ordered)
        self._telling = tuple(form for form in ordered if " " not in form)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{body})(?![^\W_])") if ordered else None

    def find(self, text: str) -> Iterator[Span]:
        """Occurrences of the names in `text`."""
        if self._pattern is None:
            return
        folded = fold(text)
        if not any(form in folded for form in self._telling):
            return
        for match in self._pattern.finditer(folded):
            if match[0] not in word_list("word_names") or _is_name_here(text, *match.span()):
                yield Span(EntityKind.PERSON, match.start(), match.end())


def _forms(name: str) -> set[str]:
    """Folded forms of a name: whole, turned round ("Rossi Mario"), and each part that identifies somebody."""
    parts = [match[0] for match in _TOKEN.finditer(fold(name))]
    telling = [p for p in parts if len(p) >= 3 and p not in word_list("company_words")]
    if not telling:
        return set()
    forms = {*telling, " ".join(parts)}
    if len(parts) == 2:
        forms.add(" ".join(reversed(parts)))
    # Nicolò is typed Nicolo' where the keyboard has no accent; "d'Angelo" also without its apostrophe.
    forms |= {f"{p}'" for p in telling if p[-1] in "aeiou"} | {
        p.replace("'", " ") for p in telling if "'" in p
    }
    return forms


def _is_name_here(text: str, start: int, end: int) -> bool:
    """Whether a word such as "rossi" is a name where it stands: capital letter, or the grammar of a person."""
    if _BEFORE_COLOUR.search(text, max(0, start - 20), start):
        return False
    person = _BEFORE_PERSON.search(text, max(0, start - 14), start) or _AFTER_PERSON.match(text, end)
    return text[start].isupper() or person is not None
