"""Decides what happens with a remedy: publish, let a person review it, ask the customer, or escalate.

Rules come first, because some things no probability may override: instructions smuggled in, an unknown code,
a claim that its own quote contradicts. What is left is published when its calibrated confidence is high.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rimedio.answering.calibration import Logistic, shipped
from rimedio.answering.case import AnswerCase
from rimedio.answering.contradiction import Contradiction, contradictions
from rimedio.answering.existence import unspoken
from rimedio.answering.outcomes import ground, question
from rimedio.answering.relevance import relevance
from rimedio.answering.vagueness import vagueness
from rimedio.domain.answer import Decision, Outcome, Verdict
from rimedio.domain.ground import Ground
from rimedio.domain.knowledge import DocType, Passage

INJECTION = "injection"  # notes of earlier steps, as the workflow writes them
DANGEROUS = "dangerous-request"
CATEGORY_UNKNOWN = "category-unknown"
CATEGORY_UNCERTAIN = "category-uncertain"

FEATURES = (
    "groundedness",
    "coverage",
    "relevance",
    "code_match",
    "term_coverage",
    "known_terms",
    "cosine",
    "lead",
    "one_document",
    "sentences",
    "weak",
    "specific",
)
_CHOICES_MAX = 3
_FEW_TERMS = 3
_SUBJECT_CLEAR = 0.8  # relevance from which passages tell the subject better than a category
_MANY_SECTIONS = 3
_NEAR_SCORE = 0.8  # of the best passage's score
_REFUSED = frozenset({Verdict.REFUTED, Verdict.UNQUOTED})


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """What a tenant demands before anything is sent without a person. All thresholds are 0..1."""

    groundedness_min: float = 0.75
    confidence_min: float = 0.70
    citations_min: int = 1
    relevance_min: float = 0.15  # below: the passages do not answer, whatever was drafted from them
    grounded_only: bool = True  # a refused claim sends the remedy to a person
    safe_instructions: bool = True  # so does a dangerous step
    review_unknown_category: bool = True  # unless a code or the passages say what it is about
    questions_max: int = 2  # how often a customer is asked before a person takes over


@dataclass(frozen=True)
class Gate:
    """Decides by a policy and two fitted models; the shipped ones when none are given."""

    policy: DecisionPolicy = DecisionPolicy()
    confidence: Logistic | None = None
    relevance: Logistic | None = None

    def decide(self, case: AnswerCase) -> Decision:
        """The outcome with its reasons, in the draft's language."""
        return decide(case, self.policy, confidence=self.confidence, relevant=self.relevance)


def decide(
    case: AnswerCase,
    policy: DecisionPolicy | None = None,
    *,
    confidence: Logistic | None = None,
    relevant: Logistic | None = None,
) -> Decision:
    """Outcome of `case` under `policy`, with the calibrated probability that the remedy is right."""
    rules = policy or DecisionPolicy()
    model = confidence or shipped("confidence")
    features = evidence(case, relevant, usual_cosine=model.usual("cosine"))
    answered = bool(case.draft.sentences)
    sure = model.probability(features) if answered else 0.0
    judged = _Judged(case, rules, features, round(sure, 4), case.draft.language)
    for look in (_attacked, _undocumented, _vague, _unanswered, _unspoken, _doubtful):
        decision = look(judged)
        if decision is not None:
            return decision
    reasons = [ground(Ground.GROUNDED, judged.language, _two(features["groundedness"]), _two(sure))]
    if CATEGORY_UNCERTAIN in case.flags:
        reasons.append(ground(Ground.CATEGORY_UNCERTAIN, judged.language))
    return judged.decision(Outcome.PUBLISH, *reasons)


def evidence(
    case: AnswerCase, relevant: Logistic | None = None, *, usual_cosine: float = 0.0
) -> Mapping[str, float]:
    """What speaks for and against the remedy, by name (FEATURES), each 0..1.

    Passages without a vector (not embedded yet, or no embedder) say nothing about meaning, neither for nor
    against: `usual_cosine` stands for what they do not say.
    """
    asked = case.question
    passages = case.retrieved.passages
    cited = _cited(case)
    claims = case.verification.claims
    lead = _lead(passages)
    said = vagueness(asked.text, asked.language, named=(*asked.product_models, *asked.codes))
    return {
        "groundedness": case.verification.groundedness,
        "coverage": case.verification.citation_coverage,
        "relevance": relevance(
            asked.text, passages, asked.language, unknown_codes=asked.unknown_codes, model=relevant
        ),
        "code_match": float(any(p.signals.code_match for p in cited)),
        "term_coverage": max((p.signals.term_coverage for p in cited), default=0.0),
        "known_terms": case.retrieved.known_terms,
        "cosine": max(
            (p.signals.cosine for p in cited if p.signals.cosine is not None), default=usual_cosine
        ),
        "lead": lead,
        "one_document": float(len({p.chunk.document_id for p in cited}) == 1),
        "sentences": min(1.0, len(claims) / 10),
        "weak": sum(c.verdict is Verdict.WEAK for c in claims) / max(1, len(claims)),
        "specific": min(1.0, said.terms / 8),
    }


