"""How much personal data the redactor finds: `presidio.{precision,recall,f2}` and `presidio.person_f2`.

A finding counts only when kind, start and end are exactly those of the label (strict boundaries): half a
telephone number left in a text is a leak. The first three figures pool the spans of e-mail, phone, card, IBAN
and IP over all rows; a finding of these kinds where no label stands is wrong. `person_f2` is the same for
people, scored apart. `*_overlap` figures count a finding of the right kind that touches the label.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._report import Report, parse_args, split_file
from rimedio.llm.guardrails.pii import EntityKind, Redactor, Span

KINDS = {
    "EMAIL_ADDRESS": EntityKind.EMAIL,
    "PHONE_NUMBER": EntityKind.PHONE,
    "CREDIT_CARD": EntityKind.CARD,
    "IBAN_CODE": EntityKind.IBAN,
    "IP_ADDRESS": EntityKind.IP,
}
PERSON = {"PERSON": EntityKind.PERSON}


@dataclass
class Tally:
    """Hits, findings and labels of a group of kinds."""

    hits: int = 0
    found: int = 0
    labelled: int = 0
    overlap_found: int = 0
    overlap_labelled: int = 0
    wrong: list[str] = field(default_factory=list)

    def count(self, text: str, found: set[Span], labelled: set[Span]) -> None:
        """Add one row."""
        self.hits += len(found & labelled)
        self.found += len(found)
        self.labelled += len(labelled)
        self.overlap_found += sum(any(_touch(f, x) for x in labelled) for f in found)
        self.overlap_labelled += sum(any(_touch(f, x) for f in found) for x in labelled)
        self.wrong += [f"missed {s.kind} {text[s.start : s.end]!r}" for s in labelled - found]
        self.wrong += [f"invented {s.kind} {text[s.start : s.end]!r}" for s in found - labelled]

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.labelled)


def _touch(one: Span, other: Span) -> bool:
    return one.kind == other.kind and one.start < other.end and other.start < one.end


def f_score(precision: float, recall: float, beta: float) -> float:
    """F-measure; beta 2 counts recall four times (van Rijsbergen)."""
    weight = beta * beta
    return (1 + weight) * precision * recall / max(1e-9, weight * precision + recall)


def score(path: Path, report: Report) -> None:
    """Run the redactor as it ships over every row; nothing in it was fitted on these rows."""
    rows = json.loads(path.read_text("utf-8"))
    numbers, people, per_kind = Tally(), Tally(), {k: Tally() for k in KINDS.values()}
    redactor = Redactor()
    started = time.perf_counter()
    for row in rows:
        text = row["full_text"]
        found = set(redactor.find(text))
        both = {
            Span((KINDS | PERSON)[s["entity_type"]], s["start_position"], s["end_position"])
            for s in row["spans"]
            if s["entity_type"] in KINDS | PERSON
        }
        numbers.count(text, _of(found, KINDS), _of(both, KINDS))
        people.count(text, _of(found, PERSON), _of(both, PERSON))
        for kind, tally in per_kind.items():
            tally.count(text, {s for s in found if s.kind == kind}, {s for s in both if s.kind == kind})
    seconds = time.perf_counter() - started
    report.add("presidio.precision", numbers.precision, numbers.found)
    report.add("presidio.recall", numbers.recall, numbers.labelled)
    report.add("presidio.f2", f_score(numbers.precision, numbers.recall, 2), numbers.labelled)
    report.add("presidio.person_f2", f_score(people.precision, people.recall, 2), people.labelled)
    overlap = (
        people.overlap_found / max(1, people.found),
        people.overlap_labelled / max(1, people.labelled),
    )
    report.add("presidio.person_f2_overlap", f_score(*overlap, 2), people.labelled)
    report.add("chars_per_s", sum(len(r["full_text"]) for r in rows) / seconds, len(rows))
    for kind, tally in per_kind.items():
        report.note(f"{kind:6} precision {tally.precision:.3f} recall {tally.recall:.3f} of {tally.labelled}")
    report.note(f"PERSON precision {people.precision:.3f} recall {people.recall:.3f} of {people.labelled}")
    for line, times in Counter(numbers.wrong).most_common(20):
        report.note(f"  {times}× {line}")


def _of(spans: set[Span], kinds: dict[str, EntityKind]) -> set[Span]:
    return {s for s in spans if s.kind in kinds.values()}


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    options = parse_args("pii", __doc__ or "", argv)
    report = Report("pii", options)
    path, _ = split_file(options.data / "pii", "presidio", "json")
    if path is None:
        report.missing("presidio.*", f"no {options.data}/pii/presidio.{{test,dev}}.json")
    else:
        score(path, report)
    report.finish()


if __name__ == "__main__":
    main()
