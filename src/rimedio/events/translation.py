"""Writes to the table, told as events: one change in, the events it means out.

The id of an event is made from what changed: a ticket and its version, a review, a document and its content.
However often a change is read, it is the same event.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TypeVar

from rimedio.domain.codec import from_json
from rimedio.domain.source_names import shown_source
from rimedio.domain.ticket import Status
from rimedio.events.detail_types import SOURCE_OF
from rimedio.events.domain_events import (
    ArticleApproved,
    DocumentIndexed,
    DocumentRefused,
    DomainEvent,
    FeedbackGiven,
    KnowledgeGapFound,
    MessageAdded,
    ReviewDecided,
    SolutionPublished,
    TicketOpened,
    TicketStatusChanged,
    detail_of,
    detail_type_of,
)
from rimedio.events.event import Event, event_id, new_event
from rimedio.storage import keys
from rimedio.storage.streams import Change, ChangeKind
from rimedio.storage.values import Item, Value

_Kind = TypeVar("_Kind")


def events_of(change: Change) -> tuple[Event, ...]:
    """The events that a change of the table means; most changes mean none."""
    new = change.new
    if new is None or change.kind is ChangeKind.REMOVE:
        return ()
    tell = _TELLERS.get(str(new.get("entity")))
    return () if tell is None else tuple(tell(change, new))


def _ticket(change: Change, new: Item) -> Iterator[Event]:
    old, version = change.old, new.get("version")
    if old is None:
        yield _event(change, new, _read(TicketOpened, _ticket_facts(new)), version)
        return
    status = new.get("status")
    if status == old.get("status"):
        return
    facts = _ticket_facts(new) | {"previous_status": old.get("status")}
    yield _event(change, new, _read(TicketStatusChanged, facts), version)
    if status == Status.READY and new.get("solution_id") is not None:
        yield _event(change, new, _read(SolutionPublished, facts), version)


def _review(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        yield _event(change, new, _read(ReviewDecided, new), new.get("review_id"))


def _feedback(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        yield _event(change, new, _read(FeedbackGiven, new), new.get("feedback_id"))


def _message(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        told = _read(MessageAdded, {**new, "ticket_id": new.get("session_id")})
        yield _event(change, new, told, new.get("message_id"))


def _document(change: Change, new: Item) -> Iterator[Event]:
    old: Item = change.old or {}
    if all(new.get(name) == old.get(name) for name in ("status", "content_hash", "reason")):
        return
    kinds: Mapping[str, type[DocumentIndexed] | type[DocumentRefused]] = {
        "INDEXED": DocumentIndexed,
        "REFUSED": DocumentRefused,
    }
    kind = kinds.get(str(new.get("status")))
    if kind is not None:
        source = new.get("source_uri")
        seen = new if source is None else {**new, "source_uri": shown_source(str(source))}
        yield _event(change, new, _read(kind, seen), change.sequence)


def _gap(change: Change, new: Item) -> Iterator[Event]:
    if change.old is None:
        yield _event(change, new, _read(KnowledgeGapFound, new), new.get("gap_id"))


def _article(change: Change, new: Item) -> Iterator[Event]:
    old: Item = change.old or {}
    if new.get("status") == "APPROVED" != old.get("status"):
        yield _event(change, new, _read(ArticleApproved, new), change.sequence)


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

TOLD = tuple(_TELLERS)  # kinds of items of which events tell; a function behind the stream needs no others


def _event(change: Change, new: Item, told: DomainEvent, which: object) -> Event:
    """`which` tells this happening from others of the item: its version, its own id, or the change's place."""
    tenant, detail_type, detail = _tenant(new), detail_type_of(told), detail_of(told)
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


def _read(kind: type[_Kind], item: Item) -> _Kind:
    """The fields of a kind of event out of an item: those alone, for the rest is nobody's business."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # they are dataclasses
    return from_json(kind, {name: item[name] for name in names & item.keys()})


def _ticket_facts(item: Item) -> dict[str, Value]:
    """A ticket, its asset and customer flattened."""
    found = dict(item)
    asset, customer = item.get("asset"), item.get("customer")
    if isinstance(asset, Mapping):
        found |= {name: asset.get(name) for name in ("product_type", "model", "serial")}
    if isinstance(customer, Mapping):
        found["customer_id"] = customer.get("id")
    return found
