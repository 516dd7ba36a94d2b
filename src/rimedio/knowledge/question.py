"""What a question asks: its language, its content words, the codes and part numbers it names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rimedio.domain.errors import InvalidInput
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.codes import canonical, find_codes, part_numbers
from rimedio.knowledge.index.facets import spelled
from rimedio.knowledge.index.port import Filters, KnowledgeIndex
from rimedio.knowledge.language import detect_language
from rimedio.knowledge.lexicon import asked_terms
from rimedio.knowledge.spoken_codes import spoken_codes
from rimedio.knowledge.terms import QueryTerm

CHARACTERS_MAX = 20_000
TERMS_MAX = 200  # distinct content words; what a ticket says beyond is a pasted log


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A question to the knowledge of one tenant. `codes` come beside the text, as a ticket's field."""

    tenant_id: str
    text: str
    codes: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 8
    language: str | None = None  # detected when unset


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it was understood against the tenant's index."""

    text: str
    language: str
    terms: Sequence[QueryTerm]
    known_codes: tuple[str, ...]  # asked for and defined by some chunk, canonical
    unknown_codes: tuple[str, ...]  # asked for and defined by none
    part_numbers: tuple[str, ...]
    frequencies: Mapping[str, int]  # chunks that hold a form of a term; unknown forms are absent
    chunks: int  # of the tenant

    def knows(self, term: QueryTerm) -> bool:
        """Whether the index holds this word in any form."""
        return any(form in self.frequencies for form in term.forms)

    def in_language(self, tag: str) -> Sequence[QueryTerm]:
        """The terms with their known forms in one language only; those without any are left out."""
        found = []
        for term in self.terms:
            forms = tuple(f for f in term.forms if f.startswith(f"{tag}:") and f in self.frequencies)
            if forms:
                found.append(QueryTerm(term.word, forms))
        return found

    @property
    def known_terms(self) -> float:
        """Share of the content words that the index knows, 0..1; 1 when there are none."""
        if not self.terms:
            return 1.0
        return sum(map(self.knows, self.terms)) / len(self.terms)


def read_question(query: SearchQuery, index: KnowledgeIndex, taxonomy: Taxonomy) -> Question:
    """Understand a query. Raises InvalidInput when it asks nothing."""
    text = query.text.strip()[:CHARACTERS_MAX]
    if not text and not query.codes:
        raise InvalidInput("The question is empty. Describe the problem, or give an error code.")
    language = query.language or detect_language(text)
    terms = asked_terms(text, language)[:TERMS_MAX]
    codes = _codes(query, text, index, taxonomy)
    return Question(
        text,
        language,
        terms,
        tuple(code for code, known in codes.items() if known),
        tuple(code for code, known in codes.items() if not known),
        part_numbers(text),
        index.term_frequencies(query.tenant_id, [form for term in terms for form in term.forms]),
        index.chunk_count(query.tenant_id),
    )


def _codes(query: SearchQuery, text: str, index: KnowledgeIndex, taxonomy: Taxonomy) -> dict[str, bool]:
    """Canonical codes asked for, those given first, and whether some chunk defines them."""
    defined = index.known_codes(query.tenant_id)

    def is_known(code: str) -> bool:
        return spelled(code) in defined

    found: dict[str, bool] = {}
    for given in query.codes:
        read = find_codes(f"codice {given}", taxonomy, is_known)
        found |= {m.code: m.known for m in read} or {canonical(given): is_known(canonical(given))}
    found |= {m.code: m.known for m in find_codes(text, taxonomy, is_known)}
    spoken = spoken_codes(text, taxonomy, is_known)
    named = any(found.values()) or any(m.known for m in spoken)
    for mention in spoken:
        if mention.known or not (named and mention.code.isdigit()):  # beside a code a number is a value
            found.setdefault(mention.code, mention.known)
    lettered = {code: _with_letter(code, query, index, defined) for code, known in found.items() if not known}
    return {lettered.get(code) or code: known or bool(lettered.get(code)) for code, known in found.items()}


def _with_letter(code: str, query: SearchQuery, index: KnowledgeIndex, defined: frozenset[str]) -> str | None:
    """The code that "error 30" leaves the letter out of, where the product has exactly one of that number.

    Where manuals number errors without letters, a number is what it says.
    """
    if not code.isdigit() or any(other.isdigit() for other in defined):
        return None
    number = int(code)
    if re.search(rf"\bErr[ .:-]{{0,2}}0*{number}\b", query.text, re.IGNORECASE):
        return None  # "Err 7" is what a display shows, not what somebody calls E007
    like = [c for c in sorted(defined) if re.fullmatch(rf"[A-Z]0*{number}", c)]
    if query.filters.product_models:
        like = [c for c in like if index.search_codes(query.tenant_id, (c,), query.filters, 1)]
    return like[0] if len(like) == 1 else None
