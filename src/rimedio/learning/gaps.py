"""Knowledge gaps: unanswered questions that ask the same thing, with an id that stays.

A new question joins the gap that it is most like, or opens one, named after its first question; so an id
never changes, whatever comes later. A gap that was closed opens again when somebody still finds no answer.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from rimedio.domain.errors import ConditionFailed, Conflict, NotFound
from rimedio.learning.likeness import Likeness, Worded, top_words
from rimedio.learning.questions import QuestionStore, UnansweredQuestion
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import And, Condition, Equals
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import Delete, Put, Table
from rimedio.storage.values import Value

EXAMPLES_MAX = 5
TICKETS_MAX = 200
CHANGE_ATTEMPTS_MAX = 10
COMPARED_MAX = 1000  # gaps that a question is compared with, the most recent ones
PAGE = 100


class GapStatus(StrEnum):
    """What became of a gap."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"  # a later document answers
    DISMISSED = "DISMISSED"  # a person says that no documentation is wanted


@dataclass(frozen=True, slots=True)
class GapExample:
    """One wording of the question."""

    text: str
    language: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions without an answer that ask the same. `question` is the first wording."""

    gap_id: str
    tenant_id: str
    question: str
    language: str
    count: int
    first_at: datetime
    last_at: datetime
    status: GapStatus = GapStatus.OPEN
    code: str | None = None
    tickets: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    examples: tuple[GapExample, ...] = field(default=())
    closed_by: tuple[str, ...] = ()  # ids of the documents that answer
    decided_by: str | None = None

    @property
    def wordings(self) -> Iterator[Worded]:
        """What a new question is compared with."""
        return (Worded(e.text, e.language, e.model, self.code) for e in self.examples)


@dataclass(frozen=True, slots=True)
class GapPage:
    """Some gaps, and the cursor of the next page; None at the end."""

    gaps: tuple[Gap, ...]
    cursor: str | None = None


class GapStore:
    """Keeps gaps. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def save(self, gap: Gap, *, before: Gap | None = None) -> None:
        """Write a gap; the same id replaces. Raises ConditionFailed when somebody else changed `before`."""
        self._table.put(self._item(gap), None if before is None else _as_read(before))

    def take_in(self, gap: Gap, other: Gap, *, before: Gap) -> None:
        """Write `gap`, which was `before` and now holds `other` too, and take the other away, in one step.

        Raises ConditionFailed when somebody else changed one of them meanwhile.
        """
        gone = keys.GAP.key(tenant=other.tenant_id, gap=other.gap_id)
        self._table.transact_write((Put(self._item(gap), _as_read(before)), Delete(gone, _as_read(other))))

    def _item(self, gap: Gap) -> dict[str, Value]:
        return to_attributes(gap) | keys.GAP.attributes(
            tenant=gap.tenant_id,
            gap=gap.gap_id,
            status=gap.status.value,
            last=stamp(gap.last_at),
            shard=shard_of(gap.gap_id, self._shards),
        )

    def find(self, tenant_id: str, gap_id: str) -> Gap | None:
        """The gap, or None."""
        item = self._table.get(keys.GAP.key(tenant=tenant_id, gap=gap_id))
        return None if item is None else from_item(Gap, item)

    def get(self, tenant_id: str, gap_id: str) -> Gap:
        """The gap. Raises NotFound."""
        found = self.find(tenant_id, gap_id)
        if found is None:
            raise NotFound(f"There is no gap {gap_id}. List the gaps to see their ids.")
        return found

    def page(
        self, tenant_id: str, status: GapStatus, *, limit: int = PAGE, cursor: str | None = None
    ) -> GapPage:
        """Gaps in one status, the latest question first."""
        queries = [
            keys.GAPS_BY_STATUS.query(
                reverse=True, limit=limit, cursor=cursor, tenant=tenant_id, status=status.value, shard=n
            )
            for n in range(self._shards)
        ]
        found = query_shards(self._table, queries)
        return GapPage(tuple(from_item(Gap, item) for item in found.items), found.cursor)

    def all(self, tenant_id: str, status: GapStatus, limit: int = COMPARED_MAX) -> Iterator[Gap]:
        """The newest `limit` gaps in one status."""
        cursor, left = None, limit
        while left > 0:
            page = self.page(tenant_id, status, limit=min(PAGE, left), cursor=cursor)
            yield from page.gaps
            left -= len(page.gaps)
            cursor = page.cursor
            if cursor is None:
                return

    def dismiss(self, tenant_id: str, gap_id: str, by: str) -> Gap:
        """A person wants no documentation for this. Raises NotFound, Conflict when it is not open."""
        return self.change_open(self.get(tenant_id, gap_id), status=GapStatus.DISMISSED, decided_by=by)

    def change_open(
        self, gap: Gap, *, status: GapStatus, decided_by: str | None = None, closed_by: tuple[str, ...] = ()
    ) -> Gap:
        """Decide an open gap, with whatever questions have joined it since it was read.

        Raises NotFound, Conflict when it is not open, ConditionFailed after ten lost races.
        """
        for attempt in range(CHANGE_ATTEMPTS_MAX):
            if gap.status is not GapStatus.OPEN:
                raise Conflict(f"The gap {gap.gap_id} is {gap.status}; only an open one can be dismissed.")
            after = replace(gap, status=status, decided_by=decided_by, closed_by=closed_by)
            try:
                self.save(after, before=gap)
            except ConditionFailed:
                if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                    raise
                gap = self.get(gap.tenant_id, gap.gap_id)
            else:
                return after
        raise AssertionError("unreachable")


