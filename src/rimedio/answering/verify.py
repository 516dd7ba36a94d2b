"""Checks every sentence of a draft against the passage it cites, before anybody sees it.

For each sentence, in this order: the cited passage exists; the quote is literally in it and long enough to
prove something; numbers, units, codes and polarity agree; the quote supports the whole sentence. The first
thing that fails sets the verdict. Code decides; a model's judgement can only be added to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rimedio.answering.cite import citation_ids
from rimedio.answering.context import Context
from rimedio.answering.verification.agreement import Evidence, disagreements
from rimedio.answering.verification.measure import Embed
from rimedio.answering.verification.quote import Span, find_quote, is_trivial, same_words
from rimedio.answering.verification.reasons import Doubt, reason
from rimedio.answering.verification.support import LITERAL, SupportModel, shipped
from rimedio.domain.answer import Claim, Draft, DraftSentence, Verdict, Verification
from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.language import detect_language

SUPPORTED_MIN = 0.5  # calibrated: more likely supported than not
REFUTED_MAX = 0.02  # support of a claim that its own quote contradicts
WEAK_MAX = 0.49  # support of a claim whose number or code stands in the passage, but not in the quote


def verify_groundedness(
    draft: Draft,
    passages: Sequence[Chunk],
    *,
    embed: Embed | None = None,
    model: SupportModel | None = None,
) -> Verification:
    """Verdict and support for each sentence of `draft`; index n of a sentence is `passages[n - 1]`.

    Groundedness is the mean support, coverage the share of sentences with a literal quote; both are 0 for a
    draft without sentences. With `embed`, meaning counts beside words.
    """
    judge = _Judge(draft.language, passages, citation_ids(draft), embed, model)
    claims = tuple(
        judge.check(number, sentence)
        for number, step in enumerate(draft.steps, 1)
        for sentence in step.sentences
    )
    count = max(1, len(claims))
    quoted = sum(c.verdict is not Verdict.UNQUOTED for c in claims)
    return Verification(claims, round(sum(c.support for c in claims) / count, 4), round(quoted / count, 4))


@dataclass(frozen=True, slots=True)
class _Finding:
    verdict: Verdict
    support: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroundednessVerifier:
    """Verifies drafts against their context; meaning counts beside words where an embedder is given."""

    embedder: Embedder | None = None
    model: SupportModel | None = None

    def verify(self, draft: Draft, context: Context) -> Verification:
        """One claim for each sentence, in order."""
        embed = self.embedder.embed_passages if self.embedder else None
        chunks = [entry.passage.chunk for entry in context.entries]
        return verify_groundedness(draft, chunks, embed=embed, model=self.model)


class _Judge:
    """Checks the sentences of one draft."""

    def __init__(
        self,
        language: str,
        passages: Sequence[Chunk],
        ids: Mapping[int, str],
        embed: Embed | None,
        model: SupportModel | None,
    ) -> None:
        self._language = language
        self._passages = passages
        self._ids = ids
        self._embed = embed
        self._model = model

    def check(self, step: int, sentence: DraftSentence) -> Claim:
        """The claim that `sentence` makes, with its verdict."""
        if not 1 <= sentence.passage <= len(self._passages):
            why = reason(Doubt.NO_PASSAGE, self._language, claim=str(sentence.passage))
            return Claim(step, sentence.text, None, sentence.quote, Verdict.UNQUOTED, 0.0, (why,))
        chunk = self._passages[sentence.passage - 1]
        span = find_quote(sentence.quote, chunk.text)
        doubt = self._unproven(sentence, span)
        if doubt is not None or span is None:
            why = reason(doubt or Doubt.QUOTE_NOT_FOUND, self._language)
            return self._claim(step, sentence, _Finding(Verdict.UNQUOTED, 0.0, (why,)), span)
        return self._compare(step, sentence, chunk, span)

    def _unproven(self, sentence: DraftSentence, span: Span | None) -> Doubt | None:
        if not sentence.quote.strip():
            return Doubt.NO_QUOTE
        if span is None:
            return Doubt.QUOTE_NOT_FOUND
        if is_trivial(sentence.quote, self._language) and not same_words(sentence.text, sentence.quote):
            return Doubt.QUOTE_TRIVIAL
        return None

    def _compare(self, step: int, sentence: DraftSentence, chunk: Chunk, span: Span) -> Claim:
        if same_words(sentence.text, sentence.quote):
            return self._claim(step, sentence, _Finding(Verdict.SUPPORTED, LITERAL, ()), span)
        quote_language = detect_language(sentence.quote, chunk.language)
        claim_language = detect_language(sentence.text, self._language)
        heading = " ".join((chunk.source_title, *chunk.section, *chunk.product_models))
        evidence = Evidence(
            chunk.text[span.start : span.end], heading, chunk.text, chunk.error_codes, quote_language
        )
        found = disagreements(sentence.text, claim_language, evidence)
        reasons = tuple(reason(d.doubt, self._language, claim=d.claim, quote=d.quote) for d in found)
        if any(d.refutes for d in found):
            return self._claim(step, sentence, _Finding(Verdict.REFUTED, REFUTED_MAX, reasons), span)
        model = self._model or shipped()
        text = f"{heading}\n{evidence.quote}"
        support = model.probability(sentence.text, text, quote_language, self._embed)
        if found:
            return self._claim(step, sentence, _Finding(Verdict.WEAK, min(support, WEAK_MAX), reasons), span)
        if support < SUPPORTED_MIN:
            why = reason(Doubt.SAYS_MORE, self._language)
            return self._claim(step, sentence, _Finding(Verdict.WEAK, support, (why,)), span)
        return self._claim(step, sentence, _Finding(Verdict.SUPPORTED, support, ()), span)

    def _claim(
        self,
        step: int,
        sentence: DraftSentence,
        finding: _Finding,
        span: Span | None,
    ) -> Claim:
        return Claim(
            step=step,
            text=sentence.text,
            citation_id=self._ids.get(sentence.passage),
            quote=sentence.quote,
            verdict=finding.verdict,
            support=round(finding.support, 4),
            reasons=finding.reasons,
            quote_start=span.start if span else None,
            quote_end=span.end if span else None,
        )
