"""What is valid of a tenant's knowledge, in one small record moved by compare-and-set.

OpenSearch has no transaction over documents. So a load writes its chunks under a *batch* that this record
hides, and one write of the record shows them and hides the *editions* they replace: readers exclude what the
record names and every load that is younger than it, and see the old document or the new one, never a mix and
never neither. Chunks that were replaced stay for `grace_seconds`, for readers that still hold the record from
before.

The record is read by id, which OpenSearch answers from its newest write, refreshed or not.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, Throttled
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient

NUMBERS_A_BATCH = 1_000_000  # chunks and pages of one load; the load's own number is multiplied by it
WRITER_SECONDS = 300.0  # a load that takes longer is taken for dead
BURIED_SECONDS = 86_400.0  # how long a dead load stays hidden: whatever it still wrote is never seen
TENANTS_MAX = 10_000  # the server's limit of one reply
ATTEMPTS = 40  # of one compare-and-set; each waits with jitter, so writers come through one by one
DOCUMENTS_WAITING = "The document is being loaded by another writer"


@dataclass(frozen=True, slots=True)
class Arriving:
    """A load under way: since when, of which documents; `dead` when it took too long and may not commit.

    `writer` is known to nobody but who began it: it tells its own load where the answer to its beginning was lost.
    """

    at: float  # seconds since 1970
    documents: tuple[str, ...]
    dead: bool = False
    writer: str = ""


@dataclass(frozen=True, slots=True)
class TenantState:
    """The record. `sequence` numbers loads, `commits` grows with every change that readers see."""

    tenant_id: str
    sequence: int = 0
    commits: int = 0
    arriving: Mapping[str, Arriving] = field(default_factory=dict)  # by batch
    leaving: Mapping[str, float] = field(default_factory=dict)  # edition → since when
    place: tuple[int, int] | None = None  # sequence number and primary term of the stored record

    @property
    def hidden(self) -> list[Json]:
        """What readers exclude, as clauses of a `must_not`: also loads younger than this record."""
        later: Json = {"range": {"number": {"gte": (self.sequence + 1) * NUMBERS_A_BATCH}}}
        clauses: list[Json] = [{"bool": {"filter": [{"term": {"tenant": self.tenant_id}}, later]}}]
        if self.arriving:
            clauses.append({"terms": {"batch": sorted(self.arriving)}})
        if self.leaving:
            clauses.append({"terms": {"edition": sorted(self.leaving)}})
        return clauses

    def sequence_of(self, writer: str) -> int:
        """The number of a writer's load, which is not the last one where others began after it."""
        [batch] = [name for name, load in self.arriving.items() if load.writer == writer]
        return int(batch.rpartition(".")[2])


class StateStore:
    """Reads and moves the records of tenants, and any other small record that needs compare-and-set."""

    def __init__(self, client: OpenSearchClient, index: str, clock: Clock, seconds: float) -> None:
        self._client = client
        self._index = index
        self._clock = clock
        self._seconds = seconds
        self._kept: dict[str, tuple[float, TenantState]] = {}
        self._lock = threading.Lock()

    def read(self, tenant_id: str) -> TenantState:
        """The record, at most `seconds` old; an empty one for a tenant that nobody knows."""
        with self._lock:
            kept = self._kept.get(tenant_id)
        if kept and 0 <= self._clock.monotonic() - kept[0] < self._seconds:
            return kept[1]
        return self.fresh(tenant_id)

    def fresh(self, tenant_id: str) -> TenantState:
        """The record as it is now."""
        now = self._clock.monotonic()
        stored, place = self.record(_id(tenant_id))
        state = _state(tenant_id, stored, place)
        self._keep(now, state)
        return state

    def change(self, tenant_id: str, move: Callable[[TenantState], TenantState]) -> TenantState:
        """Move the record; `move` may be called several times. Raises Throttled when too many others write."""
        for attempt in range(1, ATTEMPTS + 1):
            old = self.fresh(tenant_id)
            new = move(old)
            if new is old:
                return old
            try:
                place = self.write(_id(tenant_id), _stored(new), old.place)
            except Conflict:
                self._client.pause(attempt)
                continue
            state = _state(tenant_id, _stored(new), place)
            self._keep(self._clock.monotonic(), state)
            return state
        msg = f"{ATTEMPTS} writers in turn were quicker at loading documents of {tenant_id}. Try again."
        raise Throttled(msg)

    def record(self, name: str) -> tuple[Json, tuple[int, int] | None]:
        """A record and its place; empty and None when there is none."""
        # `_mget` answers from the newest write, and a missing record or index is no error of the request.
        wanted: Json = {"docs": [{"_index": self._index, "_id": name}]}
        [found] = self._client.documents("reading what is valid", "/_mget?preference=_primary", wanted)
        if not found.get("found"):
            return {}, None
        return found["_source"]["state"], (int(found["_seq_no"]), int(found["_primary_term"]))

    def write(self, name: str, state: Json, place: tuple[int, int] | None) -> tuple[int, int]:
        """Store a record where it still is at `place`. Raises Conflict when it is not."""
        way = f"if_seq_no={place[0]}&if_primary_term={place[1]}" if place else "op_type=create"
        path = f"/{self._index}/_doc/{quote(name)}?{way}"
        reply = self._client.call("writing what is valid", "PUT", path, {"state": state})
        return int(reply["_seq_no"]), int(reply["_primary_term"])

    def every(self) -> Sequence[TenantState]:
        """The records of everybody."""
        self._client.call("listing tenants", "POST", f"/{self._index}/_refresh")
        body: Json = {"size": TENANTS_MAX, "query": {"match_all": {}}}
        reply = self._client.search("listing tenants", self._index, body)
        records: list[Json] = [hit["_source"]["state"] for hit in reply["hits"]["hits"]]
        return [_state(r["tenant_id"], r, None) for r in records if "tenant_id" in r]

    def _keep(self, now: float, state: TenantState) -> None:
        with self._lock:
            self._kept[state.tenant_id] = now, state


