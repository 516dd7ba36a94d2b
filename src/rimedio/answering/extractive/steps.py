"""Turns the pieces of a fault or a procedure into steps whose sentences are the passages' own words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.details import (
    is_torque_tool,
    minutes_of,
    parts_of,
    severity_of,
    stated_minutes,
    tools_of,
)
from rimedio.answering.extractive.fault import Piece
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.outline import Shape
from rimedio.answering.sentences import Span, split_sentences
from rimedio.domain.answer import DraftSentence, DraftStep, Section, Severity

_BULLET = re.compile(r"[-*•·–▪◦‣]\s+")
_MEANING_SENTENCES_MAX = 4
_STEPS_MAX = 40
NEEDS = frozenset({Part.TOOLS, Part.PARTS, Part.TIME})
_FAR_INDENT = 2
_SEVERITY_ORDER = list(Severity)


def sentences_of(piece: Piece) -> tuple[DraftSentence, ...]:
    """The piece's sentences, literally, white space made single; list numbers stay, bullets go."""
    text, span = piece.entry.text, piece.block.span
    bullet = _BULLET.match(text, span.start, span.end)
    start = bullet.end() if bullet else span.start
    whole = (Span(start, span.end),) if piece.block.shape is Shape.CODE else None
    spans = whole or split_sentences(text, start, span.end)
    return tuple(
        _sentence(s.of(text), piece.entry.index) for s in spans if any(c.isalnum() for c in s.of(text))
    )


def _sentence(words: str, index: int) -> DraftSentence:
    plain = " ".join(words.split())
    return DraftSentence(plain, index, plain)


def fault_steps(pieces: Sequence[Piece], language: str, label: str = "") -> tuple[DraftStep, ...]:
    """Steps in the order meaning, cause, checks, remedy. `label` (a code) ends each title when several"
    " are told."""
    suffix = f" ({label})" if label else ""
    by_part = {part: [p for p in pieces if p.part is part] for part in Part}
    steps: list[DraftStep] = []
    steps += joined_step(
        by_part[Part.MEANING], Section.CAUSE, frame("meaning", language) + suffix, limited=True
    )
    steps += joined_step(by_part[Part.CAUSE], Section.CAUSE, frame("cause", language) + suffix)
    first = Section.CHECKS if by_part[Part.CHECKS] else Section.REMEDY
    steps += joined_step(by_part[Part.WARNING], first, frame("safety", language) + suffix)
    steps += procedure_steps(by_part[Part.CHECKS], Section.CHECKS, frame("check", language), suffix)
    remedy = procedure_steps(by_part[Part.REMEDY], Section.REMEDY, frame("remedy", language), suffix)
    needs = [p for p in pieces if p.part in NEEDS]
    steps += _with_needs(remedy, needs, frame("needs", language) + suffix)
    return tuple(steps)


def joined_step(
    pieces: Sequence[Piece], section: Section, title: str, *, limited: bool = False
) -> list[DraftStep]:
    """All pieces as one step; none when they say nothing. `limited` to the first sentences."""
    sentences = [s for piece in pieces for s in sentences_of(piece)]
    if limited:
        sentences = sentences[:_MEANING_SENTENCES_MAX]
    if not sentences:
        return []
    return [
        _detailed(DraftStep(section, title, tuple(sentences)), pieces, minutes=section is not Section.CAUSE)
    ]


def procedure_steps(
    pieces: Sequence[Piece], section: Section, title: str, suffix: str = ""
) -> list[DraftStep]:
    """A step for each item or paragraph, in the order of the text; nothing is left out.

    An introduction that ends in a colon opens the step after it, an indented item belongs to the one above.
    """
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and _belongs_to(piece, groups[-1]):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    steps: list[DraftStep] = []
    for number, group in enumerate(groups, 1):
        sentences = tuple(s for piece in group for s in sentences_of(piece))
        if not sentences:
            continue
        name = f"{title} {number}" if len(groups) > 1 else title
        heading = next((p.heading for p in group if p.heading), "")
        full = f"{name}{suffix}: {heading}" if heading and heading not in name else f"{name}{suffix}"
        steps.append(_detailed(DraftStep(section, full, sentences), group))
    return _bounded(steps)