@dataclass(frozen=True)
class _Judged:
    case: AnswerCase
    policy: DecisionPolicy
    features: Mapping[str, float]
    confidence: float
    language: str

    def decision(self, outcome: Outcome, *reasons: str, ask: str | None = None) -> Decision:
        rounded = {name: round(value, 4) for name, value in self.features.items()}
        return Decision(outcome, self.confidence, reasons, ask, rounded)


def _attacked(judged: _Judged) -> Decision | None:
    """Injected instructions: a person sees what there is."""
    if not any(flag.startswith(INJECTION) for flag in judged.case.flags):
        return None
    outcome = Outcome.REVIEW if judged.case.draft.sentences else Outcome.ESCALATE
    return judged.decision(outcome, ground(Ground.INJECTION, judged.language))


def _undocumented(judged: _Judged) -> Decision | None:
    """A code that no document defines is never answered by its neighbours."""
    asked = judged.case.question
    if not asked.unknown_codes or set(asked.codes) - set(asked.unknown_codes):
        return None
    reason = ground(Ground.UNKNOWN_CODE, judged.language, ", ".join(asked.unknown_codes))
    return judged.decision(Outcome.ESCALATE, reason)


def _vague(judged: _Judged) -> Decision | None:
    """Too little to look up, or a few words that fit many sections: ask, unless that was done often enough.

    Who tells of a danger is not asked for the model: a person comes first.
    """
    asked = judged.case.question
    if asked.codes or DANGEROUS in judged.case.flags:
        return None
    said = vagueness(asked.text, asked.language, named=asked.product_models)
    if not said.is_vague and not _fits_many(judged, said.terms):
        return None
    if judged.case.asked >= judged.policy.questions_max:
        reason = ground(Ground.ASKED_ENOUGH, judged.language, str(judged.case.asked))
        return judged.decision(Outcome.ESCALATE, reason)
    return judged.decision(
        Outcome.ASK, ground(Ground.VAGUE, judged.language), ask=clarifying_question(judged.case)
    )


def _fits_many(judged: _Judged, terms: int) -> bool:
    """Whether a short request is as near to one section as to several others."""
    if terms > _FEW_TERMS or judged.confidence >= judged.policy.confidence_min:
        return False
    passages = judged.case.retrieved.passages
    near = {p.chunk.section for p in passages if p.score >= _NEAR_SCORE * passages[0].score}
    return len(near) >= _MANY_SECTIONS


def _unanswered(judged: _Judged) -> Decision | None:
    """No sentence could be cited, or what was found does not answer."""
    code_found = any(p.signals.code_match for p in judged.case.retrieved.passages)
    relevant = judged.features["relevance"] >= judged.policy.relevance_min and not judged.case.question.codes
    found = code_found or relevant  # a code that is asked for is answered where it is defined, or nowhere
    if judged.case.draft.sentences and found:
        return None
    return judged.decision(Outcome.ESCALATE, ground(Ground.NOT_IN_DOCUMENTATION, judged.language))


def _unspoken(judged: _Judged) -> Decision | None:
    """What is cited does not speak of the thing that is asked for: true sentences, but no answer."""
    if not unspoken(judged.case):
        return None
    return judged.decision(Outcome.ESCALATE, ground(Ground.NOT_IN_DOCUMENTATION, judged.language))


def _doubtful(judged: _Judged) -> Decision | None:
    """Everything that a person should look at first, all reasons at once."""
    reasons = [*_half_known(judged), *_unproven(judged), *_dangerous(judged), *_disputed(judged)]
    if judged.confidence < judged.policy.confidence_min:
        wanted = _two(judged.policy.confidence_min)
        reasons.append(ground(Ground.LOW_CONFIDENCE, judged.language, _two(judged.confidence), wanted))
    return judged.decision(Outcome.REVIEW, *reasons) if reasons else None


