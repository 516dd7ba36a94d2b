"""Dangerous instructions in remedies and dangerous wishes in requests, Italian and English.

A warning is not an instruction: "non aprire mai sotto tensione" is harmless. Nor is work on a circuit that an
earlier step has isolated. Each rule names the deed, and what nearby makes it harmless. The hazards follow
EN 50110-1 (work on electrical installations: isolate, secure, verify, earth, cover), EN 378-4 (refrigerants) and
the manuals' own warnings.
"""

import re
from bisect import bisect_right

from rimedio.domain.answer import SafetyFlag
from rimedio.llm.guardrails.lowercase import lowered
from rimedio.llm.guardrails.safety_rules import RULES, SafetyRule

TEXT_CHARS_MAX = 100_000
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s)[^.!?\n]+){0,20}[.!?]*")
# Only what stands before the deed in the same clause turns it into a warning.
_FORBIDS = re.compile(
    r"\b(?:non|mai|n[eé]|vietat[oaie]|evitare|senza|divieto|proibit[oaie]|guai a|anzich[eé]|invece di|never|not|"
    r"\w+n['’]t|avoid|forbidden|prohibited|without|rather than|instead of|nobody|no one|nessuno|cannot)\b",
)
_FORBIDDEN_AFTER = re.compile(
    r"^[^.;]{0,60}\b(?:[eè] (?:vietato|pericoloso|proibito|mortale)|is (?:forbidden|prohibited|dangerous|"
    r"never allowed|not allowed)|can kill|mai|never)\b",
)
_CLAUSE_BREAK = re.compile(r"[;:]|,\s(?:ma|but|poi|then|quindi|e poi|and then)\b")
FORBIDS_WINDOW_CHARS = 60


def find_dangers(text: str) -> tuple[SafetyFlag, ...]:
    """Flags for the dangerous deeds that `text` tells or asks to do, in text order, one for a rule and sentence."""
    judged = text[:TEXT_CHARS_MAX]
    lower = lowered(judged)
    ends = [match.end() for match in _SENTENCE.finditer(lower)]
    found: dict[tuple[int, str], SafetyFlag] = {}
    for rule in RULES:
        for match in rule.deed.finditer(lower):
            number = bisect_right(ends, match.start())
            start = ends[number - 1] if number else 0
            end = ends[number] if number < len(ends) else len(lower)
            if not _is_forbidden(
                lower[start:end], match.start() - start, match.end() - start
            ) and not _made_safe(rule, lower, start, end):
                words = judged[match.start() : match.end()].strip()
                found.setdefault(
                    (start, rule.name), SafetyFlag(rule.name, words, rule.severity, rule.message)
                )
    return tuple(found[key] for key in sorted(found, key=lambda key: key[0]))


def _is_forbidden(sentence: str, start: int, end: int) -> bool:
    """Whether the sentence names the deed, at these positions, only to forbid it."""
    before = sentence[max(0, start - FORBIDS_WINDOW_CHARS) : start]
    breaks = [m.end() for m in _CLAUSE_BREAK.finditer(before)]
    clause = before[breaks[-1] :] if breaks else before
    warned = _FORBIDDEN_AFTER.search(sentence[end:]) or _FORBIDDEN_AFTER.search(sentence[start:end])
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
