"""Where a document defines an error code, as opposed to naming one: headings, table rows, list items."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.codes import CODE, CODE_WORD, LETTERS_ONLY, SUFFIX, canonical
from rimedio.knowledge.extract import Table

CONTEXT = re.compile(
    r"\b(?:error[ei]?s?|allarm[ei]|guast[oi]|anomali[ae]|faults?|alarms?|codic[ei]|codes?|troubleshooting|diagnos\w*|"
    r"malfunzionament[oi]|avari[ae]|risoluzione)\b",
    re.IGNORECASE,
)
NUMBERING = re.compile(r"\A\d{1,2}(?:\.\d{1,2})*[.)]?\s+(?=\D)")
INTRODUCED = re.compile(
    rf"\A(?:{CODE_WORD}\b\.?\s*(?:d['’]|di\s|n[°.]\s*|[:#–-]\s*)?\s*)+(?P<codes>{CODE}{SUFFIX}?)(?P<rest>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
BARE = re.compile(
    rf"\A[\[(]?(?P<codes>(?:[A-Z]{{1,4}}[-.]?\d{{1,4}}|0\d{{1,3}}|\d{{3,4}}){SUFFIX}?)[\])]?(?P<rest>\s*[:=–—|(-].*|\s*)\Z",
    re.DOTALL,
)
MORE = re.compile(
    rf"\A\s*(?:,|/|;|\be\b|\band\b|&)\s*(?P<code>{CODE}{SUFFIX}?)(?!\w)(?P<rest>.*)\Z", re.DOTALL
)
AFTER_CODE = re.compile(r"\A\s*(?:\Z|[\s:=–—.,;|()\[\]\"“/-])")
IN_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]{2,20})\s*[)\]]\s*\Z")
CODE_COLUMN = re.compile(
    r"\A(?:(?:error|fault|alarm|warning|errore?|allarme|guasto|anomalia|trouble|diagnostic)?[\s-]*"
    r"(?:code|codice|cod|id|no|nr|number|numero|n[°º])?s?\.?(?:\s*(?:di|d['’]|dell['’])?\s*"
    r"(?:error[ei]?|allarm[ei]|guast[oi]|anomali[ae]|display))?|display(?:\s+code)?|dtc|mrec)\s*[#:°.]*\Z",
    re.IGNORECASE,
)
SUB_COLUMN = re.compile(
    r"\A(?:sub[\s-]?(?:code|cod\.?|id|error)?|sotto[\s-]?codice)\s*[#:.]*\Z", re.IGNORECASE
)
CELL = re.compile(rf"\A\W*(?:{CODE_WORD}\b[\s:.]*)?(?P<code>{CODE}{SUFFIX}?)\W*\Z", re.IGNORECASE)
SUB_CELL = re.compile(r"\A\W*([0-9A-Za-z]{1,4})\W*\Z")
RANGE = re.compile(
    r"\A\W*([A-Z]{1,3})?(\d{2,4})\s*(?:-|–|—|\.\.+|÷|to|a)\s*([A-Z]{1,3})?(\d{2,4})\W*\Z", re.IGNORECASE
)
DESCRIPTIVE = re.compile(
    r"descri|caus|name|nome|type|tipo|messag|meaning|signific|remed|rimedi|action|azion|level|livell|class",
    re.IGNORECASE,
)
LABEL_CHARS_MAX = 30
RANGE_MAX = 60
CELL_CODES_MAX = 40
CODE_SHARE = 0.6  # of a column's filled cells


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A table row that defines codes."""

    cells: tuple[str, ...]
    codes: tuple[str, ...]


