"""Which indexes there are: an alias that readers follow, the indexes that writers fill, the models known.

A prefix `rimedio` gives `rimedio-chunks` (the alias), `rimedio-chunks-000001` …, `rimedio-vectors` and
`rimedio-state`. The control record says where to write: to one index, or, while a new one is being built, to
both.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, InvalidInput, StorageFailed, Throttled
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import (
    OpenSearchOptions,
    index_body,
    state_body,
    vector_field,
    vector_mapping,
    vectors_body,
)
from rimedio.knowledge.index.opensearch_state import StateStore

CONTROL = "control"
ATTEMPTS = 20
NUMBERS_TRIED = 100


@dataclass(frozen=True, slots=True)
class Control:
    """Where chunks are. `building` is the index that a reindex fills; `cursor` is how far it has copied.

    `builder` is the run that may build, and until when (seconds since 1970) it need not be heard of again.
    """

    current: str
    building: str | None = None
    cursor: tuple[int, str] | None = None  # number and edition of the last one copied
    models: Mapping[str, int] = field(default_factory=dict)  # dimensions by embedding model
    old: Mapping[str, float] = field(
        default_factory=dict
    )  # replaced indexes, since when (seconds since 1970)
    builder: tuple[str, float] | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """Where a writer writes."""
        return (self.current,) if self.building is None else (self.current, self.building)


class Places:
    """Makes and finds the indexes of one prefix."""

    def __init__(
        self, client: OpenSearchClient, prefix: str, clock: Clock, options: OpenSearchOptions
    ) -> None:
        self.chunks = f"{prefix}-chunks"  # the alias
        self.vectors = f"{prefix}-vectors"
        self.options = options
        self.states = StateStore(client, f"{prefix}-state", clock, options.state_seconds)
        self._state_index = f"{prefix}-state"
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, Control | None] | None = None

    def control(self) -> Control | None:
        """The control record, at most as old as readers' pictures may be; None before the first document."""
        with self._lock:
            kept = self._kept
        if kept and 0 <= self._clock.monotonic() - kept[0] < self.options.state_seconds:
            return kept[1]
        return self.fresh()[0]

    def fresh(self) -> tuple[Control | None, tuple[int, int] | None]:
        """The control record as it is now, and its place."""
        now = self._clock.monotonic()
        stored, place = self.states.record(CONTROL)
        found = _control(stored) if stored else None
        with self._lock:
            self._kept = now, found
        return found, place

    def ensure(self) -> Control:
        """The control record, after making whatever is not there yet."""
        found, _ = self.fresh()
        if found is not None:
            return found
        first = self.numbered(1)
        self._create(self._state_index, state_body(self.options))
        self._create(self.vectors, vectors_body(self.options))
        self._create(first, index_body(self.options, {}) | {"aliases": {self.chunks: {}}})
        with suppress(Conflict):  # another process was quicker and made the same
            self.states.write(CONTROL, _stored(Control(first)), None)
        found, _ = self.fresh()
        if found is None:
            raise StorageFailed(
                f"The record {CONTROL} of {self._state_index} vanished. Check who deletes indexes."
            )
        return found

    def move(self, change: Callable[[Control], Control]) -> Control:
        """Change the control record; `change` may be called several times, and once more where an answer was lost.

        What `change` does to indexes is done to those of the record that it changes: nothing came in between.
        Raises Throttled.
        """
        for attempt in range(1, ATTEMPTS + 1):
            old, place = self.fresh()
            if old is None:
                self.ensure()
                continue
            new = change(old)
            if new == old:
                return old
            try:
                self.states.write(CONTROL, _stored(new), place)
            except Conflict:
                self._client.pause(attempt)
                continue
            return self.fresh()[0] or new
        raise Throttled(f"{ATTEMPTS} others in turn changed where knowledge is kept. Try again.")

    def add_model(self, model_id: str, dimensions: int) -> Control:
        """Give a model's vectors a field. Raises InvalidInput when its vectors had another length before."""

        def added(control: Control) -> Control:
            _check_size(control, model_id, dimensions)
            if model_id not in control.models:
                for index in control.targets:
                    self.add_fields(index, {model_id: dimensions})
            return replace(control, models={**control.models, model_id: dimensions})

        control = self.ensure()
        _check_size(control, model_id, dimensions)
        if model_id in control.models:
            return control
        try:
            return self.move(added)
        except StorageFailed:
            _check_size(self.ensure(), model_id, dimensions)  # who was quicker may have had another length
            raise

    def add_fields(self, index: str, models: Mapping[str, int]) -> None:
        """Give an index the fields of these models; those it has stay."""
        if models:
            fields = {
                vector_field(model): vector_mapping(self.options, size) for model, size in models.items()
            }
            path = f"/{index}/_mapping"
            self._client.call("adding a field for vectors", "PUT", path, {"properties": fields})

    def make(self, control: Control) -> str:
        """Make an index of chunks that no alias and no record names yet, and that nobody else has made."""
        number = _number(control.current)
        for following in range(number + 1, number + 1 + NUMBERS_TRIED):
            if self._create(self.numbered(following), index_body(self.options, control.models)):
                return self.numbered(following)
        raise StorageFailed(
            f"There are {NUMBERS_TRIED} indexes behind {control.current}. Delete those that no alias names."
        )

    def unused(self, control: Control) -> list[str]:
        """Indexes that runs made which died before they said so: no record will ever name a number that is past."""
        path = f"/{self.chunks}-*/_alias"
        made = self._client.call("listing indexes", "GET", path)
        return [
            name
            for name in sorted(made)
            if _is_numbered(name, self.chunks)
            and _number(name) < _number(control.current)
            and name not in control.old
        ]

    def numbered(self, number: int) -> str:
        """The name of the nth index of chunks."""
        return f"{self.chunks}-{number:06d}"

    def swap(self, old: str, new: str) -> None:
        """Make readers follow `new`: one change of the cluster's state, so no reader finds both or none."""
        actions: Sequence[Json] = [
            {"remove": {"index": old, "alias": self.chunks, "must_exist": False}},
            {"add": {"index": new, "alias": self.chunks}},
        ]
        self._client.call("moving the alias", "POST", "/_aliases", {"actions": actions}, seconds=60.0)

    def drop(self, name: str) -> None:
        """Delete an index that nobody reads any more."""
        path = f"/{name}?ignore_unavailable=true"
        self._client.call("deleting an index", "DELETE", path, seconds=60.0)

    def _create(self, name: str, body: Json) -> bool:
        """Whether it was made; False where it is there already."""
        try:
            self._client.call(f"creating {name}", "PUT", f"/{name}", body, seconds=60.0)
        except StorageFailed as error:
            if "resource_already_exists" not in str(error) and "already exists" not in str(error):
                raise
            return False
        return True


def _check_size(control: Control, model_id: str, dimensions: int) -> None:
    known = control.models.get(model_id, dimensions)
    if known != dimensions:
        msg = f"Vectors of {model_id} have {known} numbers, not {dimensions}. Name another model's otherwise."
        raise InvalidInput(msg)


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])


def _is_numbered(name: str, chunks: str) -> bool:
    number = name.removeprefix(f"{chunks}-")
    return number.isdigit() and name == f"{chunks}-{int(number):06d}"


def _stored(control: Control) -> Json:
    return {
        "current": control.current,
        "building": control.building,
        "cursor": list(control.cursor) if control.cursor else None,
        "models": dict(control.models),
        "old": dict(control.old),
        "builder": list(control.builder) if control.builder else None,
    }


def _control(stored: Json) -> Control:
    cursor, builder = stored.get("cursor"), stored.get("builder")
    return Control(
        current=stored["current"],
        building=stored.get("building"),
        cursor=(int(cursor[0]), str(cursor[1])) if cursor else None,
        models={str(model): int(size) for model, size in stored.get("models", {}).items()},
        old={str(name): float(at) for name, at in stored.get("old", {}).items()},
        builder=(str(builder[0]), float(builder[1])) if builder else None,
    )
