"""Questions that the documentation did not answer, as they come in: from tickets, asked questions, searches."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rimedio.answering.answer import Asked
from rimedio.answering.relevance import relevance
from rimedio.domain.answer import Solution
from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed
from rimedio.domain.ground import Ground
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Status, Ticket
from rimedio.knowledge.language import detect_language
from rimedio.knowledge.search import SearchResult
from rimedio.learning.collect import Redact
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import NotExists
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import EXPIRES_AT, Table
from rimedio.storage.values import Value

KEEP_FOR = timedelta(days=180)
TEXT_CHARS_MAX = 2000
RELEVANCE_MIN = 0.15  # as the gate: below, the passages do not answer
CHARS_MIN = 8  # "E099" is a code; "help" is no question
UNSUPPORTED = (Ground.NOT_IN_DOCUMENTATION, Ground.UNKNOWN_CODE)
# Refused by the guardrails, or handed over because something failed ("States.Timeout: …"): no gap of the manuals.
_NOT_BY_HAND = re.compile(r"injection|denied:|[A-Z][a-z]+(?:[.]?[A-Z][A-Za-z]*)+: |\Z")
_CODE = re.compile(r"\b([A-Z_]{4,}): ")


class Asker(StrEnum):
    """Where a question came from."""

    TICKET = "TICKET"
    ASK = "ASK"
    SEARCH = "SEARCH"


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """One question without support, personal data out. `gap_id` is set once it is grouped."""

    question_id: str
    tenant_id: str
    text: str
    language: str
    source: Asker
    at: datetime
    model: str | None = None
    code: str | None = None
    ticket_id: str | None = None
    gap_id: str | None = None


class QuestionStore:
    """Keeps unanswered questions for half a year. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def add(self, question: UnansweredQuestion) -> bool:
        """Keep a question; False when it is kept already."""
        try:
            self._table.put(self._item(question), NotExists("pk"))
        except ConditionFailed:
            return False
        return True

    def waiting(self, tenant_id: str, limit: int = 200) -> tuple[UnansweredQuestion, ...]:
        """The oldest questions that belong to no gap yet."""
        queries = [
            keys.UNANSWERED_BY_TIME.query(limit=limit, tenant=tenant_id, shard=n) for n in range(self._shards)
        ]
        page = query_shards(self._table, queries)
        return tuple(from_item(UnansweredQuestion, item) for item in page.items)

    def find(self, tenant_id: str, question_id: str) -> UnansweredQuestion | None:
        """The question, or None."""
        item = self._table.get(keys.UNANSWERED.key(tenant=tenant_id, question=question_id))
        return None if item is None else from_item(UnansweredQuestion, item)

    def grouped(self, question: UnansweredQuestion, gap_id: str) -> None:
        """Say to which gap a question belongs; it leaves the list of those that wait."""
        self._table.put(self._item(replace(question, gap_id=gap_id)))

    def _item(self, question: UnansweredQuestion) -> dict[str, Value]:
        listed = question.gap_id is None
        found = to_attributes(question) | keys.UNANSWERED.attributes(
            tenant=question.tenant_id,
            question=question.question_id,
            created=stamp(question.at),
            shard=shard_of(question.question_id, self._shards) if listed else None,
        )
        found[EXPIRES_AT] = int((question.at + KEEP_FOR).timestamp())
        return found


@dataclass(frozen=True)
class NoteQuestions:
    """Decides which questions show a gap, and keeps them without personal data."""

    store: QuestionStore
    redact: Redact
    clock: Clock
    taxonomy: Taxonomy

    def ticket(self, ticket: Ticket) -> bool:
        """A ticket that was escalated because nothing answers it, or by a person who had no answer."""
        if not is_unsupported(ticket):
            return False
        names = tuple(n for n in (ticket.customer.name, ticket.customer.contact_email) if n)
        keep = tuple(k for k in (ticket.asset.model, ticket.error_code) if k)
        return self.store.add(
            UnansweredQuestion(
                question_id=f"qst_{ticket.ticket_id}",
                tenant_id=ticket.tenant_id,
                text=self.redact(ticket.symptom_text, names, keep)[:TEXT_CHARS_MAX],
                language=ticket.lang or detect_language(ticket.symptom_text),
                source=Asker.TICKET,
                at=ticket.updated_at,
                model=ticket.asset.model,
                code=ticket.error_code or self._code_in(ticket.symptom_text),
                ticket_id=ticket.ticket_id,
            )
        )

    def answered(self, asked: Asked, solution: Solution) -> bool:
        """A question that was asked without a ticket, and what came of it."""
        if not grounds_of(solution.decision.reasons) & {*UNSUPPORTED}:
            return False
        model = asked.product_models[0] if asked.product_models else None
        code = asked.codes[0] if asked.codes else self._code_in(asked.text)
        return self._loose(asked.tenant_id, asked.text, solution.language, Asker.ASK, model=model, code=code)

    def searched(self, tenant_id: str, text: str, found: SearchResult, model: str | None) -> bool:
        """A search, and what it found."""
        near = relevance(text, found.passages, found.language, unknown_codes=found.unknown_codes)
        if near >= RELEVANCE_MIN:
            return False
        code = found.unknown_codes[0] if found.unknown_codes else None
        return self._loose(tenant_id, text, found.language, Asker.SEARCH, model=model, code=code)

    def _loose(
        self, tenant_id: str, text: str, language: str, source: Asker, *, model: str | None, code: str | None
    ) -> bool:
        """Without a ticket, the same question counts once a day."""
        clean = self.redact(text, (), (*self.taxonomy.models(), *((code,) if code else ())))[:TEXT_CHARS_MAX]
        if len(clean.strip()) < CHARS_MIN and code is None:
            return False
        now = self.clock.now()
        digest = hashlib.sha256(
            "\0".join((clean.casefold(), model or "", code or "", now.date().isoformat())).encode()
        ).hexdigest()
        question = UnansweredQuestion(
            f"qst_{digest[:24]}", tenant_id, clean, language, source, now, model=model, code=code
        )
        return self.store.add(question)

    def _code_in(self, text: str) -> str | None:
        """The one error code that a text names; with several, none is what it is about."""
        named = {found.upper() for found in self.taxonomy.code_pattern.findall(text)}
        return named.pop() if len(named) == 1 else None


def is_unsupported(ticket: Ticket) -> bool:
    """Whether a ticket stands where it stands for want of documentation."""
    reasons = grounds_of((ticket.status_reason or "",))
    if reasons & {*UNSUPPORTED}:
        return ticket.status in (Status.ESCALATED, Status.IN_REVIEW, Status.NEEDS_INFO)
    by_hand = not reasons and not _NOT_BY_HAND.match(ticket.status_reason or "")
    return ticket.status is Status.ESCALATED and by_hand  # a person had no better answer either


def grounds_of(reasons: Iterable[str]) -> frozenset[Ground]:
    """The codes in a decision's reasons."""
    named = {name for reason in reasons for name in _CODE.findall(f"{reason} ")}
    return frozenset(ground for ground in Ground if ground.value in named)


def texts_of(questions: Sequence[UnansweredQuestion]) -> tuple[str, ...]:
    """Different wordings, in their order."""
    return tuple(dict.fromkeys(question.text for question in questions))
