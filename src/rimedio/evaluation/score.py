"""Scores of the whole way on labelled tickets: retrieval, remedy, citations, outcome, refusals."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rimedio.domain.answer import Citation, Outcome, Solution
from rimedio.domain.knowledge import Chunk
from rimedio.evaluation.labelled import Gold, LabelledTicket

REFUSALS = frozenset({"unknown-code", "unanswerable"})


@dataclass(frozen=True, slots=True)
class Observed:
    """What the system did with one ticket. `found` are the passages' chunks, best first."""

    outcome: Outcome
    solution: Solution | None
    found: tuple[Chunk, ...]
    category: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Miss:
    """One thing that went wrong with one ticket, in words."""

    ticket: str
    measure: str
    detail: str


@dataclass
class Scores:
    """Each measure's hits over the rows it applies to, and every miss."""

    hits: dict[str, list[bool]] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)

    def note(self, measure: str, ticket: str, hit: bool, detail: str = "") -> None:
        """Count one judgement."""
        self.hits.setdefault(measure, []).append(hit)
        if not hit:
            self.misses.append(Miss(ticket, measure, detail))

    def figures(self) -> Mapping[str, float]:
        """Share of hits a measure, 0..1."""
        return {name: sum(hits) / len(hits) for name, hits in sorted(self.hits.items())}

    def rows(self) -> Mapping[str, int]:
        """On how many tickets each measure was taken."""
        return {name: len(hits) for name, hits in sorted(self.hits.items())}


def score(
    tickets: Iterable[LabelledTicket],
    observe: Callable[[LabelledTicket], Observed],
    text_of: Callable[[str], str | None],
) -> Scores:
    """Run `observe` on every ticket and judge it. `text_of` gives a chunk's stored text by its id."""
    scores = Scores()
    for ticket in tickets:
        judge(scores, ticket, observe(ticket), text_of)
    return scores


def judge(
    scores: Scores, ticket: LabelledTicket, seen: Observed, text_of: Callable[[str], str | None]
) -> None:
    """Add the judgements of one ticket."""
    expected, name = ticket.expected, ticket.id
    scores.note("outcome", name, seen.outcome in expected.outcome, _outcome_detail(ticket, seen))
    if expected.category and seen.category is not None:
        detail = f"{seen.category} instead of {expected.category}"
        scores.note("category", name, seen.category == expected.category, detail)
    if expected.gold and "injection" not in ticket.traits:
        _judge_retrieval(scores, ticket, seen.found)
    if ticket.traits & REFUSALS:
        published = seen.outcome is Outcome.PUBLISH
        scores.note("refused", name, not published, "published, though the documents hold no answer")
    if seen.solution and seen.solution.steps:
        _judge_remedy(scores, ticket, seen.solution, text_of)
    elif expected.must_quote and expected.outcome == (Outcome.PUBLISH,):
        scores.note("remedy", name, hit=False, detail="there is no remedy")


def _outcome_detail(ticket: LabelledTicket, seen: Observed) -> str:
    wanted = "/".join(ticket.expected.outcome)
    reasons = "; ".join(seen.solution.decision.reasons) if seen.solution else ""
    return f"{seen.outcome} instead of {wanted} ({reasons})"


def _judge_retrieval(scores: Scores, ticket: LabelledTicket, found: Sequence[Chunk]) -> None:
    place = next((n for n, c in enumerate(found, 1) if _is_gold(c, ticket.expected.gold)), 0)
    first = " > ".join(found[0].section[-2:]) if found else "nothing"
    scores.note("hit1", ticket.id, place == 1, f"first passage: {first}")
    scores.note("hit5", ticket.id, 1 <= place <= 5, f"gold at place {place or 'none'}")


def _judge_remedy(
    scores: Scores, ticket: LabelledTicket, solution: Solution, text_of: Callable[[str], str | None]
) -> None:
    expected, name = ticket.expected, ticket.id
    remedy = plain(" ".join((*(s.text for s in solution.steps), *(c.snippet for c in solution.citations))))
    if expected.must_quote:
        absent = [q for q in expected.must_quote if plain(q) not in remedy]
        scores.note("remedy", name, not absent, f"does not say: {absent}")
    if expected.must_not_quote:
        said = plain(" ".join((*(s.text for s in solution.steps), *solution.alternative_actions)))
        present = [q for q in expected.must_not_quote if plain(q) in said]
        scores.note("withheld", name, not present, f"says: {present}")
    loose = [c.text for c in solution.claims if not _stands(c.quote, c.citation_id, solution, text_of)]
    scores.note("citations_literal", name, not loose, f"not word for word in the source: {loose[:1]}")
    if expected.gold and solution.citations:
        wanted = (*expected.gold, *expected.also)
        cited = any(_cites(c, wanted, text_of(c.chunk_id) or "") for c in solution.citations)
        scores.note("citations_gold", name, cited, f"cites {[c.section[-1:] for c in solution.citations]}")


def _stands(
    quote: str, citation_id: str | None, solution: Solution, text_of: Callable[[str], str | None]
) -> bool:
    """Judged apart from the verifier: the quote's words, in order, in the stored chunk."""
    citation = next((c for c in solution.citations if c.id == citation_id), None)
    text = text_of(citation.chunk_id) if citation else None
    return bool(quote) and text is not None and plain(quote) in plain(text)


def _is_gold(chunk: Chunk, gold: Iterable[Gold]) -> bool:
    return any(
        chunk.source_uri.endswith(g.source)
        and (plain(g.section) in plain(" ".join((*chunk.section, chunk.text))) or _on_page(chunk, g))
        for g in gold
    )


def _on_page(chunk: Chunk, gold: Gold) -> bool:
    return gold.page is not None and (chunk.page or 0) <= gold.page <= (chunk.page_end or chunk.page or 0)


def _cites(citation: Citation, gold: Iterable[Gold], text: str) -> bool:
    return any(
        citation.source_uri.partition("#")[0].endswith(g.source)
        and (
            plain(g.section) in plain(" ".join((*citation.section, text)))
            or (g.page is not None and citation.page == g.page)
        )
        for g in gold
    )


def plain(text: str) -> str:
    """Letters and digits only, one space between words, no case: layout does not decide."""
    return " ".join(re.findall(r"\w+", text.casefold()))
