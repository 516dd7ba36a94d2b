"""What an operator made of a draft, checked again: each new sentence needs a passage that supports it.

A sentence that none supports is kept as the operator's own words: it has no citation and says so. Sentences
that were left as they were keep their claims.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rimedio.answering.sentences import split_sentences
from rimedio.answering.terms import asked_words, content_terms, coverage
from rimedio.answering.verify import verify_groundedness
from rimedio.domain.answer import (
    Claim,
    Draft,
    DraftSentence,
    DraftStep,
    Quality,
    SafetyFlag,
    Solution,
    Step,
    Verdict,
)
from rimedio.domain.clock import Ids
from rimedio.domain.knowledge import Chunk
from rimedio.tickets.desk.review_diff import PlacedSentence
from rimedio.tickets.live.sentences import REFUSED

OWN_WORDS = "OWN_WORDS: no cited passage supports this sentence; the reviewer wrote it"
QUOTES_TRIED_MAX = 8  # of each passage: those that share most words with the sentence
SPAN_SENTENCES_MAX = 2
SUPPORT_NEAR = 0.15  # so near to the best support, the shorter quote is the better proof

ReadChunks = Callable[[str, Sequence[str]], Mapping[str, Chunk]]
FindDangers = Callable[[str], tuple[SafetyFlag, ...]]


@dataclass(frozen=True, slots=True)
class EditSolution:
    """Makes the solution that an edit stands for."""

    chunks: ReadChunks
    dangers: FindDangers
    ids: Ids

    def __call__(self, tenant_id: str, draft: Solution, steps: Sequence[Step]) -> Solution:
        """The edited solution under an id of its own; the draft stays as it was."""
        found = self.chunks(tenant_id, [c.chunk_id for c in draft.citations])
        evidence = {c.id: found[c.chunk_id] for c in draft.citations if c.chunk_id in found}
        kept = _kept_claims(draft)
        claims: list[Claim] = []
        made: list[Step] = []
        for step in steps:
            checked = [
                _claim(draft, step, text, kept, evidence) for text in sentences_of(step.text, list(kept))
            ]
            if not checked:
                continue
            order = len(made) + 1
            claims += [replace(claim, step=order) for claim in checked]
            cited = tuple(dict.fromkeys(c.citation_id for c in checked if c.citation_id))
            text = "\n".join(c.text for c in checked)
            made.append(replace(step, order=order, text=text, citation_ids=cited))
        used = {claim.citation_id for claim in claims}
        return replace(
            draft,
            solution_id=self.ids.new("sol"),
            steps=tuple(made),
            claims=tuple(claims),
            citations=tuple(c for c in draft.citations if c.id in used),
            safety_flags=self.dangers("\n".join(step.text for step in made)),
            quality=_quality(claims, draft.quality),
        )


def placed(solution: Solution) -> list[PlacedSentence]:
    """The sentences of a solution with their steps, in reading order."""
    known = [claim.text for claim in solution.claims]
    return [
        PlacedSentence(text, step.order) for step in solution.steps for text in sentences_of(step.text, known)
    ]


def sentences_of(text: str, known: Sequence[str]) -> list[str]:
    """The sentences of a step: each line as it is where it is a known one, else cut at sentence ends."""
    out: list[str] = []
    rest = text.replace("\r\n", "\n")
    several = [k for k in known if "\n" in k]
    while rest.strip():
        rest = rest.lstrip("\n")
        whole = next((k for k in several if rest.startswith(k)), None)
        if whole is not None:
            out.append(whole)
            rest = rest[len(whole) :]
            continue
        line, _, rest = rest.partition("\n")
        if line in known:
            out.append(line)
        else:
            out += [span.of(line) for span in split_sentences(line)]
    return out


def _kept_claims(draft: Solution) -> dict[str, deque[Claim]]:
    kept: dict[str, deque[Claim]] = {}
    for claim in draft.claims:
        if claim.verdict not in REFUSED:
            kept.setdefault(claim.text, deque()).append(claim)
    return kept


def _claim(
    draft: Solution,
    step: Step,
    text: str,
    kept: Mapping[str, deque[Claim]],
    evidence: Mapping[str, Chunk],
) -> Claim:
    """The claim of a sentence: as before where it was left alone, else by the passages it may cite."""
    if kept.get(text):
        same = kept[text]
        return same[0] if len(same) == 1 else same.popleft()
    named = {name: evidence[name] for name in step.citation_ids if name in evidence}
    others = {name: chunk for name, chunk in evidence.items() if name not in named}
    for passages in (named, others):
        best = _supported(draft, step, text, passages)
        if best is not None and best.verdict is Verdict.SUPPORTED:
            return best
    tried = _supported(draft, step, text, named or others)
    doubts = tried.reasons if tried is not None and tried.verdict is Verdict.REFUTED else ()
    return Claim(step.order, text, None, "", Verdict.OPERATOR, 0.0, (OWN_WORDS, *doubts))


def _supported(draft: Solution, step: Step, text: str, passages: Mapping[str, Chunk]) -> Claim | None:
    """The best claim that a passage's own words allow; a refuted one where a passage says otherwise."""
    names = list(passages)
    tried = [
        (name, DraftSentence(text, place, quote))
        for place, name in enumerate(names, 1)
        for quote in _quotes(text, passages[name], draft.language)
    ]
    if not tried:
        return None
    whole = DraftStep(step.section, step.title, tuple(sentence for _, sentence in tried))
    verified = verify_groundedness(
        Draft(draft.language, (whole,), draft.routing), [passages[name] for name in names]
    )
    pairs = [
        replace(claim, citation_id=name) for claim, (name, _) in zip(verified.claims, tried, strict=True)
    ]
    supported = [claim for claim in pairs if claim.verdict is Verdict.SUPPORTED]
    if supported:
        best = max(claim.support for claim in supported)
        near = [claim for claim in supported if claim.support >= best - SUPPORT_NEAR]
        return min(near, key=lambda claim: len(claim.quote))
    return next((claim for claim in pairs if claim.verdict is Verdict.REFUTED), pairs[0])


def _quotes(text: str, chunk: Chunk, language: str) -> Iterator[str]:
    """Sentences of a passage, alone and with the next one, that hold most words of `text`, translated too."""
    spans = split_sentences(chunk.text)
    windows = [
        chunk.text[spans[at].start : spans[at + size - 1].end]
        for size in range(1, SPAN_SENTENCES_MAX + 1)
        for at in range(len(spans) - size + 1)
    ]
    words = asked_words(text, language, chunk.language)

    def shared(window: str) -> tuple[float, int]:
        return coverage(words, content_terms(window, chunk.language)), -len(window)

    yield from sorted(windows, key=shared, reverse=True)[:QUOTES_TRIED_MAX]


def _quality(claims: Sequence[Claim], before: Quality) -> Quality:
    """Own words count as not grounded; the calibrated confidence stays the draft's."""
    count = max(1, len(claims))
    grounded = sum(claim.support for claim in claims) / count
    cited = sum(claim.citation_id is not None for claim in claims) / count
    return Quality(round(grounded, 4), round(cited, 4), before.confidence)