def begun(state: TenantState, now: float, documents: Sequence[str], writer: str) -> TenantState:
    """The record with a new load of `documents` in it. Raises Throttled when one of them is being loaded.

    A load that `writer` has begun before stays as it is: only the answer to its beginning was lost.
    """
    if any(load.writer == writer for load in state.arriving.values()):
        return state
    arriving = {batch: _aged(load, now) for batch, load in state.arriving.items()}
    busy = {d for load in arriving.values() if not load.dead for d in load.documents} & set(documents)
    if busy:
        msg = f"{DOCUMENTS_WAITING}: {min(busy)} of {state.tenant_id}. Try again in some seconds."
        raise Throttled(msg)
    sequence = state.sequence + 1
    batch = batch_name(state.tenant_id, sequence)
    arriving[batch] = Arriving(now, tuple(documents), writer=writer)
    return TenantState(state.tenant_id, sequence, state.commits, arriving, state.leaving, state.place)


def committed(
    state: TenantState, now: float, batch: str, replaced: Sequence[str], began: float
) -> TenantState:
    """The record in which a load is seen and the editions it replaced are not. Raises Conflict if it is dead.

    Nobody else takes a load out of the record before it is buried, a day after it `began`: where it is not there,
    it was committed, and only the answer was lost.
    """
    load = state.arriving.get(batch)
    if load is None and now - began < BURIED_SECONDS:
        return state
    if load is None or load.dead:
        msg = f"The load {batch} took over {WRITER_SECONDS:.0f} s and was given up. Load its documents again."
        raise Conflict(msg)
    arriving = {b: a for b, a in state.arriving.items() if b != batch}
    leaving = {**state.leaving, **dict.fromkeys(replaced, now)}
    return TenantState(state.tenant_id, state.sequence, state.commits + 1, arriving, leaving, state.place)


def abandoned(state: TenantState, batch: str) -> TenantState:
    """The record in which a load that failed is dead: hidden, and its documents free for the next one."""
    load = state.arriving.get(batch)
    if load is None:
        return state
    arriving = {**state.arriving, batch: replace(load, dead=True)}
    return TenantState(state.tenant_id, state.sequence, state.commits, arriving, state.leaving, state.place)


def purged(state: TenantState, now: float, editions: Sequence[str], dead: Sequence[str]) -> TenantState:
    """The record after a sweep of these editions and dead loads; a dead one stays hidden for a while yet."""
    leaving = {edition: at for edition, at in state.leaving.items() if edition not in set(editions)}
    buried = {b for b in dead if b in state.arriving and now - state.arriving[b].at > BURIED_SECONDS}
    arriving = {b: a for b, a in state.arriving.items() if b not in buried}
    if len(leaving) == len(state.leaving) and not buried:
        return state
    return TenantState(state.tenant_id, state.sequence, state.commits, arriving, leaving, state.place)


def batch_name(tenant_id: str, sequence: int) -> str:
    """The name of a tenant's load."""
    return f"{tenant_mark(tenant_id)}.{sequence}"


def tenant_mark(tenant_id: str) -> str:
    """A short name without blanks that no other tenant has; begins every one of its terms."""
    return hashlib.sha256(tenant_id.encode()).hexdigest()[:16]


def _aged(load: Arriving, now: float) -> Arriving:
    return replace(load, dead=load.dead or now - load.at > WRITER_SECONDS)


def _id(tenant_id: str) -> str:
    return f"tenant-{tenant_mark(tenant_id)}"


def _stored(state: TenantState) -> Json:
    return {
        "tenant_id": state.tenant_id,
        "sequence": state.sequence,
        "commits": state.commits,
        "arriving": {b: [a.at, list(a.documents), a.dead, a.writer] for b, a in state.arriving.items()},
        "leaving": dict(state.leaving),
    }


def _state(tenant_id: str, stored: Json, place: tuple[int, int] | None) -> TenantState:
    if not stored:
        return TenantState(tenant_id, place=place)
    arriving = {
        batch: Arriving(float(at), tuple(documents), bool(dead), "".join(writer))
        for batch, (at, documents, dead, *writer) in stored["arriving"].items()
    }
    leaving = {edition: float(at) for edition, at in stored["leaving"].items()}
    return TenantState(tenant_id, stored["sequence"], stored["commits"], arriving, leaving, place)
