"""The single-table design: which items there are, under which keys, and which questions they answer.

Every partition key starts with the tenant, so no query can leave it; the list of the tenants is the one
exception. A new kind of item is one `Entity`, a new question one `AccessPattern`; tests put an example of
every entity and ask every pattern.

Hot partitions: a partition of DynamoDB takes 1,000 writes/s. Partitions that all tickets of a tenant share
end in `#S{shard}`; with more than one shard, writes spread by hash and reads merge (fanout.py). The number
of shards may grow at any time, for the old shards are still among the new ones; it must not shrink.
"""

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from rimedio.domain.errors import InvalidInput
from rimedio.storage.table import Index, Key, Query, SortBeginsWith, SortCondition
from rimedio.storage.values import Value

OPEN = "OPEN"  # the queue of all tickets that need an answer
PART_BYTES_MAX = 300
PART_BYTES_KEPT = 200  # of a longer one, before its hash
_FIELD = re.compile(r"\{(\w+)\}")

EXAMPLE: Mapping[str, str | int] = MappingProxyType(
    {
        "tenant": "acme",
        "ticket": "tkt_6f1c2d3e-0000-4000-8000-000000000001",
        "status": "READY",
        "priority": "P2",
        "queue": "OPEN",
        "shard": 0,
        "created": "2026-01-31T08:30:00.000000Z",
        "solved": "2026-02-01T10:00:00.000000Z",
        "customer": "cus_42",
        "serial": "SN-1001",
        "model": "XC-200",
        "code": "E029",
        "solution": "sol_1",
        "feedback": "fbk_1",
        "session": "ses_1",
        "message": "msg_1",
        "scope": "create-ticket",
        "key": "5b2f",
        "document": "doc_1",
        "updated": "2026-01-15T00:00:00.000000Z",
        "source": "manuals/xc200.md",
        "kind": "execution",
        "name": "exe_1",
        "webhook": "whk_1",
        "delivery": "dlv_1",
        "row": "row_1",
        "question": "qst_1",
        "gap": "gap_1",
        "last": "2026-02-02T00:00:00.000000Z",
        "article": "art_1",
        "review": "rev_1",
        "upload": "upl_1",
        "number": "00001",
        "entry": "cst_1",
        "period": "2026-01",
        "event": "0b7c5a1e-0000-5000-8000-000000000001",
        "dispatch": "3f0b5c8e9d526a1f",
        "rule": "urgent",
        "replay": "rpl_1",
    }
)