def _as_read(gap: Gap) -> Condition:
    """That nobody has decided it, or let a question join it, since it was read."""
    return And((Equals("status", gap.status.value), Equals("count", gap.count)))


@dataclass(frozen=True)
class GroupQuestions:
    """Puts waiting questions into gaps."""

    questions: QuestionStore
    gaps: GapStore
    likeness_of: Callable[[str], Likeness]  # for one run of a tenant

    def run(self, tenant_id: str) -> int:
        """Group what waits; how many questions were grouped."""
        waiting = self.questions.waiting(tenant_id)
        if not waiting:
            return 0
        likeness = self.likeness_of(tenant_id)
        known = [gap for status in GapStatus for gap in self.gaps.all(tenant_id, status)]
        by_id = {gap.gap_id: gap for gap in known}
        for question in waiting:
            # A crash between the two writes groups the question again: its ticket counts once all the same.
            gap = self._saved(question, by_id, likeness)
            self.questions.grouped(question, gap.gap_id)
        return len(waiting)

    def _saved(self, question: UnansweredQuestion, known: dict[str, Gap], likeness: Likeness) -> Gap:
        """The gap with the question in it, stored; read anew where a person has decided it meanwhile."""
        for attempt in range(CHANGE_ATTEMPTS_MAX):
            gap = _joined(question, known, likeness)
            try:
                self.gaps.save(gap, before=known.get(gap.gap_id))
            except ConditionFailed:
                if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                    raise
                now = self.gaps.find(gap.tenant_id, gap.gap_id)
                known.pop(gap.gap_id)
                known |= {} if now is None else {now.gap_id: now}
            else:
                known[gap.gap_id] = gap
                return gap
        raise AssertionError("unreachable")


def _joined(question: UnansweredQuestion, known: dict[str, Gap], likeness: Likeness) -> Gap:
    """The gap that a question is most like, with the question in it, or a new one."""
    asked = Worded(question.text, question.language, question.model, question.code)
    scored = (
        (max((likeness.same(asked, w) for w in gap.wordings), default=0.0), gap) for gap in known.values()
    )
    best, nearest = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    if nearest is None or best == 0.0:
        return _opened(question)
    return _with(nearest, question)


def _opened(question: UnansweredQuestion) -> Gap:
    digest = hashlib.sha256(question.question_id.encode()).hexdigest()
    return Gap(
        gap_id=f"gap_{digest[:24]}",
        tenant_id=question.tenant_id,
        question=question.text,
        language=question.language,
        count=1,
        first_at=question.at,
        last_at=question.at,
        code=question.code,
        tickets=(question.ticket_id,) if question.ticket_id else (),
        terms=top_words([question.text], question.language),
        models=(question.model,) if question.model else (),
        examples=(GapExample(question.text, question.language, question.model),),
    )


def _with(gap: Gap, question: UnansweredQuestion) -> Gap:
    if question.ticket_id and question.ticket_id in gap.tickets:
        return gap
    told = GapExample(question.text, question.language, question.model)
    examples = gap.examples
    if len(examples) < EXAMPLES_MAX and told not in examples:
        examples = (*examples, told)
    own = [e.text for e in examples if e.language == gap.language]
    again = gap.status is GapStatus.CLOSED and question.at > gap.last_at
    return replace(
        gap,
        count=gap.count + 1,
        first_at=min(gap.first_at, question.at),
        last_at=max(gap.last_at, question.at),
        tickets=(*gap.tickets, question.ticket_id)[-TICKETS_MAX:] if question.ticket_id else gap.tickets,
        models=_added(gap.models, question.model),
        terms=top_words(own, gap.language),
        examples=examples,
        status=GapStatus.OPEN if again else gap.status,
        closed_by=() if again else gap.closed_by,
    )


def _added(models: tuple[str, ...], model: str | None) -> tuple[str, ...]:
    return models if model is None or model in models else (*models, model)