def _half_known(judged: _Judged) -> list[str]:
    """A remedy for one of two codes says nothing of the other, which no document defines. A number alone is
    rather a value than a code of its own, and so is what stands behind a code ("E012.2")."""
    asked = judged.case.question
    known = set(asked.codes) - set(asked.unknown_codes)
    unknown = [c for c in asked.unknown_codes if not c.isdigit() and c.partition("/")[0] not in known]
    return [ground(Ground.UNKNOWN_CODE, judged.language, ", ".join(unknown))] if unknown else []


def _unproven(judged: _Judged) -> list[str]:
    case, policy, language = judged.case, judged.policy, judged.language
    reasons = []
    refused = sum(c.verdict in _REFUSED for c in case.verification.claims)
    if refused and policy.grounded_only:
        reasons.append(ground(Ground.CLAIM_REFUSED, language, str(refused)))
    grounded = case.verification.groundedness
    if grounded < policy.groundedness_min:
        wanted = _two(policy.groundedness_min)
        reasons.append(ground(Ground.LOW_GROUNDEDNESS, language, _two(grounded), wanted))
    citations = len({c.citation_id for c in case.verification.claims if c.verdict not in _REFUSED})
    if citations < policy.citations_min:
        reasons.append(ground(Ground.TOO_FEW_CITATIONS, language, str(citations), str(policy.citations_min)))
    return reasons


def _dangerous(judged: _Judged) -> list[str]:
    if not judged.policy.safe_instructions:
        return []
    reasons = [ground(Ground.UNSAFE_STEP, judged.language, f.message) for f in judged.case.safety_flags]
    if DANGEROUS in judged.case.flags:
        reasons.append(ground(Ground.DANGEROUS_REQUEST, judged.language))
    return reasons


def _disputed(judged: _Judged) -> list[str]:
    """Contradicting documents and an unknown category. A bulletin that corrects a manual is no dispute."""
    chunks = [p.chunk for p in judged.case.context.passages]
    bulletins = {c.source_title for c in chunks if c.doc_type is DocType.BULLETIN}
    reasons = [
        ground(Ground.DOCUMENTS_DISAGREE, judged.language, found.text)
        for found in contradictions(judged.case.draft, chunks)
        if not _is_correction(found, bulletins)
    ]
    if _subject_unclear(judged) and judged.policy.review_unknown_category:
        reasons.append(ground(Ground.CATEGORY_UNKNOWN, judged.language))
    return reasons


def _subject_unclear(judged: _Judged) -> bool:
    """Whether neither the classifier, nor an exact code, nor passages to the point say what it is about."""
    code_found = any(p.signals.code_match for p in judged.case.retrieved.passages)
    clear = code_found or judged.features["relevance"] >= _SUBJECT_CLEAR
    return CATEGORY_UNKNOWN in judged.case.flags and not clear


def _is_correction(found: Contradiction, bulletins: set[str]) -> bool:
    """Whether the draft follows a bulletin against what that bulletin corrects."""
    return found.follows_newer and found.cited in bulletins and found.other not in bulletins


def clarifying_question(case: AnswerCase) -> str:
    """What to ask, in the language of the question: what is missing, and headings to choose from."""
    asked = case.question
    wanted = ["code"] if not asked.codes else []
    if not asked.product_models:
        wanted.append("model")
    wanted.append("when")
    said = vagueness(asked.text, asked.language, named=(*asked.product_models, *asked.codes))
    headings: dict[str, None] = {}
    if said.terms:
        for passage in case.retrieved.passages:
            if passage.chunk.section and passage.chunk.language == asked.language:
                headings.setdefault(passage.chunk.section[-1])
    choices = tuple(headings)[:_CHOICES_MAX]
    return question(asked.language, tuple(wanted), choices if len(choices) > 1 else ())


def _cited(case: AnswerCase) -> list[Passage]:
    entries = (case.context.entry(i) for i in {s.passage for s in case.draft.sentences})
    return [e.passage for e in entries if e is not None]


def _lead(passages: tuple[Passage, ...]) -> float:
    """How far the best passage stands before the next of another section, 0..1 of its own score."""
    if not passages or passages[0].score <= 0:
        return 0.0
    first = passages[0]
    others = [p.score for p in passages[1:] if p.chunk.section != first.chunk.section]
    return float(np.clip(1 - max(others, default=0.0) / first.score, 0, 1))


def _two(value: float) -> str:
    return f"{value:.2f}"
