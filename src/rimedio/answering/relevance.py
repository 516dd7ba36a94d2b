"""How probable it is that the passages found answer the question.

An unknown code is never answered by its neighbours, and no passage answers nothing: those two are rules. The
rest is a logistic model over what the search says of its passages and over the words they share with the
question, fitted on questions with and without their answers in reach (tools/fit_relevance.py).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rimedio.answering.calibration import Logistic, shipped
from rimedio.answering.verification.words import STOP, sentences, stem, words
from rimedio.domain.knowledge import Passage

PASSAGES_READ = 5
COSINE_USUAL = 0.83  # of a best passage under the default embedder, so that "no vector" stands in the middle
EARLIER_TURNS = 2  # that a follow-up is read with
_FOLLOW_UP_WORDS = 12  # a longer question names its own subject

NAMES = (
    "best_coverage",
    "mean_coverage",
    "joint_coverage",
    "sentence_coverage",
    "phrases",
    "names_missing",
    "cosine",
    "cosine_lead",
    "no_vectors",
    "code_match",
    "few_terms",
)

VECTOR_NAMES = ("cosine", "cosine_lead")
Features = NDArray[np.float64]  # [len(NAMES)]


def relevance(
    question: str,
    passages: Sequence[Passage],
    language: str,
    *,
    unknown_codes: Sequence[str] = (),
    model: Logistic | None = None,
) -> float:
    """Probability, 0..1, that `passages` (best first) answer `question`."""
    if not passages or unknown_codes:
        return 0.0
    row = measure(question, passages, language)[None, :]
    return float((model or shipped("relevance")).probabilities(row)[0])


def standalone(turns: Sequence[str]) -> str:
    """The last of the customer's `turns`; a short one keeps the subject of those before it."""
    if not turns:
        return ""
    last = turns[-1].strip()
    if len(turns) < 2 or len(last.split()) > _FOLLOW_UP_WORDS:
        return last
    return "\n".join([*(t.strip() for t in turns[-1 - EARLIER_TURNS : -1]), last])


def measure(question: str, passages: Sequence[Passage], language: str) -> Features:
    """Features of a question and what was found for it, in the order of NAMES."""
    read = passages[:PASSAGES_READ]
    asked = frozenset(_content(question, language))
    texts = [_content(p.chunk.embedding_text, language) for p in read]
    found = [frozenset(text) for text in texts]
    joint: frozenset[str] = frozenset().union(*found)
    coverages = [_share(asked, f) for f in found]
    names = _names(question, language)
    cosines = [p.signals.cosine for p in read if p.signals.cosine is not None]
    rest = cosines[1:] or cosines
    return np.array(
        [
            max(coverages, default=0.0),
            float(np.mean(coverages)) if coverages else 0.0,
            _share(asked, joint),
            max((_best_sentence(asked, p.chunk.text, language) for p in read), default=0.0),
            _phrases(question, texts, language),
            1 - _share(names, joint) if names else 0.0,
            max(cosines) - COSINE_USUAL if cosines else 0.0,
            (max(cosines) - float(np.mean(rest))) if cosines else 0.0,
            float(not cosines),
            float(any(p.signals.code_match for p in read)),
            1 / (1 + len(asked)),
        ]
    )


def without_vectors(row: Features) -> Features:
    """The same features as they are where passages have no vectors (yet)."""
    plain = row.copy()
    plain[[NAMES.index(n) for n in VECTOR_NAMES]] = 0.0
    plain[NAMES.index("no_vectors")] = 1.0
    return plain


def _content(text: str, language: str) -> list[str]:
    stop = STOP[language]
    return [stem(w, language) for w in words(text) if w not in stop]


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


def _best_sentence(asked: frozenset[str], text: str, language: str) -> float:
    return max((_share(asked, frozenset(_content(s, language))) for s in sentences(text)), default=0.0)


def _phrases(question: str, texts: Sequence[Sequence[str]], language: str) -> float:
    """Share of the question's neighbouring content words that stand side by side in some passage."""
    own = _content(question, language)
    pairs = set(pairwise(own))
    if not pairs:
        return 0.0
    found: set[tuple[str, str]] = set()
    for text in texts:
        found |= pairs.intersection(pairwise(text))
    return len(found) / len(pairs)


def _names(question: str, language: str) -> frozenset[str]:
    """Stems of the words written with a capital within a sentence, and of those with a digit."""
    tokens = question.split()
    named = [
        t
        for i, t in enumerate(tokens)
        if (t[:1].isupper() and i and not tokens[i - 1].endswith((".", "?", "!")))
        or any(c.isdigit() for c in t)
    ]
    return frozenset(_content(" ".join(named), language))
