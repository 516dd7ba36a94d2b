"""What words and vectors say about whether a text supports a claim: the features of the support score."""

import math
import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rimedio.answering.verification.agreement import Evidence, disagreements
from rimedio.answering.verification.lexicon import NEGATIONS
from rimedio.answering.verification.reasons import Doubt
from rimedio.answering.verification.words import STOP, sentences, stem, words

Features = NDArray[np.float64]  # [len(NAMES)]
Embed = Callable[[Sequence[str]], NDArray[np.float32]]  # texts → unit vectors [n, dimensions]

WORD_NAMES = (
    "recall",
    "missing",
    "bigrams",
    "trigrams",
    "content_bigrams",
    "order1",
    "order3",
    "numbers_missing",
    "values_differ",
    "polarity_differs",
    "has_numbers",
    "names_missing",
    "names",
    "claim_words",
    "negation_differs",
    "hedged",
    "evidence_words",
)
VECTOR_NAMES = ("cosine", "cosine_top3", "cosine_pair", "projection")
NAMES = WORD_NAMES + VECTOR_NAMES

SENTENCE_CHARACTERS = 600  # of a sentence that is embedded
_VALUES = frozenset([Doubt.NUMBER_DIFFERS, Doubt.CODE_DIFFERS])
_ORDERED_WORDS_MAX = 200
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'-]+")
_HEDGES_WORDS = """
may can could might often some various several important generally typically puo possono spesso
alcuni diversi generalmente tipicamente
"""
_HEDGES = frozenset(_HEDGES_WORDS.split())


def features(claim: str, evidence: str, language: str, embed: Embed | None = None) -> Features:
    """Features of `claim` against `evidence`, in the order of NAMES; NaN for vectors without an embedder.

    Linear in the evidence: each sentence is cut and stemmed once.
    """
    parts = sentences(evidence) or [""]
    word_features = _word_features(claim, parts, language)
    vector_features = _vector_features(claim, parts, embed) if embed else [math.nan] * len(VECTOR_NAMES)
    return np.array(word_features + vector_features, dtype=np.float64)


def _word_features(claim: str, parts: Sequence[str], language: str) -> list[float]:
    stop = _stop_stems(language)
    claim_words = words(claim)
    ours = [stem(w, language) for w in claim_words]
    content = [stem(w, language) for w in claim_words if w not in STOP[language]]
    wanted = frozenset(content) or frozenset(ours) or frozenset({""})
    rows = [[stem(w, language) for w in words(p)] for p in parts]
    flat = [s for row in rows for s in row]
    vocabulary = frozenset(flat)
    hits = [wanted.intersection(row) for row in rows]
    best = max(range(len(rows)), key=lambda i: len(hits[i]))
    near = [s for row in rows[max(0, best - 1) : best + 2] for s in row]
    theirs = [s for s in flat if s not in stop]
    evidence = "\n".join(parts)
    numbers = set(_NUMBER.findall(claim))
    refuting = [
        d for d in disagreements(claim, language, Evidence(evidence, "", evidence, (), language)) if d.refutes
    ]
    names = {stem(w, language) for n in _NAME.findall(claim) for w in words(n)}
    return [
        len(wanted & vocabulary) / len(wanted),
        len(wanted - vocabulary) / 10,
        _shared_grams(ours, flat, 2),
        _shared_grams(ours, flat, 3),
        _shared_grams(content, theirs, 2),
        _ordered(ours, rows[best]),
        _ordered(ours, near),
        len(numbers - set(_NUMBER.findall(evidence))) / len(numbers) if numbers else 0.0,
        float(any(d.doubt in _VALUES for d in refuting)),
        float(any(d.doubt not in _VALUES for d in refuting)),
        float(bool(numbers)),
        len(names - vocabulary) / len(names) if names else 0.0,
        min(1.0, len(names) / 5),
        math.log1p(len(ours)),
        float(_negated(claim) != _negated(parts[best])),
        float(any(w in _HEDGES for w in claim_words)),
        math.log1p(len(flat)),
    ]


@lru_cache(maxsize=2)
def _stop_stems(language: str) -> frozenset[str]:
    return frozenset(stem(w, language) for w in STOP[language])


def _shared_grams(ours: Sequence[str], theirs: Sequence[str], n: int) -> float:
    wanted = set(zip(*(ours[i:] for i in range(n)), strict=False))
    found = set(zip(*(theirs[i:] for i in range(n)), strict=False))
    return len(wanted & found) / max(1, len(wanted))


def _ordered(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Share of the claim's words that the evidence has in the same order."""
    if not ours:
        return 0.0
    matcher = SequenceMatcher(None, ours[:_ORDERED_WORDS_MAX], theirs[:_ORDERED_WORDS_MAX], autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / len(ours)


def _negated(text: str) -> bool:
    return not NEGATIONS.isdisjoint(words(text))


def _vector_features(claim: str, parts: Sequence[str], embed: Embed) -> list[float]:
    vectors = np.asarray(embed([claim, *(p[:SENTENCE_CHARACTERS] for p in parts)]), dtype=np.float64)
    target, rows = vectors[0], vectors[1:]
    cosines = rows @ target
    order = np.argsort(-cosines, kind="stable")
    pairs = rows[:-1] + rows[1:]
    pair = float(cosines.max())
    if len(pairs):
        pair = float((pairs @ target / np.maximum(np.linalg.norm(pairs, axis=1), 1e-9)).max())
    base = rows[order[:3]].T
    solution = np.linalg.lstsq(base, target, rcond=None)[0]
    projection = float(np.linalg.norm(base @ solution))
    return [float(cosines.max()), float(cosines[order[:3]].mean()), pair, projection]
