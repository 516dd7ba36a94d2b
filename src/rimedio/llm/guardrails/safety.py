"""Dangerous instructions in remedies and dangerous wishes in requests, Italian and English.

A warning is not an instruction: "non aprire mai sotto tensione" is harmless. Nor is work on a circuit that an
earlier step has isolated. Each rule names the deed, and what nearby makes it harmless. The hazards follow
EN 50110-1 (work on electrical installations: isolate, secure, verify, earth, cover), EN 378-4 (refrigerants) and
the manuals' own warnings.
"""

import re
from collections.abc import Iterator

from rimedio.domain.answer import SafetyFlag
from rimedio.llm.guardrails.safety_rules import RULES, SafetyRule

TEXT_CHARS_MAX = 100_000
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s)[^.!?\n]+){0,20}[.!?]*")
# Only what stands before the deed in the same clause turns it into a warning.
_FORBIDS = re.compile(
    r"\b(?:non|mai|n[eé]|vietat[oaie]|evitare|senza|divieto|proibit[oaie]|guai a|anzich[eé]|invece di|never|not|"
    r"n[o']t|don't|"
    r"avoid|forbidden|prohibited|without|rather than|instead of|nobody|no one|nessuno|cannot)\b",
    re.IGNORECASE,
)
_FORBIDDEN_AFTER = re.compile(
    r"^[^.;]{0,60}\b(?:[eè] (?:vietato|pericoloso|proibito|mortale)|is (?:forbidden|prohibited|dangerous|"
    r"never allowed|not allowed)|"
    r"can kill|mai|never)\b",
    re.IGNORECASE,
)
_CLAUSE_BREAK = re.compile(r"[;:]|,\s(?:ma|but|poi|then|quindi|e poi|and then)\b", re.IGNORECASE)
FORBIDS_WINDOW_CHARS = 60


def find_dangers(text: str) -> tuple[SafetyFlag, ...]:
    """Flags for the dangerous deeds that `text` tells or asks to do, in text order, one for a rule and sentence."""
    sentences = [(m.start(), m.end()) for m in _SENTENCE.finditer(text[:TEXT_CHARS_MAX])]
    flags = [
        SafetyFlag(rule.name, match[0].strip(), rule.severity, rule.message)
        for start, end in sentences
        for rule in RULES
        for match in _deeds(rule, text[start:end])
        if not _made_safe(rule, text, start, end)
    ]
    return tuple(flags)


def _deeds(rule: SafetyRule, sentence: str) -> Iterator[re.Match[str]]:
    """The first deed of the rule in a sentence that does not forbid it."""
    for match in rule.deed.finditer(sentence):
        if not _is_forbidden(sentence, match):
            yield match
            return


def _is_forbidden(sentence: str, match: re.Match[str]) -> bool:
    before = sentence[max(0, match.start() - FORBIDS_WINDOW_CHARS) : match.start()]
    breaks = [m.end() for m in _CLAUSE_BREAK.finditer(before)]
    clause = before[breaks[-1] :] if breaks else before
    warned = _FORBIDDEN_AFTER.search(sentence[match.end() :]) or _FORBIDDEN_AFTER.search(match[0])
    return bool(_FORBIDS.search(clause) or warned)


def _made_safe(rule: SafetyRule, text: str, start: int, end: int) -> bool:
    """Whether a precaution stands in the sentence or shortly before it, and is itself not denied."""
    if rule.made_safe_by is None:
        return False
    nearby = text[max(0, start - rule.safe_window_chars) : end]
    for match in rule.made_safe_by.finditer(nearby):
        before = nearby[max(0, match.start() - 16) : match.start()]
        if not re.search(
            r"\b(?:senza|without|non|not|don't|no need to|skip|prima di|before)\b", before, re.IGNORECASE
        ):
            return True
    return False
