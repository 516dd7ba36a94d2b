"""Labelled tickets: what came in, and what a knowledgeable person says should come out.

One JSON object a line; `examples/README.md` describes the format. Personal data that a scanner would take
for real stands in the file as `{{iban}}` and is filled in here, with check digits that are right.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.domain.answer import Outcome
from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import TicketRequest

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


class Gold(BaseModel):
    """A section that answers the ticket: file name, heading as it stands there, page of a PDF."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    section: str
    page: int | None = None


class Expected(BaseModel):
    """What is right for one ticket; see the format's description for each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: str | None = None
    gold: tuple[Gold, ...] = ()
    also: tuple[Gold, ...] = ()
    must_quote: tuple[str, ...] = ()
    must_not_quote: tuple[str, ...] = ()
    outcome: tuple[Outcome, ...]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    ticket: TicketRequest
    expected: Expected
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledTicket:
    """One row."""

    id: str
    request: TicketRequest
    expected: Expected
    traits: frozenset[str]


def load_labelled(path: Path) -> tuple[LabelledTicket, ...]:
    """Read a `.jsonl` file. Raises InvalidInput naming the line at fault."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        msg = f"The labelled tickets {path} cannot be read: {error.strerror}. Name others with --tickets."
        raise InvalidInput(msg) from error
    return tuple(_parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())


def _parse(line: str, place: str) -> LabelledTicket:
    values = _PersonalData(place.rpartition(":")[2])
    try:
        row = _Row.model_validate(json.loads(_PLACEHOLDER.sub(lambda m: values.get(m[1]), line)))
    except (ValidationError, json.JSONDecodeError, KeyError) as error:
        msg = f"{place} is not a labelled ticket: {error}. The format is described in examples/README.md."
        raise InvalidInput(msg) from error
    return LabelledTicket(row.id, row.ticket, row.expected, frozenset(row.traits))


class _PersonalData:
    """Invented personal data of one row: the same placeholder gives the same value."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducibility is the point
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str:
        """Value of a placeholder. Raises KeyError for one that does not exist."""
        if name not in self._values:
            makers: dict[str, Callable[[], str]] = {
                "iban": self._iban,
                "card": self._card,
                "codice_fiscale": self._codice_fiscale,
                "partita_iva": self._partita_iva,
                "phone_it": lambda: f"+39 055 5550{self._digits(3)}",
            }
            self._values[name] = makers[name]()
        return self._values[name]

    def _digits(self, count: int) -> str:
        return "".join(self._random.choices("0123456789", k=count))

    def _iban(self) -> str:
        account = f"X{self._digits(22)}"
        # ISO 7064 MOD 97-10 over account + country + 00, letters as numbers (A = 10)
        number = int("".join(str(int(c, 36)) for c in account + "IT00"))
        return f"IT{98 - number % 97:02d}{account}"

    def _card(self) -> str:
        body = f"4{self._digits(14)}"
        return body + _luhn(body)

    def _partita_iva(self) -> str:
        body = f"0{self._digits(6)}048"  # the last three name the tax office
        return body + _luhn(body)

    def _codice_fiscale(self) -> str:
        from stdnum.it import codicefiscale

        letters = "".join(self._random.choices("BCDFGLMNPRSTVZ", k=6))
        body = f"{letters}{self._random.randint(50, 99)}A{self._random.randint(10, 28)}D612"
        check: str = codicefiscale.calc_check_digit(body)
        return body + check


def _luhn(body: str) -> str:
    """Check digit of ISO/IEC 7812-1 annex B; Italian VAT numbers use the same."""
    total = 0
    for place, char in enumerate(reversed(body)):
        doubled = int(char) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