@dataclass(frozen=True, slots=True)
class Template:
    """A key with named parts, such as `T#{tenant}#TICKET#{ticket}`."""

    text: str

    def fill(self, parts: Mapping[str, str | int | None]) -> str:
        """The key. Raises InvalidInput when a part is missing or empty."""
        return _FIELD.sub(lambda match: _part(match[1], parts.get(match[1])), self.text)

    def stem(self, parts: Mapping[str, str | int | None]) -> str:
        """The beginning of the key, up to the first part that is not given."""
        for match in _FIELD.finditer(self.text):
            if parts.get(match[1]) is None:
                return Template(self.text[: match.start()]).fill(parts)
        return self.fill(parts)

    def known(self, parts: Mapping[str, str | int | None]) -> bool:
        """Whether all parts are given."""
        return all(parts.get(name) is not None for name in _FIELD.findall(self.text))


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of item and its keys: (partition, sort) for the table and each index it appears in."""

    name: str
    table: tuple[str, str]
    gsi1: tuple[str, str] | None = None
    gsi2: tuple[str, str] | None = None

    def key(self, **parts: str | int | None) -> Key:
        """Where the item lives."""
        pk, sk = self.table
        return Key(Template(pk).fill(parts), Template(sk).fill(parts))

    def attributes(self, **parts: str | int | None) -> dict[str, Value]:
        """Key attributes of an item; a part that is None leaves it out of the indexes that need it."""
        found: dict[str, Value] = {**self.key(**parts)._asdict(), "entity": self.name}
        for index in Index:
            templates = self.templates(index)
            if templates and all(Template(text).known(parts) for text in templates):
                filled = (Template(text).fill(parts) for text in templates)
                found |= dict(zip(index.attributes, filled, strict=True))
        return found

    def templates(self, index: Index | None) -> tuple[str, str] | None:
        """Key templates of the table (None) or an index."""
        return {None: self.table, Index.GSI1: self.gsi1, Index.GSI2: self.gsi2}[index]


_TICKET = "T#{tenant}#TICKET#{ticket}"

TICKET = Entity(
    "ticket",
    (_TICKET, "META"),
    gsi1=("T#{tenant}#STATUS#{status}#S{shard}", "{created}#{ticket}"),
    gsi2=("T#{tenant}#CUSTOMER#{customer}", "TICKET#{created}#{ticket}"),
)
TICKET_CARD = Entity(  # an item stands in two indexes only: the card carries the ticket into two more lists
    "ticket-card",
    (_TICKET, "CARD"),
    gsi1=("T#{tenant}#TICKETS#S{shard}", "{created}#{ticket}"),
    gsi2=("T#{tenant}#ASSET#{serial}", "TICKET#{created}#{ticket}"),
)
URGENCY = Entity(  # there while the ticket is not RESOLVED; in the second index while it needs an answer
    "urgency",
    (_TICKET, "URGENCY"),
    gsi1=("T#{tenant}#URGENCY#{status}#S{shard}", "{priority}#{created}#{ticket}"),
    gsi2=("T#{tenant}#URGENCY#{queue}#S{shard}", "{priority}#{created}#{ticket}"),
)
SOLVED = Entity(  # there while the ticket is RESOLVED
    "solved",
    (_TICKET, "SOLVED"),
    gsi1=("T#{tenant}#SOLVED#{model}#{code}", "{solved}#{ticket}"),
    gsi2=("T#{tenant}#SOLVED#{model}", "{solved}#{ticket}"),
)
SOLUTION = Entity("solution", (_TICKET, "SOLUTION#{solution}"))
FEEDBACK = Entity(
    "feedback",
    (_TICKET, "FEEDBACK#{created}#{feedback}"),
    gsi1=("T#{tenant}#FEEDBACK#S{shard}", "{created}#{feedback}"),
)
REVIEW = Entity(  # a solution is reviewed once: its id is the key
    "review",
    (_TICKET, "REVIEW#{solution}"),
    gsi1=("T#{tenant}#REVIEWS#S{shard}", "{created}#{review}"),
)
NOTES = Entity("notes", (_TICKET, "NOTES"))
UPLOAD = Entity(
    "upload",
    ("T#{tenant}#UPLOAD#{upload}", "META"),
    gsi1=("T#{tenant}#UPLOADS#S{shard}", "{created}#{upload}"),
)
UPLOAD_PART = Entity("upload-part", ("T#{tenant}#UPLOAD#{upload}", "PART#{number}"))
MESSAGE = Entity("message", ("T#{tenant}#SESSION#{session}", "MESSAGE#{created}#{message}"))
IDEMPOTENCY = Entity("idempotency", ("T#{tenant}#IDEMPOTENCY#{scope}#{key}", "META"))
DOCUMENT = Entity(
    "document",
    ("T#{tenant}#DOCUMENT#{document}", "META"),
    gsi1=("T#{tenant}#DOCUMENTS#{status}#S{shard}", "{updated}#{document}"),
    gsi2=("T#{tenant}#SOURCES#S{shard}", "{source}#{document}"),
)
LINK = Entity("link", ("T#{tenant}#LINK#{kind}#{name}", "META"))
WEBHOOK = Entity("webhook", ("T#{tenant}#WEBHOOKS", "{webhook}"))
TENANT = Entity("tenant", ("TENANTS", "{tenant}"))
DELIVERY = Entity("delivery", ("T#{tenant}#WEBHOOK#{webhook}", "DELIVERY#{created}#{delivery}"))
CLASSIFIED = Entity(  # what the classifiers said of a ticket, and what a person said
    "classified", (_TICKET, "CLASSIFIED"), gsi1=("T#{tenant}#CLASSIFIED#S{shard}", "{created}#{ticket}")
)
TRAINING_ROW = Entity(
    "training-row", ("T#{tenant}#ROW#{row}", "META"), gsi1=("T#{tenant}#ROWS#S{shard}", "{created}#{row}")
)
LEARNING_STATE = Entity("learning-state", ("T#{tenant}#LEARNING", "{kind}"))
UNANSWERED = Entity(
    "unanswered",
    ("T#{tenant}#UNANSWERED#{question}", "META"),
    gsi1=("T#{tenant}#UNANSWERED#S{shard}", "{created}#{question}"),
)
GAP = Entity(
    "gap", ("T#{tenant}#GAP#{gap}", "META"), gsi1=("T#{tenant}#GAPS#{status}#S{shard}", "{last}#{gap}")
)
ARTICLE = Entity(
    "article",
    ("T#{tenant}#ARTICLE#{article}", "META"),
    gsi1=("T#{tenant}#ARTICLES#S{shard}", "{created}#{article}"),
)
COST_ENTRY = Entity(
    "cost-entry",
    (_TICKET, "COST#{created}#{entry}"),
    gsi1=("T#{tenant}#COST-ENTRIES#{period}", "{created}#{entry}"),
)
TICKET_COST = Entity("ticket-cost", (_TICKET, "SPENT"))
COST_SUM = Entity("cost-sum", ("T#{tenant}#COSTS", "{kind}#{period}#{name}"))
BUDGET = Entity("budget", ("T#{tenant}#BUDGET", "{kind}"))
COST_HOLD = Entity("cost-hold", ("T#{tenant}#HOLDS", "{created}#{entry}"))
INSIGHT = Entity("insight", ("T#{tenant}#INSIGHTS", "{kind}#{period}"))
JUDGEMENT = Entity("judgement", (_TICKET, "JUDGED#{solution}"))
MEASUREMENT = Entity("measurement", ("T#{tenant}#MEASUREMENTS#{kind}", "{period}"))
EVENT = Entity(  # on AWS, where the bus keeps no list of what happened
    "event",
    ("T#{tenant}#EVENT#{event}", "META"),
    gsi1=("T#{tenant}#EVENTS#S{shard}", "{created}#{event}"),
)
DISPATCH = Entity(  # an event on its way to one target; in the index while it is a dead letter
    "dispatch",
    ("T#{tenant}#EVENT#{event}", "TO#{dispatch}"),
    gsi1=("T#{tenant}#DEAD-LETTERS#S{shard}", "{last}#{event}#{dispatch}"),
)
EVENT_RULE = Entity("event-rule", ("T#{tenant}#RULES", "{rule}"))
REPLAY = Entity("replay", ("T#{tenant}#REPLAYS", "{replay}"))
MOVE = Entity(
    "move", ("T#{tenant}#MOVES#{period}", "{created}#{ticket}")
)  # of all tenants: the service's own

ENTITIES = (
    TICKET, TICKET_CARD, URGENCY, SOLVED, SOLUTION, FEEDBACK, MESSAGE, IDEMPOTENCY, DOCUMENT, LINK, WEBHOOK, DELIVERY,
    TENANT, REVIEW, NOTES, UPLOAD, UPLOAD_PART,
    CLASSIFIED, TRAINING_ROW, LEARNING_STATE, UNANSWERED, GAP, ARTICLE,
    COST_ENTRY, TICKET_COST, COST_SUM, BUDGET, COST_HOLD, INSIGHT, JUDGEMENT, MEASUREMENT,
    EVENT, DISPATCH, EVENT_RULE, REPLAY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccessPattern:
    """One question to the table: read one item (`given` has all parts), or query a partition in sort order.

    `given` names the parts of the key that the asker knows; the sort key may be known up to some part.
    """

    name: str
    entity: Entity
    given: tuple[str, ...]
    index: Index | None = None

    @property
    def templates(self) -> tuple[Template, Template]:
        """Partition and sort key templates."""
        found = self.entity.templates(self.index)
        if found is None:
            raise InvalidInput(f"{self.entity.name} is not in {self.index}. Correct the access pattern.")
        return Template(found[0]), Template(found[1])

    @property
    def reads_one(self) -> bool:
        """Whether this is a `get`: the whole key of the table is known."""
        return self.index is None and self.templates[1].known(dict.fromkeys(self.given, "x"))

    @property
    def key_condition(self) -> str:
        """The key condition in words, for the documentation."""
        pk, sk = ("pk", "sk") if self.index is None else self.index.attributes
        partition, sort = self.templates
        if self.reads_one:
            return f"{pk} = {partition.text} and {sk} = {sort.text}"
        stem = sort.text.split("{", 1)[0]
        return f"{pk} = {partition.text}" + (f" and begins_with({sk}, {stem})" if stem else "")

    @property
    def example(self) -> str:
        """The partition key with sample values."""
        return self.templates[0].fill(EXAMPLE)

    def query(
        self,
        *,
        sort: SortCondition | None = None,
        reverse: bool = False,
        limit: int = 50,
        cursor: str | None = None,
        **parts: str | int | None,
    ) -> Query:
        """The query for these parts;

        the sort key's known beginning is the condition unless `sort` is given.
        """
        partition, sort_key = self.templates
        stem = sort_key.stem(parts)
        if sort is None and stem:
            sort = SortBeginsWith(stem)
        return Query(partition.fill(parts), sort, self.index, reverse, limit, cursor)


TICKET_BY_ID = AccessPattern("A ticket by its id", TICKET, ("tenant", "ticket"))
TICKETS_BY_STATUS = AccessPattern(
    "Tickets in a status, by time", TICKET, ("tenant", "status", "shard"), Index.GSI1
)
TICKETS_BY_CUSTOMER = AccessPattern(
    "Tickets of a customer, by time", TICKET, ("tenant", "customer"), Index.GSI2
)
TICKETS_BY_CREATION = AccessPattern("All tickets, by time", TICKET_CARD, ("tenant", "shard"), Index.GSI1)
TICKETS_BY_ASSET = AccessPattern(
    "History of a piece of equipment", TICKET_CARD, ("tenant", "serial"), Index.GSI2
)
TICKETS_BY_URGENCY = AccessPattern(
    "Tickets in a status, the most urgent first, then by time",
    URGENCY,
    ("tenant", "status", "shard"),
    Index.GSI1,
)
OPEN_TICKETS_BY_URGENCY = AccessPattern(
    "Tickets that need an answer, the most urgent first, then by time",
    URGENCY,
    ("tenant", "queue", "shard"),
    Index.GSI2,
)
SOLVED_BY_CODE = AccessPattern(
    "Solved tickets with this model and error code", SOLVED, ("tenant", "model", "code"), Index.GSI1
)
SOLVED_BY_MODEL = AccessPattern("Solved tickets with this model", SOLVED, ("tenant", "model"), Index.GSI2)
SOLUTION_BY_ID = AccessPattern("One solution", SOLUTION, ("tenant", "ticket", "solution"))
SOLUTIONS_OF_TICKET = AccessPattern("Every solution of a ticket", SOLUTION, ("tenant", "ticket"))
FEEDBACK_OF_TICKET = AccessPattern("Feedback on a ticket, by time", FEEDBACK, ("tenant", "ticket"))
FEEDBACK_BY_TIME = AccessPattern(
    "All feedback, by time, for training", FEEDBACK, ("tenant", "shard"), Index.GSI1
)
REVIEW_OF_SOLUTION = AccessPattern("The review of a solution", REVIEW, ("tenant", "ticket", "solution"))
REVIEWS_OF_TICKET = AccessPattern("Every review of a ticket", REVIEW, ("tenant", "ticket"))
REVIEWS_BY_TIME = AccessPattern("All reviews, by time, for learning", REVIEW, ("tenant", "shard"), Index.GSI1)
NOTES_OF_TICKET = AccessPattern("Investigation notes of a ticket", NOTES, ("tenant", "ticket"))
UPLOAD_BY_ID = AccessPattern("An upload by its id", UPLOAD, ("tenant", "upload"))
UPLOADS_BY_TIME = AccessPattern("All uploads, by time, to sweep", UPLOAD, ("tenant", "shard"), Index.GSI1)
PARTS_OF_UPLOAD = AccessPattern("Pieces that have arrived", UPLOAD_PART, ("tenant", "upload"))
MESSAGES_OF_SESSION = AccessPattern("A conversation, by time", MESSAGE, ("tenant", "session"))
IDEMPOTENCY_BY_KEY = AccessPattern(
    "What became of a request sent before", IDEMPOTENCY, ("tenant", "scope", "key")
)
DOCUMENT_BY_ID = AccessPattern("A document by its id", DOCUMENT, ("tenant", "document"))
DOCUMENTS_BY_STATUS = AccessPattern(
    "Documents in a status, by time", DOCUMENT, ("tenant", "status", "shard"), Index.GSI1
)
DOCUMENTS_BY_SOURCE = AccessPattern(
    "Documents by their source, or a folder of sources", DOCUMENT, ("tenant", "shard"), Index.GSI2
)
LINK_BY_NAME = AccessPattern(
    "The ticket behind an execution or another system's id", LINK, ("tenant", "kind", "name")
)
WEBHOOKS_OF_TENANT = AccessPattern("The webhooks of a tenant", WEBHOOK, ("tenant",))
DELIVERIES_OF_WEBHOOK = AccessPattern("A webhook's delivery log, by time", DELIVERY, ("tenant", "webhook"))
TENANTS = AccessPattern("Every tenant", TENANT, ())
CLASSIFIED_TICKET = AccessPattern("What was said of a ticket's category", CLASSIFIED, ("tenant", "ticket"))
CLASSIFIED_BY_TIME = AccessPattern(
    "Classified tickets, by time, for drift and for the shadow", CLASSIFIED, ("tenant", "shard"), Index.GSI1
)
TRAINING_ROW_BY_ID = AccessPattern("One training row", TRAINING_ROW, ("tenant", "row"))
TRAINING_ROWS_BY_TIME = AccessPattern(
    "Training rows out of corrections, by time", TRAINING_ROW, ("tenant", "shard"), Index.GSI1
)
LEARNING_STATE_BY_KIND = AccessPattern("How far a part of learning is", LEARNING_STATE, ("tenant", "kind"))
UNANSWERED_BY_ID = AccessPattern("A question without an answer", UNANSWERED, ("tenant", "question"))
UNANSWERED_BY_TIME = AccessPattern(
    "Questions without an answer, by time", UNANSWERED, ("tenant", "shard"), Index.GSI1
)
GAP_BY_ID = AccessPattern("A knowledge gap", GAP, ("tenant", "gap"))
GAPS_BY_STATUS = AccessPattern(
    "Knowledge gaps in a status, by their last question", GAP, ("tenant", "status", "shard"), Index.GSI1
)
ARTICLE_BY_ID = AccessPattern("An article", ARTICLE, ("tenant", "article"))
ARTICLES_BY_TIME = AccessPattern("Articles, by time", ARTICLE, ("tenant", "shard"), Index.GSI1)
COST_ENTRIES_OF_TICKET = AccessPattern("What a ticket's steps cost", COST_ENTRY, ("tenant", "ticket"))
COST_ENTRIES_OF_MONTH = AccessPattern(
    "What a month's steps cost, by time", COST_ENTRY, ("tenant", "period"), Index.GSI1
)
COST_OF_TICKET = AccessPattern("What a ticket cost", TICKET_COST, ("tenant", "ticket"))
COST_SUMS = AccessPattern(
    "Sums of a kind: a day, a month, a model, a step", COST_SUM, ("tenant", "kind", "period")
)
BUDGET_BY_KIND = AccessPattern(
    "A tenant's budget: its limits, or how a month stands", BUDGET, ("tenant", "kind")
)
COST_HOLDS = AccessPattern("Money put aside for calls under way, by time", COST_HOLD, ("tenant",))
INSIGHTS_BY_DAY = AccessPattern("Daily figures", INSIGHT, ("tenant", "kind"))
JUDGEMENT_OF_SOLUTION = AccessPattern(
    "How a solution was judged", JUDGEMENT, ("tenant", "ticket", "solution")
)
MEASUREMENTS_BY_TIME = AccessPattern("The service's minutes or hours", MEASUREMENT, ("tenant", "kind"))
EVENT_BY_ID = AccessPattern("An event by its id", EVENT, ("tenant", "event"))
EVENTS_BY_TIME = AccessPattern("What happened, by time", EVENT, ("tenant", "shard"), Index.GSI1)
DISPATCHES_OF_EVENT = AccessPattern("Where an event was sent", DISPATCH, ("tenant", "event"))
DEAD_LETTERS_BY_TIME = AccessPattern(
    "Events that no target took, by time", DISPATCH, ("tenant", "shard"), Index.GSI1
)
RULES_OF_TENANT = AccessPattern("The rules of a tenant", EVENT_RULE, ("tenant",))
REPLAY_BY_ID = AccessPattern("One replay", REPLAY, ("tenant", "replay"))
REPLAYS_OF_TENANT = AccessPattern("The replays of a tenant", REPLAY, ("tenant",))
MOVES_OF_HOUR = AccessPattern("Tickets that moved in an hour, by time", MOVE, ("tenant", "period"))

ACCESS_PATTERNS = (
    TICKET_BY_ID, TICKETS_BY_STATUS, TICKETS_BY_CUSTOMER, TICKETS_BY_CREATION, TICKETS_BY_ASSET,
    TICKETS_BY_URGENCY, OPEN_TICKETS_BY_URGENCY,
    SOLVED_BY_CODE, SOLVED_BY_MODEL, SOLUTION_BY_ID, SOLUTIONS_OF_TICKET, FEEDBACK_OF_TICKET,
    FEEDBACK_BY_TIME, MESSAGES_OF_SESSION, IDEMPOTENCY_BY_KEY, DOCUMENT_BY_ID, DOCUMENTS_BY_STATUS,
    DOCUMENTS_BY_SOURCE, LINK_BY_NAME, WEBHOOKS_OF_TENANT, DELIVERIES_OF_WEBHOOK, TENANTS,
    REVIEW_OF_SOLUTION, REVIEWS_OF_TICKET, REVIEWS_BY_TIME, NOTES_OF_TICKET, UPLOAD_BY_ID, UPLOADS_BY_TIME,
    PARTS_OF_UPLOAD,
    CLASSIFIED_TICKET, CLASSIFIED_BY_TIME, TRAINING_ROW_BY_ID, TRAINING_ROWS_BY_TIME, LEARNING_STATE_BY_KIND,
    UNANSWERED_BY_ID, UNANSWERED_BY_TIME, GAP_BY_ID, GAPS_BY_STATUS, ARTICLE_BY_ID, ARTICLES_BY_TIME,
    COST_ENTRIES_OF_TICKET, COST_ENTRIES_OF_MONTH, COST_OF_TICKET, COST_SUMS, BUDGET_BY_KIND, COST_HOLDS,
    INSIGHTS_BY_DAY, JUDGEMENT_OF_SOLUTION, MEASUREMENTS_BY_TIME, EVENT_BY_ID, EVENTS_BY_TIME,
    DISPATCHES_OF_EVENT, DEAD_LETTERS_BY_TIME, RULES_OF_TENANT, REPLAY_BY_ID, REPLAYS_OF_TENANT, )  # fmt: skip


def stamp(at: datetime) -> str:
    """A time of fixed width in UTC, so that text order is time order. A naive time counts as UTC."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def shard_of(name: str, shards: int) -> int:
    """The shard of an item, 0 to `shards` - 1, the same in every process."""
    return zlib.crc32(name.encode()) % shards


def escaped(text: str) -> str:
    """The text as it stands inside a key."""
    return text.replace("%", "%25").replace("#", "%23")


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return text.replace("%23", "#").replace("%25", "%")


def _part(name: str, value: str | int | None) -> str:
    """A part of a key:

    `#` is escaped, so that no value can reach into the next part; long ones are hashed.
    """
    if value is None or value == "":
        raise InvalidInput(f"The part `{name}` of a key is missing. Give it a value.")
    text = escaped(str(value))
    raw = text.encode(errors="backslashreplace")
    if len(raw) <= PART_BYTES_MAX:
        return text
    kept = raw[:PART_BYTES_KEPT].decode(errors="ignore")
    return f"{kept}~{hashlib.sha256(raw).hexdigest()}"
