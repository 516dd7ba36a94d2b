"""Maps indices to citations and drafts to steps; a refused sentence or a false index never gets through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rimedio.answering.context import Context, ContextEntry
from rimedio.domain.answer import Citation, Claim, Draft, DraftStep, Step, Verdict, Verification

_SNIPPET_CHARS_MAX = 400
_REFUSED = frozenset({Verdict.REFUTED, Verdict.UNQUOTED})


@dataclass(frozen=True, slots=True)
class Trusted:
    """A draft whose every sentence points to a passage of the context, and what had to go for that."""

    draft: Draft
    dropped: tuple[str, ...] = ()  # texts of sentences whose index names no passage


def trusted(draft: Draft, context: Context) -> Trusted:
    """Drop sentences that cite an index the context does not have; a step left empty goes too."""
    steps: list[DraftStep] = []
    dropped: list[str] = []
    for step in draft.steps:
        kept = tuple(s for s in step.sentences if context.entry(s.passage) is not None)
        dropped += [s.text for s in step.sentences if context.entry(s.passage) is None]
        if kept:
            steps.append(replace(step, sentences=kept))
    return Trusted(replace(draft, steps=tuple(steps)), tuple(dropped))


def citation_ids(draft: Draft) -> Mapping[int, str]:
    """Citation id by passage index: "c1", "c2", … in order of first use."""
    order = dict.fromkeys(s.passage for s in draft.sentences)
    return {index: f"c{number}" for number, index in enumerate(order, 1)}


def citations_of(draft: Draft, context: Context) -> tuple[Citation, ...]:
    """One citation for each passage that the draft uses, its quotes as the snippet."""
    best = max((e.passage.score for e in context.entries), default=0.0)
    out: list[Citation] = []
    for index, name in citation_ids(draft).items():
        entry = context.entry(index)
        if entry is None:
            continue
        quotes = list(dict.fromkeys(s.quote for s in draft.sentences if s.passage == index))
        out.append(_citation(name, entry, quotes, best))
    return tuple(out)


def _citation(name: str, entry: ContextEntry, quotes: Sequence[str], best: float) -> Citation:
    chunk = entry.passage.chunk
    snippet = " … ".join(quotes)
    if len(snippet) > _SNIPPET_CHARS_MAX:
        snippet = snippet[: snippet.rfind(" ", 0, _SNIPPET_CHARS_MAX)] + " …"
    relevance = entry.passage.score / best if best > 0 else 0.0
    return Citation(
        id=name,
        chunk_id=chunk.chunk_id,
        source_uri=f"{chunk.source_uri}#page={chunk.page}" if chunk.page is not None else chunk.source_uri,
        source_title=chunk.source_title,
        source_type=chunk.doc_type,
        snippet=snippet,
        relevance_score=round(min(1.0, max(0.0, relevance)), 4),
        page=chunk.page,
        section=chunk.section,
    )


def steps_of(draft: Draft, verification: Verification) -> tuple[Step, ...]:
    """Steps to show: sentences whose claim was refused are left out, and steps that lose all of theirs."""
    ids = citation_ids(draft)
    refused = {(c.step, c.text) for c in verification.claims if c.verdict in _REFUSED}
    steps: list[Step] = []
    for number, step in enumerate(draft.steps, 1):
        kept = [s for s in step.sentences if (number, s.text) not in refused]
        if not kept:
            continue
        names = tuple(dict.fromkeys(ids[s.passage] for s in kept))
        steps.append(
            Step(
                order=len(steps) + 1,
                section=step.section,
                title=step.title,
                text="\n".join(s.text for s in kept),
                citation_ids=names,
                severity=step.severity,
                estimated_time_minutes=step.estimated_time_minutes,
                requires_tools=step.requires_tools,
                requires_parts=step.requires_parts,
            )
        )
    return tuple(steps)


def refused_claims(verification: Verification) -> tuple[Claim, ...]:
    """Claims that must not reach a customer."""
    return tuple(claim for claim in verification.claims if claim.verdict in _REFUSED)
