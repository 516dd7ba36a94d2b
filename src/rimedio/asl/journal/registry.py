"""Versions and aliases of state machines: a version never changes, an alias moves between versions.

An alias may send part of its executions to a second version. Names: `orders` is the latest revision,
`orders:3` a version, `orders:live` an alias; each also as an ARN.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from rimedio.asl.clock import Randomness, system_randomness
from rimedio.asl.definition.model import Machine
from rimedio.asl.definition.parser import kept_machine
from rimedio.asl.errors import StateMachineDoesNotExist
from rimedio.asl.journal.port import Journal
from rimedio.asl.journal.sqlite import MemoryJournal
from rimedio.asl.jsontext import JSON

NOTE = "machine/"


@dataclass(frozen=True)
class Route:
    """Where an alias leads: version → weight in percent; the weights sum to 100."""

    weights: Mapping[int, int]

    def __post_init__(self) -> None:
        if not 1 <= len(self.weights) <= 2 or sum(self.weights.values()) != 100:
            msg = f"An alias leads to one or two versions whose weights sum to 100, not {dict(self.weights)}."
            raise ValueError(msg)


@dataclass(frozen=True)
class Found:
    """A machine, and the version and the alias under which it was found."""

    machine: Machine
    version: int | None = None
    alias: str | None = None


@dataclass
class _Record:
    """What is kept of one machine: digests of its latest revision and of its versions, and its aliases.

    A version that was deleted stays as an empty digest, so that numbers are not given out twice. `about`
    holds what a caller notes of the machine (""), a version ("3") or an alias ("live").
    """

    latest: str
    versions: list[str] = field(default_factory=list)
    aliases: dict[str, dict[int, int]] = field(default_factory=dict)
    about: dict[str, dict[str, JSON]] = field(default_factory=dict)


class Registry:
    """State machines by name, with versions and aliases, in a journal. Thread-safe; one process writes."""

    def __init__(self, journal: Journal | None = None, randomness: Randomness | None = None) -> None:
        self._journal = journal if journal is not None else MemoryJournal()
        self._randomness = randomness or system_randomness()
        self._lock = threading.Lock()
        self._machines: dict[str, Machine] = {}

    def names(self) -> list[str]:
        """Every machine, by name."""
        return [note.removeprefix(NOTE) for note in self._journal.notes(NOTE)]

    def put(self, machine: Machine) -> None:
        """Create a machine, or give it a new revision; its versions stay as they are."""
        with self._lock:
            self._machines[machine.digest] = machine
            self._journal.put_machine(machine.digest, machine.name, machine.definition)
            record = self._read(machine.name) or _Record(machine.digest)
            record.latest = machine.digest
            self._write(machine.name, record)

    def remove(self, name: str) -> None:
        """Forget a machine with its versions and aliases; executions go on with the definition they have."""
        with self._lock:
            self._journal.put_note(f"{NOTE}{name}", None)

    def publish(self, name: str, *, anew: bool = False) -> int:
        """Make the latest revision a version; its number. Publishing the same definition again changes nothing.

        `anew`: a version of its own, since something beside the definition has changed. Raises
        StateMachineDoesNotExist.
        """
        with self._lock:
            record = self._known(name)
            if anew or not record.versions or record.versions[-1] != record.latest:
                record.versions.append(record.latest)
                self._write(name, record)
            return len(record.versions)

    def versions(self, name: str) -> list[int]:
        """Numbers of the versions there are, oldest first. Raises StateMachineDoesNotExist."""
        with self._lock:
            return [number for number, digest in enumerate(self._known(name).versions, 1) if digest]

    def remove_version(self, name: str, version: int) -> None:
        """Forget a version. Raises StateMachineDoesNotExist, ValueError while an alias leads to it."""
        with self._lock:
            record = self._known(name)
            _version(name, record, version)
            leading = [alias for alias, weights in record.aliases.items() if version in weights]
            if leading:
                msg = f"Version {version} of {name!r} is referenced by {', '.join(leading)}."
                raise ValueError(msg)
            record.versions[version - 1] = ""
            record.about.pop(str(version), None)
            self._write(name, record)

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

    def remove_alias(self, name: str, alias: str) -> None:
        """Forget an alias. Raises StateMachineDoesNotExist."""
        with self._lock:
            record = self._known(name)
            record.aliases.pop(alias, None)
            record.about.pop(alias, None)
            self._write(name, record)

    def about(self, name: str, qualifier: str = "") -> dict[str, JSON]:
        """What was noted of a machine, a version or an alias. Raises StateMachineDoesNotExist."""
        with self._lock:
            return dict(self._known(name).about.get(qualifier, {}))

    def note(self, name: str, qualifier: str, about: Mapping[str, JSON]) -> None:
        """Note something of a machine, a version or an alias. Raises StateMachineDoesNotExist."""
        with self._lock:
            record = self._known(name)
            record.about[qualifier] = record.about.get(qualifier, {}) | dict(about)
            self._write(name, record)

    def find(self, text: str) -> Machine:
        """The machine of a name or ARN, with or without version or alias. Raises StateMachineDoesNotExist."""
        return self.resolve(text).machine

    def resolve(self, text: str) -> Found:
        """The machine of a name or ARN, and which version it is. Raises StateMachineDoesNotExist."""
        name, _, qualifier = text.rpartition(":stateMachine:")[2].partition(":")
        with self._lock:
            record = self._known(name)
            if not qualifier:
                return Found(self.machine(record.latest))
            if qualifier.isdigit():
                return Found(self.machine(_version(name, record, int(qualifier))), int(qualifier))
            if qualifier not in record.aliases:
                raise StateMachineDoesNotExist(f"{name!r} has no alias {qualifier!r}.")
            drawn = self._drawn(record.aliases[qualifier])
            return Found(self.machine(_version(name, record, drawn)), drawn, qualifier)

    def _drawn(self, weights: Mapping[int, int]) -> int:
        point = self._randomness.random() * 100
        versions = list(weights)
        return versions[0] if point < weights[versions[0]] else versions[-1]

    def know(self, machine: Machine) -> None:
        """Keep a parsed machine at hand."""
        self._machines.setdefault(machine.digest, machine)

    def machine(self, digest: str) -> Machine:
        """The machine with this digest. Raises StateMachineDoesNotExist."""
        if digest not in self._machines:
            kept = self._journal.machine(digest)
            if kept is None:
                raise StateMachineDoesNotExist(f"The definition {digest} is not in the journal.")
            self._machines[digest] = kept_machine(kept[1], kept[0])
        return self._machines[digest]

    def _known(self, name: str) -> _Record:
        record = self._read(name)
        if record is None:
            raise StateMachineDoesNotExist(
                f"There is no state machine {name!r}. Put it into the registry first."
            )
        return record

    def _read(self, name: str) -> _Record | None:
        text = self._journal.note(f"{NOTE}{name}")
        if text is None:
            return None
        row = json.loads(text)
        aliases = {
            alias: {int(version): weight for version, weight in weights.items()}
            for alias, weights in row["aliases"].items()
        }
        return _Record(row["latest"], row["versions"], aliases, row.get("about", {}))

    def _write(self, name: str, record: _Record) -> None:
        self._journal.put_note(f"{NOTE}{name}", json.dumps(asdict(record)))


def _version(name: str, record: _Record, version: int) -> str:
    there = record.versions[version - 1] if 1 <= version <= len(record.versions) else ""
    if not there:
        has = len(record.versions)
        raise StateMachineDoesNotExist(f"{name!r} has no version {version}; it has {has}.")
    return there
