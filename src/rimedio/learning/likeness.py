"""How alike two questions are: by their words in both languages, and by meaning where an embedder is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt

from rimedio.knowledge.embedding.port import Embedder, Vectors
from rimedio.knowledge.lexicon import asked_terms

WORDS_MIN = 0.5  # share of common content words (cosine of the sets) from which two questions ask the same
MEANING_MIN = 0.90  # cosine of the default embedder, whose unrelated texts lie near 0.80
MEANING_WITH_WORDS = 0.86
SOME_WORDS = 0.25
OTHER_MODEL = 0.05  # so much more alike must questions about different models be
CACHED = 4096


@dataclass(frozen=True, slots=True)
class Worded:
    """A question to compare."""

    text: str
    language: str
    model: str | None = None
    code: str | None = None


@dataclass
class Likeness:
    """Compares questions. Vectors are kept in memory, so that a text is embedded once."""

    embedder: Embedder | None = None
    _vectors: dict[str, Vectors] = field(default_factory=dict)

    def same(self, one: Worded, other: Worded) -> float:
        """How alike, 0..1; 0 when they do not ask the same. An error code decides by itself."""
        models_differ = bool(one.model and other.model and one.model.upper() != other.model.upper())
        if (one.code or "").upper() != (other.code or "").upper():
            return 0.0
        if one.code:
            return 0.0 if models_differ else 1.0
        stricter = OTHER_MODEL if models_differ else 0.0
        words = common_words(one, other)
        if self.embedder is None:
            return words if words >= WORDS_MIN + stricter else 0.0
        meaning = float(self._vector(one.text) @ self._vector(other.text))
        alike = meaning >= MEANING_MIN + stricter or (
            words >= SOME_WORDS and meaning >= MEANING_WITH_WORDS + stricter
        )
        return meaning if alike or words >= WORDS_MIN + stricter else 0.0

    def _vector(self, text: str) -> Vectors:
        if text not in self._vectors:
            if len(self._vectors) >= CACHED:
                self._vectors.clear()
            assert self.embedder is not None
            self._vectors[text] = self.embedder.embed_query(text)
        return self._vectors[text]


def common_words(one: Worded, other: Worded) -> float:
    """Cosine of the sets of content words; a word counts in either language, models and codes do not."""
    left, right = (_terms(w.text, w.language, w.model or "") for w in (one, other))
    if not left or not right:
        return 0.0
    common = sum(any(not forms.isdisjoint(theirs) for theirs in right) for forms in left)
    back = sum(any(not forms.isdisjoint(theirs) for theirs in left) for forms in right)
    return min(common, back) / sqrt(len(left) * len(right))


@lru_cache(maxsize=CACHED)
def _terms(text: str, language: str, model: str) -> tuple[frozenset[str], ...]:
    own = {part for word in asked_terms(model, language) for part in word.forms} if model else set()
    found = (frozenset(term.forms) for term in asked_terms(text, language))
    return tuple(forms for forms in found if forms.isdisjoint(own))


def top_words(texts: Sequence[str], language: str, limit: int = 8) -> tuple[str, ...]:
    """The content words that most texts share, as they are written there."""
    counts: dict[str, int] = {}
    written: dict[str, str] = {}
    for text in texts:
        for term in dict.fromkeys(asked_terms(text, language)):
            counts[term.forms[0]] = counts.get(term.forms[0], 0) + 1
            written.setdefault(term.forms[0], term.word.lower())
    ranked = sorted(counts, key=lambda stem: -counts[stem])
    return tuple(dict.fromkeys(written[stem] for stem in ranked))[:limit]
