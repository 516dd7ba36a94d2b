"""What several writes add to the figures, gathered so that they can be written at once."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from rimedio.cost import day_figures as figures
from rimedio.cost.day_figures import Added, Place
from rimedio.storage import keys
from rimedio.storage.keys import unescaped
from rimedio.storage.streams import Change
from rimedio.storage.table import Action, Changes, Key, Put, Table, Update
from rimedio.storage.values import Item

DAY, NOW = "DAY", "NOW"
EVER = "-"


@dataclass(frozen=True, slots=True)
class Answered:
    """A ticket's first solution was stored, `seconds` after the work on it began."""

    tenant_id: str
    ticket_id: str
    solution_id: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class _Judged:
    """How a solution is judged now."""

    day: str
    place: int
    wrong: bool


class Tally:
    """Counters to add to, and judgements to note, gathered out of several changes."""

    def __init__(self, table: Table, *, anew: bool = False) -> None:
        """`anew`: earlier judgements do not count, for everything is counted from the beginning."""
        self._table = table
        self._anew = anew
        self._counts: Counter[Place] = Counter()
        self._judged: dict[Key, _Judged] = {}
        self._places: set[tuple[str, str]] = set()
        self.answers: list[Answered] = []

    @property
    def size(self) -> int:
        """How many items will be written."""
        return len(self._places) + len(self._judged)

    def add(self, change: Change) -> None:
        """Count one change."""
        if change.new is not None:
            self._add(change.old, change.new)

    def add_stored(self, item: Item) -> None:
        """Count what is stored, as if it had just been written."""
        self._add(None, item)

    def actions(self) -> list[Action]:
        """What to write."""
        grouped: dict[tuple[str, str], dict[str, int]] = {}
        for place, amount in self._counts.items():
            if amount:
                grouped.setdefault((place.tenant_id, place.day), {})[str(place.name)] = amount
        found: list[Action] = []
        for (tenant, day), add in grouped.items():
            key = keys.INSIGHT.key(tenant=tenant, kind=DAY if day else NOW, period=day or EVER)
            found.append(Update(key, Changes(set={"day": day}, add=add)))
        for judgement, judged in self._judged.items():
            item: Item = {**judgement._asdict(), "entity": keys.JUDGEMENT.name, "day": judged.day}
            found.append(Put({**item, "place": judged.place, "wrong": judged.wrong}))
        return found

    def _add(self, old: Item | None, new: Item) -> None:
        tenant, entity = _tenant(new), new.get("entity")
        if entity == keys.TICKET.name:
            self._put(figures.of_ticket(old, new))
        elif old is not None:
            return  # the others are facts: written once
        elif entity == keys.SOLUTION.name:
            self._solution(tenant, new)
        elif entity == keys.REVIEW.name:
            self._put(figures.of_review(tenant, new))
            self._judge(tenant, new, wrong=new.get("verdict") != "APPROVED")
        elif entity == keys.FEEDBACK.name:
            self._put(figures.of_feedback(tenant, new))
            if not new.get("measured"):
                self._judge(tenant, new, wrong=not new.get("was_helpful"))

    def _solution(self, tenant: str, item: Item) -> None:
        ticket, solution = str(item["pk"]).rpartition("#")[2], str(item["sk"]).partition("#")[2]
        reviews = self._table.query(
            keys.REVIEWS_OF_TICKET.query(tenant=tenant, ticket=ticket, limit=100)
        ).items
        if any(review.get("edited_solution_id") == solution for review in reviews):
            return  # a reviewer wrote it, not the workflow
        several = self._table.query(
            keys.SOLUTIONS_OF_TICKET.query(tenant=tenant, ticket=ticket, limit=100)
        ).items
        first = min((str(s.get("stored_at")) for s in several), default="") >= str(item.get("stored_at"))
        self._put(figures.of_solution(tenant, item, first=first))
        if first:
            at = datetime.fromisoformat(str(item.get("stored_at")))
            self.answers.append(Answered(tenant, ticket, solution, figures.latency_seconds_of(item), at))

    def _judge(self, tenant: str, item: Item, *, wrong: bool) -> None:
        """The latest judgement of a solution counts; an earlier one is taken back."""
        ticket, solution = str(item.get("ticket_id")), item.get("solution_id")
        if not solution:
            return
        parts = {"tenant": tenant, "ticket": ticket, "solution": str(solution)}
        stored = self._table.get(keys.SOLUTION.key(**parts))
        if stored is None:
            return
        key = keys.JUDGEMENT.key(**parts)
        before = self._judged.get(key) or self._stored_judgement(key)
        if before is not None:
            self._put(figures.of_judgement(tenant, before.day, before.place, wrong=before.wrong, amount=-1))
        place = figures.confidence_bin(figures.confidence_of(stored))
        now = _Judged(figures.day_of(stored.get("stored_at")), place, wrong)
        self._put(figures.of_judgement(tenant, now.day, now.place, wrong=wrong))
        self._judged[key] = now

    def _stored_judgement(self, key: Key) -> _Judged | None:
        item = None if self._anew else self._table.get(key)
        if item is None:
            return None
        place = item.get("place")
        return _Judged(str(item.get("day")), place if isinstance(place, int) else 0, bool(item.get("wrong")))

    def _put(self, added: Added) -> None:
        for place, amount in added:
            self._counts[place] += amount
            self._places.add((place.tenant_id, place.day))


def _tenant(item: Item) -> str:
    named = item.get("tenant_id")
    return str(named) if named else unescaped(str(item["pk"]).split("#")[1])
