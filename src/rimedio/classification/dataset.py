"""Labelled texts: read from CSV, JSONL or fastText's own format, cleaned, and split without leaks.

A row that cannot be used never stops the reading: it is reported with its line number. Copies of a text are
dropped; copies that disagree about the label are dropped altogether, since nothing tells which one is right.
"""

import csv
import gzip
import io
import json
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rimedio.domain.errors import InvalidInput

TEXT_COLUMNS = ("text", "document", "symptom_text", "body")
LABEL_COLUMNS = ("label", "category", "topic_group")
CELL_CHARS_MAX = 2_000_000
_FASTTEXT_LINE = re.compile(r"__label__(\S+)\s+(.*)")


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One example. Examples of one `group` are siblings: a split keeps them on one side."""

    text: str
    label: str
    group: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not used, and why."""

    line: int  # from 1, as an editor counts
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a file held."""

    rows: tuple[LabelledText, ...]
    bad_rows: tuple[BadRow, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({row.label for row in self.rows}))


@dataclass(frozen=True, slots=True)
class _RawRow:
    line: int
    text: str
    label: str
    group: str = ""


def read_dataset(path: Path) -> Dataset:
    """Read `.csv`, `.jsonl` or `.txt` (`__label__X words`), each also gzipped.

    CSV and JSONL need a text column (`text`, `document`, …) and a label column (`label`, `category`, …);
    `group` is optional. Raises InvalidInput when the file cannot be read or has no usable row.
    """
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl, ".txt": _read_fasttext}
    name = path.name.removesuffix(".gz")
    reader = readers.get(Path(name).suffix)
    if reader is None:
        msg = f"{path} is not a training file: its name must end in {', '.join(readers)}, or .gz of these."
        raise InvalidInput(msg)
    bad: list[BadRow] = []
    try:
        dataset = clean(reader(_content(path), bad), bad)
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        msg = f"The training file {path} cannot be read: {error}. It must be UTF-8 text."
        raise InvalidInput(msg) from error
    if not dataset.rows:
        why = f" First problem: line {bad[0].line}, {bad[0].reason}." if bad else ""
        msg = f"The training file {path} has no usable row.{why}"
        raise InvalidInput(msg)
    return dataset


def _content(path: Path) -> io.StringIO:
    raw = path.read_bytes()
    return io.StringIO(
        (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig"), newline=""
    )


def _column(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    by_folded = {name.strip().casefold(): name for name in names}
    return next((by_folded[name] for name in wanted if name in by_folded), None)


def _read_csv(content: io.StringIO, bad: list[BadRow]) -> Iterator[_RawRow]:
    csv.field_size_limit(CELL_CHARS_MAX)
    reader = csv.DictReader(content)
    names = reader.fieldnames or ()
    text, label = _column(names, TEXT_COLUMNS), _column(names, LABEL_COLUMNS)
    if text is None or label is None:
        msg = f"the header {', '.join(names) or '(empty)'} lacks a column `text` or `label`"
        bad.append(BadRow(1, msg))
        return
    for row in reader:
        yield _RawRow(reader.line_num, row.get(text) or "", row.get(label) or "", row.get("group") or "")


def _read_jsonl(content: io.StringIO, bad: list[BadRow]) -> Iterator[_RawRow]:
    for number, line in enumerate(content, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            bad.append(BadRow(number, f"not JSON ({error.msg})"))
            continue
        if not isinstance(row, dict):
            bad.append(BadRow(number, "not a JSON object"))
            continue
        yield _json_row(number, row)


def _json_row(number: int, row: Mapping[str, object]) -> _RawRow:
    def value(column: str | None) -> str:
        found = row.get(column) if column else None
        return found if isinstance(found, str) else ""

    return _RawRow(
        number, value(_column(row, TEXT_COLUMNS)), value(_column(row, LABEL_COLUMNS)), value("group")
    )


def _read_fasttext(content: io.StringIO, bad: list[BadRow]) -> Iterator[_RawRow]:
    for number, line in enumerate(content, 1):
        found = _FASTTEXT_LINE.match(line.strip())
        if found:
            yield _RawRow(number, found[2], found[1])
        elif line.strip():
            bad.append(BadRow(number, "does not begin with __label__"))


def clean(rows: Iterable[_RawRow], bad: list[BadRow]) -> Dataset:
    """Drop empty rows, copies and contradictions, noting each in `bad`."""
    by_text: dict[str, list[_RawRow]] = defaultdict(list)
    for row in rows:
        if not row.text.strip() or not row.label.strip():
            bad.append(BadRow(row.line, "text or label is empty"))
            continue
        by_text[folded(row.text)].append(row)
    kept = []
    for key, copies in by_text.items():
        labels = sorted({row.label.strip() for row in copies})
        if len(labels) > 1:
            bad += [BadRow(row.line, f"the same text has the labels {', '.join(labels)}") for row in copies]
            continue
        bad += [BadRow(row.line, f"copy of line {copies[0].line}") for row in copies[1:]]
        kept.append(LabelledText(copies[0].text.strip(), labels[0], copies[0].group.strip() or key))
    return Dataset(tuple(kept), tuple(sorted(bad, key=lambda row: row.line)))


def folded(text: str) -> str:
    """Text by which copies are known: case, punctuation and spacing do not matter."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def folds(rows: Sequence[LabelledText], count: int, seed: int = 0) -> list[list[int]]:
    """Cut row indices into `count` parts of like label shares; a group is never torn apart."""
    members: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        members[row.group].append(index)
    groups = sorted(members)
    random.Random(seed).shuffle(groups)  # noqa: S311 - a reproducible split, no secret
    groups.sort(key=lambda group: -len(members[group]))
    parts: list[list[int]] = [[] for _ in range(count)]
    filled: dict[str, list[int]] = defaultdict(lambda: [0] * count)
    for group in groups:
        counts = filled[rows[members[group][0]].label]
        part = min(range(count), key=lambda i: (counts[i], len(parts[i])))
        parts[part] += members[group]
        counts[part] += len(members[group])
    return [sorted(part) for part in parts]


def split(
    rows: Sequence[LabelledText], share: float, seed: int = 0
) -> tuple[list[LabelledText], list[LabelledText]]:
    """Training rows and held-out rows (`share` of them), stratified by label, grouped."""
    count = max(2, round(1 / share))
    held = set(folds(rows, count, seed)[0])
    return [r for i, r in enumerate(rows) if i not in held], [r for i, r in enumerate(rows) if i in held]


def write_rows(path: Path, rows: Iterable[LabelledText]) -> None:
    """Keep rows as gzipped JSON lines that `read_dataset` reads; the same rows give the same bytes."""
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))


def is_held_out(row: LabelledText, share: float) -> bool:
    """Whether a row is among the `share` that is only ever tested on.

    Told by its group alone, so that the choice never changes, whatever other rows come or go.
    """
    return zlib.crc32(row.group.encode()) % 10_000 < share * 10_000
