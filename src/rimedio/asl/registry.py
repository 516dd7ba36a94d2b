"""Versions and aliases of state machines: a version never changes, an alias moves between versions.

An alias may send part of its executions to a second version. Names: `orders` is the latest revision,
`orders:3` a version, `orders:live` an alias; each also as an ARN.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from rimedio.asl.clock import Randomness, system_randomness
from rimedio.asl.errors import StateMachineDoesNotExist
from rimedio.asl.journal import Journal, MemoryJournal
from rimedio.asl.model import Machine


@dataclass(frozen=True)
class Route:
    """Where an alias leads: version → weight in percent; the weights sum to 100."""

    weights: Mapping[int, int]

    def __post_init__(self) -> None:
        if not 1 <= len(self.weights) <= 2 or sum(self.weights.values()) != 100:
            msg = f"An alias leads to one or two versions whose weights sum to 100, not {dict(self.weights)}."
            raise ValueError(msg)


@dataclass
class _Record:
    """What is kept of one machine: digests of its latest revision and of its versions, and its aliases."""

    latest: str
    versions: list[str] = field(default_factory=list)
    aliases: dict[str, dict[int, int]] = field(default_factory=dict)


class Registry:
    """State machines by name, with versions and aliases, in a journal. Thread-safe; one process writes."""

    def __init__(self, journal: Journal | None = None, randomness: Randomness | None = None) -> None:
        self._journal = journal if journal is not None else MemoryJournal()
        self._randomness = randomness or system_randomness()
        self._lock = threading.Lock()
        self._machines: dict[str, Machine] = {}

    def put(self, machine: Machine) -> None:
        """Create a machine, or give it a new revision; its versions stay as they are."""
        with self._lock:
            self._machines[machine.digest] = machine
            self._journal.put_machine(machine.digest, machine.name, machine.definition)
            record = self._read(machine.name)
            if record is None:
                record = _Record(machine.digest)
            record.latest = machine.digest
            self._write(machine.name, record)

    def publish(self, name: str) -> int:
        """Make the latest revision a version; its number. Publishing the same revision again changes nothing.

        Raises StateMachineDoesNotExist.
        """
        with self._lock:
            record = self._known(name)
            if not record.versions or record.versions[-1] != record.latest:
                record.versions.append(record.latest)
                self._write(name, record)
            return len(record.versions)

    def alias(self, name: str, alias: str, route: Route) -> None:
        """Point an alias at versions. Raises StateMachineDoesNotExist, ValueError."""
        if not alias or alias.isdigit():
            msg = f"An alias is a word, not {alias!r}."
            raise ValueError(msg)
        with self._lock:
            record = self._known(name)
            for version in route.weights:
                _version(name, record, version)
            record.aliases[alias] = dict(route.weights)
            self._write(name, record)

    def aliases(self, name: str) -> Mapping[str, Route]:
        """Every alias of a machine. Raises StateMachineDoesNotExist."""
        with self._lock:
            return {alias: Route(weights) for alias, weights in self._known(name).aliases.items()}

    def find(self, text: str) -> Machine:
        """The machine of a name or ARN, with or without version or alias. Raises StateMachineDoesNotExist."""
        name, _, qualifier = text.rpartition(":stateMachine:")[2].partition(":")
        with self._lock:
            record = self._known(name)
            if not qualifier:
                return self._machine(record.latest)
            if qualifier.isdigit():
                return self._machine(_version(name, record, int(qualifier)))
            if qualifier not in record.aliases:
                raise StateMachineDoesNotExist(f"{name!r} has no alias {qualifier!r}.")
            return self._machine(_version(name, record, self._drawn(record.aliases[qualifier])))

    def _drawn(self, weights: Mapping[int, int]) -> int:
        point = self._randomness.random() * 100
        versions = list(weights)
        return versions[0] if point < weights[versions[0]] else versions[-1]

    def _machine(self, digest: str) -> Machine:
        if digest not in self._machines:
            kept = self._journal.machine(digest)
            if kept is None:
                raise StateMachineDoesNotExist(f"The definition {digest} is not in the journal.")
            self._machines[digest] = Machine.parse(kept[1], kept[0])
        return self._machines[digest]

    def _known(self, name: str) -> _Record:
        record = self._read(name)
        if record is None:
            raise StateMachineDoesNotExist(
                f"There is no state machine {name!r}. Put it into the registry first."
            )
        return record

    def _read(self, name: str) -> _Record | None:
        text = self._journal.note(name)
        if text is None:
            return None
        row = json.loads(text)
        aliases = {
            alias: {int(version): weight for version, weight in weights.items()}
            for alias, weights in row["aliases"].items()
        }
        return _Record(row["latest"], row["versions"], aliases)

    def _write(self, name: str, record: _Record) -> None:
        self._journal.put_note(name, json.dumps(asdict(record)))


def _version(name: str, record: _Record, version: int) -> str:
    if not 1 <= version <= len(record.versions):
        has = len(record.versions)
        raise StateMachineDoesNotExist(f"{name!r} has no version {version}; it has {has}.")
    return record.versions[version - 1]
