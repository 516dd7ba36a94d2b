"""What a question asks: its language, its content words, the codes and part numbers it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rimedio.domain.errors import InvalidInput
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.codes import canonical, find_codes, part_numbers
from rimedio.knowledge.index.facets import spelled
from rimedio.knowledge.index.port import Filters, KnowledgeIndex
from rimedio.knowledge.language import detect_language
from rimedio.knowledge.lexicon import asked_terms
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
    codes = _codes(query, text, index.known_codes(query.tenant_id), taxonomy)
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


def _codes(query: SearchQuery, text: str, defined: frozenset[str], taxonomy: Taxonomy) -> dict[str, bool]:
    """Canonical codes asked for, those given first, and whether some chunk defines them."""

    def is_known(code: str) -> bool:
        return spelled(code) in defined

    found: dict[str, bool] = {}
    for given in query.codes:
        read = find_codes(f"codice {given}", taxonomy, is_known)
        found |= {m.code: m.known for m in read} or {canonical(given): is_known(canonical(given))}
    return found | {m.code: m.known for m in find_codes(text, taxonomy, is_known)}
