"""What a chat model adds beside its sentences (titles, tools, parts, times) is kept only where documents say it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rimedio.answering.context import Context, ContextEntry, age_key
from rimedio.answering.extractive.details import minutes_of, stated_minutes, tools_of
from rimedio.answering.extractive.frames import OPENINGS, frame
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms
from rimedio.domain.answer import DraftStep, Section

_TITLE_OF = {Section.CAUSE: "cause", Section.CHECKS: "check", Section.REMEDY: "remedy"}
_COUNTED = re.compile(r"^\s*\d{1,2}(?=:|$)|\s+\d{1,2}$")  # "Check 2", "Remedy 3: …", "Procedure Cleaning 4"
_BETWEEN_TITLES = ("correction", "superseded", "differing")


def section_title(section: Section, language: str) -> str:
    """What a step is called where its quotes give no better title."""
    return frame(_TITLE_OF[section], language)


def proved(steps: Sequence[DraftStep], question: Question, context: Context) -> tuple[DraftStep, ...]:
    """The steps without a title, tool, part or time that neither a quote nor a heading holds.

    A title may say a step's kind in our own words and a heading of the passages it cites; a tool or a part must
    be named in any quote of the draft, a time in the step's own quotes or in a sentence that says nothing else.
    """
    evidence = _Evidence.of(steps, question, context)
    return tuple(_proved(step, evidence) for step in steps)


def notices(question: Question, context: Context) -> tuple[str, ...]:
    """What the documents themselves ask to be told: that they disagree, that a code belongs to several products.

    Found by code, so that it is the same whoever writes.
    """
    return ExtractiveWriter().write(question, context).alternative_actions


@dataclass(frozen=True)
class _Evidence:
    """What the draft's quotes say."""

    question: Question
    context: Context
    lower: str
    tools: frozenset[str]
    minutes: frozenset[int | None]

    @classmethod
    def of(cls, steps: Sequence[DraftStep], question: Question, context: Context) -> "_Evidence":
        """All that the steps quote."""
        sentences = [s for step in steps for s in step.sentences]
        quotes = "\n".join(s.quote for s in sentences)
        languages = {e.passage.chunk.language for e in context.entries} | {question.language}
        # Quote by quote: where one names a torque tool, another's torque value would ask for none.
        tools = frozenset(t for s in sentences for of in languages for t in tools_of(s.quote, of))
        minutes = frozenset(stated_minutes(s.quote) for s in sentences)
        return cls(question, context, quotes.lower(), tools, minutes)


def _proved(step: DraftStep, evidence: _Evidence) -> DraftStep:
    quotes = "\n".join(s.quote for s in step.sentences)
    minutes = step.estimated_time_minutes
    timed = minutes is not None and (
        minutes == minutes_of(quotes)
        or minutes in evidence.minutes
        or re.search(rf"(?<!\d){minutes}(?!\d)", quotes) is not None
    )
    return replace(
        step,
        title=_title(step, quotes, evidence),
        estimated_time_minutes=minutes if timed else None,
        requires_tools=tuple(
            t for t in step.requires_tools if t.lower() in evidence.lower or t.lower() in evidence.tools
        ),
        requires_parts=tuple(p for p in step.requires_parts if p.lower() in evidence.lower),
    )


def _title(step: DraftStep, quotes: str, evidence: _Evidence) -> str:
    """The step's own title where documents hold its words, else its section's."""
    language = evidence.question.language
    cited = [e for s in step.sentences if (e := evidence.context.entry(s.passage)) is not None]
    said = " ".join((quotes, *(e.place for e in cited), *evidence.question.codes))
    known = {
        t for of in {language, *(e.passage.chunk.language for e in cited)} for t in content_terms(said, of)
    }
    rest = _after_opening(step.title, language)
    if set(content_terms(rest, language)) <= known or _names_documents(step.title, evidence):
        return step.title
    return section_title(step.section, language)


def _after_opening(title: str, language: str) -> str:
    """The title without our own words for the kind of step, and its number."""
    for name in OPENINGS:
        words = frame(name, language)
        if title.startswith(words):
            return _COUNTED.sub("", title[len(words) :])
    return title


def _names_documents(title: str, evidence: _Evidence) -> bool:
    """Whether a title sets two documents against each other, and rightly: the one that corrects is newer."""
    newest: dict[str, ContextEntry] = {}
    for entry in evidence.context.entries:
        newest.setdefault(entry.passage.chunk.source_title, entry)
    for name in _BETWEEN_TITLES:
        for other, older in newest.items():
            for own, newer in newest.items():
                if title == frame(name, evidence.question.language, title=own, other=other):
                    return name != "correction" or age_key(newer.passage.chunk) >= age_key(
                        older.passage.chunk
                    )
    return False