class Definitions:
    """Reads definitions by one taxonomy. `models` are canonical and never codes."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._models = {canonical(model) for model in taxonomy.models()}
        patterns = {p for t in taxonomy.product_types.values() for p in t.error_code_patterns}
        joined = "|".join(sorted(patterns, key=len, reverse=True)) or r"(?!)"
        self._written = re.compile(
            rf"\A(?P<codes>(?:{joined})(?:{SUFFIX}(?!\w))?)(?P<rest>\W.*|)\Z", re.DOTALL
        )

    def of_heading(self, text: str, *, in_context: bool) -> tuple[str, ...]:
        """Codes that a heading defines. In the context of an error list, codes need no code word."""
        stripped = NUMBERING.sub("", text.strip())
        found = INTRODUCED.match(stripped) or self._written.match(stripped)
        if found is None and in_context:
            found = BARE.match(stripped) or BARE.match(text.strip())
        if found is not None and AFTER_CODE.match(found["rest"]):
            return self._with_following(found["codes"], found["rest"])
        if (named := IN_BRACKETS.search(stripped)) and self._written.fullmatch(named.group(1).strip()):
            return self._keep([named.group(1)])
        return ()

    def of_item(self, text: str, *, in_context: bool) -> tuple[str, ...]:
        """Codes that a list item or the first words of a paragraph define: "E029: …", "042 – …"."""
        body = re.sub(r"\A\s*(?:[-*•+]|\d{1,3}[.)])\s+", "", text)
        if not in_context:
            return ()
        first = body.split("\n", 1)[0]
        found = self._written.match(first) or INTRODUCED.match(first) or BARE.match(first)
        if found is None or not re.match(r"\s*(?:[:=–—(|-]|,\s*[A-Z]?\d|/|\Z)", found["rest"]):
            return ()
        return self._with_following(found["codes"], found["rest"])

    def of_table(self, table: Table, *, in_context: bool) -> tuple[CodeRow, ...]:
        """One entry a row when the table's rows define codes, else nothing.

        A cell left empty under a code belongs to that code; "E101-E105" and "E101, E102" define each of them.
        """
        column = self._code_column(table, in_context=in_context)
        if column is None:
            return ()
        sub = next((i for i, name in enumerate(table.header) if SUB_COLUMN.match(name.strip())), None)
        rows: list[CodeRow] = []
        last = ""
        for cells in table.rows:
            own = cells[column].strip() if column < len(cells) else ""
            codes = self.of_cell(own or last)
            if own and not codes and rows:  # a line between: the row above goes on
                rows[-1] = CodeRow(_joined(rows[-1].cells, cells), rows[-1].codes)
                continue
            last = own or last
            if (
                sub is not None
                and sub < len(cells)
                and (subs := SUB_CELL.match(cells[sub]))
                and len(codes) == 1
            ):
                codes = (canonical(f"{codes[0]}/{subs.group(1)}"),)
            elif not own and rows:
                rows[-1] = CodeRow(_joined(rows[-1].cells, cells), rows[-1].codes)
                continue
            rows.append(CodeRow(cells if own else _filled(cells, column, last), codes))
        return tuple(rows)

    def of_cell(self, cell: str) -> tuple[str, ...]:
        """Codes of a cell in a column of codes: one, several with commas, a range, or a few capitals."""
        if LETTERS_ONLY.fullmatch(cell.strip()):
            return (cell.strip(),)
        if ranged := RANGE.match(cell):
            return self._range(ranged)
        parts = [p for p in re.split(r"\s*(?:,|;|\n|\s/\s|\be\b|\band\b)\s*", cell.strip()) if p]
        found = [CELL.match(part) for part in parts[:CELL_CODES_MAX]]
        if not found or any(match is None for match in found):
            return ()
        return self._keep([match["code"] for match in found if match])

    def _range(self, found: re.Match[str]) -> tuple[str, ...]:
        letters, first, again, last = found.groups()
        letters = (letters or "").upper()
        count = int(last) - int(first) + 1
        if len(first) != len(last) or (again or letters).upper() != letters:
            return ()
        if not letters and len(first) < 3:
            return self._keep([found.group()])
        if not 2 <= count <= RANGE_MAX:
            return self._keep([found.group()])
        return self._keep([f"{letters}{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)])

    def _code_column(self, table: Table, *, in_context: bool) -> int | None:
        for at, name in enumerate(table.header):
            label = name.strip()
            if label and _names_codes(label):
                named = CONTEXT.search(label) is not None and not re.fullmatch(
                    r"cod\w*\.?", label, re.IGNORECASE
                )
                if (in_context or named) and self._share(table, at, self.of_cell) >= CODE_SHARE:
                    return at
        if in_context or not table.header:
            for at in range(min(2, max((len(row) for row in table.rows), default=0))):
                if self._share(table, at, self._taxonomy_cell) >= 0.8 and len(table.rows) > 1:
                    return at
        return None

    def _taxonomy_cell(self, cell: str) -> tuple[str, ...]:
        return self.of_cell(cell) if self._written.match(cell.strip()) else ()

    def _share(self, table: Table, column: int, read: Callable[[str], tuple[str, ...]]) -> float:
        filled = [row[column] for row in table.rows if column < len(row) and row[column].strip()]
        return sum(bool(read(cell)) for cell in filled) / len(filled) if filled else 0.0

    def _with_following(self, first: str, rest: str) -> tuple[str, ...]:
        codes = [first]
        while found := MORE.match(rest):
            if canonical(found["code"])[:1].isdigit() != canonical(first)[:1].isdigit():
                break
            codes.append(found["code"])
            rest = found["rest"]
        return self._keep(codes)

    def _keep(self, written: Sequence[str]) -> tuple[str, ...]:
        codes = dict.fromkeys(canonical(code) for code in written)
        return tuple(code for code in codes if code not in self._models and any(c.isdigit() for c in code))


def _names_codes(label: str) -> bool:
    """Whether a column's name may be that of codes; its cells decide."""
    if SUB_COLUMN.match(label):
        return False
    loose = len(label) <= LABEL_CHARS_MAX and CONTEXT.search(label) and not DESCRIPTIVE.search(label)
    return bool(CODE_COLUMN.match(label) or loose)


def in_code_context(*headings: str) -> bool:
    """Whether a title or heading says that what stands below is about errors."""
    return any(CONTEXT.search(heading) for heading in headings)


def _joined(above: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    width = max(len(above), len(below))
    pairs = zip([*above, *[""] * (width - len(above))], [*below, *[""] * (width - len(below))], strict=True)
    return tuple("\n".join(cell for cell in pair if cell.strip()) for pair in pairs)


def _filled(cells: tuple[str, ...], column: int, value: str) -> tuple[str, ...]:
    return (*cells[:column], value, *cells[column + 1 :])
