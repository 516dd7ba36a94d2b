"""Question sets: files under `eval/`, and error codes read straight from a manual's own tables."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rimedio.domain.knowledge import Chunk

UNKNOWN_CODES = 40


@dataclass(frozen=True)
class Asked:
    """A question and where its answer stands. Without a section the whole document is the answer."""

    text: str
    document: str | None = None
    section: tuple[str, ...] = ()
    code: str | None = None
    remedy: str | None = None

    def answered_by(self, chunk: Chunk) -> bool:
        """Whether a passage is the right one."""
        if self.document is not None and not f"/{chunk.source_uri}".endswith(f"/{self.document}"):
            return False
        if not self.section:
            return self.code is None or self.code in chunk.error_codes
        own, wanted = _path(chunk.section), _path(self.section)
        if len(wanted) == 1:
            return wanted[0] in own or (self.code is not None and self.code in chunk.error_codes)
        return bool(own) and own[-1] == wanted[-1] and set(own) <= set(wanted)

    def unit(self, chunk: Chunk) -> tuple[str, ...]:
        """What counts as one result: the document, or the section when one is asked for."""
        return (chunk.source_uri, *chunk.section) if self.section or self.code else (chunk.source_uri,)


def read_jsonl(path: Path) -> list[Asked]:
    """Rows with question and document, and where given section, code, remedy."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Asked(
            row["question"],
            row.get("document"),
            (row["section"],) if row.get("section") else (),
            row.get("code"),
            row.get("remedy"),
        )
        for row in rows
    ]


def read_csv(path: Path) -> list[Asked]:
    """Rows with question and section_path ("A>B>C") of a manual of sections."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Asked(row["question"], section=tuple(part.strip() for part in row["section_path"].split(">")))
            for row in csv.DictReader(file)
        ]


def table_codes(folder: Path) -> list[Asked]:
    """Codes with reason and action out of reStructuredText list-tables, not by the product's parsers."""
    found: dict[str, Asked] = {}
    for path in sorted(folder.rglob("*.rst")):
        for cells in _list_rows(path.read_text("utf-8")):
            if (
                len(cells) == 4
                and re.fullmatch(r"[A-Z]\d{3,4}", cells[0])
                and re.fullmatch(r"\d\d", cells[1])
            ):
                code = f"{cells[0]}/{cells[1]}"
                text = f"The display shows error {cells[0]} sub code {cells[1]}: what should I do?"
                document = str(path.relative_to(folder))
                found.setdefault(code, Asked(text, document, code=code, remedy=cells[3]))
    return list(found.values())


def unknown_codes(folder: Path, known: list[str]) -> list[Asked]:
    """Questions about codes written like the known ones that stand nowhere in the manual's files."""
    text = "\n".join(p.read_text("utf-8", "replace") for p in sorted(folder.rglob("*")) if p.is_file())
    first = known[0]
    shape = re.match(r"[A-Z]*", first)
    letters = shape.group() if shape else ""
    width = len(re.sub(r"\D", "", first.split("/")[0]))
    numbers = (str(n).zfill(width) for n in range(10**width - 1, 0, -7))
    free = [letters + n for n in numbers if not re.search(rf"(?<!\d){n}(?!\d)", text)]
    pattern = (
        "Sul display compare l'errore {}: cosa devo fare?" if not letters else "Error {}: what should I do?"
    )
    return [Asked(pattern.format(code), code=code) for code in free[:UNKNOWN_CODES]]


def _list_rows(text: str) -> Iterator[list[str]]:
    """Rows of list-tables: "* - cell", then "- cell", continued by indented lines; "|" begins a line."""
    row: list[str] = []
    for line in text.splitlines():
        start = re.match(r"\s+(\* - |  - )(.*)", line)
        if start:
            if start.group(1).startswith("*"):
                yield row
                row = []
            row.append(start.group(2))
        elif row and line.startswith("       ") and line.strip():
            row[-1] += "\n" + line.strip()
        elif row and line.strip():
            yield row
            row = []
    yield row


def _path(section: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(re.sub(r"\W+", " ", heading).strip().lower() for heading in section)


def plain(text: str) -> str:
    """Text without list markers, markup and white space, to compare quotes."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)  # a link is its words
    text = re.sub(r"(?m)^\s*(?:\|\s*)?(?:[-*•]|\d+[.)])?\s*", " ", text.replace("|", " "))
    return re.sub(r"[\s`*_]+", " ", text).strip().lower()
