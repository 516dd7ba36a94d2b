"""Markdown: markdown-it's block rules, inline marks removed by regular expressions.

The block rules alone run at 7 MB/s, with the inline rules at 3 MB/s; inline marks only have to disappear.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import inline
from rimedio.knowledge.extract.blocks import (
    Admonition,
    Block,
    Code,
    Extracted,
    Heading,
    ItemList,
    Limits,
    Paragraph,
    Table,
)
from rimedio.knowledge.extract.decoding import decode
from rimedio.knowledge.extract.frontmatter import split_front_matter

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

NESTING_MAX = 60
LABEL = re.compile(
    r"\A(?:>\s*)?(?:\*\*|__)\s*(note|notes|important|warning|caution|danger|tip|attention|nota|note|importante|"
    r"attenzione|avviso|avvertenza|avvertenze|pericolo|cautela|suggerimento)\s*:?\s*(?:\*\*|__)\s*:?[ \t]*"
    r"(?:\n|\Z|(?=\S))",
    re.IGNORECASE,
)
CALLOUT = re.compile(
    r"\A\[!(note|tip|important|warning|caution|danger|attenzione|nota|pericolo)\]\s*", re.IGNORECASE
)
BOLD_LINE = re.compile(r"\A\s*(?:\*\*|__)([^*_\n]{2,90}?)(?:\*\*|__)\s*(?:<a [^>]*></a>)?\s*\Z")


def extract_markdown(data: bytes, name: str, limits: Limits) -> Extracted:
    """Headings, paragraphs, lists, tables, code and notes of a Markdown file."""
    attributes, body = split_front_matter(decode(data, name))
    if re.search(rf"(?m)^[ \t]*(?:>[ \t]?){{{NESTING_MAX},}}", body):
        msg = f"{name} nests quotations more than {NESTING_MAX} deep. Check that it is really Markdown."
        raise InvalidDocument(msg)
    blocks = tuple(_Reader(_parser().parse(body)).blocks())
    title = attributes.get("title") or next((b.text for b in blocks if isinstance(b, Heading)), "")
    return Extracted(title, blocks, "markdown", attributes=attributes)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": NESTING_MAX}).enable("table").disable("inline")


class _Reader:
    """Walks markdown-it's flat token list once."""

    def __init__(self, tokens: "Sequence[Token]") -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self) -> Iterator[Block]:
        """All blocks up to the end, or to the end of the container that is open."""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.type == "heading_open":
                yield from self._heading(int(token.tag[1:]))
            elif token.type == "paragraph_open":
                yield from self._paragraph()
            elif token.type in {"bullet_list_open", "ordered_list_open"}:
                yield self._list()
            elif token.type == "table_open":
                yield self._table()
            elif token.type == "blockquote_open":
                yield from self._quotation()
            else:
                self._at += 1
                if token.type in {"fence", "code_block"} and token.content.strip():
                    yield Code(token.content.strip("\n"))
                elif token.type == "html_block":
                    yield from _html(token.content + self._more_html())

    def _more_html(self) -> str:
        """HTML blocks that follow: a table with empty lines in it comes in pieces."""
        start = self._at
        while self._at < len(self._tokens) and self._tokens[self._at].type == "html_block":
            self._at += 1
        return "".join(token.content for token in self._tokens[start : self._at])

    def _inline(self) -> str:
        """Content of the inline token inside an element of three tokens; moves past it."""
        content = self._tokens[self._at + 1].content
        self._at += 3
        return content

    def _heading(self, level: int) -> Iterator[Block]:
        if text := inline.heading(self._inline()):
            yield Heading(text, level)

    def _paragraph(self) -> Iterator[Block]:
        source = self._inline()
        if label := LABEL.match(source):
            body = inline.plain(source[label.end() :])
            yield Admonition(label.group(1), body) if body else Paragraph(label.group(1))
        elif text := inline.plain(source):
            yield Paragraph(text)

    def _quotation(self) -> Iterator[Block]:
        inner = list(_Reader(self._inside("blockquote")).blocks())
        if inner and isinstance(inner[0], Paragraph) and (callout := CALLOUT.match(inner[0].text)):
            body = "\n".join([inner[0].text[callout.end() :], *(b.text for b in inner[1:])]).strip()
            yield Admonition(callout.group(1), body)
        else:
            yield from inner

    def _inside(self, kind: str) -> "Sequence[Token]":
        """Tokens between the open token at hand and its close; moves past both."""
        level, start = self._tokens[self._at].level, self._at + 1
        self._at = start
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == f"{kind}_close" and token.level == level:
                return self._tokens[start : self._at - 1]
        return self._tokens[start:]

    def _list(self) -> ItemList:
        opening = self._tokens[self._at]
        ordered = opening.type == "ordered_list_open"
        inside = _Reader(self._inside(opening.type.removesuffix("_open")))
        number, items = int(opening.attrs.get("start", 1)), []
        while inside._at < len(inside._tokens):
            token = inside._tokens[inside._at]
            if token.type != "list_item_open":
                inside._at += 1
                continue
            marker = f"{number}." if ordered else "-"
            items.append(_item(marker, list(_Reader(inside._inside("list_item")).blocks())))
            number += 1
        return ItemList(tuple(items), ordered)

    def _table(self) -> Table:
        rows: list[tuple[str, ...]] = []
        cells: list[str] = []
        header: tuple[str, ...] = ()
        for token in self._inside("table"):
            if token.type == "inline":
                cells.append(inline.plain(token.content))
            elif token.type == "tr_close":
                rows.append(tuple(cells))
                cells = []
            elif token.type == "thead_close" and rows:
                header = rows.pop(0)
        return Table(header if any(header) else (), tuple(row for row in rows if any(row)))


def _item(marker: str, inner: Sequence[Block]) -> str:
    """A list item with everything it holds, indented under its marker."""
    text = "\n".join(block.text for block in inner)
    return f"{marker} " + text.replace("\n", "\n  ")


def _html(source: str) -> Iterator[Block]:
    """Raw HTML inside Markdown, without its comments; its own structure counts."""
    visible = inline.ANCHOR.sub("", inline.without_comments(source))
    if not re.sub(r"<[^>]*>", "", visible).strip():
        return
    from rimedio.knowledge.extract.html import html_blocks

    yield from html_blocks(visible)
