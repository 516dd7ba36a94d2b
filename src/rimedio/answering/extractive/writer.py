"""Writes a draft out of the passages' own words: by error code if one is asked for, else by question."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.extractive.by_code import Told, about_code
from rimedio.answering.extractive.codes import same_code
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.plain_answer import answer
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft, DraftStep, Routing, Section

_CODES_MAX = 5
_SUB_CODES_MAX = 5
ROUTING = Routing("extractive", "extractive-1", "extractive-1")


class ExtractiveWriter:
    """The writer that needs no model. Every sentence is literally in the passage that it cites."""

    def write(self, question: Question, context: Context) -> Draft:
        """A draft; no steps when the passages do not answer. Two codes or two products are never mixed."""
        entries = [e for e in context.entries if fits_product(question, e)]
        told = _about_codes(question, entries) if question.codes else answer(question, entries)
        return Draft(question.language, told.steps, ROUTING, told.actions)


def fits_product(question: Question, entry: ContextEntry) -> bool:
    """Whether a passage may speak of the asked product: it names that model, or none."""
    models = {_plain(m) for m in entry.passage.chunk.product_models}
    asked = {_plain(m) for m in question.product_models}
    return not models or not asked or bool(models & asked)


def _plain(model: str) -> str:
    return "".join(c for c in model.lower() if c.isalnum())


def _about_codes(question: Question, entries: Sequence[ContextEntry]) -> Told:
    asked = tuple(
        dict.fromkeys(c for code in question.codes[:_CODES_MAX] for c in _exact_codes(code, entries))
    )
    told = [about_code(question, code, entries, code if len(asked) > 1 else "") for code in asked]
    actions = [action for one in told for action in one.actions]
    family = {code.partition("/")[0].upper() for code in asked}
    steps = [s for one in told for s in one.steps]
    if len(family) == 1 and len(asked) > 1:
        if len({_deeds(one.steps) for one in told}) > 1:
            actions.append(frame("sub_code_action", question.language, codes=", ".join(asked)))
        else:
            steps = _told_once(told, asked)
    order = list(Section)
    steps.sort(key=lambda s: order.index(s.section))
    return Told(tuple(steps), tuple(actions))


def _told_once(told: Sequence[Told], asked: Sequence[str]) -> list[DraftStep]:
    """Sub-codes with one and the same remedy: each its cause, then the remedy once for all."""
    causes = [s for one in told for s in one.steps if s.section is Section.CAUSE]
    work = [s for s in told[0].steps if s.section is not Section.CAUSE]
    names = f"({', '.join(asked)})"
    return [*causes, *(replace(s, title=s.title.replace(f"({asked[0]})", names)) for s in work)]


def _deeds(steps: Iterable[DraftStep]) -> tuple[str, ...]:
    return tuple(s.text for step in steps if step.section is not Section.CAUSE for s in step.sentences)


def _exact_codes(code: str, entries: Iterable[ContextEntry]) -> list[str]:
    """The code itself, or the sub-codes of it that the passages define when only those are defined."""
    found = dict.fromkeys(c for e in entries for c in e.passage.chunk.error_codes if same_code(code, c))
    if not found or any(c.upper() == code.upper() for c in found):
        return [code]
    return sorted(found)[:_SUB_CODES_MAX]
