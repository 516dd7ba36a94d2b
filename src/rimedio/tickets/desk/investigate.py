"""Notes for the person who takes over a ticket, made from what its run found; nothing is made up."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.terms import asked_words, content_terms
from rimedio.domain.answer import Citation, Verdict
from rimedio.domain.clock import Clock
from rimedio.domain.errors import RimedioError
from rimedio.domain.investigation import Finding, InvestigationNotes
from rimedio.domain.ticket import Ticket
from rimedio.knowledge.language import ENGLISH
from rimedio.knowledge.lexicon import asked_terms
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.table import Action
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.find_duplicate import has_serial
from rimedio.tickets.desk.find_similar import FindSimilar, summary_of
from rimedio.tickets.desk.note_texts import said
from rimedio.tickets.desk.run_record import RunRecord, run_record
from rimedio.tickets.run_log import Histories

_log = logging.getLogger(__name__)

FOUND_MAX = 6
FOUND_CHARS = 600
SYMPTOM_CHARS = 300
WORDS_SHOWN_MAX = 8


@dataclass(frozen=True, slots=True)
class Investigate:
    """Writes investigation notes."""

    tickets: TicketStore
    reviews: ReviewStore
    histories: Histories
    similar: FindSimilar
    clock: Clock

    def action(self, ticket: Ticket, reasons: Sequence[str]) -> Action:
        """The action that stores the notes with the escalation itself."""
        return self.reviews.put_notes(ticket.tenant_id, self(ticket, reasons))

    def take(self, ticket: Ticket, reasons: Sequence[str]) -> tuple[Action, ...]:
        """The same for the workflow, where notes that cannot be made never keep a ticket from a person."""
        try:
            return (self.action(ticket, reasons),)
        except RimedioError:
            _log.exception("No investigation notes could be made of ticket %s.", ticket.ticket_id)
            return ()

    def __call__(self, ticket: Ticket, reasons: Sequence[str]) -> InvestigationNotes:
        """Notes of a ticket as it stands, escalated for these reasons."""
        run = run_record(self.histories, ticket.execution_id)
        language = ticket.lang or ENGLISH
        similar = tuple(s.ticket_id for s in self.similar(ticket.tenant_id, ticket.ticket_id))
        case = _Case(ticket, run, tuple(reasons), similar, language)
        missing = tuple(_missing(case))
        return InvestigationNotes(
            ticket_id=ticket.ticket_id,
            created_at=self.clock.now(),
            summary=_summary(case),
            tried=(*_tried(case), *self._earlier(ticket, language)),
            found=_found(run.context),
            missing=missing,
            similar=similar,
            suggested_next=tuple(_next(case, missing)),
        )

    def _earlier(self, ticket: Ticket, language: str) -> list[str]:
        """Remedies of earlier runs, which did not end the trouble."""
        solutions = self.tickets.solutions(ticket.tenant_id, ticket.ticket_id)
        past = [s for s in solutions if s.steps and s.solution_id != ticket.solution_id]
        return [said("earlier", language, summary_of(solution)) for solution in past]


@dataclass(frozen=True, slots=True)
class _Case:
    ticket: Ticket
    run: RunRecord
    reasons: tuple[str, ...]
    similar: tuple[str, ...]
    language: str

    def has(self, *codes: str) -> bool:
        return any(reason.startswith(codes) for reason in self.reasons)

    @property
    def text(self) -> str:
        """What is asked, personal data out where the run came so far."""
        return self.run.question.text if self.run.question else self.ticket.symptom_text


def _summary(case: _Case) -> str:
    asset, language = case.ticket.asset, case.language
    serial = asset.serial if has_serial(case.ticket) else "-"
    code = case.ticket.error_code
    name = "subject-code" if code else "subject"
    subject = said(name, language, asset.model, serial, code)
    words = " ".join(case.text.split())
    if len(words) > SYMPTOM_CHARS:
        words = words[: words.rfind(" ", 0, SYMPTOM_CHARS)] + " …"
    summary = said("summary", language, subject, words)
    if not case.reasons:
        return summary
    return f"{summary} {said('why', language, '; '.join(case.reasons))}"


def _tried(case: _Case) -> list[str]:
    run, language = case.run, case.language
    out: list[str] = []
    if run.question is not None and run.question.refused:
        out.append(said("refused", language, ", ".join(run.question.reasons)))
    if run.context is not None:
        documents = {entry.passage.chunk.document_id for entry in run.context.entries}
        count = len(run.context.entries)
        out.append(
            said("searched", language, count, len(documents)) if count else said("found-nothing", language)
        )
    if run.draft is not None and run.draft.sentences:
        claims = run.verification.claims if run.verification else ()
        good = sum(claim.verdict is Verdict.SUPPORTED for claim in claims)
        out.append(said("drafted", language, run.draft.routing.model, len(run.draft.sentences), good))
    if run.questions_asked:
        out.append(said("asked", language, run.questions_asked))
    out += [said("rejected", language, _value(r)) for r in case.reasons if r.startswith("review-rejected:")]
    if run.failures:
        out.append(said("failed", language, ", ".join(dict.fromkeys(run.failures))))
    return out


def _missing(case: _Case) -> list[str]:
    ticket, run, language = case.ticket, case.run, case.language
    out: list[str] = []
    if case.has("UNKNOWN_CODE") and run.question is not None:
        codes = ", ".join(run.question.codes) or ticket.error_code or "?"
        out.append(said("unknown-code", language, codes, ticket.asset.model))
    if case.has("NOT_IN_DOCUMENTATION"):
        out.append(said("not-documented", language))
    unheard = _unheard(case)
    if unheard:
        out.append(said("unknown-words", language, ", ".join(unheard)))
    if not ticket.error_code and not (run.question and run.question.codes):
        out.append(said("no-code", language))
    if not has_serial(ticket):
        out.append(said("no-serial", language))
    if not ticket.asset.firmware_version:
        out.append(said("no-firmware", language))
    return out + [said("unread-file", language, problem) for problem in run.unread]


def _unheard(case: _Case) -> list[str]:
    """Content words of the request that no passage found holds in any form."""
    context = case.run.context
    if context is None:
        return []
    heard = {
        language: frozenset(
            term
            for entry in context.entries
            if entry.passage.chunk.language == language
            for term in content_terms(entry.passage.chunk.text, language)
        )
        for language in {entry.passage.chunk.language for entry in context.entries}
    }
    forms = {language: asked_words(case.text, case.language, language) for language in heard}
    missing = [
        term.word
        for place, term in enumerate(asked_terms(case.text, case.language))
        if all(forms[language][place].isdisjoint(words) for language, words in heard.items())
    ]
    return missing[:WORDS_SHOWN_MAX]


def _next(case: _Case, missing: Sequence[str]) -> list[str]:
    language, run = case.language, case.run
    out: list[str] = []
    if case.has("injection", "INJECTION"):
        out.append(said("do-text", language))
    if run.question and any(rule.startswith("told-") for rule in run.question.dangers):
        out.append(said("do-hazard", language))
    if case.has("denied:", "DANGEROUS_REQUEST", "UNSAFE_STEP") or (run.question and run.question.dangers):
        out.append(said("do-danger", language))
    if case.has("UNKNOWN_CODE") and run.question and run.question.codes:
        out.append(said("do-check-code", language, ", ".join(run.question.codes)))
    if case.has("UNKNOWN_CODE", "NOT_IN_DOCUMENTATION"):
        out.append(said("do-load", language))
    if case.has("step-failed"):
        out.append(said("do-retry", language, ", ".join(dict.fromkeys(run.failures)) or "?"))
    wanted = [text for text in missing if text in _askable(language)]
    if wanted:
        out.append(said("do-ask", language, " ".join(wanted)))
    if run.context is not None and run.context.entries:
        out.append(said("do-read", language))
    if case.similar:
        out.append(said("do-similar", language, ", ".join(case.similar)))
    if run.background is not None and run.background.history:
        out.append(said("do-history", language, len(run.background.history)))
    return out


def _askable(language: str) -> frozenset[str]:
    return frozenset(said(name, language) for name in ("no-code", "no-serial", "no-firmware"))


def _found(context: Context | None) -> tuple[Finding, ...]:
    if context is None:
        return ()
    best = max((entry.passage.score for entry in context.entries), default=0.0)
    return tuple(_finding(entry, best) for entry in context.entries[:FOUND_MAX])


def _finding(entry: ContextEntry, best: float) -> Finding:
    chunk = entry.passage.chunk
    text = entry.text
    if len(text) > FOUND_CHARS:
        text = text[: text.rfind(" ", 0, FOUND_CHARS)] + " …"
    return Finding(
        text,
        Citation(
            id=f"c{entry.index}",
            chunk_id=chunk.chunk_id,
            source_uri=f"{chunk.source_uri}#page={chunk.page}"
            if chunk.page is not None
            else chunk.source_uri,
            source_title=chunk.source_title,
            source_type=chunk.doc_type,
            snippet=text,
            relevance_score=round(min(1.0, max(0.0, entry.passage.score / best)), 4) if best > 0 else 0.0,
            page=chunk.page,
            section=chunk.section,
        ),
    )


def _value(reason: str) -> str:
    return reason.partition(":")[2].strip()
