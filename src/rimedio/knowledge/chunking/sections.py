"""A document as sections: what stands below which heading, and which error codes a section defines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rimedio.knowledge.chunking.definitions import Definitions, in_code_context
from rimedio.knowledge.codes import canonical
from rimedio.knowledge.extract import Block, Extracted, Heading, Paragraph, Table

ENTRIES_MIN = 2  # paragraphs that open with a code make a list of errors only together


@dataclass(slots=True)
class Section:
    """A heading with what stands directly below it. `path` includes the heading itself."""

    path: tuple[str, ...]
    heading: Heading | None
    blocks: list[Block] = field(default_factory=list)
    codes: tuple[str, ...] = ()
    context: bool = False  # about errors, by its own or an outer heading

    @property
    def whole(self) -> list[Block]:
        """Heading and blocks."""
        return [self.heading, *self.blocks] if self.heading else list(self.blocks)

    def is_below(self, above: "Section") -> bool:
        """Whether this section is part of the section `above`."""
        return len(self.path) > len(above.path) and self.path[: len(above.path)] == above.path


def sections_of(extracted: Extracted, definitions: Definitions) -> tuple[list[Section], frozenset[str]]:
    """(sections in reading order, codes that headings and tables define, with the codes of their sub-codes)."""
    sections = _by_headings(extracted, definitions)
    strong = {code for section in sections for code in section.codes}
    strong |= {code for section in sections for code in _table_codes(section, definitions)}
    bases = frozenset(with_bases(strong))
    return _with_entries(sections, definitions, bases), bases


def with_bases(codes: Iterable[str]) -> set[str]:
    """The codes, and those that they are sub-codes of."""
    return {part for code in codes for part in (code, code.partition("/")[0])}


def _by_headings(extracted: Extracted, definitions: Definitions) -> list[Section]:
    """The heading that repeats the document's title is left out of the paths."""
    sections = [Section((), None, context=in_code_context(extracted.title))]
    stack: list[tuple[int, Section]] = [(0, sections[0])]
    first = next((b for b in extracted.blocks if isinstance(b, Heading)), None)
    for block in extracted.blocks:
        if not isinstance(block, Heading):
            sections[-1].blocks.append(block)
            continue
        if block is first and block.text == extracted.title:
            stack.append((block.level, sections[0]))
            continue
        while stack[-1][0] >= block.level and len(stack) > 1:
            stack.pop()
        above = stack[-1][1]
        codes = tuple(canonical(code) for code in block.codes)
        codes = codes or definitions.of_heading(block.text, in_context=above.context)
        context = above.context or in_code_context(block.text)
        section = Section((*above.path, block.text), block, codes=codes, context=context)
        sections.append(section)
        stack.append((block.level, section))
    return [s for s in sections if s.whole]


def _table_codes(section: Section, definitions: Definitions) -> Iterator[str]:
    for block in section.blocks:
        if isinstance(block, Table):
            for row in definitions.of_table(block, in_context=section.context):
                yield from row.codes


def _with_entries(
    sections: Sequence[Section], definitions: Definitions, strong: frozenset[str]
) -> list[Section]:
    """Paragraphs that open with a code, as plain text and PDF write their error lists, start sections."""
    found: dict[int, tuple[str, ...]] = {}
    for section in sections:
        if not section.codes:
            for block in section.blocks:
                codes = _opening(block, definitions, context=section.context)
                if codes and not strong.intersection(with_bases(codes)):
                    found[id(block)] = codes
    if len({code for codes in found.values() for code in codes}) < ENTRIES_MIN:
        return list(sections)
    return [part for section in sections for part in _split(section, found)]


def _opening(block: Block, definitions: Definitions, *, context: bool) -> tuple[str, ...]:
    if not isinstance(block, Paragraph):
        return ()
    return definitions.of_item(block.text, in_context=context)


def _split(section: Section, entries: dict[int, tuple[str, ...]]) -> Iterator[Section]:
    part = Section(section.path, section.heading, [], section.codes, section.context)
    for block in section.blocks:
        if codes := entries.get(id(block)):
            if part.whole:
                yield part
            part = Section(section.path, None, [], codes, section.context)
        part.blocks.append(block)
    yield part
