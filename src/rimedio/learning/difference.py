"""What is different between two solutions: sentences, citations, outcome, confidence, cost, time."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from rimedio.answering.sentences import split_sentences
from rimedio.domain.answer import Citation, Solution
from rimedio.domain.review import Change

_NUMBERING = re.compile(r"\A\s*(?:\d{1,2}|[a-z])[.)]\s+")
CHANGED_MIN = 0.5  # likeness of words from which a sentence is another form of the old one


class Verdict(StrEnum):
    """How a replay compares, in a word."""

    SAME = "SAME"
    REWORDED = "REWORDED"  # same outcome and citations, other sentences
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence before and after."""

    change: Change
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a solution says of itself."""

    outcome: str
    reasons: tuple[str, ...]
    confidence: float
    groundedness: float
    cost_usd: float
    latency_ms: float
    tokens_input: int
    tokens_output: int
    provider: str
    model: str
    prompt_version: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Two solutions of one ticket, side by side; `before` is None when the ticket had none."""

    ticket_id: str
    verdict: Verdict
    lines: tuple[Line, ...]
    citations_kept: tuple[str, ...]
    citations_added: tuple[str, ...]
    citations_removed: tuple[str, ...]
    before: Figures | None
    after: Figures
    edited_by_person: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """Many replays in a few figures. Means are over tickets that had a solution before."""

    tickets: int
    same: int
    reworded: int
    different: int
    outcomes: dict[str, int]  # "PUBLISH → REVIEW": how many
    sentences_same: float  # share of the old sentences that came again literally
    citations_kept: float  # share of the old citations that were cited again
    confidence_before: float
    confidence_after: float
    cost_before_usd: float
    cost_after_usd: float
    latency_before_ms: float
    latency_after_ms: float
    failed: tuple[str, ...] = ()  # "ticket: why"


def compare_solutions(before: Solution | None, after: Solution, *, edited: bool = False) -> Difference:
    """The difference, sentence by sentence."""
    was, now = sentences_of(before), sentences_of(after)
    lines = diff_sentences(was, now)
    old, new = places_of(before), places_of(after)
    changed = any(line.change is not Change.SAME for line in lines)
    moved = before is None or before.decision.outcome is not after.decision.outcome
    moved = moved or old != new or bool(was) is not bool(now)
    verdict = Verdict.DIFFERENT if moved else Verdict.REWORDED if changed else Verdict.SAME
    return Difference(
        ticket_id=after.ticket_id,
        verdict=verdict,
        lines=tuple(lines),
        citations_kept=tuple(place for place in old if place in new),
        citations_added=tuple(place for place in new if place not in old),
        citations_removed=tuple(place for place in old if place not in new),
        before=None if before is None else figures_of(before),
        after=figures_of(after),
        edited_by_person=edited,
    )


def sentences_of(solution: Solution | None) -> list[str]:
    """The remedy's sentences in reading order."""
    if solution is None:
        return []
    return [
        " ".join(span.of(step.text).split()) for step in solution.steps for span in split_sentences(step.text)
    ]


def places_of(solution: Solution | None) -> dict[str, None]:
    """The places cited, in order: what a person would look up, not the chunk's id in one index."""
    return {} if solution is None else dict.fromkeys(map(_place, solution.citations))


def _place(citation: Citation) -> str:
    path = " › ".join((citation.source_title, *citation.section))
    return f"{path}, p. {citation.page}" if citation.page else path


def figures_of(solution: Solution) -> Figures:
    """Outcome, quality, routing and performance."""
    return Figures(
        outcome=solution.decision.outcome.value,
        reasons=solution.decision.reasons,
        confidence=solution.quality.confidence,
        groundedness=solution.quality.groundedness_score,
        cost_usd=solution.performance.cost_usd,
        latency_ms=solution.performance.latency_ms,
        tokens_input=solution.performance.tokens_input,
        tokens_output=solution.performance.tokens_output,
        provider=solution.routing.provider,
        model=solution.routing.model,
        prompt_version=solution.routing.prompt_version,
    )


def diff_sentences(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """The shortest story from one list to the other; like sentences at the same place count as changed."""
    lines: list[Line] = []
    matcher = difflib.SequenceMatcher(None, [*map(_plain, before)], [*map(_plain, after)], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(before[a:b], after[c:d], strict=True)
            lines += [Line(Change.SAME, old, new) for old, new in pairs]
        else:
            lines += _replaced(list(before[a:b]), list(after[c:d]))
    return lines


def _replaced(old: list[str], new: list[str]) -> list[Line]:
    lines: list[Line] = []
    for sentence in old:
        nearest = max(new, key=lambda other: _alike(sentence, other), default=None)
        if nearest is None or _alike(sentence, nearest) < CHANGED_MIN:
            lines.append(Line(Change.REMOVED, sentence, None))
            continue
        place = new.index(nearest)
        lines += [Line(Change.ADDED, None, other) for other in new[:place]]
        lines.append(Line(Change.CHANGED, sentence, nearest))
        new = new[place + 1 :]
    return [*lines, *(Line(Change.ADDED, None, other) for other in new)]


def _plain(sentence: str) -> str:
    """Words alone: a list's numbering and punctuation are no difference."""
    return " ".join(re.findall(r"\w+", _NUMBERING.sub("", sentence).casefold()))


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, _plain(one).split(), _plain(other).split()).ratio()


def summarize(differences: Sequence[Difference], failed: Sequence[str] = ()) -> Summary:
    """The figures of many replays."""
    known = [d for d in differences if d.before is not None]
    outcomes: dict[str, int] = {}
    for d in differences:
        way = f"{d.before.outcome if d.before else 'NONE'} → {d.after.outcome}"
        outcomes[way] = outcomes.get(way, 0) + 1
    old = [line for d in known for line in d.lines if line.before is not None]
    cited = [len(d.citations_kept) + len(d.citations_removed) for d in known]

    def mean(values: list[float]) -> float:
        return round(fmean(values), 6) if values else 0.0

    return Summary(
        tickets=len(differences),
        same=sum(d.verdict is Verdict.SAME for d in differences),
        reworded=sum(d.verdict is Verdict.REWORDED for d in differences),
        different=sum(d.verdict is Verdict.DIFFERENT for d in differences),
        outcomes=dict(sorted(outcomes.items())),
        sentences_same=_share(sum(line.change is Change.SAME for line in old), len(old)),
        citations_kept=_share(sum(len(d.citations_kept) for d in known), sum(cited)),
        confidence_before=mean([d.before.confidence for d in known if d.before]),
        confidence_after=mean([d.after.confidence for d in known]),
        cost_before_usd=mean([d.before.cost_usd for d in known if d.before]),
        cost_after_usd=mean([d.after.cost_usd for d in known]),
        latency_before_ms=mean([d.before.latency_ms for d in known if d.before]),
        latency_after_ms=mean([d.after.latency_ms for d in known]),
        failed=tuple(failed),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
