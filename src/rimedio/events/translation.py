"""Writes to the table, told as events: one change in, the events it means out.

The id of an event is made from what changed: a ticket and its version, a review, a document and its content.
However often a change is read, it is the same event. Events carry ids and facts, never a customer's words,
name or address: whoever needs them reads the ticket with rights of his own.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from rimedio.domain.codec import Json
from rimedio.domain.ticket import Status
from rimedio.events.detail_types import SOURCE_OF, DetailType
from rimedio.events.event import Event, event_id, new_event
from rimedio.storage import keys
from rimedio.storage.streams import Change, ChangeKind
from rimedio.storage.values import Item

_TICKET_FACTS = ("ticket_id", "priority", "lang", "category", "error_code", "duplicate_of")
_REVIEW_FACTS = (
    "review_id",
    "ticket_id",
    "solution_id",
    "edited_solution_id",
    "reviewer",
    "verdict",
    "changed",
)
_FEEDBACK_FACTS = (
    "feedback_id", "ticket_id", "solution_id", "operator_id", "rating", "was_helpful", "use", "measured",
    "resolved_issue", "required_escalation",
)  # fmt: skip
_DOCUMENT_FACTS = ("document_id", "source_uri", "title", "doc_type", "language", "pages", "chunks", "reason")
_GAP_FACTS = ("gap_id", "count", "terms", "models")
_ARTICLE_FACTS = ("article_id", "title", "ticket_ids", "decided_by")


def events_of(change: Change) -> tuple[Event, ...]:
    """The events that a change of the table means; most changes mean none."""
    new = change.new
    if new is None or change.kind is ChangeKind.REMOVE:
        return ()
    tell = _TELLERS.get(str(new.get("entity")))
    return () if tell is None else tuple(tell(change, new))


def _ticket(change: Change, new: Item) -> Iterator[Event]:
    old = change.old
    facts = _facts(new, _TICKET_FACTS) | _asset(new)
    if old is None:
        yield _event(change, new, DetailType.TICKET_OPENED, facts, new.get("version"))
        return
    status = new.get("status")
    if status == old.get("status"):
        return
    moved: dict[str, Json] = facts | {
        "status": _plain(status),
        "previous_status": _plain(old.get("status")),
        "version": _plain(new.get("version")),
        "solution_id": _plain(new.get("solution_id")),
        "confidence": _plain(new.get("confidence")),
    }
    yield _event(change, new, DetailType.TICKET_STATUS_CHANGED, moved, new.get("version"))
    if status == Status.READY and new.get("solution_id") is not None:
        published = facts | _facts(new, ("solution_id", "confidence"))
        yield _event(change, new, DetailType.SOLUTION_PUBLISHED, published, new.get("version"))


def _review(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        facts = _facts(new, _REVIEW_FACTS)
        yield _event(change, new, DetailType.REVIEW_DECIDED, facts, new.get("review_id"))


def _feedback(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        facts = _facts(new, _FEEDBACK_FACTS)
        yield _event(change, new, DetailType.FEEDBACK_GIVEN, facts, new.get("feedback_id"))


def _message(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        facts: dict[str, Json] = {"ticket_id": _plain(new.get("session_id"))}
        facts |= _facts(new, ("message_id", "author"))
        yield _event(change, new, DetailType.MESSAGE_ADDED, facts, new.get("message_id"))


def _document(change: Change, new: Item) -> Iterator[Event]:
    old: Item = change.old or {}
    if all(new.get(name) == old.get(name) for name in ("status", "content_hash", "reason")):
        return
    kind = {"INDEXED": DetailType.DOCUMENT_INDEXED, "REFUSED": DetailType.DOCUMENT_REFUSED}.get(
        str(new.get("status"))
    )
    if kind is not None:
        yield _event(change, new, kind, _facts(new, _DOCUMENT_FACTS), change.sequence)


def _gap(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        yield _event(change, new, DetailType.KNOWLEDGE_GAP_FOUND, _facts(new, _GAP_FACTS), new.get("gap_id"))


def _article(change: Change, new: Item) -> Iterator[Event]:
    old: Item = change.old or {}
    if new.get("status") == "APPROVED" != old.get("status"):
        facts = _facts(new, _ARTICLE_FACTS)
        yield _event(change, new, DetailType.ARTICLE_APPROVED, facts, change.sequence)


_TELLERS: Mapping[str, Callable[[Change, Item], Iterator[Event]]] = MappingProxyType(
    {
        keys.TICKET.name: _ticket,
        keys.REVIEW.name: _review,
        keys.FEEDBACK.name: _feedback,
        keys.MESSAGE.name: _message,
        keys.DOCUMENT.name: _document,
        keys.GAP.name: _gap,
        keys.ARTICLE.name: _article,
    }
)


def _event(
    change: Change, new: Item, detail_type: DetailType, detail: Mapping[str, Json], which: object
) -> Event:
    """`which` tells this happening from others of the item: its version, its own id, or the change's place."""
    tenant = _tenant(new)
    resources = [f"{name[:-3]}/{detail[name]}" for name in ("ticket_id", "document_id") if detail.get(name)]
    return new_event(
        event_id(tenant, detail_type, change.key.pk, change.key.sk, which),
        source=SOURCE_OF[detail_type],
        detail_type=detail_type,
        tenant_id=tenant,
        time=change.at,
        detail=detail,
        resources=tuple(resources),
    )


def _tenant(item: Item) -> str:
    return str(item.get("tenant_id") or "") or str(item.get("pk")).split("#")[1]


def _facts(item: Item, names: tuple[str, ...]) -> dict[str, Json]:
    return {name: _plain(item[name]) for name in names if name in item}


def _asset(item: Item) -> dict[str, Json]:
    asset, customer = item.get("asset"), item.get("customer")
    found: dict[str, Json] = {}
    if isinstance(asset, Mapping):
        found |= {name: _plain(asset.get(name)) for name in ("product_type", "model", "serial")}
    if isinstance(customer, Mapping):
        found["customer_id"] = _plain(customer.get("id"))
    return found


def _plain(value: object) -> Json:
    """A stored value as JSON."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
