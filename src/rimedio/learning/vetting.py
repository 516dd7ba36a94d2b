"""Which rows may be trained on, and which a person should look at first.

Rows come from people, and one person may be wrong, careless or malicious. So:

- a text that two people put into different categories is set aside, and so is one that the first training
  set holds under another label: nothing tells who is right;
- one person alone cannot move a category: of the corrections from one category to another, a person's own
  count up to a free allowance, and beyond it only twice as many as other people made of the same kind;
- a person's decision (accept, reject) overrides both.

Copies of a text count once. Approvals move nothing and need no cap.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rimedio.classification.dataset import LabelledText, folded
from rimedio.classification.features import training_line
from rimedio.learning.rows import Ruling, TrainingRow

FREE_ALLOWANCE = 10
OTHERS_FACTOR = 2


class Doubt(StrEnum):
    """Why a row waits for a person."""

    CONTRADICTION = "CONTRADICTION"  # people disagree about this text
    BASE = "BASE"  # the first training set says otherwise
    ONE_PERSON = "ONE_PERSON"  # too many alike by one person whom nobody else confirms


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that is not trained on, and why."""

    row: TrainingRow
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Vetted:
    """Rows to train on, rows for a person to look at, and how many were copies or rejected."""

    accepted: tuple[TrainingRow, ...]
    set_aside: tuple[SetAside, ...] = ()
    copies: int = 0
    rejected: int = 0


def vet(rows: Iterable[TrainingRow], base: Mapping[str, str] | None = None) -> Vetted:
    """Sort rows out; `base` maps folded texts of the first training set to their labels. Order: as given."""
    given = list(rows)
    live = [row for row in given if row.ruling is not Ruling.REJECTED]
    doubts = _contradictions(live) | _against_base(live, base or {})
    doubts |= _by_one_person([row for row in live if row.row_id not in doubts])
    accepted = [r for r in live if r.row_id not in doubts]
    once: dict[str, TrainingRow] = {}
    for row in accepted:
        once.setdefault(folded(row.text), row)
    aside = tuple(SetAside(row, doubts[row.row_id]) for row in live if row.row_id in doubts)
    return Vetted(tuple(once.values()), aside, len(accepted) - len(once), len(given) - len(live))


def _contradictions(rows: list[TrainingRow]) -> dict[str, Doubt]:
    by_text: dict[str, list[TrainingRow]] = defaultdict(list)
    for row in rows:
        by_text[folded(row.text)].append(row)
    found: dict[str, Doubt] = {}
    for copies in by_text.values():
        if len({row.label for row in copies}) == 1:
            continue
        ruled = {row.label for row in copies if row.ruling is Ruling.ACCEPTED}
        right = ruled.pop() if len(ruled) == 1 else None
        found |= {row.row_id: Doubt.CONTRADICTION for row in copies if row.label != right}
    return found


def _against_base(rows: list[TrainingRow], base: Mapping[str, str]) -> dict[str, Doubt]:
    return {
        row.row_id: Doubt.BASE
        for row in rows
        if row.ruling is None and base.get(folded(row.text), row.label) != row.label
    }


def _by_one_person(rows: list[TrainingRow]) -> dict[str, Doubt]:
    """The newest rows of a person beyond what may count, one direction (predicted, label) at a time."""
    flows: dict[tuple[str, str], dict[str, list[TrainingRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.is_correction and row.ruling is None:
            flows[row.predicted, row.label][row.by].append(row)
    found: dict[str, Doubt] = {}
    for people in flows.values():
        total = sum(len(theirs) for theirs in people.values())
        for own in people.values():
            allowed = max(FREE_ALLOWANCE, OTHERS_FACTOR * (total - len(own)))
            late = sorted(own, key=lambda row: (row.at, row.row_id))[allowed:]
            found |= {row.row_id: Doubt.ONE_PERSON for row in late}
    return found


def labelled(rows: Iterable[TrainingRow]) -> tuple[LabelledText, ...]:
    """Rows as the trainer takes them; the tickets of one text are one group."""
    return tuple(LabelledText(row.text, row.label, f"ticket {folded(row.text)}") for row in rows)


def to_blazingtext(rows: Iterable[TrainingRow]) -> str:
    """The rows in the supervised format of fastText and BlazingText, one a line."""
    return "".join(f"{training_line(row.label, row.text)}\n" for row in rows)
