"""Plain text: paragraphs, numbered and bulleted lists, and lines that are plainly headings."""

import re
from collections.abc import Iterator

from rimedio.knowledge.extract.blocks import Block, Extracted, Heading, ItemList, Limits, Paragraph
from rimedio.knowledge.extract.decoding import decode

ITEM = re.compile(r"\A\s*(?:(\d{1,3})[.)]|[-*•–+])\s+\S")
NUMBERED = re.compile(r"\A\s*\d{1,3}[.)]\s")
UNDERLINE = re.compile(r"\A([=\-~^*#_])\1{2,}\s*\Z")
HEADING_CHARS_MAX = 90
SECTION_NUMBER = re.compile(r"\A(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")


def extract_plain(data: bytes, name: str, limits: Limits) -> Extracted:
    """Blocks of a text file; the title is its first heading, if it starts with one."""
    blocks = tuple(text_blocks(decode(data, name)))
    title = blocks[0].text if blocks and isinstance(blocks[0], Heading) else ""
    return Extracted(title, blocks, "text")


def text_blocks(text: str, page: int | None = None) -> Iterator[Block]:
    """Paragraphs end at blank lines; the rest is read off each paragraph's lines."""
    for part in re.split(r"\n[ \t]*\n+", text):
        lines = [line.rstrip() for line in part.split("\n") if line.strip()]
        if lines:
            yield from _part(lines, page)


def _part(lines: list[str], page: int | None) -> Iterator[Block]:
    if len(lines) > 1 and UNDERLINE.match(lines[1].strip()) and len(lines[0]) <= HEADING_CHARS_MAX:
        yield Heading(lines[0].strip(), 1 if lines[1].strip()[0] == "=" else 2, page)
        lines = lines[2:]
    elif is_heading_line(lines[0]) and (len(lines) == 1 or lines[0].strip().isupper()):
        yield Heading(lines[0].strip().strip("#").strip(), heading_level(lines[0]), page)
        lines = lines[1:]
    lines = [line for line in lines if not UNDERLINE.match(line.strip())]
    start = next((at for at, line in enumerate(lines) if ITEM.match(line)), len(lines))
    if start:
        yield Paragraph("\n".join(line.strip() for line in lines[:start]), page)
    if start < len(lines):
        items: list[str] = []
        for line in lines[start:]:
            if ITEM.match(line) or not items:
                items.append(line.strip())
            else:
                items[-1] += "\n  " + line.strip()
        yield ItemList(tuple(items), bool(NUMBERED.match(lines[start])), page)


def is_heading_line(line: str) -> bool:
    """Whether a line standing alone reads as a heading: short, no full stop, capitals or a section number."""
    text = line.strip()
    if not 2 < len(text) <= HEADING_CHARS_MAX or text[-1] in ".,;:?!" or not re.search(r"[^\W\d_]{2}", text):
        return False
    return (
        text.startswith("#") or text.isupper() or bool(SECTION_NUMBER.match(text) and "." in text.split()[0])
    )


def heading_level(line: str) -> int:
    """Level from "#" marks or from the parts of a section number; 2 otherwise."""
    text = line.strip()
    if text.startswith("#"):
        return min(6, len(text) - len(text.lstrip("#")))
    numbered = SECTION_NUMBER.match(text)
    return min(6, numbered.group(1).count(".") + 1) if numbered else 2