def work_steps(pieces: Sequence[Piece], title: str, language: str) -> list[DraftStep]:
    """A section that describes work: its steps, then the tools, parts and time that it names."""
    needs = [p for p in pieces if p.part in NEEDS]
    work = procedure_steps([p for p in pieces if p.part not in NEEDS], Section.REMEDY, title)
    return _with_needs(work, needs, frame("needs", language))


def _belongs_to(piece: Piece, group: Sequence[Piece]) -> bool:
    before = group[-1]
    if before.entry.index != piece.entry.index or before.heading != piece.heading:
        return False
    if before.block.shape is Shape.TEXT and before.text.rstrip().endswith(":"):
        return True
    if piece.block.shape is Shape.ITEM:
        return group[0].block.shape is Shape.ITEM and piece.block.level >= group[0].block.level + _FAR_INDENT
    return piece.block.shape is Shape.CODE


def _bounded(steps: list[DraftStep]) -> list[DraftStep]:
    """Very long procedures keep every sentence, the last step takes the rest."""
    if len(steps) <= _STEPS_MAX:
        return steps
    rest = steps[_STEPS_MAX - 1 :]
    joined = tuple(s for step in rest for s in step.sentences)
    gravest = max((s.severity for s in rest), key=_SEVERITY_ORDER.index)
    tools = tuple(dict.fromkeys(t for s in rest for t in s.requires_tools))
    parts = tuple(dict.fromkeys(p for s in rest for p in s.requires_parts))
    last = replace(rest[0], sentences=joined, severity=gravest, requires_tools=tools, requires_parts=parts)
    return [*steps[: _STEPS_MAX - 1], last]


def _detailed(step: DraftStep, pieces: Iterable[Piece], *, minutes: bool = True) -> DraftStep:
    pieces = tuple(pieces)
    text = "\n".join(s.text for s in step.sentences)
    chunks = {p.entry.passage.chunk.chunk_id: p.entry.passage.chunk for p in pieces}
    language = pieces[0].entry.passage.chunk.language
    if step.section is Section.CAUSE:
        return replace(step, severity=severity_of(text))
    return replace(
        step,
        severity=severity_of(text),
        estimated_time_minutes=minutes_of(text) if minutes else None,
        requires_tools=tools_of(text, language),
        requires_parts=parts_of(text, chunks.values()),
    )


def _with_needs(remedy: list[DraftStep], needs: Sequence[Piece], title: str) -> list[DraftStep]:
    """What stands under "Tools", "Parts" and "Time" ends the remedy, and its first step carries it."""
    if not needs:
        return remedy
    sentences = tuple(s for piece in needs for s in sentences_of(piece))
    if not remedy:
        return [DraftStep(Section.REMEDY, title, sentences)] if sentences else []
    language = needs[0].entry.passage.chunk.language
    chunks = [p.entry.passage.chunk for p in needs]
    tools = tools_of("\n".join(p.text for p in needs if p.part is Part.TOOLS), language)
    parts = parts_of("\n".join(p.text for p in needs if p.part is Part.PARTS), chunks)
    time = stated_minutes("\n".join(p.text for p in needs if p.part is Part.TIME))
    first = replace(
        remedy[0],
        requires_tools=tuple(dict.fromkeys((*remedy[0].requires_tools, *tools))),
        requires_parts=tuple(dict.fromkeys((*remedy[0].requires_parts, *parts))),
        estimated_time_minutes=remedy[0].estimated_time_minutes if time is None else time,
    )
    steps = [first, *remedy[1:]]
    if any(map(is_torque_tool, tools)):  # the fault names its own: a torque value asks for no other
        stated = tuple(t for t in tools if is_torque_tool(t))
        steps = [replace(s, requires_tools=_instead(s.requires_tools, stated)) for s in steps]
    return [*steps, DraftStep(Section.REMEDY, title, sentences)]


def _instead(tools: Sequence[str], stated: Sequence[str]) -> tuple[str, ...]:
    """`tools` with the stated torque tool in the place of any other."""
    swapped = (name for t in tools for name in (stated if is_torque_tool(t) else (t,)))
    return tuple(dict.fromkeys(swapped))
