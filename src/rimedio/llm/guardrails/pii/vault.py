"""Keeps what was taken out of a ticket's texts, so that an operator can put it back."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from rimedio.domain.errors import InvalidInput
from rimedio.llm.guardrails.pii.entity import EntityKind

PLACEHOLDER = re.compile(rf"\[({'|'.join(EntityKind)})_([1-9]\d{{0,5}})\]")


@dataclass
class Vault:
    """Values by placeholder, for one ticket. It holds personal data: store it encrypted, never log it."""

    _values: dict[str, str] = field(default_factory=dict, repr=False)
    _placeholders: dict[tuple[EntityKind, str], str] = field(default_factory=dict, repr=False)
    _last: dict[EntityKind, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self._values)

    def placeholder(self, kind: EntityKind, text: str) -> str:
        """Placeholder of a value such as `[EMAIL_1]`; the same value always gets the same one.

        Case, blanks and punctuation do not make another value: "MARIO ROSSI" is "Mario Rossi", and a
        telephone number written with dots is the one written with blanks.
        """
        identity = (kind, canonical(text))
        known = self._placeholders.get(identity)
        if known is not None:
            return known
        number = self._last.get(kind, 0) + 1
        self._last[kind] = number
        placeholder = f"[{kind}_{number}]"
        self._placeholders[identity] = placeholder
        self._values[placeholder] = text
        return placeholder

    def reserve(self, text: str) -> None:
        """Never hand out a placeholder that `text` contains by itself: restoring would put a value there."""
        for match in PLACEHOLDER.finditer(text):
            if match[0] not in self._values:
                kind = EntityKind(match[1])
                self._last[kind] = max(self._last.get(kind, 0), int(match[2]))

    def restore(self, text: str) -> str:
        """`text` with the placeholders that this vault knows replaced by their values, as first seen."""
        return PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def values(self) -> Mapping[str, str]:
        """Values by placeholder."""
        return dict(self._values)

    def to_json(self) -> str:
        """The vault as JSON, in clear."""
        return json.dumps({"values": self._values, "last": self._last}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The vault that `to_json` wrote. Raises InvalidInput when it is anything else."""
        try:
            stored = json.loads(text)
            vault = cls()
            for placeholder, value in stored["values"].items():
                match = PLACEHOLDER.fullmatch(placeholder)
                if match is None or not isinstance(value, str):
                    raise ValueError(placeholder)
                vault._values[placeholder] = value
                vault._placeholders[(EntityKind(match[1]), canonical(value))] = placeholder
            vault._last = {EntityKind(kind): int(number) for kind, number in stored["last"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"This is not a stored vault ({error!r}). Restore it from the ticket's own record."
            raise InvalidInput(msg) from error
        return vault


def canonical(text: str) -> str:
    """What makes a value the same value: its letters and digits, without case."""
    return "".join(c for c in text.casefold() if c.isalnum() or c in "@_+")
